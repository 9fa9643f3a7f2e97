"""Which slices of a page, and which visual tokens of its slices, a question is given. Experimental.

No published model was trained on pages shortened this way, but for SliME's γ on SliME.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from engine.documents.types import PageWords
from engine.evidence.slices import words_by_slice
from engine.readers.embedded.labels import match_words
from engine.readers.embedded.pages import term_scores
from engine.readers.embedded.question import parse
from engine.readers.sliced.protocol import OwnSelection
from engine.readers.types import KeepBy
from engine.slicing.plan import SlicePlan
from engine.uhd.selector import most_probable, relevance


def slices_by_words(question: str, plan: SlicePlan, words: PageWords, count: int) -> tuple[int, ...] | None:
    """The numbers, among `plan.slices`, of the `count` slices that the question is about: BM25 over the words in each,
    as pages are chosen; a tie is the earlier slice's. None where no word of the question stands on any slice."""
    held = words_by_slice(plan, words.page, words.words)
    counts = [Counter(term for number in one.words for term in match_words(words.words[number].text)) for one in held]
    scores = term_scores(parse(question), counts)
    if not any(score > 0 for score in scores):
        return None
    return tuple(sorted(sorted(range(len(scores)), key=lambda number: -scores[number])[:count]))


def slices_by_similarity(slices: Sequence[Tensor], words: Tensor, count: int) -> tuple[int, ...]:
    """The numbers of the `count` slices [tokens, dim] most like the question's `words` [words, dim]: by the mean over a
    slice's tokens of SliME's relevance (engine.uhd.selector), a tie is the earlier slice's."""
    scores = [float(relevance(tokens, words.to(tokens)).mean()) for tokens in slices]
    return tuple(sorted(sorted(range(len(scores)), key=lambda number: -scores[number])[:count]))


def salient(tokens: Tensor, words: Tensor, share: float, keep_by: KeepBy) -> Tensor:
    """The indices, ascending, of the largest `share` (at least one) of `tokens` [tokens, dim] by their saliency s.

    By the question, s(t) = Σ over its words w of cos(t, w), in the language model's embedding space, as SliME's
    text-guided router has it (arXiv 2406.08487; yfzhang114/SliME 5c89ec9, `TextGuidedRouterCosine`), there over all
    words of the prompt. By norm, s(t) = ‖t‖₂.
    Uniform is the baseline: every 1/share-th token, whatever it holds.
    """
    count = max(math.ceil(share * len(tokens)), 1)
    match keep_by:
        case KeepBy.UNIFORM:
            return torch.tensor([(2 * number + 1) * len(tokens) // (2 * count) for number in range(count)])
        case KeepBy.QUESTION:
            scores = relevance(tokens, words.to(tokens))
        case KeepBy.NORM:
            scores = tokens.float().norm(dim=-1)
    return scores.sort(descending=True, stable=True).indices[:count].sort().values.cpu()


def probable(
    kept: Mapping[int, Tensor], features: Mapping[int, Tensor], words: Tensor, selection: OwnSelection
) -> dict[int, Tensor]:
    """What the question makes probable of the tokens `kept` (indices by view) of all slices together: SliME's γ, which
    is `selection.top_p`, over their relevance at its temperature. A slice may keep none."""
    tokens = torch.cat([features[number][own.to(features[number].device)] for number, own in kept.items()])
    chosen = most_probable(relevance(tokens, words.to(tokens)) / selection.temperature, selection.top_p)
    stays = torch.zeros(len(tokens), dtype=torch.bool)
    stays[chosen.cpu()] = True
    parts = torch.split(stays, [len(own) for own in kept.values()])
    return {number: own[part] for (number, own), part in zip(kept.items(), parts, strict=True)}
