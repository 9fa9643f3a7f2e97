"""Contributions of slices by hiding their views: a model's causal leave-one-slice-out.

ℓ is the log-probability (nats) that the model gives the answer it wrote, each token after the true ones before it.
A hidden view keeps its place and gets the features of a blank view in the page's background colour: features are
replaced, not masked, because masks leak through linear-attention layers. Equal calls give bit-equal results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.evidence.types import MIN_GAIN_NATS
from engine.geometry import PixelRect
from engine.readers.sliced.protocol import Embedder, Prompt
from engine.runtime.decoder import Decoder, Memory, Stretch
from engine.slicing.plan import SlicePlan, View, ViewKind

MAX_ROWS, CPU_ROWS = 8, 2
MAX_BATCH_POSITIONS = 8192
"""Rows run as one batch on a GPU and on a CPU, and positions in all of them together (always at least one slice).
A CPU gains nothing by batches: slice by slice it has less to run after the shared positions, and cancels sooner.
Fixed numbers, because a batch's size may show in the last bits of its results."""

BORDER_SHARE = 0.02
"""How much of the short side counts as border when the background colour is measured."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A page, a question and the answer a model wrote to it: `answer` are its tokens without the one that ended it,
    `features` the page's own, per view of `plan`."""

    model: Embedder
    plan: SlicePlan
    prompt: Prompt
    features: tuple[Tensor, ...]
    answer: tuple[int, ...]

    def embedded(self, features: Sequence[Tensor]) -> Stretch:
        """Prompt and answer but its last token, with these features: the positions that predict the answer end it."""
        embeds = self.model.embed(self.plan, self.prompt, features)
        written = self.answer[:-1]
        if written:
            embeds = torch.cat([embeds, self.model.decoder.embed(written).to(embeds)])
        return Stretch(embeds, continued(self.prompt.positions, len(written)))


class Replacements(Protocol):
    """What hidden views are replaced by."""

    def of(self, plan: SlicePlan, place: int, number: int) -> tuple[dict[int, Tensor], Tensor]:
        """For the slice that is view `place` of `plan` and slice `number` (row-major): the features that change, by
        view, where it is hidden alone, and the overview's with its rectangle painted over."""


@dataclass(frozen=True, slots=True)
class ViewReplacements:
    """Slices that know nothing of each other: `blank` features per view of the plan, and `painted` the overview's by
    slice number."""

    blank: tuple[Tensor, ...]
    painted: tuple[Tensor, ...]

    def of(self, plan: SlicePlan, place: int, number: int) -> tuple[dict[int, Tensor], Tensor]:  # noqa: ARG002 - the protocol's
        return {place: self.blank[place]}, self.painted[number]


@dataclass(frozen=True, slots=True)
class HiddenTogether:
    """Slices that see each other in the tower: hiding one changes all of them. `without` encodes them again, row-major,
    with the pixels of the slice at a place of the plan blank."""

    painted: tuple[Tensor, ...]
    without: Callable[[int], tuple[Tensor, ...]]

    def of(self, plan: SlicePlan, place: int, number: int) -> tuple[dict[int, Tensor], Tensor]:
        slices = [at for at, view in enumerate(plan.views) if view.kind is ViewKind.SLICE]
        return dict(zip(slices, self.without(place), strict=True)), self.painted[number]


@dataclass(frozen=True, slots=True)
class Fall:
    """How much each answer token's log-probability [tokens] falls when `view` is hidden: `detail` hides the slice
    alone, `joint` its place in the overview too."""

    view: View
    detail: Tensor
    joint: Tensor


def background_of(image: Image.Image) -> tuple[int, int, int]:
    """The median colour of the page's border: the paper, also where it is noisy or something touches the edge."""
    pixels = np.asarray(image.convert("RGB"))
    width = max(round(min(pixels.shape[:2]) * BORDER_SHARE), 1)
    sides = (pixels[:width], pixels[-width:], pixels[:, :width], pixels[:, -width:])
    red, green, blue = np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0)
    return int(red), int(green), int(blue)


def painted_over(image: Image.Image, rect: PixelRect, colour: tuple[int, int, int]) -> Image.Image:
    """`image` with every pixel that `rect` touches in `colour`."""
    painted = image.copy()
    painted.paste(colour, (int(rect.x), int(rect.y), int(np.ceil(rect.right)), int(np.ceil(rect.bottom))))
    return painted


def continued(positions: Tensor, length: int) -> Tensor:
    """`positions` [axes, n] and `length` more, counting on from the last on every axis."""
    further = positions[:, -1:] + torch.arange(1, length + 1, device=positions.device)
    return torch.cat([positions, further], dim=1)


def part_of(whole: Stretch, start: int, end: int | None = None) -> Stretch:
    """Positions [start, end) of `whole`."""
    return Stretch(whole.embeds[start:end], whole.positions[:, start:end])


