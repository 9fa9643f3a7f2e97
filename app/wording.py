"""How the window says things: status in words, confidence as a number, pages counted from 1, slices by number."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget

from app.answers import AnswerRecord, Stage
from app.contributions import Look, Shown
from app.model_words import device_text, title_of
from engine.evidence.types import Contribution, EvidenceMethod
from engine.readers.types import Answer, AnswerStatus
from engine.slicing.plan import SlicePlan

CONTEXT = "Wording"
KEPT_WHOLE = 0.995
"""From this share of its resolution on, a slice counts as not downscaled: sides are rounded to whole patches."""
READERS = {"embedded": "Embedded reader"}
"""Readers that are no models."""

# Controls, marks and overrides of direction: they hide or reorder what a document's text says.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def tr(text: str) -> str:
    return QCoreApplication.translate(CONTEXT, text)


def plain(text: str) -> str:
    """Text that came from a document, fit to be shown."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def kept_places(text: str) -> list[int]:
    """For each character of `plain(text)`, its place in `text`."""
    return [
        place
        for place, letter in enumerate(text)
        if not _UNSEEN.match("\n" if letter == "\r" else letter)
        and not (letter == "\n" and text[:place].endswith("\r"))
    ]


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
        case Stage.FAILED if record.answer is None:
            return tr("no answer")
        case Stage.CANCELLED if record.answer is None:
            return tr("cancelled")
        case _:
            return _answer_status(record)


def _answer_status(record: AnswerRecord) -> str:
    answer = record.answer
    assert answer is not None
    confidence = confidence_text(answer)
    match answer.status:
        case AnswerStatus.ANSWERED:
            text = tr("answered {confidence}")
        case AnswerStatus.UNSURE:
            text = tr("unsure {confidence}: best guess")
        case _:
            if len(answer.pages_asked) == record.page_count and record.page_count > 1:
                return tr("not found in the document")
            return tr("not found on {pages}").format(pages=pages_text(answer.pages_asked or record.pages))
    return text.format(confidence=confidence)


def confidence_text(answer: Answer) -> str:
    """The confidence as a number; one that is no probability of being right says so."""
    shown = percent(answer.confidence)
    return shown if answer.calibrated else tr("{confidence} (not calibrated)").format(confidence=shown)


def evidence_notice(record: AnswerRecord) -> str:
    """What must be said of an answer's evidence beside its slices; empty where they speak for themselves."""
    evidence = record.answer.evidence if record.answer is not None else None
    if evidence is None:
        return ""
    if evidence.method is EvidenceMethod.ATTENTION:
        plan = plan_of(record.answer, evidence.page.index) if record.answer is not None else None
        measured, total = len(record.found), max(len(plan.slices) if plan is not None else 0, 1)
        if record.under_way:
            return tr("where it looked; contributions follow")
        if measured == 0:
            return tr("where it looked; contributions were not measured")
        if measured < total:
            return tr("where it looked; contributions of {measured} of {total} slices were measured").format(
                measured=measured, total=total
            )
    return ""


def independence_text(answer: Answer) -> str:
    """Says so when a model would have given its answer without seeing the page; else empty."""
    evidence = answer.evidence
    if evidence is None or evidence.depends_on_page:
        return ""
    return tr("This answer does not depend on the page.")


def share_text(each: Shown) -> str:
    """The number of a slice; a preview is called what it is."""
    share = percent(each.contribution.shown)
    return tr("looked {share}").format(share=share) if each.look is Look.PREVIEW else share


def slice_tip(each: Shown, name: str) -> str:
    """What the number of a slice means."""
    contribution = each.contribution
    match each.look:
        case Look.PREVIEW:
            text = tr(
                "Where it looked: slice {name}, on page {page}, got {share} of the attention.\n"
                "A preview: it does not say what the slice contributed."
            )
        case Look.WORDS:
            text = tr("Slice {name}, on page {page}: hiding it takes {share} of the score of the selected words away.")
        case _:
            text = tr(
                "Slice {name}, on page {page}: hiding it takes {share} of the answer's score away.\n"
                "Hidden in the detail view alone: {detail}"
            )
    return text.format(
        name=name,
        page=contribution.page + 1,
        share=percent(contribution.shown),
        detail=percent(contribution.detail),
    )


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
    """The reader by name; a model by its title, with the precision it ran in."""
    if answer.reader in READERS:
        return READERS[answer.reader]
    title = title_of(answer.model) if answer.model else answer.reader
    return tr("{title} {precision}").format(title=title, precision=answer.precision).strip()


def answer_summary(answer: Answer) -> str:
    """Reader, device, pixels read and seconds: the status line after an answer."""
    parts = [reader_text(answer), device_text(answer.device)]
    if answer.pixels is not None:
        size = answer.pixels
        text = tr("read {width} × {height} px").format(width=size.width, height=size.height)
        parts.append(tr("{read}, {downscaled}").format(read=text, downscaled=_downscaled_text(answer)))
    parts.append(tr("{seconds:.1f} s").format(seconds=answer.seconds))
    return " · ".join(part for part in parts if part)


def _downscaled_text(answer: Answer) -> str:
    """Whether the slices lost resolution on their way into the model."""
    page = answer.evidence.page.index if answer.evidence is not None else next(iter(answer.pages_read), 0)
    plan = plan_of(answer, page) if answer.reader not in READERS else None
    views = (plan.slices or (plan.overview,)) if plan is not None else ()
    kept = min(
        (min(view.size.width / view.rect.width, view.size.height / view.rect.height) for view in views), default=1.0
    )
    if kept > KEPT_WHOLE:
        return tr("nothing downscaled")
    return tr("slices downscaled to {share}").format(share=percent(kept))


def spoken(record: AnswerRecord) -> str:
    """A record as a screen reader says it."""
    answer = plain(record.answer.text) if record.answer is not None else ""
    error = plain(str(record.error)) if record.error is not None else ""
    doubt = independence_text(record.answer).rstrip(".") if record.answer is not None else ""
    return ". ".join(part for part in (record.question, answer, status_text(record), doubt, error) if part)


def announce(widget: QWidget, text: str) -> None:
    """Let a screen reader say something that nobody has asked for just now."""
    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))
