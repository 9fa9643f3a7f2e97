"""The answer cards as a CSV: the same table as a run's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.answers import AnswerRecord
from app.contributions import Look
from engine.batch.csv_file import write_csv
from engine.batch.scope import ALL
from engine.batch.table import Row, row_from_answer, row_from_error
from engine.batch.tasks import ReaderId, Setting, Task
from engine.evidence.types import EvidenceMethod
from engine.readers.types import Answer


def write_answers(path: Path, records: tuple[AnswerRecord, ...]) -> int:
    """Write the finished records in the order in which they were asked; how many. Raises OutputError."""
    rows = [row for number, record in enumerate(records) if (row := row_of(number, record)) is not None]
    write_csv(path, rows)
    return len(rows)


def row_of(number: int, record: AnswerRecord) -> Row | None:
    """The row of a record; None while it has neither an answer nor an error."""
    pages = ",".join(str(page + 1) for page in record.pages) if len(record.pages) < record.page_count else ALL
    reader = ReaderId(record.reader)
    task = Task(number, record.document.path, str(number + 1), record.question, Setting(pages, record.policy, reader))
    if record.error is not None:
        return row_from_error(task, record.document.sha256, record.error)
    if record.answer is not None:
        return row_from_answer(task, record.document.sha256, _with_measured(record.answer, record))
    return None


def _with_measured(answer: Answer, record: AnswerRecord) -> Answer:
    """The answer with measured contributions alone: the table has no column for where a model looked."""
    measured = tuple(each.contribution for each in record.shown if each.look is Look.CONTRIBUTION)
    if answer.evidence is None or not measured:
        return answer
    # What was measured before the user stopped it is a contribution, though the answer at hand is the preview.
    method = answer.evidence.method
    if method is EvidenceMethod.ATTENTION:
        method = EvidenceMethod.HIDDEN_VIEWS
    return replace(answer, evidence=replace(answer.evidence, contributions=measured, method=method))
