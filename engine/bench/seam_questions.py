"""Questions with known answers for the seam test: a JSONL of `file`, `page`, `question`, `answers` and boxes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import FileMissingError, QuestionsFileError
from engine.geometry import PageRect

HINT = (
    "Each line is a JSON object with file (beside this one), page (counted from 0), question and answers, and "
    "answer_box [x0, y0, x1, y1] in page units where it is known."
)


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question about page `page` (0-based) of `file`, its answers, and where they stand, in page units."""

    file: Path
    page: int
    question: str
    answers: tuple[str, ...]
    boxes: tuple[PageRect, ...]


def read_questions(path: Path) -> list[KnownQuestion]:
    """The questions of a JSONL file; `file` is taken relative to its folder. `answer_boxes` holds several places of
    one answer. Raises FileMissingError and QuestionsFileError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise FileMissingError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsFileError(f"{path} cannot be read: {error}.", HINT) from error
    found = [_question(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise QuestionsFileError(f"{path} holds no question.", HINT)
    return found


def _question(path: Path, number: int, line: str) -> KnownQuestion:
    try:
        row = json.loads(line)
        boxes = row.get("answer_boxes") or ([row["answer_box"]] if row.get("answer_box") else [])
        answers = tuple(_text(answer) for answer in row["answers"])
        if not answers:
            raise ValueError("there is no answer")
        file, page = path.parent / _text(row["file"]), _page(row.get("page", 0))
        return KnownQuestion(file, page, _text(row["question"]), answers, tuple(_box(box) for box in boxes))
    except KeyError as error:
        raise QuestionsFileError(f"Line {number} of {path} has no {error.args[0]}.", HINT) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise QuestionsFileError(f"Line {number} of {path} is no question: {error}.", HINT) from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is no text")
    return value


def _page(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no page, counted from 0")
    return value


def _box(values: Sequence[float]) -> PageRect:
    x0, y0, x1, y1 = (float(value) for value in values)
    return PageRect(x0, y0, x1, y1)
