"""What a question is given of a page: all of it, or what was chosen of it, and how the prompt is shortened to that."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from engine.documents.types import PageWords
from engine.errors import UsageError
from engine.readers.sliced.choosing import probable, salient, slices_by_similarity, slices_by_words
from engine.readers.sliced.held_pages import Fed, HeldPage, HeldPages
from engine.readers.sliced.protocol import OwnSelection, Prompt, SlicedModel
from engine.readers.types import KeepBy, Progress, ReaderChoice, Request
from engine.runtime.decoder import Decoder
from engine.slicing.plan import SlicePlan, ViewKind

WHOLE = "whole"


class Feeder:
    """Chooses of each page of `model` what a question is given."""

    def __init__(self, model: SlicedModel, held: HeldPages) -> None:
        self._model = model
        self._held = held

    def check(self, choice: ReaderChoice) -> None:
        """Raises UsageError where the model cannot be asked as `choice` says."""
        if not choice.shortens:
            return
        name = self._model.card.name
        if not self._model.separable:
            raise UsageError(
                f"{name} needs all of its visual tokens at their places: slices and tokens cannot be left out.",
                "Ask it without --best-slices, --keep-tokens and --top-p, or choose another model.",
            )
        if choice.best_slices is not None and self._model.slices_encoder is not None:
            raise UsageError(
                f"The slices of {name} see each other before the language model does: none can be left out.",
                "Ask it without --best-slices.",
            )

    def depends_on_question(self, choice: ReaderChoice) -> bool:
        """Whether questions are given different parts of a page, so that its memory is not shared by them."""
        by_question = choice.keep_tokens < 1.0 and choice.keep_by is KeepBy.QUESTION
        return choice.best_slices is not None or by_question or self._selection(choice).selects

    def feed(
        self, request: Request, held: HeldPage, words: PageWords, question: str, title: str = ""
    ) -> Generator[Progress, None, Fed]:
        """What `question` is given of a page, its views encoded; `title` begins progress and notices."""
        choice, plan = request.reader, held.plan
        prompt = self._model.prompt(plan, question)
        slices = [number for number, view in enumerate(plan.views) if view.kind is ViewKind.SLICE]
        choosing = _Choosing(choice, self._selection(choice), slices, title)
        choosing.by_words(question, plan, words)
        others = [number for number in range(len(plan.views)) if number not in slices]
        yield from self._held.encode(request, held, sorted([*others, *choosing.slices]), title)
        if choice.shortens or choosing.selection.selects:
            choosing.by_features(plan, held.features, self._asked(plan, prompt), self._said(prompt))
        kept = {number: torch.arange(plan.views[number].tokens) for number in others} | choosing.kept(plan)
        if sum(map(len, kept.values())) == plan.tokens:
            return Fed(held, self._model, plan, tuple(range(len(plan.views))), prompt, WHOLE, tuple(choosing.notices))
        shortened = Shortened(self._model, plan, prompt, kept)
        fed_prompt = shortened.prompt
        if self.depends_on_question(choice):
            fed_prompt = replace(fed_prompt, page_length=0)
        feeding = f"{choice.keep_tokens} {choice.keep_by}"
        return Fed(held, shortened, shortened.plan, shortened.numbers, fed_prompt, feeding, tuple(choosing.notices))

    def _selection(self, choice: ReaderChoice) -> OwnSelection:
        own = self._model.selection
        return own if choice.top_p is None else replace(own, top_p=choice.top_p)

    def _asked(self, plan: SlicePlan, prompt: Prompt) -> Tensor:
        """[words, dim]: the embeddings of the question's own words: what another question would not have."""
        other = self._model.prompt(plan, "").ids
        pairs = list(zip(prompt.ids, other, strict=False))
        begin = next((at for at, (one, two) in enumerate(pairs) if one != two), len(pairs))
        most = min(len(prompt.ids), len(other)) - begin
        same = next((at for at in range(most) if prompt.ids[-1 - at] != other[-1 - at]), most)
        return self._model.decoder.embed(prompt.ids[begin : len(prompt.ids) - same] or prompt.ids[-1:])

    def _said(self, prompt: Prompt) -> Tensor:
        """[words, dim]: the embeddings of all words before and after the image, by which SliME's selector chooses."""
        places = torch.cat(prompt.places)
        first, last = int(places.min()), int(places.max())
        return self._model.decoder.embed([*prompt.ids[:first], *prompt.ids[last + 1 :]])


