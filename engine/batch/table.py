"""The table of answers: its columns, its rows as typed data, and the text each cell holds.

The window, `ask --json`, the journal and the CSV all speak `Row`; `to_cells` and `from_cells` are each other's inverse.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields

from engine.batch.tasks import Task
from engine.errors import ErrorInfo
from engine.evidence.types import Evidence
from engine.geometry import PageRect, Size
from engine.readers.types import Answer, AnswerStatus

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class RowWord:
    """A supporting word: the answer's own words come first. `box` is in page units."""

    text: str
    box: PageRect
    source: str


@dataclass(frozen=True, slots=True)
class RowSlice:
    """A slice on 0-based `page`; `row` and `col` are None for the overview. `contribution` is raw."""

    page: int
    row: int | None
    col: int | None
    box: PageRect
    contribution: float


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; the fields are the columns, in order.

    `document` is an absolute path, `page` 0-based, `evidence_box` and the boxes in page units (native pixels of an
    image after EXIF orientation, points of the displayed PDF page) rounded to 0.01, `slices` best first, `pixels`
    the size of what the reader received. None and "" both give an empty cell.
    """

    document: str
    sha256: str
    id: str
    question: str
    answer: str
    confidence: float | None
    status: AnswerStatus
    page: int | None
    evidence_box: PageRect | None
    words: tuple[RowWord, ...]
    slices: tuple[RowSlice, ...]
    policy: str
    reader: str
    model: str
    device: str
    pixels: Size | None
    seconds: float | None
    error: str


COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Row))


def row_from_answer(task: Task, sha256: str, answer: Answer) -> Row:
    """The row of `answer`, numbers rounded as the cells carry them."""
    evidence = answer.evidence
    return Row(
        document=task.document,
        sha256=sha256,
        id=task.question_id,
        question=task.question,
        answer=answer.text,
        confidence=round(answer.confidence, 4),
        status=answer.status,
        page=None if evidence is None else evidence.page.index,
        evidence_box=None if evidence is None or evidence.box is None else _rounded(evidence.box),
        words=() if evidence is None else _words(evidence),
        slices=() if evidence is None else _slices(evidence),
        policy=_policy(task, answer),
        reader=answer.reader,
        model=_model(answer),
        device=answer.device,
        pixels=answer.pixels,
        seconds=round(answer.seconds, 3),
        error="" if answer.error is None else str(answer.error),
    )


def _policy(task: Task, answer: Answer) -> str:
    """The policy that the answer's page was cut by: a model may have only its own."""
    page = None if answer.evidence is None else answer.evidence.page.index
    return next((plan.policy for number, plan in answer.plans if number == page), task.setting.policy)


def row_from_error(task: Task, sha256: str, error: ErrorInfo) -> Row:
    """The row of a question that could not be answered."""
    return Row(
        document=task.document,
        sha256=sha256,
        id=task.question_id,
        question=task.question,
        answer="",
        confidence=None,
        status=AnswerStatus.ERROR,
        page=None,
        evidence_box=None,
        words=(),
        slices=(),
        policy=task.setting.policy,
        reader=task.setting.reader.choice.name,
        model="",
        device="",
        pixels=None,
        seconds=None,
        error=str(error),
    )


def row_as_json(row: Row) -> dict[str, Json]:
    """All columns as JSON values: boxes as [x0, y0, x1, y1], words and slices as lists of objects, empty as null
    where the column is not text."""
    return {name: _json_value(getattr(row, name)) for name in COLUMNS}


def to_cells(row: Row) -> list[str]:
    """The text of each cell, in the order of `COLUMNS`."""
    return [_cell(value) for value in row_as_json(row).values()]


def from_cells(cells: Sequence[str]) -> Row:
    """The row whose cells these are. Raises ValueError where they are not those of a row."""
    if len(cells) != len(COLUMNS):
        raise ValueError(f"a row has {len(COLUMNS)} cells, not {len(cells)}")
    cell = dict(zip(COLUMNS, cells, strict=True))
    return Row(
        document=cell["document"],
        sha256=cell["sha256"],
        id=cell["id"],
        question=cell["question"],
        answer=cell["answer"],
        confidence=_number(cell["confidence"]),
        status=AnswerStatus(cell["status"]),
        page=int(cell["page"]) if cell["page"] else None,
        evidence_box=_rect(json.loads(cell["evidence_box"])) if cell["evidence_box"] else None,
        words=tuple(RowWord(w["text"], _rect(w["box"]), w["source"]) for w in json.loads(cell["words"])),
        slices=tuple(
            RowSlice(s["page"], s["row"], s["col"], _rect(s["box"]), s["contribution"])
            for s in json.loads(cell["slices"])
        ),
        policy=cell["policy"],
        reader=cell["reader"],
        model=cell["model"],
        device=cell["device"],
        pixels=_size(cell["pixels"]),
        seconds=_number(cell["seconds"]),
        error=cell["error"],
    )


def _words(evidence: Evidence) -> tuple[RowWord, ...]:
    return tuple(RowWord(word.text, _rounded(word.box), word.source.value) for word in evidence.words)


def _slices(evidence: Evidence) -> tuple[RowSlice, ...]:
    best_first = sorted(evidence.measured, key=lambda each: -each.joint)
    return tuple(RowSlice(c.page, c.row, c.col, _rounded(c.box), round(c.joint, 4)) for c in best_first)


def _model(answer: Answer) -> str:
    """`model@revision (precision)`, without what is not known."""
    name = f"{answer.model}@{answer.revision}" if answer.revision else answer.model
    return f"{name} ({answer.precision})" if answer.precision else name


def _rounded(box: PageRect) -> PageRect:
    return PageRect(*box.as_list())


def _json_value(value: object) -> Json:
    match value:
        case PageRect():
            return list(value.as_list())
        case Size():
            return str(value)
        case AnswerStatus():
            return value.value
        case tuple():
            return [_json_value(each) for each in value]
        case RowWord() | RowSlice():
            return {field.name: _json_value(getattr(value, field.name)) for field in fields(value)}
        case None | int() | float() | str():
            return value
        case _:
            raise TypeError(f"no cell holds a {type(value).__name__}")


def _cell(value: Json) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _size(cell: str) -> Size | None:
    if not cell:
        return None
    width, height = cell.split("x")
    return Size(int(width), int(height))


def _rect(box: list[float]) -> PageRect:
    x0, y0, x1, y1 = box
    return PageRect(x0, y0, x1, y1)
