"""`tessera bench seam`: what is printed across the seams of policies against what is printed inside their slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import click
from PIL import Image

from engine.batch.documents import Source, find_documents
from engine.bench.plot import PlotLine, draw_plot
from engine.bench.seam_pages import generated_sheets
from engine.bench.seam_questions import KnownQuestion, read_questions
from engine.bench.seam_report import SeamRow, seam_rows
from engine.bench.seam_test import Outcome, SeamTest, sheet_of
from engine.bench.slice_words import Mode, SliceReading
from engine.cli.bench_options import mode_option, out_option, parse_policies, plot_option, threads_option
from engine.cli.bench_output import SEAM_COLUMNS, check_outputs, print_seams, seam_cells, write_table
from engine.cli.bench_pages import AskedPage, document_pages, question_pages
from engine.cli.console import print_notice, progress_bar
from engine.cli.desk import running_supervisor, save_picture
from engine.cli.options import dpi_option, reader_options, service_options
from engine.errors import InputError, PlanRefusedError, UsageError
from engine.ocr.models import OcrModels
from engine.ocr.recognizer import Recognizer
from engine.readers.names import EMBEDDED_NAME, model_behind
from engine.readers.types import ReaderChoice

SIDES = ("across seams", "inside slices")
POLICIES = ("minicpm-v-16x", "llava-uhd-v1", "llava-next")


@dataclass(frozen=True, slots=True)
class SeamChoice:
    """What the seam test runs: every one of `policies` in every one of `modes`, on `documents` and the pages that
    `questions` are about, or on `pages` generated ones."""

    policies: tuple[str, ...]
    modes: tuple[Mode, ...]
    documents: tuple[Source, ...]
    questions: tuple[KnownQuestion, ...]
    pages: int
    seed: int
    dpi: float


@click.command("seam")
@click.argument("documents", nargs=-1)
@click.option("--questions", type=click.Path(path_type=Path), help="A JSONL of questions with their answers.")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    default=POLICIES,
    show_default=True,
    callback=parse_policies,
    help="Slicing policy; may be given several times, or as A,B.",
)
@mode_option
@click.option("--resized", is_flag=True, help="Read slices at the size that the policy gives them.")
@click.option("--pages", default=24, show_default=True, type=click.IntRange(1, 10_000), help="Generated pages.")
@click.option("--seed", default=1, show_default=True, help="Of the generated pages.")
@threads_option
@out_option
@plot_option
@dpi_option
@reader_options
def seam(
    documents: tuple[str, ...],
    questions: Path | None,
    policies: tuple[str, ...],
    modes: tuple[Mode, ...],
    resized: bool,
    pages: int,
    seed: int,
    threads: int,
    out: Path | None,
    plot: Path | None,
    dpi: float,
    reader: ReaderChoice,
) -> None:
    """Compare what is printed across the seams of policies with what is printed inside their slices.

    DOCUMENTS (files and folders) are read by OCR: which of the words of the whole page are read again when it is cut?
    With --questions also: which are answered? Without either, pages are generated and each is placed twice, once with
    seams through its answers.
    """
    check_outputs(out, plot)
    if reader.name != EMBEDDED_NAME:
        model_behind(reader.name)
        if documents and questions is None:
            raise UsageError("What a model reads of a page is known from its answers alone.", "Add --questions.")
    choice = SeamChoice(
        policies,
        modes,
        find_documents(documents) if documents else (),
        tuple(read_questions(questions)) if questions is not None else (),
        pages,
        seed,
        dpi,
    )
    test = SeamTest(reader, SliceReading(Recognizer(OcrModels(threads))), resized=resized)
    measure = _on_documents if choice.documents or choice.questions else _on_generated
    outcomes = measure(test, choice)
    if not outcomes:
        raise InputError("Nothing was measured: no policy cuts these pages, or there is no word on them.")
    rows = seam_rows(outcomes)
    print_seams(f"Seam test · {reader.name}", rows)
    if out is not None:
        write_table(out, SEAM_COLUMNS, seam_cells(rows))
    if plot is not None:
        save_picture(_plot(rows), plot)


def _plot(rows: Sequence[SeamRow]) -> Image.Image:
    lines = [PlotLine(f"{row.policy} · {row.measure} · {row.mode}", (row.across, row.inside)) for row in rows]
    return draw_plot("Read or answered rightly, with 95 % intervals", SIDES, lines)


def _on_generated(test: SeamTest, choice: SeamChoice) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with progress_bar() as bar:
        task = bar.add_task("Generated pages", total=choice.pages * len(choice.policies))
        for policy in choice.policies:
            for number in range(choice.pages):
                for sheet in generated_sheets(policy, choice.seed, number) or ():
                    outcomes += test.run(sheet, choice.modes)
                bar.update(task, advance=1, description=f"{policy}, page {number + 1} of {choice.pages}")
    return outcomes


def _on_documents(test: SeamTest, choice: SeamChoice) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with running_supervisor(service_options(choice.dpi)) as supervisor:
        pages = chain(
            question_pages(supervisor, choice.questions),
            document_pages(supervisor, choice.documents, choice.questions),
        )
        for number, page in enumerate(pages):
            print_notice(f"Page {number + 1}: {page.page.ref.native} px, {len(page.questions)} questions")
            outcomes += _on_page(test, choice, page, number)
    return outcomes


def _on_page(test: SeamTest, choice: SeamChoice, asked: AskedPage, number: int) -> Iterator[Outcome]:
    try:
        known = test.whole_words(asked.page)
    except InputError as error:
        print_notice(f"Page {number + 1} is left out: {error.info}")
        return
    for policy in choice.policies:
        try:
            sheet = sheet_of(str(number), asked.page, policy, asked.questions, known)
        except PlanRefusedError as error:
            print_notice(f"{policy} is left out on page {number + 1}: {error.message}")
            continue
        if sheet.plan.slices:
            yield from test.run(sheet, choice.modes)
