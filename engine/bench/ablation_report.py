"""What an ablation found: accuracy inside slices and on their borders, the gap, and how sure each figure is.

Intervals are 95 %, by drawing test pages with replacement: a page and all answers to it, of all seeds, are one draw.
They say nothing of other seeds, so the spread over seeds stands beside them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.bench.ablation import VARIANTS, Answered, Setup
from engine.bench.figures import Estimate, estimate, gap_of
from engine.bench.scores import Counts
from engine.errors import OutputError
from engine.files import replaced
from engine.training.recipes.entity_pages import Task, Where

PLAIN = VARIANTS[0]
TABLE, PICTURE, SUMMARY = "ablation.csv", "ablation.png", "ablation.txt"

_NAMES = {
    "uhd": "UHD resampler",
    "restore": "+ SliceRestore",
    "mining": "self-mining",
    "restore-mining": "both",
    "slime": "SliME",
}
_CUT, _INNER, _COLUMNS = slice(0, 2), slice(2, 4), 4
"""Of counts [pages, (right cut, cut, right inner, inner)], which `gap_of` takes."""


@dataclass(frozen=True, slots=True)
class AblationRow:
    """A variant in one task: accuracies, inner less cut, and how much less that is than the plain variant's; of the
    gap also its value for each seed. `tokens` is the mean number kept of the slices' visual tokens."""

    variant: str
    selection: str
    task: str
    seeds: int
    inner: Estimate
    cut: Estimate
    gap: Estimate
    closed: Estimate
    gaps: tuple[float, ...]
    tokens: float


def rows_of(found: Sequence[Answered]) -> list[AblationRow]:
    """A row for each variant, selection and task that has answers. Variants are compared on the seeds both have."""
    rows = []
    kinds = sorted({(VARIANTS.index(a.condition.variant), a.selection) for a in found})
    for task in Task:
        for number, selection in kinds:
            chosen = _of(found, VARIANTS[number], selection, task)
            if chosen:
                rows.append(_row(chosen, [] if number == 0 else _of(found, PLAIN, "", task)))
    return rows


def _of(found: Sequence[Answered], variant: str, selection: str, task: str) -> list[Answered]:
    return [a for a in found if (a.condition.variant, a.selection, a.task) == (variant, selection, task)]


def _row(chosen: list[Answered], plain: list[Answered]) -> AblationRow:
    first, seeds = chosen[0], sorted({a.condition.seed for a in chosen})
    counts = _counts(chosen)
    shared = {a.condition.seed for a in plain} & set(seeds)
    both = [_counts([a for a in of if a.condition.seed in shared]) for of in (plain, chosen)]
    return AblationRow(
        first.condition.variant,
        first.selection,
        first.task,
        len(seeds),
        estimate(counts, _share(_INNER)),
        estimate(counts, _share(_CUT)),
        estimate(counts, gap_of),
        estimate(np.concatenate(both, axis=1), _closed) if shared else Estimate(None, None),
        tuple(float(gap_of(_counts(_seed(chosen, seed)).sum(0, keepdims=True))[0]) for seed in seeds),
        float(np.mean([a.tokens for a in chosen])),
    )


def _seed(chosen: Sequence[Answered], seed: int) -> list[Answered]:
    return [a for a in chosen if a.condition.seed == seed]


def _counts(chosen: Sequence[Answered]) -> Counts:
    counts = np.zeros((max((a.number for a in chosen), default=-1) + 1, _COLUMNS))
    for answered in chosen:
        column = 0 if answered.where == Where.CUT else 2
        counts[answered.number, column : column + 2] += (answered.right, 1)
    return counts


def _share(columns: slice) -> Callable[[Counts], Counts]:
    def share(sums: Counts) -> Counts:
        right, count = sums[:, columns].T
        return np.asarray(right / count)

    return share


def _closed(sums: Counts) -> Counts:
    """Of sums of the plain variant and another one: how much smaller the other's gap is."""
    return np.asarray(gap_of(sums[:, :_COLUMNS]) - gap_of(sums[:, _COLUMNS:]))


def report(found: Sequence[Answered], setup: Setup) -> str:
    """The table in words: a line for each variant and task, in per cent."""
    rows = rows_of(found)
    whole = sum(1 for row in rows if row.task == Task.RECOGNITION and not row.selection)
    seeds = {row.variant: row.seeds for row in rows if not row.selection}
    lines = [
        f"EntityGrid at toy scale: {whole} of {len(VARIANTS)} variants, seeds each: "
        + ", ".join(f"{name} {count}" for name, count in seeds.items()),
        f"{setup.tower_steps} steps of the tower, {setup.steps} of each variant; {setup.pages} test pages of each task "
        f"and place; entities of training {setup.where}; {'with' if setup.overview else 'without'} overview",
        "per cent [95 % interval over pages]; of the gap also each seed's value",
    ]
    for task in dict.fromkeys(row.task for row in rows):
        lines += ["", f"{task:31}{'inner':>18}{'cut':>18}{'gap':>20}{'gap closed':>20}  tokens  gap by seed"]
        lines += [_line(row) for row in rows if row.task == task]
    return "\n".join(lines)


