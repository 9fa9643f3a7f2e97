"""Pages of the kinds whose tiles are measured: text, dense text, a scan, a heavy vector map. All made by code."""

from __future__ import annotations

import random
from pathlib import Path

from odd_files import SCAN_SIZE, page_picture, scanned_pdf, slow_pdf

from engine.documents.mupdf import pymupdf

LINE = "The quick brown fox jumps over the lazy dog while 1,204.50 EUR are due on 12 March 2024"


def write_pages(folder: Path) -> dict[str, Path]:
    """Kind of page → its PDF in `folder`."""
    return {
        "text": _text(folder / "text.pdf", size_pt=11, leading_pt=16, columns=1),
        "dense": _text(folder / "dense.pdf", size_pt=6, leading_pt=7, columns=2),
        "scan": _scan(folder / "scan.pdf"),
        "vector map": slow_pdf(folder).path,
    }


def _text(path: Path, size_pt: float, leading_pt: float, columns: int) -> Path:
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    shuffled = LINE.split()
    rng = random.Random(1)
    for column in range(columns):
        y = 60.0
        while y < 790:
            rng.shuffle(shuffled)
            page.insert_text(
                (50 + column * 255, y), " ".join(shuffled)[: int(480 / columns / size_pt * 2)], fontsize=size_pt
            )
            y += leading_pt
    document.save(path)
    return path


def _scan(path: Path) -> Path:
    path.write_bytes(scanned_pdf([page_picture(SCAN_SIZE)]))
    return path
