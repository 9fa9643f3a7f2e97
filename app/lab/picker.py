"""The choice of one of the two policies: its name, its cap of slices, and what it does to the page in one line."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QSpinBox, QVBoxLayout, QWidget

from app.lab.words_text import pair_line, tr
from engine.slicing.figures import Figures
from engine.slicing.policies import MAX_CAP, parse_policy, policies


class PolicyPicker(QWidget):
    """`side` is A or B."""

    chosen = Signal(str)
    """`id` or `id:N`."""

    def __init__(self, side: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        row = QHBoxLayout()
        row.setSpacing(6)
        name = QLabel(side, self)
        name.setObjectName("panelTitle")
        row.addWidget(name)
        self.box = QComboBox(self)
        self.box.setAccessibleName(tr("Policy {side}").format(side=side))
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(12)
        self.box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for policy in policies():
            self.box.addItem(policy.title, policy.id)
            tip = f"{policy.citation}\n{policy.status.value}"
            self.box.setItemData(self.box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        row.addWidget(self.box, 1)
        self.cap = QSpinBox(self)
        self.cap.setRange(1, MAX_CAP)
        self.cap.setKeyboardTracking(False)
        self.cap.setFixedWidth(48)
        self.cap.setAccessibleName(tr("Most slices of policy {side}").format(side=side))
        self.cap.setToolTip(tr("Most slices per page (use the arrow keys)"))
        row.addWidget(self.cap)
        column.addLayout(row)
        self.line = QLabel(self)
        self.line.setObjectName("muted")
        self.line.setTextFormat(Qt.TextFormat.PlainText)
        self.line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        column.addWidget(self.line)
        self.box.activated.connect(lambda _index: self.chosen.emit(self.box.currentData()))
        self.cap.valueChanged.connect(self._on_cap_changed)

    def show_policy(self, policy: str) -> None:
        """Show a choice without announcing it."""
        known = parse_policy(policy)
        with QSignalBlocker(self.box), QSignalBlocker(self.cap):
            self.box.setCurrentIndex(self.box.findData(known.policy.id))
            self.cap.setValue(known.cap)
        self.cap.setEnabled(known.policy.takes_cap)

    def show_figures(self, row: Figures | None) -> None:
        text = pair_line(row)
        self.line.setText(text)
        self.line.setToolTip(text)

    def _on_cap_changed(self, cap: int) -> None:
        self.chosen.emit(parse_policy(f"{self.box.currentData()}:{cap}").id)
