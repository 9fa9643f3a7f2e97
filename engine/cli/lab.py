"""The slicing lab on the command line: all policies on one page as a table, and two of them side by side."""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import click
from PIL import Image, ImageDraw, ImageFont
from rich.table import Table

from engine.cli.console import output
from engine.cli.desk import Desk
from engine.documents.types import PageRef
from engine.drawing import draw_slices
from engine.errors import OutputError, PlanRefusedError, UsageError
from engine.files import replaced
from engine.runtime.probe import probe_machine
from engine.runtime.speeds import kept
from engine.slicing.cost import Rates
from engine.slicing.figures import COLUMNS, Column, Figures, PageFacts, Value, column_of, figures_of, table
from engine.slicing.policies import parse_policy
from engine.slicing.words import index_words

SHOWN = (
    "policy",
    "grid",
    "tokens",
    "sequence",
    "scale",
    "dpi",
    "padding",
    "distortion",
    "cut",
    "text_px",
    "illegible",
    "vision_tflops",
    "language_tflops",
    "cache_mb",
    "seconds",
    "gpu_seconds",
)
"""The columns that a terminal has room for; CSV and JSON carry all."""
TEXT_COLUMNS = ("policy", "status", "runs_on", "grid", "model", "refused")
GAP = "  "
MARGIN_SHARE = 1 / 60
MEASURE = "seconds are not known here: tessera doctor --bench measures this machine"
PAPER = (232, 232, 232)
INK = (17, 19, 24)


@dataclass(frozen=True, slots=True)
class LabChoice:
    """What of the lab is wanted: the table of `all_policies`, sorted by `sort` and kept as `csv`, or the two policies
    of `compare`. Without `words` no page is read; `gflops` is a machine's speed, for its seconds instead of this one's.
    """

    all_policies: bool
    sort: str
    csv: Path | None
    compare: str | None
    words: bool
    gflops: float | None


@dataclass(frozen=True, slots=True)
class Speeds:
    """Operations a second of a CPU and of a GPU, as far as they are known, and where the figures come from."""

    cpu: Rates | None
    gpu: Rates | None
    source: str


LAB_OPTIONS = (
    click.option("--all", "all_policies", is_flag=True, help="A table of every policy, instead of one policy."),
    click.option(
        "--sort",
        default="policy",
        show_default=True,
        metavar="COLUMN",
        help=f"Of --all, largest first as -COLUMN: {', '.join(column.key for column in COLUMNS)}.",
    ),
    click.option("--csv", type=click.Path(path_type=Path), help="Of --all: write every figure to this file too."),
    click.option("--compare", metavar="A,B", help="Two policies: their figures, and with -o both pictures in one."),
    click.option("--no-words", is_flag=True, help="Don't read the pages; leaves out what becomes of their words."),
    click.option(
        "--gflops",
        type=click.FloatRange(min=0, min_open=True),
        help="This machine's speed in GFLOP/s, for estimated seconds: 2 x parameters x tokens read a second of "
        "tessera doctor --bench.",
    ),
)


def lab_options(command: Callable[..., object]) -> Callable[..., object]:
    """The lab's options; the command gets one `lab: LabChoice`."""

    @functools.wraps(command)
    def with_choice(
        *args: object,
        all_policies: bool,
        sort: str,
        csv: Path | None,
        compare: str | None,
        no_words: bool,
        gflops: float | None,
        **kwargs: object,
    ) -> object:
        choice = LabChoice(all_policies, sort, csv, compare, not no_words, gflops)
        check_choice(choice)
        return command(*args, lab=choice, **kwargs)

    wrapped: Callable[..., object] = with_choice
    for option in reversed(LAB_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def check_choice(choice: LabChoice) -> None:
    """Raises UsageError and OutputError before any work is done."""
    if choice.compare is not None:
        if choice.all_policies:
            raise UsageError("--all and --compare cannot be had at once.", "Leave one of them out.")
        for policy in parse_pair(choice.compare):
            parse_policy(policy)
    column_of(choice.sort.removeprefix("-"))
    if choice.csv is not None:
        if not choice.all_policies:
            raise UsageError("--csv writes the table of --all.", "Add --all.")
        if not choice.csv.absolute().parent.is_dir():
            raise OutputError(f"There is no folder {choice.csv.absolute().parent}.", "Make it, or choose another.")


def page_facts(desk: Desk, page: PageRef, *, words: bool) -> tuple[PageRef, PageFacts]:
    """The page as its words lie on it, turned where it was found lying on its side, and what figures need of it."""
    if not words:
        return page, PageFacts(page.native, page.native_dpi)
    read = desk.words(page)
    boxes = index_words(read.page.to_px(word.box) for word in read.words)
    return read.page, PageFacts(read.page.native, read.page.native_dpi, boxes)


def print_figures(page: PageRef, rows: Sequence[Figures], sort: str) -> None:
    """All policies of one page, the column they are sorted by beside their names. Columns without any value are left
    out, and those that the terminal is too narrow for."""
    made = [row for row in rows if row.plan is not None]
    shown = dict.fromkeys((SHOWN[0], sort.removeprefix("-"), *SHOWN))
    columns = [column for column in map(column_of, shown) if any(map(column.text, made))]
    cells = [[column.title for column in columns], *([column.text(row) for column in columns] for row in made)]
    widths = _fitting([max(map(len, texts)) for texts in zip(*cells, strict=True)])
    lines = [f"Page {page.index + 1} · {page.native} px", ""]
    for texts in cells:
        aligned = [
            text.ljust(width) if column.key in TEXT_COLUMNS else text.rjust(width)
            for column, text, width in zip(columns, texts, widths, strict=False)
        ]
        lines.append(GAP.join(aligned).rstrip())
    lines += [f"{row.chosen.id}: {row.refused}" for row in rows if row.refused is not None]
    output().print("\n".join(lines), markup=False)


def _fitting(widths: Sequence[int]) -> list[int]:
    """The widths of as many columns from the left as the terminal has room for; all where there is no terminal."""
    console = output()
    if not console.is_terminal:
        return list(widths)
    ends = accumulate(width + len(GAP) for width in widths)
    return [width for width, end in zip(widths, ends, strict=True) if end - len(GAP) <= console.width]


def figures_line(page: PageRef, row: Figures) -> str:
    """One policy as a line of JSON: the page, counted from 1, and every figure as a number."""
    return json.dumps({"page": page.index + 1} | {column.key: column.value(row) for column in COLUMNS})


def write_csv(path: Path, pages: Sequence[tuple[PageRef, Sequence[Figures]]]) -> None:
    """Every figure of every policy on every page, as raw numbers. Raises OutputError."""
    try:
        with replaced(path) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["page", *(column.key for column in COLUMNS)])
            for page, rows in pages:
                writer.writerows([page.index + 1, *values] for values in table(rows, COLUMNS))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def parse_pair(text: str) -> tuple[str, str]:
    """`A,B` → the two policies. Raises UsageError."""
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or not all(names):
        raise UsageError(
            f"“{text}” does not name two policies.", "Write --compare A,B, as in llava-next,minicpm-v-16x."
        )
    return names[0], names[1]