@dataclass(slots=True)
class _Choosing:
    """The choice for one question on one page: `slices` are the numbers of those views that are still in."""

    choice: ReaderChoice
    selection: OwnSelection
    slices: list[int]
    title: str
    notices: list[str] = field(default_factory=list)
    _all: int = 0
    _tokens: dict[int, Tensor] = field(default_factory=dict)
    _chosen: bool = False

    def __post_init__(self) -> None:
        self._all = len(self.slices)

    def by_words(self, question: str, plan: SlicePlan, words: PageWords) -> None:
        """Leaves the best slices by the words on them, where so few are wanted and some word is there."""
        count = self.choice.best_slices
        if count is None or count >= self._all:
            return
        found = slices_by_words(question, plan, words, count)
        if found is not None:
            self._leave(found, "the words of the question")
        elif not self.selection.selects:
            self._chosen = True
            self.notices.append(f"{self.title}Read all {self._all} slices: no word of the question stands on the page.")

    def by_features(self, plan: SlicePlan, features: Mapping[int, Tensor], asked: Tensor, said: Tensor) -> None:
        """Leaves the best slices by their features where words said nothing, and of their tokens the wanted ones: by
        the words that were `asked`, and by all words `said`."""
        count = self.choice.best_slices if self.choice.best_slices is not None else self.selection.slices or self._all
        if count < self._all and not self._chosen:
            found = slices_by_similarity([features[number] for number in self.slices], asked, count)
            self._leave(found, "their likeness to the question")
        share, keep_by = self.choice.keep_tokens, self.choice.keep_by
        tokens = {
            number: salient(features[number], asked, share, keep_by)
            if share < 1.0
            else torch.arange(plan.views[number].tokens)
            for number in self.slices
        }
        if self.selection.top_p < 1.0 and tokens:
            tokens = probable(tokens, features, said, self.selection)
        self._tokens = tokens
        self._say_tokens(plan)

    def kept(self, plan: SlicePlan) -> dict[int, Tensor]:
        """The indices of the tokens that stay, by view."""
        every = {number: torch.arange(plan.views[number].tokens) for number in self.slices}
        return self._tokens or every

    def _leave(self, found: Sequence[int], by: str) -> None:
        self.slices = [self.slices[number] for number in found]
        self._chosen = True
        self.notices.append(f"{self.title}Read {len(found)} of {self._all} slices, chosen by {by}.")

    def _say_tokens(self, plan: SlicePlan) -> None:
        total = sum(plan.views[number].tokens for number in self.slices)
        stay = sum(map(len, self._tokens.values()))
        if stay < total:
            gamma = f" (γ {self.selection.top_p:g})" if self.selection.top_p < 1.0 else ""
            self.notices.append(f"{self.title}Kept {stay} of {total} visual tokens of the slices{gamma}.")


class Shortened:
    """An Embedder for a page some of whose visual tokens are left out; its words and separators all stay.

    `plan` holds the views that still have tokens, spans as they stand in the shortened sequence; `numbers` says which
    of the page's views they are; `prompt` is what is left of the whole one. One axis of positions is counted anew, as
    SliME does; more axes keep the places on the canvas that a model gave its tokens.
    """

    def __init__(self, model: SlicedModel, plan: SlicePlan, prompt: Prompt, kept: Mapping[int, Tensor]) -> None:
        self._model = model
        self._whole = (plan, prompt)
        self._stays = torch.ones(len(prompt.ids), dtype=torch.bool)
        for number, places in enumerate(prompt.places):
            self._stays[places] = False
            self._stays[places[kept.get(number, places[:0])]] = True
        self.numbers = tuple(number for number in range(len(plan.views)) if len(kept.get(number, ())) > 0)
        moved = self._stays.cumsum(0) - 1
        left = tuple(moved[prompt.places[number][kept[number]]] for number in self.numbers)
        self.prompt = self._shortened_prompt(prompt, left)
        self.plan = self._shortened_plan(plan, prompt, left)

    @property
    def decoder(self) -> Decoder:
        return self._model.decoder

    def embed(self, plan: SlicePlan, prompt: Prompt, features: Sequence[Tensor]) -> Tensor:  # noqa: ARG002 - the protocol's
        """[length, dim]; `features` are whole, per view that is fed."""
        own, whole = self._whole
        given = dict(zip(self.numbers, features, strict=True))
        like = features[0]
        every = [
            given[number] if number in given else like.new_zeros(view.tokens, like.shape[-1])
            for number, view in enumerate(own.views)
        ]
        embeds = self._model.embed(own, whole, every)
        return embeds[self._stays.to(embeds.device)]

    def _shortened_prompt(self, prompt: Prompt, places: tuple[Tensor, ...]) -> Prompt:
        ids = tuple(id_ for id_, stays in zip(prompt.ids, self._stays.tolist(), strict=True) if stays)
        counted = prompt.positions.shape[0] == 1
        positions = torch.arange(len(ids))[None] if counted else prompt.positions[:, self._stays]
        return Prompt(ids, places, positions, int(self._stays[: prompt.page_length].sum()))

    def _shortened_plan(self, plan: SlicePlan, prompt: Prompt, places: tuple[Tensor, ...]) -> SlicePlan:
        begins = int(prompt.places[0].min()) - plan.views[0].span[0]
        views = tuple(
            replace(
                plan.views[number],
                tokens=len(own),
                span=(int(own.min()) - begins, int(own.max()) + 1 - begins),
            )
            for number, own in zip(self.numbers, places, strict=True)
        )
        gone = len(self._stays) - int(self._stays.sum())
        return replace(plan, views=views, tokens=plan.tokens - gone, sequence=plan.sequence - gone)
