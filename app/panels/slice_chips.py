"""The chips of an answer card: the page, then the slices that the answer came from, each with its number."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from app import wording
from app.contributions import Look, Shown, worth_showing
from app.panels.flow_layout import FlowLayout
from engine.readers.types import Answer

CHIPS_SHOWN = 4
SIGNS = {Look.CONTRIBUTION: "▦", Look.PREVIEW: "▨", Look.WORDS: "▦"}
WHOLE_PAGE_SIGN = "▭"


class SliceChips(QWidget):
    """Shows what it is given; a new set of slices replaces the old chips and nothing else."""

    page_wanted = Signal(int)
    """0-based."""
    slice_pointed = Signal(object)
    """A Contribution: the pointer or the focus is on its chip."""
    clicked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._flow = FlowLayout(self, spacing=4)
        self._made: list[QWidget] = []

    def show_slices(self, answer: Answer, shown: tuple[Shown, ...]) -> None:
        for widget in self._made:
            self._flow.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._made = []
        evidence = answer.evidence
        if evidence is None:
            return
        page = _Chip(wording.pages_text((evidence.page.index,)), self.tr("Go to this page"), self)
        page.clicked.connect(lambda: self.page_wanted.emit(evidence.page.index))
        self._add(page)
        if any(each.look is Look.WORDS for each in shown):
            self._add(_muted(self.tr("selected words:"), page))
        worth = worth_showing(shown)
        for each in worth[:CHIPS_SHOWN]:
            self._add(self._chip(answer, each))
        if len(worth) > CHIPS_SHOWN:
            self._add(_muted(self.tr("+{number}").format(number=len(worth) - CHIPS_SHOWN), page))
        self.updateGeometry()

    def _add(self, widget: QWidget) -> None:
        self._flow.addWidget(widget)
        self._made.append(widget)
        widget.show()

    def _chip(self, answer: Answer, each: Shown) -> _Chip:
        contribution = each.contribution
        name = wording.slice_number(contribution, wording.plan_of(answer, contribution.page))
        share = wording.share_text(each)
        sign = SIGNS[each.look] if contribution.row is not None else WHOLE_PAGE_SIGN
        chip = _Chip(f"{sign} {name}  {share}", wording.slice_tip(each, name), self)
        chip.setProperty("preview", each.look is Look.PREVIEW)
        chip.setAccessibleName(self.tr("Slice {name}, {share}").format(name=name, share=share))
        chip.pointed.connect(lambda: self.slice_pointed.emit(contribution))
        chip.clicked.connect(self.clicked)
        return chip


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


def _muted(text: str, chip: QWidget) -> QLabel:
    """A word between chips, on their line."""
    label = QLabel(text, chip.parentWidget())
    label.setObjectName("muted")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setMinimumHeight(chip.sizeHint().height())
    return label
