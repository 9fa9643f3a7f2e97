"""One answer as a card: question, answer, how sure it is, where it stands, and the slices it came from."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QToolButton, QVBoxLayout, QWidget

from app import wording
from app.answers import SHOWN_SHARE, AnswerRecord, Stage
from app.icons import icon
from app.panels.flow_layout import FlowLayout
from app.panels.fonts import larger
from app.panels.icon_label import IconLabel
from engine.evidence.types import Contribution
from engine.readers.types import Answer, AnswerStatus, Progress

SIGN_PX = 16
ANSWER_SCALE = 1.25
CHIPS_SHOWN = 4
RUNNERS_UP_SHOWN = 3
LIKELY_ENOUGH = 0.25
"""Below this a candidate for an answer that was not found is noise."""
PROGRESS_STEPS = 1000

STATUS_ICONS = {
    AnswerStatus.ANSWERED: "answered",
    AnswerStatus.UNSURE: "unsure",
    AnswerStatus.NOT_FOUND: "not-found",
    AnswerStatus.ERROR: "warning",
}


class AnswerCard(QFrame):
    """Shows a record. A click shows the evidence on the page."""

    show_wanted = Signal(int)
    copy_wanted = Signal(int)
    remove_wanted = Signal(int)
    again_wanted = Signal(int)
    page_wanted = Signal(int, int)
    """(number, 0-based page)."""
    slice_pointed = Signal(int, object)
    """(number, Contribution): the pointer or the focus is on a slice's chip."""

    def __init__(self, record: AnswerRecord, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.number = record.number
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 10, 10, 8)
        self._column.setSpacing(4)
        self._body: QWidget | None = None
        self._progress: QProgressBar | None = None
        self.set_record(record)

    def set_record(self, record: AnswerRecord) -> None:
        """Show what became of the question by now."""
        if self._body is not None:
            self._column.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        self._progress = None
        self._body = self._build(record)
        self._column.addWidget(self._body)
        self.setAccessibleName(wording.spoken(record))

    def set_progress(self, progress: Progress) -> None:
        """Show how far the reader is."""
        if self._progress is not None:
            self._progress.setRange(0, PROGRESS_STEPS if progress.total > 0 else 0)
            self._progress.setValue(round(PROGRESS_STEPS * progress.done / progress.total) if progress.total > 0 else 0)
            self._status.setText(wording.plain(progress.text))

    def set_current(self, current: bool) -> None:
        """Whether this answer's evidence is on the page now."""
        self._set_look("current", current)

    def set_marked(self, marked: bool) -> None:
        """Whether the slice that was clicked contributed to this answer."""
        self._set_look("marked", marked)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.show_wanted.emit(self.number)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.show_wanted.emit(self.number)
        elif event.key() == Qt.Key.Key_Delete:
            self.remove_wanted.emit(self.number)
        elif event.key() == Qt.Key.Key_C and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.copy_wanted.emit(self.number)
        else:
            super().keyPressEvent(event)

    def _set_look(self, name: str, value: bool) -> None:
        if bool(self.property(name)) is not value:
            self.setProperty(name, value)
            self.style().unpolish(self)
            self.style().polish(self)

    def _build(self, record: AnswerRecord) -> QWidget:
        body = QWidget(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addLayout(self._head(record))
        answer = record.answer
        if answer is not None and answer.status is not AnswerStatus.NOT_FOUND:
            text = _label(wording.plain(answer.text), "answerText", body)
            text.setFont(larger(self.font(), ANSWER_SCALE))
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            text.setCursor(Qt.CursorShape.PointingHandCursor)
            column.addWidget(text)
        column.addLayout(self._status_row(record))
        if record.under_way:
            self._progress = QProgressBar(body)
            self._progress.setRange(0, 0)
            self._progress.setTextVisible(False)
            self._progress.setAccessibleName(self.tr("Progress of the answer"))
            column.addWidget(self._progress)
        if record.error is not None:
            column.addWidget(_label(wording.plain(str(record.error)), "", body))
        if answer is not None:
            self._add_answer(column, record, answer)
        elif not record.under_way:
            again = QPushButton(self.tr("Ask again"), body)
            again.setProperty("flat", True)
            again.clicked.connect(self._on_again_clicked)
            column.addWidget(again, 0, Qt.AlignmentFlag.AlignLeft)
        return body

    def _head(self, record: AnswerRecord) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        question = _label(record.question, "muted", self)
        question.setToolTip(wording.scope_text(record))
        row.addWidget(question, 1)
        remove = _tool("close", self.tr("Remove this answer"), 12, self)
        remove.clicked.connect(self._on_remove_clicked)
        row.addWidget(remove, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _status_row(self, record: AnswerRecord) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(5)
        name = "warning" if record.stage is Stage.FAILED else "info"
        if record.answer is not None:
            name = STATUS_ICONS[record.answer.status]
        row.addWidget(IconLabel(name, SIGN_PX, self), 0, Qt.AlignmentFlag.AlignTop)
        self._status = _label(wording.status_text(record), "", self)
        row.addWidget(self._status, 1)
        return row

    def _add_answer(self, column: QVBoxLayout, record: AnswerRecord, answer: Answer) -> None:
        runners_up = self._runners_up(answer)
        if runners_up:
            column.addWidget(_label(runners_up, "muted", self))
        notices = [wording.partial_text(answer), *answer.notices]
        if record.stage is Stage.PROVISIONAL:
            notices.insert(0, self.tr("provisional, still reading"))
        said = " · ".join(wording.plain(notice) for notice in notices if notice)
        if said:
            column.addWidget(_label(said, "muted", self))
        column.addLayout(self._chips(answer))
        column.addLayout(self._foot(record, answer))

    def _runners_up(self, answer: Answer) -> str:
        """What else it could be: for a guess all that there is, else nothing, or only what is likely enough."""
        if answer.status is AnswerStatus.ANSWERED:
            return ""
        least = LIKELY_ENOUGH if answer.status is AnswerStatus.NOT_FOUND else 0.0
        shown = [each for each in answer.alternatives if each.confidence >= least][:RUNNERS_UP_SHOWN]
        if not shown:
            return ""
        listed = "; ".join(f"{wording.plain(each.text)} ({wording.percent(each.confidence)})" for each in shown)
        return self.tr("or: {runners_up}").format(runners_up=listed)

    def _chips(self, answer: Answer) -> FlowLayout:
        flow = FlowLayout(spacing=4)
        evidence = answer.evidence
        if evidence is None:
            return flow
        page = _Chip(wording.pages_text((evidence.page.index,)), self.tr("Go to this page"), self)
        page.clicked.connect(lambda: self.page_wanted.emit(self.number, evidence.page.index))
        flow.addWidget(page)
        worth = [each for each in evidence.contributions if each.shown >= SHOWN_SHARE]
        for contribution in worth[:CHIPS_SHOWN]:
            flow.addWidget(self._slice_chip(answer, contribution))
        if len(worth) > CHIPS_SHOWN:
            flow.addWidget(_label(self.tr("+{number}").format(number=len(worth) - CHIPS_SHOWN), "muted", self))
        return flow

    def _slice_chip(self, answer: Answer, contribution: Contribution) -> _Chip:
        plan = wording.plan_of(answer, contribution.page)
        name = wording.slice_number(contribution, plan)
        share = wording.percent(contribution.shown)
        tip = self.tr(
            "Slice {name}, on page {page}: hiding it takes {share} of the answer's score away.\n"
            "Hidden in the detail view alone: {detail}"
        ).format(name=name, page=contribution.page + 1, share=share, detail=wording.percent(contribution.detail))
        sign = "▦" if contribution.row is not None else "▭"
        chip = _Chip(self.tr("{sign} {name}  {share}").format(sign=sign, name=name, share=share), tip, self)
        chip.setAccessibleName(self.tr("Slice {name}, {share}").format(name=name, share=share))
        chip.pointed.connect(lambda: self.slice_pointed.emit(self.number, contribution))
        chip.clicked.connect(lambda: self.show_wanted.emit(self.number))
        return chip

    def _foot(self, record: AnswerRecord, answer: Answer) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        tip = "\n".join((wording.scope_text(record), wording.answer_summary(answer), record.policy))
        note = _label(wording.plain(record.document_name), "muted", self)
        note.setToolTip(tip)
        note.setWordWrap(False)
        row.addWidget(note, 1)
        if answer.status is not AnswerStatus.NOT_FOUND:
            copy = _tool("copy", self.tr("Copy the answer"), 16, self)
            copy.clicked.connect(self._on_copy_clicked)
            row.addWidget(copy)
        if answer.evidence is not None:
            show = _tool("show", self.tr("Show where it stands"), 16, self)
            show.clicked.connect(self._on_show_clicked)
            row.addWidget(show)
        return row

    def _on_again_clicked(self) -> None:
        self.again_wanted.emit(self.number)

    def _on_copy_clicked(self) -> None:
        self.copy_wanted.emit(self.number)

    def _on_show_clicked(self) -> None:
        self.show_wanted.emit(self.number)

    def _on_remove_clicked(self) -> None:
        self.remove_wanted.emit(self.number)


class _Chip(QPushButton):
    """A small rounded button that tells when it is pointed at, by pointer or focus."""

    pointed = Signal()

    def __init__(self, text: str, tip: str, parent: QWidget) -> None:
        super().__init__(text, parent)
        self.setObjectName("chip")
        self.setToolTip(tip)
        self.setAccessibleName(text)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 - Qt's name
        super().enterEvent(event)
        self.pointed.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.pointed.emit()


def _label(text: str, name: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def _tool(name: str, text: str, side: int, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setIcon(icon(name))
    button.setIconSize(QSize(side, side))
    button.setToolTip(text)
    button.setAccessibleName(text)
    button.setCursor(Qt.CursorShape.ArrowCursor)
    return button
