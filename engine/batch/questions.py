"""Questions of a run, read from a table (CSV, `;` or tab too) or from a text file with one question a line."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from engine.errors import FileMissingError, QuestionsFileError

_DELIMITERS = ",;\t"
# A table of one column has no delimiter; this one cannot occur, so commas inside unquoted questions stay text.
_NO_DELIMITER = "\x1f"


@dataclass(frozen=True, slots=True)
class Question:
    """A question. `document` names the only file it is asked of; empty: it is asked of every one."""

    id: str
    text: str
    document: str = ""


def read_questions(path: Path) -> tuple[Question, ...]:
    """The questions of `path` in file order, duplicates kept, blank lines skipped.

    A `.txt` holds one question a line. Anything else is a table with a column `question` and optionally `id` and
    `document` (any case, any order; other columns are ignored). A missing id is the question's 1-based number among
    the questions of the file. UTF-8 with or without BOM, or UTF-16 with one. Raises QuestionsFileError.
    """
    text = _read_text(path)
    questions = _from_lines(text) if path.suffix.lower() == ".txt" else _from_table(text, path.name)
    if not questions:
        raise QuestionsFileError(f"{path.name} holds no question.")
    return tuple(questions)


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise QuestionsFileError(f"There is no file {path}.", FileMissingError.default_hint) from None
    except OSError as error:
        raise QuestionsFileError(
            f"{path} cannot be read: {error.strerror}.", "Check the path and its rights."
        ) from None
    if data.startswith(b"PK\x03\x04"):
        raise QuestionsFileError(f"{path.name} is a spreadsheet or an archive, not a CSV.", "Export it as CSV (UTF-8).")
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise QuestionsFileError(f"{path.name} is not UTF-8 text.", "Save it as CSV (UTF-8) and try again.") from None
    if "\0" in text:
        raise QuestionsFileError(f"{path.name} is not a text file.")
    return text


def _from_lines(text: str) -> list[Question]:
    lines = [line.strip() for line in text.splitlines()]
    return [Question(str(number), line) for number, line in enumerate(filter(None, lines), start=1)]


def _from_table(text: str, name: str) -> list[Question]:
    rows = _parse(text, name)
    header = [cell.strip().casefold() for cell in rows[0][1]] if rows else []
    if header.count("question") != 1:
        found = "more than one" if "question" in header else "no"
        raise QuestionsFileError(f"{name} has {found} column named 'question'.")
    questions: list[Question] = []
    for line, cells in rows[1:]:
        if any(cell.strip() for cell in cells[len(header) :]):
            raise QuestionsFileError(
                f"{name}, line {line}: there are more cells than columns.", 'Put questions with separators in "quotes".'
            )
        record = {column: cell.strip() for column, cell in zip(header, cells, strict=False)}
        if not record.get("question"):
            raise QuestionsFileError(f"{name}, line {line}: the question is missing.", "Write it, or remove the line.")
        number = str(len(questions) + 1)
        questions.append(Question(record.get("id") or number, record["question"], record.get("document", "")))
    return questions


def _parse(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Non-blank rows, each with the number of the line it ends on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise QuestionsFileError(
            f"{name}, line {reader.line_num}: the table is broken ({error}).", "Look for a quote that is not closed."
        ) from None


def _delimiter(text: str) -> str:
    """The separator that cuts the first non-blank line into most columns, quotes respected."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    columns = {mark: len(next(csv.reader([header], delimiter=mark), [])) for mark in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda mark: columns[mark])
    return best if columns[best] > 1 else _NO_DELIMITER
