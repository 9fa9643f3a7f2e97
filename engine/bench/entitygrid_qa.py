"""EntityGrid-QA: pages with one or two entities on nine positions, of which a policy of 2 x 2 slices cuts five.

After HiRes-LLaVA (arXiv 2407.08706), whose generator and data are not public. From the source: a blank page of
2b x 2b px for slices of b px, a 3 x 3 layout of positions numbered 1-9 row by row with an entity in the middle of each,
five entity types, and three tasks asked as multiple choice. Reconstructed: positions lie at b/2, b and 3b/2; entities
are 0.15b to 0.30b in size, so that those of the middle row and column are cut and no other touches a seam. A scene
(what is shown, and its options) comes up on every side of the seams, so that sides differ in nothing else.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from PIL import Image

from engine.bench.entities import ENTITIES, EntityType, draw_entity
from engine.errors import PlanRefusedError, UsageError
from engine.geometry import Size
from engine.slicing.plan import Grid, SlicePlan
from engine.slicing.policies import plan as plan_of

INSIDE_POSITIONS, CUT_POSITIONS, CENTRE_POSITION = (1, 3, 7, 9), (2, 4, 6, 8), 5
"""5 lies on both seams, and is told apart."""
POSITIONS = range(1, 10)
BASES_PX = (336, 448, 384, 512, 224)
SMALLEST, LARGEST = 0.16, 0.29
"""Shares of b that entities are wide."""
OPTIONS = 4
LETTERS = "ABCD"


class Task(StrEnum):
    RECOGNITION = "recognition"
    POSITION = "position"
    COUNTING = "counting"


class Side(StrEnum):
    """Where the entities of an item lie: all `INSIDE` slices, all `CUT` by one seam, at the `CENTRE` where both meet
    (a second one inside), or one inside and one cut (`MIXED`)."""

    INSIDE = "inside"
    CUT = "cut"
    CENTRE = "centre"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class GridItem:
    """One question: what is shown at which positions (1-9), its four options and which of them is right. `scene`
    numbers what is shown; `size` is the entities' width as a share of b."""

    scene: int
    task: Task
    side: Side
    kind: EntityType
    shown: tuple[tuple[str, int], ...]
    question: str
    options: tuple[str, ...]
    answer: int
    size: float

    @property
    def positions(self) -> tuple[int, ...]:
        return tuple(position for _, position in self.shown)


_DIRECTIONS = {
    (0, -1): "to the left",
    (0, 1): "to the right",
    (-1, 0): "above",
    (1, 0): "below",
    (-1, -1): "above and to the left",
    (-1, 1): "above and to the right",
    (1, -1): "below and to the left",
    (1, 1): "below and to the right",
}


def grid_items(
    seed: int, scenes: int, types: Sequence[EntityType] = tuple(EntityType), tasks: Sequence[Task] = tuple(Task)
) -> Iterator[GridItem]:
    """All items of `scenes` scenes, entity types by turns: per scene and task four inside, four cut and one at the
    centre; of two entities also one mixed. Equal arguments give equal items."""
    for scene in range(scenes):
        kind = types[scene % len(types)]
        for task in tasks:
            rng = random.Random(f"{seed}/{scene}/{task}")
            size = rng.uniform(SMALLEST, LARGEST)
            names = tuple(rng.sample(ENTITIES[kind], OPTIONS))
            match task:
                case Task.RECOGNITION:
                    yield from _recognition(scene, kind, names, size, rng)
                case Task.POSITION:
                    yield from _position(scene, kind, names, size, rng)
                case Task.COUNTING:
                    yield from _counting(scene, kind, names, size, rng)


