"""The CSV of a run: RFC 4180, safe to open in a spreadsheet, written all or nothing.

Cells a spreadsheet would take for a formula get a leading apostrophe (CWE-1236), unless they are plain numbers such
as `-12.50` or `+3`. Control and bidirectional characters are left out: they hide or reorder what a cell says.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.batch.table import COLUMNS, Row, from_cells, to_cells
from engine.errors import InputError, OutputError
from engine.files import check_replaceable, replaced

_BOM = "\ufeff"
_DELIMITERS = ",;"

# C0 and C1 controls but tab and line feed; marks, embeddings, overrides and isolates of direction; the BOM.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# The full-width forms count too: some spreadsheets turn them into the plain ones.
_FORMULA = re.compile("'*[ \u00a0\u3000]*[\t\r\n=+\\-@\uff1d\uff0b\uff0d\uff20]")
_PLAIN_NUMBER = re.compile(
    "[+-]?(?:[0-9]{1,3}(?:([.,' \u00a0\u202f\u2019])[0-9]{3}(?:\\1[0-9]{3})*)?|[0-9]+)(?:[.,][0-9]+)?"
    "(?:[eE][+-]?[0-9]{1,3})?(?:[ \u00a0\u202f]?%)?"
)


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """`bom` marks the file as UTF-8 for Excel; `delimiter` is `,` or `;`."""

    delimiter: str = ","
    bom: bool = True


def safe_cell(text: str) -> str:
    """`text` as it stands in the file: unseen characters left out, line ends as LF, formulas made text."""
    shown = clean_text(text)
    return f"'{shown}" if _FORMULA.match(shown) and not _PLAIN_NUMBER.fullmatch(shown) else shown


def clean_text(text: str) -> str:
    """`text` without control and bidirectional characters (tab and line feed stay), fit for UTF-8."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _LONE_SURROGATE.sub("\ufffd", _UNSEEN.sub("", lines))


def original_cell(cell: str) -> str:
    """What `safe_cell` was given, but for the characters it leaves out."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def write_csv(path: Path, rows: Iterable[Row], layout: CsvFormat | None = None) -> None:
    """Writes `rows` under the header to `path`: temp file in the same folder, fsync, replace.

    A reader of `path` sees the old file or the whole new one. Raises OutputError; the old file is then untouched.
    """
    layout = layout or CsvFormat()
    with _output_errors(path), replaced(path) as file:
        if layout.bom:
            file.write(_BOM)
        writer = csv.writer(file, delimiter=layout.delimiter, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows([safe_cell(cell) for cell in to_cells(row)] for row in rows)


def check_writable(path: Path) -> None:
    """Raises OutputError if `path` could not be written now; hours of answers should not end in a full stop."""
    with _output_errors(path):
        check_replaceable(path)


def read_csv(path: Path) -> list[Row]:
    """The rows of a file that `write_csv` wrote, in either layout. Raises InputError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
        header, *records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        if tuple(header) != COLUMNS:
            raise ValueError("the columns are not those of a run")
        return [from_cells([original_cell(cell) for cell in record]) for record in records]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check the path and its rights.") from None
    except (ValueError, LookupError, TypeError, csv.Error) as error:
        raise InputError(f"{path} is not a table of answers: {error}.", "Choose a CSV that Tessera wrote.") from None


@contextlib.contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        hint = "Close it in other programs, or choose another folder; nothing already answered is lost."
        raise OutputError(f"{path} cannot be written: {error.strerror}.", hint) from error
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error