def compare(facts: PageFacts, pair: tuple[str, str], speeds: Speeds) -> tuple[Figures, Figures]:
    """The figures of both policies. Raises PlanRefusedError where one of them has no plan for the page."""
    one, other = (figures_of(policy, facts, speeds.cpu, speeds.gpu) for policy in pair)
    for row in (one, other):
        if row.refused is not None:
            raise PlanRefusedError(f"{row.chosen.id}: {row.refused.message}", row.refused.hint)
    return one, other


def print_comparison(page: PageRef, one: Figures, other: Figures) -> None:
    """Figure by figure, with what the second policy has more or less of."""
    grid = Table(title=f"Page {page.index + 1} · {page.native} px", title_justify="left")
    for heading in ("figure", one.chosen.id, other.chosen.id, "difference"):
        grid.add_column(heading, justify="left" if heading == "figure" else "right")
    for column in COLUMNS[1:]:
        if column.value(one) is not None or column.value(other) is not None:
            grid.add_row(column.title, column.text(one), column.text(other), _difference(column, one, other))
    output().print(grid)


def comparison_line(page: PageRef, one: Figures, other: Figures) -> str:
    """Both policies as a line of JSON."""
    both: list[dict[str, Value]] = [{column.key: column.value(row) for column in COLUMNS} for row in (one, other)]
    return json.dumps({"page": page.index + 1, "compared": both})


def side_by_side(image: Image.Image, page: PageRef, pair: tuple[Figures, Figures]) -> Image.Image:
    """The page twice, cut by each of the two policies, each under its name."""
    pictures = [(row, draw_slices(image, row.plan, page, None)) for row in pair if row.plan is not None]
    margin = max(8, round(max(image.size) * MARGIN_SHARE))
    font = ImageFont.load_default(size=2 * margin)
    width = sum(picture.width for _, picture in pictures) + margin * (len(pictures) + 1)
    sheet = Image.new("RGB", (width, image.height + 5 * margin), PAPER)
    draw = ImageDraw.Draw(sheet)
    left = margin
    for row, picture in pictures:
        draw.text((left, margin), _caption(row, picture.width, font), INK, font)
        sheet.paste(picture, (left, 4 * margin))
        left += picture.width + margin
    return sheet


def _caption(row: Figures, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Name and grid, shortened until they are no wider than the picture."""
    texts = (f"{row.chosen.policy.title} · {column_of('grid').text(row)}", row.chosen.id, "")
    return next(text for text in texts if font.getlength(text) <= width)


def _difference(column: Column, one: Figures, other: Figures) -> str:
    before, after = column.value(one), column.value(other)
    if before is None or after is None or isinstance(before, str) or isinstance(after, str) or before == after:
        return ""
    sign = "+" if after > before else "−"
    return f"{sign}{format(abs(after - before), column.form)}"


def speed_of(gflops: float | None) -> Speeds:
    """This machine's, as its last self-test found it; or those of a machine that reaches `gflops` thousand million
    operations a second."""
    if gflops is not None:
        return Speeds(Rates(gflops * 1e9, gflops * 1e9), None, f"seconds: on a machine of {gflops:g} GFLOP/s")
    measured = kept(probe_machine())
    if measured is None:
        return Speeds(None, None, MEASURE)
    lines = [
        f"{column}: for {pace.engine}, measured on {pace.day} by tessera doctor --bench"
        for column, pace in (("seconds", measured.cpu), ("GPU seconds", measured.gpu))
        if pace is not None
    ]
    rates = [None if pace is None else pace.rates for pace in (measured.cpu, measured.gpu)]
    return Speeds(rates[0], rates[1], "\n".join(lines))