def grid_page(item: GridItem, base_px: int) -> Image.Image:
    """The page of `item`, 2b x 2b px, RGB."""
    page = Image.new("RGB", (2 * base_px, 2 * base_px), "white")
    for name, position in item.shown:
        entity = draw_entity(name, item.kind, round(item.size * base_px))
        row, col = divmod(position - 1, 3)
        x, y = (round((number + 1) * base_px / 2) for number in (col, row))
        page.paste(entity, (x - entity.width // 2, y - entity.height // 2))
    return page


def base_of(policy: str) -> int:
    """The slice side b in px for which `policy` cuts a page of 2b x 2b px into 2 x 2. Raises UsageError."""
    for base in BASES_PX:
        try:
            if is_entity_grid(plan_of(policy, Size(2 * base, 2 * base))):
                return base
        except PlanRefusedError:
            continue
    raise UsageError(
        f"{policy} cuts no square page into 2 x 2 slices, as EntityGrid-QA needs.",
        "Choose another policy, such as llava-uhd-v1, or measure this one with tessera bench seam.",
    )


def is_entity_grid(plan: SlicePlan) -> bool:
    """Whether the seams of `plan` are those of EntityGrid-QA."""
    return plan.grid == Grid(2, 2) and all(
        view.rect.width * 2 == plan.page.width and view.rect.height * 2 == plan.page.height for view in plan.slices
    )


def asked_with_options(item: GridItem) -> str:
    """The question as multiple choice."""
    listed = (f"{letter}. {option}" for letter, option in zip(LETTERS, item.options, strict=True))
    return "\n".join((item.question, *listed, "Answer with the option's letter."))


def _recognition(
    scene: int, kind: EntityType, names: tuple[str, ...], size: float, rng: random.Random
) -> Iterator[GridItem]:
    options = _shuffled(names, rng)
    for position in POSITIONS:
        shown = ((names[0], position),)
        question = "What is the object in the picture?"
        yield GridItem(
            scene, Task.RECOGNITION, _side([position]), kind, shown, question, options, options.index(names[0]), size
        )


def _position(
    scene: int, kind: EntityType, names: tuple[str, ...], size: float, rng: random.Random
) -> Iterator[GridItem]:
    one, other = names[:2]
    question = f"In the picture, where is {one} relative to {other}?"
    for first, second in _pairs(rng):
        right = _DIRECTIONS[_direction(first, second)]
        wrong = rng.sample([name for name in _DIRECTIONS.values() if name != right], OPTIONS - 1)
        options = _shuffled((right, *wrong), rng)
        shown = ((one, first), (other, second))
        side = _side([first, second])
        yield GridItem(scene, Task.POSITION, side, kind, shown, question, options, options.index(right), size)


def _counting(
    scene: int, kind: EntityType, names: tuple[str, ...], size: float, rng: random.Random
) -> Iterator[GridItem]:
    one, other = names[:2]
    both = rng.choice(((one, one), (one, other), (other, other)))
    question = f"How many {one} are there in the picture?"
    options = _shuffled(tuple(str(number) for number in range(OPTIONS)), rng)
    for pair in _pairs(rng):
        shown = tuple(zip(both, pair, strict=True))
        answer = options.index(str(both.count(one)))
        yield GridItem(scene, Task.COUNTING, _side(pair), kind, shown, question, options, answer, size)


def _pairs(rng: random.Random) -> list[tuple[int, int]]:
    """Two positions each: four pairs inside, four cut, one at the centre and one mixed."""
    inside = rng.sample(list(itertools.permutations(INSIDE_POSITIONS, 2)), 4)
    cut = rng.sample(list(itertools.permutations(CUT_POSITIONS, 2)), 4)
    centre = (CENTRE_POSITION, rng.choice(INSIDE_POSITIONS))
    mixed = (rng.choice(INSIDE_POSITIONS), rng.choice(CUT_POSITIONS))
    return [*inside, *cut, centre, mixed]


def _side(positions: Sequence[int]) -> Side:
    if CENTRE_POSITION in positions:
        return Side.CENTRE
    cut = [position in CUT_POSITIONS for position in positions]
    return Side.CUT if all(cut) else Side.MIXED if any(cut) else Side.INSIDE


def _direction(first: int, second: int) -> tuple[int, int]:
    """Where `first` lies seen from `second`: signs of (down, right)."""
    (row, col), (from_row, from_col) = divmod(first - 1, 3), divmod(second - 1, 3)
    return (row > from_row) - (row < from_row), (col > from_col) - (col < from_col)


def _shuffled(options: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    return tuple(rng.sample(list(options), len(options)))
