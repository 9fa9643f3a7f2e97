"""The toolbar: commands, page number, zoom, slices and policy, reader and device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMargins, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QComboBox, QLabel, QSizePolicy, QSpinBox, QToolBar, QToolButton, QWidget

from app.actions import Actions
from app.panels.reader_box import ReaderBox

if TYPE_CHECKING:
    from engine.slicing.policies import ChosenPolicy, Policy

ICON_PX = 18
POLICY_LENGTH, READER_LENGTH, SHORT_LENGTH = 13, 15, 8
"""Letters that the drop-downs have room for; the short length is that of a narrow toolbar."""
ROOMY_PX = 1150
"""Below this width the toolbar does without the labels that tooltips repeat, and shortens its drop-downs."""
TIGHT_PX = 1080
"""Below this width buttons are icons alone, so that reader and device stay in sight."""
TEXT_BUTTONS = ("open", "batch", "grid")
TEXT_MARGINS = QMargins(5, 0, 5, 0)


class Toolbar(QToolBar):
    """Widgets of the toolbar keep no state: they show what they are told and say what the user wants."""

    page_wanted = Signal(int)
    """0-based."""
    policy_chosen = Signal(str)
    reader_chosen = Signal(str)

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Toolbar"))
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setIconSize(QSize(ICON_PX, ICON_PX))
        self._actions = actions
        self._spare: list[QAction] = []
        self._build()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        roomy = self.width() >= ROOMY_PX
        for action in self._spare:
            action.setVisible(roomy)
        self.policy_box.setMinimumContentsLength(POLICY_LENGTH if roomy else SHORT_LENGTH)
        self.reader_box.setMinimumContentsLength(READER_LENGTH if roomy else SHORT_LENGTH)
        tight = self.width() < TIGHT_PX
        for key in TEXT_BUTTONS:
            style = Qt.ToolButtonStyle
            self._button(key).setToolButtonStyle(style.ToolButtonIconOnly if tight else style.ToolButtonTextBesideIcon)

    def show_page(self, page: int, count: int) -> None:
        """0-based `page` of `count`; 0 pages when no document is open."""
        with QSignalBlocker(self.page_box):
            self.page_box.setRange(min(1, count), count)
            self.page_box.setValue(page + 1 if count else 0)
        self.page_box.setEnabled(count > 0)
        self._count.setText(self.tr("of {count}").format(count=count))

    def show_zoom(self, zoom: float) -> None:
        self._zoom.setText(self.tr("{number} %").format(number=round(zoom * 100)))

    def offer_policies(self, offered: tuple[Policy, ...], max_cap: int) -> None:
        """Fill the drop-down; after the first paint, which can do without the policies."""
        with QSignalBlocker(self.policy_box), QSignalBlocker(self.cap_box):
            for policy in offered:
                self.policy_box.addItem(policy.title, policy.id)
                tip = "\n".join((policy.citation, policy.status.value))
                self.policy_box.setItemData(self.policy_box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
            self.cap_box.setRange(1, max_cap)

    def show_policy(self, chosen: ChosenPolicy) -> None:
        with QSignalBlocker(self.policy_box), QSignalBlocker(self.cap_box):
            self.policy_box.setCurrentIndex(self.policy_box.findData(chosen.policy.id))
            self.cap_box.setValue(chosen.cap)
        self.cap_box.setEnabled(chosen.policy.takes_cap)

    def show_device(self, device: str, tip: str) -> None:
        """Where the chosen reader computes."""
        self.device.setText(device)
        self.device.setToolTip(tip)
        self.device.setAccessibleDescription(tip)

    def _build(self) -> None:
        for key in ("open", "batch"):
            self.addAction(self._actions[key])
        self.addSeparator()
        self._build_page()
        self.addSeparator()
        self._build_zoom()
        self.addSeparator()
        self._build_slices()
        space = QWidget(self)
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(space)
        self._build_reader()
        for action in self.actions():
            button = self.widgetForAction(action)
            if isinstance(button, QToolButton):
                button.setAccessibleName(action.text())
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _build_page(self) -> None:
        self.addAction(self._actions["previous-page"])
        self.page_box = QSpinBox(self)
        self.page_box.setAccessibleName(self.tr("Page number"))
        self.page_box.setToolTip(self.tr("Page number"))
        self.page_box.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.page_box.setKeyboardTracking(False)
        self.page_box.lineEdit().setTextMargins(TEXT_MARGINS)
        self.page_box.setFixedWidth(52)
        self.page_box.valueChanged.connect(self._on_page_typed)
        self.addWidget(self.page_box)
        self._count = QLabel(self)
        self._count.setContentsMargins(4, 0, 4, 0)
        self.addWidget(self._count)
        self.addAction(self._actions["next-page"])
        self.show_page(0, 0)

    def _build_zoom(self) -> None:
        self.addAction(self._actions["zoom-out"])
        self._zoom = QLabel(self)
        self._zoom.setAccessibleName(self.tr("Zoom"))
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._zoom.setMinimumWidth(self._zoom.fontMetrics().horizontalAdvance("6400 %") + 4)
        self.addWidget(self._zoom)
        self.show_zoom(1.0)
        for key in ("zoom-in", "fit-width", "fit-page", "native"):
            self.addAction(self._actions[key])

    def _build_slices(self) -> None:
        self.addAction(self._actions["grid"])
        self.policy_box = QComboBox(self)
        self.policy_box.setAccessibleName(self.tr("Slicing policy"))
        self.policy_box.setMinimumContentsLength(POLICY_LENGTH)
        self.policy_box.setToolTip(self.tr("How pages are cut into slices"))
        self.policy_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.policy_box.activated.connect(self._on_policy_activated)
        self.addWidget(self.policy_box)
        label = QLabel(self.tr("cap"), self)
        label.setContentsMargins(8, 0, 4, 0)
        self._spare.append(self.addWidget(label))
        self.cap_box = QSpinBox(self)
        self.cap_box.setKeyboardTracking(False)
        self.cap_box.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.cap_box.lineEdit().setTextMargins(TEXT_MARGINS)
        self.cap_box.setFixedWidth(48)
        self.cap_box.setAccessibleName(self.tr("Most slices per page"))
        self.cap_box.setToolTip(self.tr("Most slices per page (use the arrow keys)"))
        self.cap_box.valueChanged.connect(self._on_cap_changed)
        self.addWidget(self.cap_box)

    def _build_reader(self) -> None:
        label = QLabel(self.tr("Reader"), self)
        label.setContentsMargins(0, 0, 4, 0)
        self._spare.append(self.addWidget(label))
        self.reader_box = ReaderBox((self._actions["open-model"], self._actions["get-model"]), self)
        self.reader_box.reader_chosen.connect(self.reader_chosen)
        self.addWidget(self.reader_box)
        self.device = QLabel(self.tr("CPU"), self)
        self.device.setAccessibleName(self.tr("Device"))
        self.device.setToolTip(self.tr("Where the reader computes"))
        self.device.setContentsMargins(8, 0, 4, 0)
        self.addWidget(self.device)

    def _button(self, key: str) -> QToolButton:
        button = self.widgetForAction(self._actions[key])
        assert isinstance(button, QToolButton)
        return button

    def _on_page_typed(self, number: int) -> None:
        self.page_wanted.emit(number - 1)

    def _on_policy_activated(self, index: int) -> None:
        self.policy_chosen.emit(self.policy_box.itemData(index))

    def _on_cap_changed(self, cap: int) -> None:
        self.policy_chosen.emit(f"{self.policy_box.currentData()}:{cap}")