def token_logprobs(decoder: Decoder, parts: Sequence[Stretch], after: Memory | None, answer: Sequence[int]) -> Tensor:
    """[rows, tokens] on the CPU: log-probability of each token of `answer` where `parts` end before its last one."""
    logits = decoder.logits(parts, after, len(answer))
    chosen = torch.tensor(answer, device=logits.device).expand(len(parts), -1)[..., None]
    return (logits.gather(-1, chosen)[..., 0] - logits.logsumexp(-1)).cpu()


class HiddenViews:
    """Measures one answer. `full` [tokens] is its log-probability with all views, `hidden` with none.

    `page` is what the decoder remembers of the prompt's first `page_length` positions, `blank_page` the same with
    blank views; None where that length is 0. `pause` is called between batches and raises to cancel.
    """

    def __init__(self, asked: Asked, blank: Sequence[Tensor], page: Memory | None, blank_page: Memory | None) -> None:
        self._asked = asked
        self._decoder = asked.model.decoder
        self._whole = asked.embedded(asked.features)
        start = asked.prompt.page_length
        self.full = self._logprobs([part_of(self._whole, start)], page)[0]
        self.hidden = self._logprobs([part_of(asked.embedded(blank), start)], blank_page)[0]

    @property
    def gain(self) -> float:
        """ℓ(all views) − ℓ(none), in nats."""
        return float((self.full - self.hidden).sum())

    def falls(self, replacements: Replacements, pause: Callable[[], None]) -> Iterator[Fall]:
        """Every slice in the order of the sequence, as measured; the overview's alone where the page is unsliced."""
        plan = self._asked.plan
        if not plan.slices:
            fall = self.full - self.hidden
            yield Fall(plan.overview, fall, fall)
            return
        numbers = {(view.row, view.col): number for number, view in enumerate(plan.slices)}
        ordered = [number for number, view in enumerate(plan.views) if view.kind is ViewKind.SLICE]
        overview = plan.views.index(plan.overview)
        size = self._slices_at_once()
        remembered = _Remembered(self._decoder, self._whole)
        for first in range(0, len(ordered), size):
            pause()
            group = ordered[first : first + size]
            found = [
                replacements.of(plan, place, numbers[plan.views[place].row, plan.views[place].col]) for place in group
            ]
            detail = [hidden for hidden, _ in found]
            joint = [hidden | {overview: painted} for hidden, painted in found]
            falls = self.full - self._changed(detail, joint, remembered)
            for row, number in enumerate(group):
                yield Fall(plan.views[number], falls[row], falls[len(group) + row])

    def _changed(
        self, detail: list[dict[int, Tensor]], joint: list[dict[int, Tensor]], remembered: _Remembered
    ) -> Tensor:
        """[2 × slices, tokens]: log-probabilities, the rows of `detail` first. As one batch where both first change
        at the same position, else in two, because less is left to run where the overview stays."""
        starts = [min(self._start(row) for row in rows) for rows in (detail, joint)]
        if starts[0] == starts[1]:
            return self._logprobs(self._rows([*detail, *joint], starts[0]), remembered.until(starts[0]))
        late = self._logprobs(self._rows(joint, starts[1]), remembered.until(starts[1], keep=True))
        early = self._logprobs(self._rows(detail, starts[0]), remembered.until(starts[0]))
        return torch.cat([early, late])

    def _rows(self, changes: Sequence[dict[int, Tensor]], start: int) -> list[Stretch]:
        own = self._asked.features
        changed = ([change.get(number, own[number]) for number in range(len(own))] for change in changes)
        return [part_of(self._asked.embedded(features), start) for features in changed]

    def _start(self, change: dict[int, Tensor]) -> int:
        return min(int(self._asked.prompt.places[number].min()) for number in change)

    def _slices_at_once(self) -> int:
        most = CPU_ROWS if self._whole.embeds.device.type == "cpu" else MAX_ROWS
        rows = min(most, MAX_BATCH_POSITIONS // self._whole.length)
        return max(rows // 2, 1)

    def _logprobs(self, parts: Sequence[Stretch], after: Memory | None) -> Tensor:
        return token_logprobs(self._decoder, parts, after, self._asked.answer)


class _Remembered:
    """The memory of the first positions of one sequence, walked forwards; one place of it can be kept to go back to."""

    def __init__(self, decoder: Decoder, whole: Stretch) -> None:
        self._decoder = decoder
        self._whole = whole
        self._known: dict[int, Memory | None] = {0: None}
        self._kept: set[int] = {0}

    def until(self, position: int, keep: bool = False) -> Memory | None:
        """The memory of positions before `position`."""
        if keep:
            self._kept.add(position)
        if position not in self._known:
            base = max(known for known in self._known if known < position)
            made = self._decoder.remember(part_of(self._whole, base, position), self._known[base])
            self._known = {known: memory for known, memory in self._known.items() if known in self._kept}
            self._known[position] = made
        return self._known[position]


def share(fall: Tensor, gain: float) -> float:
    """A fall as a share of the fall when all views are hidden: the contribution. The share is taken of no less than
    MIN_GAIN_NATS, so that it stays bounded."""
    return float(fall.sum()) / max(gain, MIN_GAIN_NATS)
