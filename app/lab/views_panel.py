"""What the model saw: the views of a policy, each at the pixels it is resized to."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.icons import icon
from app.lab.feeding import view_image
from app.lab.pixels import PageImage
from app.lab.pixels_view import PixelsView
from app.lab.words_text import tr, view_detail, view_line
from app.task import Task, in_thread
from engine.slicing.figures import Figures

SIDE_PX = 290


class ViewsPanel(QWidget):
    """Views in sequence order, drawn in a thread when they are looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: PageImage | None = None
        self._pair: tuple[Figures | None, Figures | None] = (None, None)
        self._task: Task | None = None
        self._build()

    def show_image(self, image: PageImage | None) -> None:
        self._image = image
        self._draw()

    def show_pair(self, a: Figures | None, b: Figures | None) -> None:
        before, self._pair = self._row(), (a, b)
        for button, name, row in zip(self._buttons.buttons(), "AB", self._pair, strict=True):
            button.setText(f"{name} · {row.chosen.id}" if row is not None else name)
        after = self._row()
        if before is None or after is None or before.plan != after.plan:
            self._fill()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._draw()

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        side = QWidget(self)
        side.setFixedWidth(SIDE_PX)
        column = QVBoxLayout(side)
        column.setContentsMargins(10, 8, 10, 8)
        self._buttons = QButtonGroup(self)
        for number, name in enumerate("AB"):
            button = QToolButton(side)
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setAccessibleName(tr("Views of policy {name}").format(name=name))
            self._buttons.addButton(button, number)
            column.addWidget(button)
        self._buttons.button(0).setChecked(True)
        self._buttons.idToggled.connect(lambda _number, on: self._fill() if on else None)
        self.list = QListWidget(side)
        self.list.setAccessibleName(tr("Views in the order in which the model gets them"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(lambda _row: self._draw())
        column.addWidget(self.list, 1)
        row.addWidget(side)
        row.addLayout(self._build_picture(), 1)

    def _build_picture(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(0)
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 4, 8, 4)
        self.detail = QLabel(self)
        self.detail.setWordWrap(True)
        self.detail.setTextFormat(Qt.TextFormat.PlainText)
        bar.addWidget(self.detail, 1)
        self.pixels = PixelsView(self)
        self.pixels.setAccessibleName(tr("The view at its own pixels"))
        self._factor = QLabel("1:1", self)
        for name, text, step in (("zoom-out", tr("Smaller"), -1), ("zoom-in", tr("Larger"), 1)):
            button = QToolButton(self)
            button.setIcon(icon(name))
            button.setToolTip(text)
            button.setAccessibleName(text)
            button.clicked.connect(lambda _on=False, step=step: self.pixels.step(step))
            bar.addWidget(button)
        bar.insertWidget(2, self._factor)
        self.pixels.factor_changed.connect(lambda factor: self._factor.setText(f"{factor}:1"))
        column.addLayout(bar)
        column.addWidget(self.pixels, 1)
        return column

    def _row(self) -> Figures | None:
        return self._pair[max(0, self._buttons.checkedId())]

    def _fill(self) -> None:
        row = self._row()
        self.list.clear()
        if row is not None and row.plan is not None:
            plan = row.plan
            self.list.addItems([view_line(plan, view) for view in plan.views])
            self.list.setCurrentRow(0)
        else:
            self.detail.setText(str(row.refused) if row is not None and row.refused is not None else "")
            self._draw()

    def _draw(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if not self.isVisible():
            # Drawn when it is looked at.
            return
        row, image, number = self._row(), self._image, self.list.currentRow()
        plan = row.plan if row is not None else None
        if plan is None or image is None or not 0 <= number < len(plan.views):
            self.pixels.show_image(QImage())
            return
        view = plan.views[number]
        self.detail.setText(view_detail(plan, view))
        self._task = Task(self, in_thread(lambda: view_image(image, view))).on_result(self._show_view).start()

    def _show_view(self, fed: object) -> None:
        assert isinstance(fed, QImage)
        self.pixels.show_image(fed)