def _line(row: AblationRow) -> str:
    name = _NAMES[row.variant] + (f", top {row.selection}" if row.selection else "")
    gaps = " ".join(f"{100 * gap:+.0f}" for gap in row.gaps)
    figures = f"{_text(row.inner):>18}{_text(row.cut):>18}{_text(row.gap, '+'):>20}{_text(row.closed, '+'):>20}"
    return f"  {name:29}{figures}{row.tokens:8.1f}  {gaps}"


def _text(figure: Estimate, sign: str = "") -> str:
    if figure.value is None or figure.interval is None:
        return "-"
    low, high = figure.interval
    return f"{100 * figure.value:{sign}.1f} [{100 * low:{sign}.0f}, {100 * high:{sign}.0f}]"


def write_report(out: Path, found: Sequence[Answered], setup: Setup) -> None:
    """Table, plot and summary into `out`. Raises OutputError."""
    rows = rows_of(found)
    try:
        for name, text in ((TABLE, _csv(rows)), (SUMMARY, report(found, setup) + "\n")):
            with replaced(out / name) as file:
                file.write(text)
        plot(rows).save(out / PICTURE, format="PNG")
    except OSError as error:
        raise OutputError(f"The report in {out} cannot be written ({error.strerror or error}).") from error


def _csv(rows: Iterable[AblationRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    figures = [f"{name}{end}" for name in ("inner", "cut", "gap", "gap_closed") for end in ("", "_low", "_high")]
    writer.writerow(("task", "variant", "selection", "seeds", *figures, "gap_by_seed", "tokens"))
    for row in rows:
        cells = [cell for figure in (row.inner, row.cut, row.gap, row.closed) for cell in _cells(figure)]
        gaps = " ".join(f"{gap:.4f}" for gap in row.gaps)
        writer.writerow((row.task, row.variant, row.selection, row.seeds, *cells, gaps, f"{row.tokens:.1f}"))
    return text.getvalue()


def _cells(figure: Estimate) -> list[str]:
    values = (figure.value, *(figure.interval or (None, None)))
    return ["" if value is None else f"{value:.4f}" for value in values]


_PANEL_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM, _TEXT_PX = 420, 360, 46, 40, 90, 13
_INK, _GREY, _PAPER = (17, 19, 24), (205, 208, 214), (255, 255, 255)
_INNER_COLOUR, _CUT_COLOUR = (31, 105, 193), (200, 80, 20)


def plot(rows: Sequence[AblationRow]) -> Image.Image:
    """A panel for each task: each variant's accuracy inside slices and on their borders, with intervals."""
    tasks = list(dict.fromkeys(row.task for row in rows))
    picture = Image.new("RGB", (_PANEL_WIDTH * max(len(tasks), 1), _HEIGHT), _PAPER)
    draw = ImageDraw.Draw(picture)
    for number, task in enumerate(tasks):
        chosen = [row for row in rows if row.task == task and not row.selection]
        _draw_panel(draw, number * _PANEL_WIDTH + _LEFT, task, chosen)
    return picture


def _draw_panel(draw: ImageDraw.ImageDraw, left: int, task: str, rows: Sequence[AblationRow]) -> None:
    font = ImageFont.load_default(_TEXT_PX)
    width = _PANEL_WIDTH - _LEFT - 10
    for tenth in range(0, 11, 2):
        y = _height(tenth / 10)
        draw.line((left, y, left + width, y), fill=_GREY)
        draw.text((left - 6, y), f"{10 * tenth}", font=font, fill=_INK, anchor="rm")
    draw.text((left, 14), f"{task}, per cent right:", font=font, fill=_INK, anchor="lm")
    draw.text((left + 190, 14), "inside", font=font, fill=_INNER_COLOUR, anchor="lm")
    draw.text((left + 240, 14), "on a border", font=font, fill=_CUT_COLOUR, anchor="lm")
    step = width / len(VARIANTS)
    for row in rows:
        middle = left + step * (VARIANTS.index(row.variant) + 0.5)
        for figure, colour, aside in ((row.inner, _INNER_COLOUR, -8), (row.cut, _CUT_COLOUR, 8)):
            _draw_figure(draw, middle + aside, figure, colour)
        lines = f"{_NAMES[row.variant]}\n{row.seeds} seed{'s' if row.seeds > 1 else ''}".replace("+ ", "+\n")
        draw.multiline_text((middle, _HEIGHT - _BOTTOM + 8), lines, _INK, font, "ma", align="center")


def _draw_figure(draw: ImageDraw.ImageDraw, x: float, figure: Estimate, colour: tuple[int, int, int]) -> None:
    if figure.value is None:
        return
    low, high = figure.interval or (figure.value, figure.value)
    draw.line((x, _height(low), x, _height(high)), fill=colour, width=2)
    y = _height(figure.value)
    draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour)


def _height(share: float) -> float:
    return _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)
