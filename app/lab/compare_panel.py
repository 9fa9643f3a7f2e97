"""The comparison with its switches: beside each other or slider, zoom, export, and the word that was clicked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.icons import icon
from app.lab.compare_view import CompareMode, CompareView
from app.lab.word_panel import WordPanel
from app.lab.words_text import tr


class ComparePanel(QWidget):
    """Widgets alone; the window says what they show."""

    export_wanted = Signal()
    retry_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = CompareView(self)
        self.word = WordPanel(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._build_bar())
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setHandleWidth(1)
        splitter.addWidget(self.view)
        splitter.addWidget(self.word)
        splitter.setStretchFactor(0, 1)
        splitter.setSizes([880, 320])
        splitter.setChildrenCollapsible(False)
        column.addWidget(splitter, 1)
        self.view.zoom_changed.connect(self._show_zoom)

    def _build_bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 4, 8, 4)
        bar.setSpacing(4)
        self._modes = QButtonGroup(self)
        for mode, text in (
            (CompareMode.SIDE_BY_SIDE, tr("Side by side")),
            (CompareMode.SLIDER, tr("Slider")),
        ):
            button = QToolButton(self)
            button.setText(text)
            button.setCheckable(True)
            button.setChecked(mode is self.view.mode)
            button.clicked.connect(lambda _on=False, mode=mode: self.view.set_mode(mode))
            self._modes.addButton(button)
            bar.addWidget(button)
        bar.addSpacing(12)
        for name, text, slot in (
            ("zoom-out", tr("Zoom out"), lambda: self.view.zoom_by_steps(-1)),
            ("zoom-in", tr("Zoom in"), lambda: self.view.zoom_by_steps(1)),
            ("fit-page", tr("Fit page"), self.view.fit),
            ("native", tr("Native pixels (1:1)"), lambda: self.view.set_scale(1.0)),
        ):
            bar.addWidget(self._tool(name, text, slot))
        self._zoom = QLabel(self)
        self._zoom.setObjectName("muted")
        bar.addWidget(self._zoom)
        self.note = QLabel(self)
        self.note.setObjectName("muted")
        bar.addWidget(self.note)
        bar.addStretch(1)
        self.retry_button = QPushButton(tr("Try again"), self)
        self.retry_button.clicked.connect(self.retry_wanted)
        self.retry_button.hide()
        bar.addWidget(self.retry_button)
        self.export_button = QPushButton(icon("export"), tr("Export pictures …"), self)
        self.export_button.clicked.connect(self.export_wanted)
        bar.addWidget(self.export_button)
        return bar

    def show_mode(self, mode: CompareMode) -> None:
        """Switch as its button does."""
        self._modes.buttons()[list(CompareMode).index(mode)].click()

    def _tool(self, name: str, text: str, slot: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(name))
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.clicked.connect(slot)
        return button

    def _show_zoom(self, scale: float) -> None:
        self._zoom.setText(tr("{number} % of native pixels").format(number=round(scale * 100)))
