"""What the page view says in words: tooltips, numbers on slices, and its description for screen readers."""

from __future__ import annotations

from app.contributions import Look
from app.page_view.marks import PageMarks, SliceMark
from engine.documents.types import PageRef
from engine.readers.types import Answer, AnswerStatus

NBSP = "\u00a0"
LEGENDS = {
    Look.PREVIEW: "hatched: where it looked, a preview",
    Look.WORDS: "contributions to the selected words",
}
LOOK_TITLES = {
    Look.CONTRIBUTION: "Contributions",
    Look.WORDS: "Contributions to the selected words",
    Look.PREVIEW: "Where it looked, a preview",
}
STATUS_WORDS = {
    AnswerStatus.ANSWERED: "answered",
    AnswerStatus.UNSURE: "unsure, a guess",
    AnswerStatus.NOT_FOUND: "not found",
    AnswerStatus.ERROR: "failed",
}


def percent(share: float) -> str:
    """0.813 → “81 %”."""
    return f"{round(share * 100)}{NBSP}%"


def slice_name(mark: SliceMark) -> str:
    return "whole page" if mark.number is None else f"slice {mark.number}"


def slice_tooltip(mark: SliceMark) -> str:
    """“slice r,c · source px → resized px · tokens”, and what the slice gave to the answer shown."""
    rect, size = mark.view.rect, mark.view.size
    name = "overview" if mark.number is None else f"slice {mark.row},{mark.col}"
    text = (
        f"{name} · {round(rect.width)} × {round(rect.height)} px → {size.width} × {size.height} px"
        f" · {mark.view.tokens} tokens"
    )
    if mark.contribution is None:
        return text
    share = percent(mark.contribution.shown)
    match mark.look:
        case Look.PREVIEW:
            return f"{text}\nwhere it looked: {share} of the attention, a preview and no contribution"
        case Look.WORDS:
            return f"{text}\ncontribution to the selected words {share}"
        case _:
            detail = percent(min(max(mark.contribution.detail, 0.0), 1.0))
            return f"{text}\ncontribution {share} · hidden in the slice alone {detail}"


def view_description(page: PageRef, page_count: int, zoom: float, marks: PageMarks, answer: Answer | None) -> str:
    """The view in words: where it is, how the page is sliced, where the answer came from."""
    parts = [f"Page {page.index + 1} of {page_count}, zoom {percent(zoom)}."]
    if marks.plan_error:
        parts.append(marks.plan_error)
    elif marks.slices:
        rows = 1 + max(mark.row or 0 for mark in marks.slices)
        cols = 1 + max(mark.col or 0 for mark in marks.slices)
        sliced = marks.slices[0].number is not None
        parts.append(
            f"{len(marks.slices)} slices in {rows} rows and {cols} columns." if sliced else "The page is not sliced."
        )
    if answer is not None:
        parts.append(_answer_in_words(answer))
        for look, title in LOOK_TITLES.items():
            shares = [(mark.share, slice_name(mark)) for mark in marks.slices if mark.share and mark.look is look]
            if shares:
                shares.sort(reverse=True)
                parts.append(f"{title}: " + ", ".join(f"{name} {percent(share)}" for share, name in shares) + ".")
    return " ".join(parts)


def _answer_in_words(answer: Answer) -> str:
    if answer.status in (AnswerStatus.NOT_FOUND, AnswerStatus.ERROR):
        return f"Answer: {STATUS_WORDS[answer.status]}."
    where = f" on page {answer.evidence.page.index + 1}" if answer.evidence is not None else ""
    sure = percent(answer.confidence) + ("" if answer.calibrated else " (not calibrated)")
    return f"Answer: “{answer.text}”, {STATUS_WORDS[answer.status]}, confidence {sure}{where}."
