"""One answer as a card: question, answer, how sure it is, where it stands, and the slices it came from."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QToolButton, QVBoxLayout, QWidget

from app import wording
from app.answers import AnswerRecord, Stage
from app.contributions import shown_of_words
from app.icons import icon
from app.panels.answer_text import AnswerText
from app.panels.icon_label import IconLabel
from app.panels.slice_chips import SliceChips
from engine.evidence.types import Contribution
from engine.readers.types import EMBEDDED, Answer, AnswerStatus, Progress

SIGN_PX = 16
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
    words_selected = Signal(int, int, int)
    """(number, start, end): characters of the answer; 0, 0 when none are selected any more."""
    model_wanted = Signal(int)

    def __init__(self, record: AnswerRecord, offer: str = "", parent: QWidget | None = None) -> None:
        """`offer` is what the button says by which a model is asked where the embedded reader is not sure."""
        super().__init__(parent)
        self.setObjectName("card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.number = record.number
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 10, 10, 8)
        self._column.setSpacing(4)
        self._offer = offer
        self._record = record
        self._body: QWidget | None = None
        self._progress: QProgressBar | None = None
        self._writing: AnswerText | None = None
        self.set_record(record)

    def set_record(self, record: AnswerRecord) -> None:
        """Show what became of the question by now."""
        if self._body is not None:
            self._column.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        self._record = record
        self._progress = None
        self._writing = None
        self._body = self._build(record)
        self._column.addWidget(self._body)
        self.setAccessibleName(wording.spoken(record))

    def set_progress(self, progress: Progress) -> None:
        """Show how far the reader is."""
        if self._progress is not None:
            self._progress.setRange(0, PROGRESS_STEPS if progress.total > 0 else 0)
            self._progress.setValue(round(PROGRESS_STEPS * progress.done / progress.total) if progress.total > 0 else 0)
            self._doing.setText(wording.plain(progress.text))
            self._doing.show()

    def write(self, piece: str) -> None:
        """Show more of the answer that a model is writing."""
        if self._writing is not None:
            self._writing.extend(piece)
            self._writing.show()
            if self._record.stage is Stage.WAITING:
                self._status.setText(self.tr("writing …"))

    def set_measured(self, record: AnswerRecord) -> None:
        """Show the contributions measured by now; nothing else of the card is touched."""
        self._record = record
        if record.answer is not None:
            self._chips.show_slices(record.answer, record.shown)
            self._notices.setText(_notices_text(record, record.answer))

    def set_offer(self, offer: str) -> None:
        """What the button that asks a model says now."""
        if offer != self._offer:
            self._offer = offer
            if not self._record.under_way:
                self.set_record(self._record)

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
            text = AnswerText(answer.text, body)
            text.selected.connect(self._on_words_selected)
            text.clicked.connect(self._on_show_clicked)
            text.set_worth_selecting(answer.evidence is not None and bool(answer.evidence.pieces))
            column.addWidget(text)
        if record.stage is Stage.WAITING:
            self._add_writing(column, body, final=True)
        column.addLayout(self._status_row(record))
        if record.under_way:
            self._add_progress(column, body)
        if record.stage is Stage.PROVISIONAL:
            self._add_writing(column, body, final=False)
        if record.error is not None:
            column.addWidget(_label(wording.plain(str(record.error)), "", body))
        if answer is not None:
            self._add_answer(column, record, answer)
        elif not record.under_way:
            again = _flat(self.tr("Ask again"), body)
            again.clicked.connect(self._on_again_clicked)
            column.addWidget(again, 0, Qt.AlignmentFlag.AlignLeft)
        return body

    def _add_writing(self, column: QVBoxLayout, body: QWidget, *, final: bool) -> None:
        """Room for the words that a model is going to write."""
        self._writing = AnswerText("", body, final=final)
        # Named, so that a screen reader is not told of each piece: the whole answer is announced.
        self._writing.setAccessibleName(self.tr("The answer as it is being written"))
        self._writing.hide()
        column.addWidget(self._writing)

    def _add_progress(self, column: QVBoxLayout, body: QWidget) -> None:
        """How far the reader is, and what it is doing."""
        self._progress = QProgressBar(body)
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName(self.tr("Progress of the answer"))
        column.addWidget(self._progress)
        self._doing = _label("", "muted", body)
        self._doing.hide()
        column.addWidget(self._doing)

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
        doubt = wording.independence_text(answer)
        if doubt:
            column.addLayout(self._doubt(doubt))
        self._notices = _label(_notices_text(record, answer), "muted", self)
        self._notices.setVisible(bool(self._notices.text()))
        column.addWidget(self._notices)
        self._chips = SliceChips(self)
        self._chips.show_slices(answer, record.shown)
        self._chips.page_wanted.connect(self._on_page_wanted)
        self._chips.slice_pointed.connect(self._on_slice_pointed)
        self._chips.clicked.connect(self._on_show_clicked)
        self._chips.setVisible(answer.evidence is not None)
        column.addWidget(self._chips)
        column.addLayout(self._foot(record, answer))

    def _doubt(self, text: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(5)
        row.addWidget(IconLabel("warning", SIGN_PX, self), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(_label(text, "", self), 1)
        return row

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

    def _foot(self, record: AnswerRecord, answer: Answer) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        tip = "\n".join((wording.scope_text(record), wording.answer_summary(answer), record.policy))
        note = _label(wording.plain(record.document_name), "muted", self)
        note.setToolTip(tip)
        note.setWordWrap(False)
        row.addWidget(note, 1)
        if self._offer and _is_open(record, answer):
            ask = QPushButton(self._offer, self)
            ask.setObjectName("offer")
            ask.clicked.connect(self._on_model_clicked)
            row.addWidget(ask)
        if answer.status is not AnswerStatus.NOT_FOUND:
            copy = _tool("copy", self.tr("Copy the answer"), 16, self)
            copy.clicked.connect(self._on_copy_clicked)
            row.addWidget(copy)
        if answer.evidence is not None:
            show = _tool("show", self.tr("Show where it stands"), 16, self)
            show.clicked.connect(self._on_show_clicked)
            row.addWidget(show)
        return row

    def _on_words_selected(self, start: int, end: int) -> None:
        answer = self._record.answer
        evidence = answer.evidence if answer is not None else None
        if answer is None or evidence is None:
            return
        of_words = shown_of_words(evidence, start, end)
        self._chips.show_slices(answer, of_words if of_words is not None else self._record.shown)
        self.words_selected.emit(self.number, start, end)

    def _on_page_wanted(self, page: int) -> None:
        self.page_wanted.emit(self.number, page)

    def _on_slice_pointed(self, contribution: Contribution) -> None:
        self.slice_pointed.emit(self.number, contribution)

    def _on_model_clicked(self) -> None:
        self.model_wanted.emit(self.number)

    def _on_again_clicked(self) -> None:
        self.again_wanted.emit(self.number)

    def _on_copy_clicked(self) -> None:
        self.copy_wanted.emit(self.number)

    def _on_show_clicked(self) -> None:
        self.show_wanted.emit(self.number)

    def _on_remove_clicked(self) -> None:
        self.remove_wanted.emit(self.number)


def _is_open(record: AnswerRecord, answer: Answer) -> bool:
    """Whether a model may know more than this answer says."""
    unsure = answer.status in (AnswerStatus.UNSURE, AnswerStatus.NOT_FOUND)
    return unsure and answer.reader == EMBEDDED.name and not record.under_way


def _notices_text(record: AnswerRecord, answer: Answer) -> str:
    """All that must be said of an answer, in one line."""
    own = [notice for notice in answer.notices if notice != wording.independence_text(answer)]
    notices = [wording.evidence_notice(record), wording.partial_text(answer), *own]
    if record.stage is Stage.PROVISIONAL and not notices[0]:
        notices.insert(0, wording.tr("provisional, still reading"))
    return " · ".join(wording.plain(notice) for notice in notices if notice)


def _flat(text: str, parent: QWidget) -> QPushButton:
    button = QPushButton(text, parent)
    button.setProperty("flat", True)
    return button


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
