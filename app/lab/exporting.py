"""The lab's files: the table of figures as CSV, both pictures as one PNG. Runs outside the GUI thread."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QIODevice, QSaveFile
from PySide6.QtGui import QImage, QImageWriter

from engine.documents.types import PageRef
from engine.errors import OutputError
from engine.slicing.figures import COLUMNS, Figures, table


def write_figures(path: Path, page: PageRef, rows: Sequence[Figures]) -> Path:
    """Every figure of every policy as raw numbers, pages counted from 1. Raises OutputError."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["page", *(column.key for column in COLUMNS)])
    writer.writerows([page.index + 1, *values] for values in table(rows, COLUMNS))
    file = _opened(path)
    file.write(text.getvalue().encode())
    return _committed(file, path)


def write_picture(path: Path, picture: QImage) -> Path:
    """Write a PNG whole or not at all. Raises OutputError."""
    file = _opened(path)
    if not QImageWriter(file, QByteArray(b"png")).write(picture):
        file.cancelWriting()
    return _committed(file, path)


def _opened(path: Path) -> QSaveFile:
    """Replaces what was there only when it is complete."""
    file = QSaveFile(str(path))
    if not file.open(QIODevice.OpenModeFlag.WriteOnly):
        raise OutputError(f"{path} cannot be written: {file.errorString()}.", "Choose another folder.")
    return file


def _committed(file: QSaveFile, path: Path) -> Path:
    if not file.commit():
        raise OutputError(f"{path} cannot be written: {file.errorString()}.", "Choose another folder.")
    return path
