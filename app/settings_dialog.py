"""The settings dialog, made from the declarations in `app.settings`. A change takes effect at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication, QMargins, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.settings import CONTEXT, SETTINGS, Setting, Settings

MIN_WIDTH_PX = 480
LABEL_WIDTH_PX = 190
TEXT_MARGINS = QMargins(5, 0, 5, 0)


class SettingsDialog(QDialog):
    """One page per group, one row per setting that has a label."""

    def __init__(self, settings: Settings, parent: QWidget, notes: Mapping[str, str] | None = None) -> None:
        """`notes` say more about settings, by key: what is known of this machine alone."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.setMinimumWidth(MIN_WIDTH_PX)
        self._settings = settings
        self._notes = dict(notes or {})
        self.editors: dict[str, QWidget] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 20, 16)
        column.setSpacing(16)
        self.pages = QTabWidget(self)
        for group in dict.fromkeys(setting.group for setting in SETTINGS if setting.label):
            self.pages.addTab(self._build_group(group), _translated(group))
        column.addWidget(self.pages, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        column.addWidget(buttons)

    def _build_group(self, group: str) -> QWidget:
        page = QWidget(self)
        form = QFormLayout(page)
        form.setContentsMargins(2, 14, 2, 0)
        form.setVerticalSpacing(6)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        for setting in SETTINGS:
            if setting.group != group or not setting.label:
                continue
            editor = self._editor(setting)
            editor.setAccessibleName(_translated(setting.label))
            editor.setAccessibleDescription(_translated(setting.help))
            self.editors[setting.key] = editor
            if isinstance(editor, QCheckBox):
                form.addRow(editor)
            else:
                label = QLabel(_translated(setting.label), self)
                label.setMinimumWidth(LABEL_WIDTH_PX)
                label.setBuddy(editor)
                form.addRow(label, editor)
            said = " ".join(part for part in (_translated(setting.help), self._notes.get(setting.key, "")) if part)
            if said:
                form.addRow(self._help(said))
        return page

    def _help(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setObjectName("muted")
        label.setWordWrap(True)
        return label

    def _editor(self, setting: Setting[Any]) -> QWidget:
        value = self._settings.get(setting)
        if setting.choices:
            return self._choice(setting, value)
        if isinstance(value, bool):
            check = QCheckBox(_translated(setting.label), self)
            check.setChecked(value)
            check.toggled.connect(lambda on: self._settings.set(setting, on))
            return check
        spin = QSpinBox(self) if isinstance(value, int) else QDoubleSpinBox(self)
        if isinstance(spin, QDoubleSpinBox):
            spin.setDecimals(0)
            spin.setRange(setting.minimum, setting.maximum)
        else:
            spin.setRange(int(setting.minimum), int(setting.maximum))
        spin.lineEdit().setTextMargins(TEXT_MARGINS)
        spin.setValue(value)
        spin.setKeyboardTracking(False)
        spin.setSuffix(f" {_translated(setting.unit)}" if setting.unit else "")
        spin.valueChanged.connect(lambda number: self._settings.set(setting, number))
        return spin

    def _choice(self, setting: Setting[Any], value: object) -> QComboBox:
        combo = QComboBox(self)
        for choice, label in setting.choices:
            combo.addItem(_translated(label), choice)
        combo.setCurrentIndex(combo.findData(value))
        combo.activated.connect(lambda index: self._settings.set(setting, combo.itemData(index)))
        return combo


def _translated(text: str) -> str:
    return QCoreApplication.translate(CONTEXT, text) if text else ""
