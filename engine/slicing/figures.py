"""All figures of all policies on one page: the table of the slicing lab, its columns and its order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from engine.errors import ErrorInfo, PlanRefusedError, UsageError
from engine.geometry import Size
from engine.slicing.cost import Cost, Rates, cost_of
from engine.slicing.plan import SlicePlan
from engine.slicing.policies import ChosenPolicy, parse_policy, policy_ids
from engine.slicing.quality import Quality, quality_of
from engine.slicing.shapes import published_shape
from engine.slicing.words import PageWordBoxes

Value = str | float | int | None


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What figures need to know of a page: its size in px, its native resolution where it has one, and its words."""

    size: Size
    dpi: float | None = None
    words: PageWordBoxes | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """A policy on a page: its plan with quality and cost, or why it has none. `cost` is None where the policy's model
    has no published shape, `seconds` and `gpu_seconds` where the rates of this machine's CPU and GPU are not known."""

    chosen: ChosenPolicy
    plan: SlicePlan | None
    quality: Quality | None
    cost: Cost | None
    seconds: float | None
    refused: ErrorInfo | None = None
    gpu_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A figure: its key for sorting and CSV, its heading, how a value is written, and where it comes from."""

    key: str
    title: str
    form: str
    value: Callable[[Figures], Value]

    def text(self, figures: Figures) -> str:
        """The value as it is shown; empty where there is none."""
        value = self.value(figures)
        return "" if value is None else format(value, self.form)


def figures_of(policy: str, page: PageFacts, rates: Rates | None = None, gpu: Rates | None = None) -> Figures:
    """The figures of the policy `id` or `id:N`; `rates` and `gpu` are those of this machine's CPU and GPU.

    Raises UsageError for an unknown policy."""
    chosen = parse_policy(policy)
    try:
        plan = chosen.plan(page.size)
    except PlanRefusedError as error:
        return Figures(chosen, None, None, None, None, error.info)
    shape = published_shape(chosen.policy.id)
    cost = None if shape is None else cost_of(plan, shape)
    seconds, gpu_seconds = (None if cost is None or each is None else cost.seconds(each) for each in (rates, gpu))
    return Figures(chosen, plan, quality_of(plan, page.dpi, page.words), cost, seconds=seconds, gpu_seconds=gpu_seconds)


def all_figures(
    page: PageFacts, rates: Rates | None = None, policies: Iterable[str] | None = None, gpu: Rates | None = None
) -> tuple[Figures, ...]:
    """The figures of every policy, or of `policies`, in their order."""
    return tuple(figures_of(policy, page, rates, gpu) for policy in (policy_ids() if policies is None else policies))


def sorted_figures(rows: Iterable[Figures], key: str) -> list[Figures]:
    """`rows` by a column, the smallest first; with `-` before its key the largest. Rows without a value stand last.

    Raises UsageError where there is no such column.
    """
    column = column_of(key.removeprefix("-"))
    known: list[Figures] = []
    unknown: list[Figures] = []
    for row in rows:
        (known if column.value(row) is not None else unknown).append(row)

    def rank(row: Figures) -> tuple[str, float]:
        value = column.value(row)
        return (value, 0.0) if isinstance(value, str) else ("", value or 0.0)

    return sorted(known, key=rank, reverse=key.startswith("-")) + unknown


def column_of(key: str) -> Column:
    """Raises UsageError where no column has this key."""
    for column in COLUMNS:
        if column.key == key:
            return column
    raise UsageError(f"There is no column “{key}”.", f"The columns are {', '.join(each.key for each in COLUMNS)}.")


def table(rows: Iterable[Figures], columns: Sequence[Column]) -> list[list[Value]]:
    """Raw values, row by row."""
    return [[column.value(row) for column in columns] for row in rows]


def _of_plan(read: Callable[[SlicePlan], Value]) -> Callable[[Figures], Value]:
    return lambda row: None if row.plan is None else read(row.plan)


def _of_quality(read: Callable[[Quality], Value]) -> Callable[[Figures], Value]:
    def value(row: Figures) -> Value:
        found = None if row.quality is None else read(row.quality)
        return None if isinstance(found, float) and math.isinf(found) else found

    return value


def _of_cost(read: Callable[[Cost], Value]) -> Callable[[Figures], Value]:
    return lambda row: None if row.cost is None else read(row.cost)


def _grid(plan: SlicePlan) -> str:
    return f"{plan.grid.cols}x{plan.grid.rows}" if plan.grid.cols else "1"


COLUMNS: tuple[Column, ...] = (
    Column("policy", "policy", "", lambda row: row.chosen.id),
    Column("status", "status", "", lambda row: row.chosen.policy.status.value),
    Column("runs_on", "runs on", "", lambda row: row.chosen.policy.runs_on.value),
    Column("grid", "grid", "", _of_plan(_grid)),
    Column("views", "views", "d", _of_plan(lambda plan: len(plan.views))),
    Column("tokens", "tokens", "d", _of_plan(lambda plan: plan.tokens)),
    Column("sequence", "positions", "d", _of_plan(lambda plan: plan.sequence)),
    Column("scale", "scale", ".2f", _of_quality(lambda quality: quality.scale)),
    Column("dpi", "dpi", ".0f", _of_quality(lambda quality: quality.dpi)),
    Column("glyph_px", "legible from px", ".1f", _of_quality(lambda quality: quality.glyph_px)),
    Column("padding", "padding", ".0%", _of_quality(lambda quality: quality.padding)),
    Column("distortion", "distortion", ".2f", _of_quality(lambda quality: quality.distortion)),
    Column("deviation", "deviation", ".2f", _of_quality(lambda quality: quality.deviation)),
    Column("cut", "words cut", "d", _of_quality(lambda quality: quality.words.cut if quality.words else None)),
    Column("text_px", "text px", ".1f", _of_quality(lambda quality: quality.words.text_px if quality.words else None)),
    Column(
        "illegible", "illegible", ".0%", _of_quality(lambda quality: quality.words.illegible if quality.words else None)
    ),
    Column("model", "model", "", _of_cost(lambda cost: cost.model)),
    Column("vision_tflops", "vision TFLOP", ".2f", _of_cost(lambda cost: cost.vision_flops / 1e12)),
    Column("language_tflops", "language TFLOP", ".2f", _of_cost(lambda cost: cost.language_flops / 1e12)),
    Column("cache_mb", "KV MB", ".0f", _of_cost(lambda cost: cost.cache_bytes / 1e6)),
    Column("seconds", "seconds", ".1f", lambda row: row.seconds),
    Column("gpu_seconds", "GPU seconds", ".1f", lambda row: row.gpu_seconds),
    Column("refused", "refused", "", lambda row: None if row.refused is None else row.refused.message),
)
