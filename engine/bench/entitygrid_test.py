"""EntityGrid-QA asked of a reader: which option it chooses, by likelihood or by its text, and what seams cost it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from PIL import Image

from engine.bench.entitygrid_qa import LETTERS, POSITIONS, GridItem, Side, asked_with_options, is_entity_grid
from engine.bench.figures import Estimate, Share, estimate, gap_of, relative_gap_of, side_counts
from engine.bench.pages import BenchPage, drawn_page
from engine.bench.scores import Counts, normalised
from engine.errors import UsageError
from engine.readers.types import Answer
from engine.slicing.plan import SlicePlan

if TYPE_CHECKING:
    from engine.readers.sliced.protocol import SlicedModel

ALL_TASKS = "all"
_ALONE = re.compile(r"\W*([A-D])\W*", re.IGNORECASE)
_LETTER_FIRST = re.compile(r"\W*([A-D])[.):]\s")

Choose = Callable[[GridItem, Image.Image], int | None]
"""(item, its page) → the number of the option that a reader chooses; None where it names none, or several."""


class Scoring(StrEnum):
    """`LETTER`: the likeliest of A–D once the options are listed, which leaves out how well a model keeps to a format.
    `OPTION`: the option whose own words are likeliest, per token. `ANSWER`: the option that the answer's text names."""

    LETTER = "letter"
    OPTION = "option"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class GridOutcome:
    """One item, read in one mode: whether the right option was chosen, and whether any was."""

    item: GridItem
    mode: str
    right: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class GridRow:
    """One task, or all of them, in one mode. `sides` are shares by Side, `positions` by position (1-9: items that show
    an entity there); `gap` is inside less cut and `centre_gap` inside less centre, `relative` the gap as a share of
    inside; `silent` says how many items no option was chosen for."""

    task: str
    mode: str
    sides: dict[Side, Share]
    positions: dict[int, Share]
    gap: Estimate
    relative: Estimate
    centre_gap: Estimate
    silent: Share


def outcomes(
    items: Iterable[GridItem], mode: str, choose: Choose, draw: Callable[[GridItem], Image.Image]
) -> Iterator[GridOutcome]:
    """`choose` asked about every item."""
    for item in items:
        option = choose(item, draw(item))
        yield GridOutcome(item, mode, option == item.answer, option is not None)


def by_likelihood(model: SlicedModel, policy: str, scoring: Scoring) -> Choose:
    """Chooses the option that `model` finds likeliest. Raises UsageError where its plan has other seams."""
    from engine.bench.likelihood import ScoredPage

    def choose(item: GridItem, image: Image.Image) -> int:
        page = ScoredPage(model, image, policy)
        check_seams(page.plan)
        wanted = item.options if scoring is Scoring.OPTION else LETTERS
        found = page.logprobs(asked_with_options(item), wanted)
        return found.index(max(found))

    return choose


def by_answer(ask: Callable[[BenchPage, str], Answer], *, listed: bool) -> Choose:
    """Chooses the option that an answer names. With `listed` the question lists them, as models need it; an extractive
    reader is asked the question alone, for it would take the list for the page's. Raises TesseraError."""

    def choose(item: GridItem, image: Image.Image) -> int | None:
        answer = ask(drawn_page(image, "grid"), asked_with_options(item) if listed else item.question)
        for _, plan in answer.plans:
            check_seams(plan)
        return named_option(answer.text, item.options)

    return choose


def named_option(text: str, options: Sequence[str]) -> int | None:
    """The number of the option that `text` is (its letter, its words, or both), or the only one whose words it has."""
    letter = _ALONE.fullmatch(text) or _LETTER_FIRST.match(text)
    if letter is not None:
        return LETTERS.index(letter[1].upper())
    said = normalised(text)
    found = [
        number
        for number, option in enumerate(options)
        if re.search(rf"(?<!\w){re.escape(normalised(option))}(?!\w)", said)
    ]
    # "above and to the left" also says "above": an option within another one that is said is not meant.
    meant = [
        number
        for number in found
        if not any(other != number and normalised(options[number]) in normalised(options[other]) for other in found)
    ]
    return meant[0] if len(meant) == 1 else None


def check_seams(plan: SlicePlan) -> None:
    """Raises UsageError where `plan` does not cut as EntityGrid-QA's pages are laid out for."""
    if not is_entity_grid(plan):
        raise UsageError(
            f"The model reads this page by {plan.policy}, which does not cut it into 2 x 2 equal slices.",
            "Give that policy with --policy, or measure this model with tessera bench seam.",
        )


def grid_rows(found: Sequence[GridOutcome]) -> list[GridRow]:
    """A row per task and mode in the order they came, then all tasks together. Every task has as many items on each
    side, so that shares over all are means over tasks, as the source takes them."""
    modes = list(dict.fromkeys(each.mode for each in found))
    tasks = list(dict.fromkeys(each.item.task for each in found))
    rows = [_row(task, mode, [each for each in found if each.item.task is task]) for task in tasks for mode in modes]
    return [*rows, *(_row(ALL_TASKS, mode, found) for mode in modes)] if len(tasks) > 1 else rows


def _row(task: str, mode: str, found: Sequence[GridOutcome]) -> GridRow:
    own = [each for each in found if each.mode == mode]
    cut, centre = (_against_inside(own, side) for side in (Side.CUT, Side.CENTRE))
    return GridRow(
        task=task,
        mode=mode,
        sides={side: _share([each.right for each in own if each.item.side is side]) for side in Side},
        positions={
            position: _share([each.right for each in own if position in each.item.positions]) for position in POSITIONS
        },
        gap=estimate(cut, gap_of),
        relative=estimate(cut, relative_gap_of),
        centre_gap=estimate(centre, gap_of),
        silent=_share([not each.chosen for each in own]),
    )


def _against_inside(found: Sequence[GridOutcome], side: Side) -> Counts:
    """Counts by scene of what lies on `side` and of what lies inside."""
    kept = [each for each in found if each.item.side in (side, Side.INSIDE)]
    return side_counts([(str(each.item.scene), each.item.side is side, each.right) for each in kept])


def _share(values: Sequence[bool]) -> Share:
    return Share(sum(values), len(values))
