"""`tessera ask`: one question to one document."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from engine.batch.table import Row, row_as_json, row_from_answer
from engine.batch.tasks import ReaderId, Setting, Task
from engine.cli.console import output, print_notice
from engine.cli.desk import Desk, check_picture_path, open_desk, save_picture
from engine.cli.options import (
    dpi_option,
    pages_option,
    password_option,
    policy_option,
    reader_options,
    service_options,
)
from engine.documents.types import PageRef
from engine.drawing import draw_slices
from engine.errors import UsageError
from engine.readers.types import Answer, AnswerStatus, ReaderChoice
from engine.slicing.policies import plan

JSON_FIELDS = (
    "answer",
    "confidence",
    "status",
    "page",
    "evidence_box",
    "words",
    "slices",
    "reader",
    "policy",
    "seconds",
)
SHOWN_SLICES = 3


@dataclass(frozen=True, slots=True)
class AskOptions:
    pages: str
    policy: str
    reader: ReaderChoice
    show: Path | None
    as_json: bool


@click.command("ask")
@click.argument("file")
@click.argument("question")
@pages_option
@policy_option
@password_option
@dpi_option
@reader_options
@click.option("--show", type=click.Path(path_type=Path), help="Write the page with slices and evidence to this PNG.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    file: str,
    question: str,
    pages: str,
    policy: str,
    password: str | None,
    dpi: float,
    reader: ReaderChoice,
    show: Path | None,
    as_json: bool,
) -> None:
    """Ask QUESTION of FILE, and say which slices of the page the answer came from."""
    if not question.strip():
        raise UsageError("The question is empty.", "Write it in quotes after the file.")
    if show is not None:
        check_picture_path(show)
    with open_desk(file, password, service_options(dpi)) as desk:
        _ask(desk, question, AskOptions(pages, policy, reader, show, as_json))


def _ask(desk: Desk, question: str, options: AskOptions) -> None:
    scope = desk.pages(options.pages)
    answer = desk.ask(question, scope, options.policy, options.reader)
    for notice in answer.notices:
        print_notice(notice)
    if options.show is not None:
        _save_evidence(desk, answer, scope[0], options)
    if options.as_json:
        click.echo(json.dumps(answer_as_json(desk, question, answer, options), ensure_ascii=False))
    else:
        _print_answer(desk, answer, options)


def answer_as_json(desk: Desk, question: str, answer: Answer, options: AskOptions) -> dict[str, Any]:
    """The columns of the table that `ask --json` prints."""
    setting = Setting(options.pages, options.policy, ReaderId(options.reader))
    task = Task(0, desk.document.id.path, "", question, setting)
    row: Row = row_from_answer(task, desk.document.id.sha256, answer)
    values = row_as_json(row)
    return {name: values[name] for name in JSON_FIELDS}


def _save_evidence(desk: Desk, answer: Answer, first_page: PageRef, options: AskOptions) -> None:
    page = first_page if answer.evidence is None else answer.evidence.page
    cut = dict(answer.plans).get(page.index) or plan(options.policy, page.native)
    picture = draw_slices(desk.image(page), cut, page, answer.evidence)
    if options.show is not None:
        save_picture(picture, options.show)


def _print_answer(desk: Desk, answer: Answer, options: AskOptions) -> None:
    console = output()
    if answer.status is AnswerStatus.NOT_FOUND:
        console.print("Not found on the pages that were read.", style="bold")
    else:
        console.print(answer.text, style="bold", markup=False)
    console.print(_status_line(answer), markup=False)
    if answer.status is AnswerStatus.UNSURE and answer.alternatives:
        others = ", ".join(f"{each.text} ({each.confidence:.0%})" for each in answer.alternatives)
        console.print(f"Or: {others}", markup=False)
    console.print(_source_line(desk, answer), style="dim", markup=False)
    if options.show is not None:
        console.print(f"Picture with the slices: {options.show}", style="dim", markup=False)


def _status_line(answer: Answer) -> str:
    words = {
        AnswerStatus.ANSWERED: f"answered, {answer.confidence:.0%}",
        AnswerStatus.UNSURE: f"unsure, {answer.confidence:.0%}: a best guess",
        AnswerStatus.NOT_FOUND: "not found",
        AnswerStatus.ERROR: "error",
    }
    parts = [words[answer.status]]
    if answer.evidence is not None:
        parts.append(f"page {answer.evidence.page.index + 1}")
        evidence = answer.evidence
        shown = [each for each in evidence.contributions if each.shown > 0][:SHOWN_SLICES]
        looked = "" if evidence.measured else "looked at "
        parts += [looked + _slice_words(each.row, each.col, each.shown) for each in shown]
    return " · ".join(parts)


def _slice_words(row: int | None, col: int | None, share: float) -> str:
    where = "overview" if row is None or col is None else f"slice row {row + 1}, col {col + 1}"
    return f"{where}: {share:.0%}"


def _source_line(desk: Desk, answer: Answer) -> str:
    pixels = "" if answer.pixels is None else f" · read {answer.pixels} px, nothing downscaled"
    read, asked = len(answer.pages_read), len(answer.pages_asked)
    pages = "" if asked == 1 else f" · read {read} of {asked} pages"
    reader = f"{answer.model} ({answer.precision})" if answer.precision else f"{answer.reader} reader"
    return f"{desk.document.name} · {reader} · {answer.device}{pixels}{pages} · {answer.seconds:.1f} s"
