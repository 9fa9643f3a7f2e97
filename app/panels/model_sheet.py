"""The facts of one model, how far its download is, and the buttons for what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.model_facts import ModelFacts, Step
from app.panels.fonts import larger

TITLE_SCALE = 1.25
PROGRESS_STEPS = 1000


class ModelSheet(QWidget):
    """Shows what it is given. Widgets are kept while the same model is shown: progress comes many times a second."""

    step_wanted = Signal(object)
    """A Step."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self._title = self._label("")
        self._title.setFont(larger(self.font(), TITLE_SCALE))
        column.addWidget(self._title)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        column.addLayout(self._grid)
        self._note = self._label("")
        self._note.setObjectName("muted")
        column.addWidget(self._note)
        column.addStretch(1)
        self.state = self._label("")
        self.state.setAccessibleName(self.tr("State of the model"))
        column.addWidget(self.state)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the download"))
        column.addWidget(self.bar)
        self._row = QHBoxLayout()
        self._row.addStretch(1)
        column.addLayout(self._row)
        self.buttons: dict[Step, QPushButton] = {}
        self._cells: list[QLabel] = []
        self._rows: tuple[tuple[str, str], ...] = ()

    def say(self, text: str) -> None:
        """One line about what was asked for."""
        self.state.setText(text)

    def advise(self, advice: str, *, whole: bool) -> None:
        """`advice` is what is recommended here, in words; `whole` says that it is of this model and its pages, and
        not of the machine alone."""
        if whole:
            self._note.setText(advice)
            return
        text = self.tr("Memory is that of the weights alone; a page takes more.")
        here = self.tr("Recommended here: {advice}.").format(advice=advice) if advice else ""
        self._note.setText(f"{text}\n{here}".strip())

    def show_facts(self, facts: ModelFacts, *, confirming: bool = False) -> None:
        """`confirming`: the button that removes asks once more."""
        self._title.setText(facts.title)
        if facts.rows != self._rows:
            self._rows = facts.rows
            self._fill_grid()
        self.state.setText(facts.state)
        self.bar.setVisible(facts.progress is not None)
        if facts.progress is not None:
            self.bar.setRange(0, PROGRESS_STEPS if facts.progress >= 0 else 0)
            self.bar.setValue(round(PROGRESS_STEPS * facts.progress))
        steps = dict(facts.steps)
        if confirming and Step.REMOVE in steps:
            steps[Step.REMOVE] = self.tr("Really remove it?")
        self._show_steps(steps)

    def _fill_grid(self) -> None:
        for cell in self._cells:
            self._grid.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        self._cells = []
        for row, (name, value) in enumerate(self._rows):
            title, text = self._label(name), self._label(value)
            title.setObjectName("muted")
            title.setWordWrap(False)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(title, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(text, row, 1)
            for cell in (title, text):
                cell.show()
                self._cells.append(cell)

    def _show_steps(self, steps: dict[Step, str]) -> None:
        if list(steps) != list(self.buttons):
            for button in self.buttons.values():
                self._row.removeWidget(button)
                button.hide()
                button.deleteLater()
            self.buttons = {step: self._button(step, number == 0) for number, step in enumerate(steps)}
        for step, text in steps.items():
            self.buttons[step].setText(text)

    def _button(self, step: Step, primary: bool) -> QPushButton:
        button = QPushButton(self)
        button.setAutoDefault(False)
        button.setProperty("primary", primary and step is not Step.CANCEL)
        button.clicked.connect(lambda: self.step_wanted.emit(step))
        self._row.addWidget(button)
        button.show()
        return button

    def _label(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        return label
