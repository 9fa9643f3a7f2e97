"""`tessera bench`: what the seams between slices cost a reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import click

from engine.batch.documents import Source, find_documents
from engine.bench.seam_pages import generated_sheets
from engine.bench.seam_questions import KnownQuestion, read_questions
from engine.bench.seam_report import seam_rows
from engine.bench.seam_test import Outcome, SeamTest, sheet_of
from engine.bench.slice_words import Mode, SliceReading
from engine.cli.bench_output import SEAM_COLUMNS, check_outputs, print_seams, seam_cells, write_table
from engine.cli.bench_pages import AskedPage, document_pages, question_pages
from engine.cli.console import print_notice, progress_bar
from engine.cli.desk import running_supervisor
from engine.cli.options import dpi_option, reader_options, service_options
from engine.errors import InputError, PlanRefusedError
from engine.ocr.models import OcrModels
from engine.ocr.recognizer import Recognizer
from engine.readers.names import EMBEDDED_NAME, model_behind
from engine.readers.types import ReaderChoice
from engine.slicing.policies import parse_policy

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


def _policies(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG001 - click's signature
    names = [name.strip() for value in values for name in value.split(",")]
    return tuple(dict.fromkeys(parse_policy(name).id for name in names))


def _modes(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[Mode, ...]:  # noqa: ARG001 - click's signature
    return tuple(dict.fromkeys(Mode(value) for value in values)) or tuple(Mode)


@click.group("bench")
def command() -> None:
    """Measure what the seams between slices cost a reader."""


@command.command("seam")
@click.argument("documents", nargs=-1)
@click.option("--questions", type=click.Path(path_type=Path), help="A JSONL of questions with their answers.")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    default=POLICIES,
    show_default=True,
    callback=_policies,
    help="Slicing policy; may be given several times, or as A,B.",
)
@click.option(
    "--mode",
    "modes",
    multiple=True,
    type=click.Choice([mode.value for mode in Mode]),
    callback=_modes,
    help="How the embedded reader reads: the whole page, slice by slice, or joined across seams. Without it: all.",
)
@click.option("--resized", is_flag=True, help="Read slices at the size that the policy gives them.")
@click.option("--pages", default=24, show_default=True, type=click.IntRange(1, 10_000), help="Generated pages.")
@click.option("--seed", default=1, show_default=True, help="Of the generated pages.")
@click.option("--threads", default=2, show_default=True, type=click.IntRange(1, 64), help="Of OCR.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write the figures to this CSV.")
@click.option("--plot", type=click.Path(path_type=Path), help="Write a plot of the figures to this PNG.")
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


def _on_generated(test: SeamTest, choice: SeamChoice) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with progress_bar() as bar:
        task = bar.add_task("Generated pages", total=choice.pages * len(choice.policies))
        for policy in choice.policies:
            for number in range(choice.pages):
                for sheet in generated_sheets(policy, choice.seed, number) or ():
                    outcomes += test.run(sheet, choice.modes)
                bar.update(task, advance=1)
    return outcomes


def _on_documents(test: SeamTest, choice: SeamChoice) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with running_supervisor(service_options(choice.dpi)) as supervisor:
        pages = chain(question_pages(supervisor, choice.questions), document_pages(supervisor, choice.documents))
        for number, page in enumerate(pages):
            outcomes += _on_page(test, choice, page, number)
    return outcomes


def _on_page(test: SeamTest, choice: SeamChoice, asked: AskedPage, number: int) -> Iterator[Outcome]:
    known = test.whole_words(asked.page)
    for policy in choice.policies:
        try:
            sheet = sheet_of(str(number), asked.page, policy, asked.questions, known)
        except PlanRefusedError as error:
            print_notice(f"{policy} is left out on page {number + 1}: {error.message}")
            continue
        if sheet.plan.slices:
            yield from test.run(sheet, choice.modes)
