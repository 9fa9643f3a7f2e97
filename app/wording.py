"""How the window says things: status in words, confidence as a number, pages counted from 1, slices by number."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

from app.answers import AnswerRecord, Stage
from engine.evidence.types import Contribution
from engine.readers.types import Answer, AnswerStatus
from engine.slicing.plan import SlicePlan

CONTEXT = "Wording"
READERS = {"embedded": "Embedded reader"}

# Controls, marks and overrides of direction: they hide or reorder what a document's text says.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def tr(text: str) -> str:
    return QCoreApplication.translate(CONTEXT, text)


def plain(text: str) -> str:
    """Text that came from a document, fit to be shown."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def percent(share: float) -> str:
    return tr("{number} %").format(number=round(share * 100))


def pages_text(pages: tuple[int, ...]) -> str:
    """0-based pages as people write them: `page 2`, `pages 1–3, 7`."""
    spans: list[tuple[int, int]] = []
    for page in sorted(pages):
        if spans and page == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], page)
        else:
            spans.append((page, page))
    text = ", ".join(str(first + 1) if first == last else f"{first + 1}–{last + 1}" for first, last in spans)
    return tr("page {page}").format(page=text) if len(pages) == 1 else tr("pages {pages}").format(pages=text)


def scope_text(record: AnswerRecord) -> str:
    """Which pages of which document were asked."""
    if len(record.pages) == record.page_count:
        where = tr("1 page") if record.page_count == 1 else tr("all {number} pages").format(number=record.page_count)
    else:
        where = pages_text(record.pages)
    return tr("{document} · {pages}").format(document=plain(record.document_name), pages=where)


def status_text(record: AnswerRecord) -> str:
    """The status in words, confidence as a number beside it."""
    match record.stage:
        case Stage.WAITING:
            return tr("reading …")
        case Stage.FAILED:
            return tr("no answer")
        case Stage.CANCELLED if record.answer is None:
            return tr("cancelled")
        case _:
            return _answer_status(record)


def _answer_status(record: AnswerRecord) -> str:
    answer = record.answer
    assert answer is not None
    confidence = percent(answer.confidence)
    match answer.status:
        case AnswerStatus.ANSWERED:
            text = tr("answered {confidence}") if answer.calibrated else tr("answered {confidence}, uncalibrated")
        case AnswerStatus.UNSURE:
            text = tr("unsure {confidence}: best guess")
        case _:
            if len(answer.pages_asked) == record.page_count and record.page_count > 1:
                return tr("not found in the document")
            return tr("not found on {pages}").format(pages=pages_text(answer.pages_asked or record.pages))
    return text.format(confidence=confidence)


def partial_text(answer: Answer) -> str:
    """Says so when not all pages were read; else empty."""
    read, asked = len(answer.pages_read), len(answer.pages_asked)
    return tr("read {read} of {asked} pages").format(read=read, asked=asked) if read < asked else ""


def slice_number(contribution: Contribution, plan: SlicePlan | None) -> str:
    """The number that stands on the slice in the grid; the overview by name."""
    if contribution.row is None or contribution.col is None:
        return tr("whole page")
    if plan is None:
        return tr("row {row}, column {col}").format(row=contribution.row + 1, col=contribution.col + 1)
    return str(contribution.row * plan.grid.cols + contribution.col)


def plan_of(answer: Answer, page: int) -> SlicePlan | None:
    return next((plan for index, plan in answer.plans if index == page), None)


def reader_text(answer: Answer) -> str:
    return READERS.get(answer.reader, answer.reader)


def device_text(device: str) -> str:
    return device.upper() if device.lower() in ("cpu", "cuda") else device


def answer_summary(answer: Answer) -> str:
    """Reader, device, pixels read and seconds: the status line after an answer."""
    parts = [reader_text(answer), device_text(answer.device)]
    if answer.pixels is not None:
        size = answer.pixels
        parts.append(tr("read {width} × {height} px, nothing downscaled").format(width=size.width, height=size.height))
    parts.append(tr("{seconds:.1f} s").format(seconds=answer.seconds))
    return " · ".join(part for part in parts if part)


def spoken(record: AnswerRecord) -> str:
    """A record as a screen reader says it."""
    answer = plain(record.answer.text) if record.answer is not None else ""
    error = plain(str(record.error)) if record.error is not None else ""
    return ". ".join(part for part in (record.question, answer, status_text(record), error) if part)
