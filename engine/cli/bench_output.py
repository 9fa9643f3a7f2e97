"""What the benches print and write: tables of shares with their intervals, and the same as CSV of raw numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.bench.entitygrid_qa import POSITIONS, Side
from engine.bench.entitygrid_test import GridRow
from engine.bench.figures import Estimate, Share
from engine.bench.seam_report import SeamRow
from engine.cli.console import output
from engine.cli.desk import check_picture_path
from engine.errors import OutputError
from engine.files import check_replaceable, replaced

Cell = str | int | float | None

SEAM_COLUMNS = (
    "policy",
    "measure",
    "mode",
    *(f"across_{name}" for name in ("right", "count", "share", "low", "high")),
    *(f"inside_{name}" for name in ("right", "count", "share", "low", "high")),
    *("gap", "gap_low", "gap_high"),
    *("relative_gap", "relative_gap_low", "relative_gap_high"),
    *("change", "change_low", "change_high"),
)
GRID_COLUMNS = (
    "policy",
    "score",
    "task",
    "mode",
    *(f"{side}_{name}" for side in Side for name in ("right", "count", "share", "low", "high")),
    *("gap", "gap_low", "gap_high"),
    *("relative_gap", "relative_gap_low", "relative_gap_high"),
    *("centre_gap", "centre_gap_low", "centre_gap_high"),
    *("silent", "asked"),
    *(f"position_{position}" for position in POSITIONS),
)
SIDE_TITLES = {Side.INSIDE: "inside", Side.CUT: "cut", Side.CENTRE: "centre (5)"}
DIGITS = 4
NOTHING = "-"
GAP = "  "


def check_outputs(out: Path | None, plot: Path | None) -> None:
    """Raises OutputError before any work is done where a file could not be written."""
    if plot is not None:
        check_picture_path(plot)
    if out is not None:
        try:
            check_replaceable(out)
        except OSError as error:
            raise OutputError(f"{out} cannot be written: {error.strerror or error}.") from error


def print_seams(title: str, rows: Sequence[SeamRow]) -> None:
    """The seam test: shares with Wilson intervals, differences with bootstrap intervals, all 95 %."""
    heads = ("policy", "measure", "read", "across seams", "inside slices", "gap", "across, against whole")
    _print_table(
        title,
        heads,
        [
            (
                *(row.policy, row.measure, row.mode),
                *(share_text(row.across), share_text(row.inside)),
                *(estimate_text(row.gap), estimate_text(row.change)),
            )
            for row in rows
        ],
    )


def seam_cells(rows: Sequence[SeamRow]) -> Iterable[list[Cell]]:
    """The rows of the CSV, in the order of SEAM_COLUMNS."""
    for row in rows:
        cells: list[Cell] = [row.policy, row.measure, row.mode]
        for share in (row.across, row.inside):
            cells += share_cells(share)
        for estimate in (row.gap, row.relative, row.change):
            cells += estimate_cells(estimate)
        yield cells


def print_grid(title: str, rows: Sequence[GridRow]) -> None:
    """EntityGrid-QA: shares by side, gaps, and shares by position."""
    heads = ("task", "read", *SIDE_TITLES.values(), "gap", "gap, relative", "no option")
    _print_table(
        title,
        heads,
        [
            (
                *(row.task, row.mode),
                *(share_text(row.sides[side]) for side in SIDE_TITLES),
                *(estimate_text(row.gap), estimate_text(row.relative), f"{row.silent.right}/{row.silent.count}"),
            )
            for row in rows
        ],
    )
    _print_table(
        "Right by position, 1–9 row by row: seams cut 2, 4, 6 and 8, and both cut 5",
        ("task", "read", *map(str, POSITIONS)),
        [(row.task, row.mode, *(_value_text(share) for share in row.positions.values())) for row in rows],
    )


def grid_cells(policy: str, score: str, rows: Sequence[GridRow]) -> Iterable[list[Cell]]:
    """The rows of the CSV, in the order of GRID_COLUMNS."""
    for row in rows:
        cells: list[Cell] = [policy, score, row.task, row.mode]
        for share in row.sides.values():
            cells += share_cells(share)
        for estimate in (row.gap, row.relative, row.centre_gap):
            cells += estimate_cells(estimate)
        cells += [row.silent.right, row.silent.count]
        yield [*cells, *_rounded(*(share.value for share in row.positions.values()))]


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A CSV of plain numbers; empty where there is none. Raises OutputError."""
    try:
        with replaced(path) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def _print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns side by side, never wrapped: rows are long, and files have no width."""
    table = [heads, *rows]
    widths = [max(map(len, texts)) for texts in zip(*table, strict=True)]
    lines = [GAP.join(text.ljust(width) for text, width in zip(texts, widths, strict=True)).rstrip() for texts in table]
    output().print("\n".join([title, "", *lines, ""]), markup=False)


def _value_text(share: Share) -> str:
    return NOTHING if share.value is None else f"{share.value:.2f}"


def share_text(share: Share) -> str:
    """`0.93 [0.88, 0.96] 93/100`, or a dash of nothing."""
    if share.value is None or share.interval is None:
        return NOTHING
    low, high = share.interval
    return f"{share.value:.2f} [{low:.2f}, {high:.2f}] {share.right}/{share.count}"


def estimate_text(estimate: Estimate) -> str:
    """`+0.12 [+0.05, +0.20]`, without brackets where no interval can be measured."""
    if estimate.value is None:
        return NOTHING
    if estimate.interval is None:
        return f"{estimate.value:+.2f}"
    low, high = estimate.interval
    return f"{estimate.value:+.2f} [{low:+.2f}, {high:+.2f}]"


def share_cells(share: Share) -> list[Cell]:
    return [share.right, share.count, *_rounded(share.value, *(share.interval or (None, None)))]


def estimate_cells(estimate: Estimate) -> list[Cell]:
    return _rounded(estimate.value, *(estimate.interval or (None, None)))


def _rounded(*values: float | None) -> list[Cell]:
    return [None if value is None else round(value, DIGITS) for value in values]
