"""The text-guided selector: which tokens of the slices a question keeps. It has no parameters.

Source: Zhang et al., SliME (arXiv 2406.08487); yfzhang114/SliME 5c89ec9, `multimodal_resampler/builder.py`
(`TextGuidedRouterCosine`, `TextGuidedSampler`). The published code sums and sorts in the model's half precision; here
it is fp32. A share of 1 keeps every token, whatever the sum of the probabilities rounds to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

IGNORED_LABEL = -100
TRAINING_NOISE = 0.1


@dataclass(frozen=True, slots=True)
class Selector:
    """`top_p` is γ, `temperature` τ. The `overview` visual tokens at the beginning of a row, or at its end, are always
    kept. With `slices`, all tokens but those of so many slices, of `slice_tokens` each, are dropped first: that is
    ours, not SliME's, and experimental, as is γ for a model that was not trained with it. `noisy` adds the noise of
    training.
    """

    top_p: float
    temperature: float
    overview: int
    overview_first: bool = True
    slices: int = 0
    slice_tokens: int = 1
    noisy: bool = False

    def kept(self, tokens: Tensor, words: Tensor) -> Tensor:
        """The indices, ascending, of what is kept of `tokens` [tokens, dim] for the embeddings `words` [words, dim]."""
        scores = relevance(tokens, words)
        left = most_relevant_slices(scores, self.slice_tokens, self.slices) if self.slices else None
        if left is not None:
            scores = scores[left]
        if self.noisy:
            scores = scores + torch.randn_like(scores) * TRAINING_NOISE
        chosen = most_probable(scores / self.temperature, self.top_p)
        return chosen if left is None else left[chosen]


@dataclass(frozen=True, slots=True)
class Rows:
    """Prompts with their pages: `ids`, `types` (1 at visual tokens), `mask` and, in training, `labels` [rows, length];
    `features` [rows, visual tokens, dim], padded at the end."""

    ids: Tensor
    types: Tensor
    mask: Tensor
    labels: Tensor | None
    features: Tensor


def relevance(tokens: Tensor, words: Tensor) -> Tensor:
    """[tokens] fp32: for each of `tokens` [tokens, dim] the sum of its cosines with all `words` [words, dim]."""
    return functional.normalize(tokens.float(), dim=-1) @ functional.normalize(words.float(), dim=-1).sum(0)


def most_probable(scores: Tensor, top_p: float) -> Tensor:
    """The indices, ascending, of the fewest best of `scores` whose probabilities exceed `top_p` together: those that
    stay within it, and one more."""
    if top_p >= 1.0:
        return torch.arange(len(scores), device=scores.device)
    probabilities, order = scores.softmax(0).sort(descending=True)
    within = int((probabilities.cumsum(0) <= top_p).sum())
    return order[: within + 1].sort().values


def most_relevant_slices(scores: Tensor, slice_tokens: int, count: int) -> Tensor:
    """The indices, ascending, of the tokens of the `count` slices with the highest mean of `scores` [tokens]."""
    slices = scores.unflatten(0, (-1, slice_tokens)).mean(1)
    best = slices.topk(min(count, len(slices))).indices.sort().values
    return (best[:, None] * slice_tokens + torch.arange(slice_tokens, device=scores.device)).flatten()


def select(rows: Rows, selector: Selector, embed: Callable[[Tensor], Tensor]) -> Rows:
    """`rows` without the visual tokens that their words do not keep, padded on the left to one length.

    The words of a row are all its ids before and after the image; `embed` gives their embeddings.
    """
    kept = [_selected(rows, number, selector, embed) for number in range(rows.ids.shape[0])]
    length = max(int(places.sum()) for places, _ in kept)

    def shortened(values: Tensor, fill: int) -> Tensor:
        short = [row[places] for row, (places, _) in zip(values, kept, strict=True)]
        return torch.stack([functional.pad(row, (length - len(row), 0), value=fill) for row in short])

    return Rows(
        ids=shortened(rows.ids, 0),
        types=shortened(rows.types, 0),
        mask=shortened(rows.mask, 0),
        labels=None if rows.labels is None else shortened(rows.labels, IGNORED_LABEL),
        features=pad_sequence(
            [features[chosen] for features, (_, chosen) in zip(rows.features, kept, strict=True)], batch_first=True
        ),
    )


def _selected(rows: Rows, number: int, selector: Selector, embed: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """What a row keeps: a mask of its positions, and the indices of its visual tokens."""
    ids, visual = rows.ids[number], rows.types[number] == 1
    positions = visual.nonzero()[:, 0]
    everything = torch.ones_like(visual)
    if len(positions) <= selector.overview:
        return everything, torch.arange(len(positions), device=rows.features.device)
    said = rows.mask[number].bool()
    said[int(positions[0]) : int(positions[-1]) + 1] = False
    count = len(positions) - selector.overview
    begin, overview = (selector.overview, 0) if selector.overview_first else (0, count)
    chosen = begin + selector.kept(rows.features[number, begin : begin + count], embed(ids[said]).to(rows.features))
    always = overview + torch.arange(selector.overview, device=chosen.device)
    chosen = torch.cat([always, chosen]).sort().values
    everything[positions] = False
    everything[positions[chosen.to(positions.device)]] = True
    return everything, chosen
