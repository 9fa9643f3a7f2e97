"""The page view: the sheet of pages with slice grid, evidence and search hits on it, and the user's gestures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, QTimer, QVariantAnimation, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QNativeGestureEvent, QPainter, QTransform, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from app.contributions import Shown, shown_of
from app.page_view.layout import ZoomMode
from app.page_view.marks import PageMarks, SliceMark, evidence_marks, plan_marks
from app.page_view.overlay import Overlay, PlacedSlice
from app.page_view.sheet import SheetView
from app.page_view.tags import TagPainter
from app.page_view.tiles import TileQueue
from app.page_view.wording import LEGENDS, slice_tooltip, view_description
from engine.documents.types import DocumentInfo, PageRef
from engine.errors import TesseraError
from engine.geometry import PageRect
from engine.readers.types import Answer
from engine.slicing import policies
from engine.slicing.plan import SlicePlan

PlanProvider = Callable[[PageRef], SlicePlan | str]
"""A page's slice plan, or one sentence on why it has none. Called in the GUI thread: must be quick."""

WHEEL_NOTCH = 120
WHEEL_ZOOM = 1.2
"""Zoom factor of one notch of the wheel."""
PULSE_MS = 900
STILL_PHASE = 0.15
DESCRIBE_PAUSE_MS = 150
MARKED_FROM_PX = 48
"""Logical px of a page's width from which slices are drawn: below, lines would cover the page."""
PLANS_KEPT = 512
"""Pages whose slices are remembered: they are cheap to compute again, and documents have thousands of pages."""


def policy_plans(policy_id: str) -> PlanProvider:
    """Plans by a policy id such as `minicpm-v-16x:36`, made of the page's native size."""

    def plan_of(page: PageRef) -> SlicePlan | str:
        try:
            return policies.plan(policy_id, page.native)
        except TesseraError as error:
            return str(error.info)

    return plan_of


class PageView(SheetView):
    """Shows a document and what an answer rests on. Pages, rows and columns count from 0; `row` and `col` are None
    for the overview of a page that is not sliced."""

    slice_clicked = Signal(int, object, object)

    def __init__(self, tiles: TileQueue, parent: QWidget | None = None) -> None:
        super().__init__(tiles, parent)
        self._plan_of: PlanProvider | None = None
        self._plans: dict[PageRef, PageMarks] = {}
        self._answer: Answer | None = None
        self._shown: tuple[Shown, ...] = ()
        self._evidence: dict[PageRef, PageMarks | None] = {}
        self._grid_visible = True
        self._dim = True
        self._hits: dict[int, list[PageRect]] = {}
        self._current_hit: tuple[int, PageRect] | None = None
        self._pulsing: tuple[int, object, object] | None = None
        self._reduced_motion = False
        self._pressed_at: QPoint | None = None
        self._panned_from: QPoint | None = None
        self._tags = TagPainter(self.font(), self._dpr())
        self._pulse = QVariantAnimation(self)
        self._pulse.setDuration(PULSE_MS)
        self._pulse.valueChanged.connect(self._on_pulse_changed)
        self._pulse.finished.connect(self._on_pulse_finished)
        self._describe_timer = QTimer(self)
        self._describe_timer.setSingleShot(True)
        self._describe_timer.setInterval(DESCRIBE_PAUSE_MS)
        self._describe_timer.timeout.connect(self._describe)
        self.page_changed.connect(self._on_place_changed)
        self.zoom_changed.connect(self._on_place_changed)
        self.setAccessibleName("Page view")
        self.viewport().setMouseTracking(True)
        self._describe()

    # What is marked.

    def set_document(self, document: DocumentInfo | None) -> None:
        """Show another document from its first page on, or none; answer and search hits are taken away."""
        self._evidence.clear()
        self._plans.clear()
        self._answer = None
        self.set_search_hits([], None)
        super().set_document(document)
        self._describe()

    def set_plan_provider(self, plan_of: PlanProvider | None) -> None:
        """Where slice plans come from (see `policy_plans`). A page with evidence shows the plan of its answer."""
        self._plan_of = plan_of
        self._plans.clear()
        self._refresh()

    def set_grid_visible(self, visible: bool) -> None:
        self._grid_visible = visible
        self._refresh()

    def show_evidence(self, answer: Answer | None, shown: tuple[Shown, ...] | None = None) -> None:
        """Mark what `answer` rests on; None takes the marks away. Does not scroll: see `go_to`.

        `shown` are the slices to mark; by default all that the answer's evidence tells.
        """
        self._answer = answer
        evidence = answer.evidence if answer is not None else None
        self._shown = shown if shown is not None else shown_of(evidence) if evidence is not None else ()
        self._evidence.clear()
        self._refresh()

    def set_dim(self, dim: bool) -> None:
        """Whether what did not contribute is dimmed on a page with evidence."""
        self._dim = dim
        self._refresh()

    def set_search_hits(self, hits: Sequence[tuple[int, PageRect]], current: int | None) -> None:
        """Mark places by (page, rectangle in page units); `current` is the index of the one looked at."""
        self._hits = {}
        for page, rect in hits:
            self._hits.setdefault(page, []).append(rect)
        self._current_hit = hits[current] if current is not None and 0 <= current < len(hits) else None
        self.viewport().update()

    def set_reduced_motion(self, reduced: bool) -> None:
        """Show the pulse of a slice as a frame that stands still."""
        self._reduced_motion = reduced

    def pulse_slice(self, page: int, row: int | None, col: int | None) -> None:
        """Draw the eye to a slice for a moment."""
        self._pulse.stop()
        self._pulsing = (page, row, col)
        self._pulse.setStartValue(STILL_PHASE if self._reduced_motion else 0.0)
        self._pulse.setEndValue(STILL_PHASE if self._reduced_motion else 1.0)
        self._pulse.start()
        self.viewport().update()

    def marks_of(self, index: int) -> PageMarks:
        """What is marked on a page: its evidence if it has any, else the slices of the chosen policy."""
        page = self.pages[index]
        if self._answer is not None and page not in self._evidence:
            self._evidence[page] = evidence_marks(page, self._answer, self._shown)
        evidence = self._evidence.get(page)
        if evidence is not None and evidence.slices:
            return evidence
        if page not in self._plans:
            if len(self._plans) >= PLANS_KEPT:
                self._plans.clear()
            plan = self._plan_of(page) if self._plan_of is not None else None
            self._plans[page] = (
                plan_marks(page, plan) if isinstance(plan, SlicePlan) else PageMarks(plan_error=plan or "")
            )
        plan_only = self._plans[page]
        if evidence is None:
            return plan_only
        words = (evidence.answer_boxes, evidence.label_boxes)
        return PageMarks(plan_only.policy, plan_only.slices, *words, measured=evidence.measured)

    def _refresh(self) -> None:
        self.viewport().update()
        self._describe_timer.start()

    def _on_place_changed(self) -> None:
        self._describe_timer.start()

    def _describe(self) -> None:
        if not self.pages:
            self.setAccessibleDescription("No document is open.")
            return
        page = self.pages[self.current_page]
        marks = self.marks_of(self.current_page)
        self.setAccessibleDescription(view_description(page, len(self.pages), self.zoom, marks, self._answer))

    # Painting.

    def paint_marks(self, painter: QPainter) -> None:
        seen = self._visible()
        if self._tags.dpr != self._dpr() or self._tags.font != self.font():
            self._tags = TagPainter(self.font(), self._dpr())
        overlay = Overlay(painter, self._tags, QRectF(0, 0, seen.width(), seen.height()))
        for index in self._layout.pages_in(seen):
            self._paint_page_marks(overlay, index)

    def _paint_page_marks(self, overlay: Overlay, index: int) -> None:
        page = QRectF(self._layout.page_rect(index).translated(-self._offset()))
        marks = self.marks_of(index)
        if page.width() < MARKED_FROM_PX * self._dpr() and not marks.has_evidence:
            return
        place = self._placing(index)
        slices = [PlacedSlice(mark, place(mark.box)) for mark in marks.slices]
        if marks.has_evidence:
            if self._dim and marks.measured:
                overlay.dim(page, [place(box) for box in marks.lit])
            overlay.shade(slices)
        current = self._current_hit[1] if self._current_hit is not None and self._current_hit[0] == index else None
        overlay.hits(
            [place(box) for box in self._hits.get(index, []) if box != current],
            place(current) if current is not None else None,
        )
        if self._grid_visible:
            overlay.grid([each for each in slices if each.mark.number is not None])
        overlay.words([place(box) for box in marks.answer_boxes], [place(box) for box in marks.label_boxes])
        self._paint_pulse(overlay, index, slices)
        overlay.tags(slices, numbers=self._grid_visible)
        if self._grid_visible and marks.plan_error:
            overlay.note(marks.plan_error, page)
        for look in marks.looks & LEGENDS.keys():
            overlay.legend(LEGENDS[look], page)

    def _paint_pulse(self, overlay: Overlay, index: int, slices: Sequence[PlacedSlice]) -> None:
        if self._pulsing is None or self._pulsing[0] != index:
            return
        for each in slices:
            if (each.mark.row, each.mark.col) == self._pulsing[1:]:
                overlay.pulse(each.place, float(self._pulse.currentValue()))

    def _placing(self, index: int) -> Callable[[PageRect], QRectF]:
        """The function from page units of a page to device px of the viewport."""
        offset = self._offset()
        transform = self._layout.content_transform(index) * QTransform.fromTranslate(-offset.x(), -offset.y())
        return lambda box: transform.mapRect(QRectF(box.x0, box.y0, box.width, box.height))

    def _on_pulse_changed(self) -> None:
        self.viewport().update()

    def _on_pulse_finished(self) -> None:
        self._pulsing = None
        self.viewport().update()

    # Gestures.

    def slice_at(self, at: QPointF) -> tuple[int, SliceMark] | None:
        """The page and slice at a point (logical px) of the viewport; None where no slice is shown."""
        hit = self._layout.hit(QPointF(self._offset()) + at * self._dpr())
        if hit is None:
            return None
        index, point = hit
        marks = self.marks_of(index)
        if not self._grid_visible and not marks.has_evidence:
            return None
        mark = marks.slice_at(point)
        return (index, mark) if mark is not None else None

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._show_tooltip(event)
            return True
        if event.type() == QEvent.Type.NativeGesture and isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.set_zoom(self.zoom * (1.0 + event.value()), event.position())
            return True
        return super().viewportEvent(event)

    def retry_at(self, point: QPointF) -> bool:
        """Fetch a failed page again if its “Try again” is at `point` (logical px of the viewport)."""
        page = self._failures.button_at((point * self._dpr()).toPoint())
        if page is None:
            return False
        self._tiles.retry(page)
        self.viewport().update()
        return True

    def failure_at(self, point: QPointF) -> str | None:
        """The message of a failed page at `point` (logical px of the viewport)."""
        return self._failures.message_at((point * self._dpr()).toPoint())

    def tooltip_at(self, at: QPointF) -> str:
        """What a tooltip says at a point (logical px) of the viewport; empty where there is nothing to say."""
        failure = self.failure_at(at)
        if failure is not None:
            return failure
        found = self.slice_at(at)
        return slice_tooltip(found[1]) if found is not None else ""

    def _show_tooltip(self, event: QHelpEvent) -> None:
        at = QPointF(event.pos())
        found = self.slice_at(at)
        # The tip goes as soon as the mouse leaves the slice, and the next one comes.
        area = self._logical(self._placing(found[0])(found[1].box).toAlignedRect()) if found is not None else QRect()
        QToolTip.showText(event.globalPos(), self.tooltip_at(at), self.viewport(), area)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() == Qt.MouseButton.MiddleButton:
            self._start_panning(event.position().toPoint())
        elif event.button() == Qt.MouseButton.LeftButton and not self.retry_at(event.position()):
            self._pressed_at = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        here = event.position().toPoint()
        if self._pressed_at is not None and self._panned_from is None:
            self._pan_if_dragged(self._pressed_at, here)
        if self._panned_from is not None:
            moved = here - self._panned_from
            self._panned_from = here
            self.scroll_by(-moved.x(), -moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        clicked = self._pressed_at is not None and self._panned_from is None
        self._pressed_at = self._panned_from = None
        self.viewport().unsetCursor()
        if clicked and event.button() == Qt.MouseButton.LeftButton:
            found = self.slice_at(event.position())
            if found is not None:
                self.slice_clicked.emit(found[0], found[1].row, found[1].col)

    def _pan_if_dragged(self, pressed_at: QPoint, here: QPoint) -> None:
        if (here - pressed_at).manhattanLength() >= QApplication.startDragDistance():
            self._start_panning(pressed_at)

    def _start_panning(self, at: QPoint) -> None:
        self._panned_from = at
        self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        turned, pixels = event.angleDelta(), event.pixelDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(self.zoom * WHEEL_ZOOM ** (turned.y() / WHEEL_NOTCH), event.position())
            event.accept()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not turned.x():
            step = self.horizontalScrollBar().singleStep() * QApplication.wheelScrollLines()
            self.scroll_by(-turned.y() / WHEEL_NOTCH * step / self._dpr(), 0)
            event.accept()
        elif not pixels.isNull():
            self.scroll_by(-pixels.x(), -pixels.y())
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if not self._on_key(Qt.Key(event.key()), shift=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)):
            super().keyPressEvent(event)

    def _on_key(self, key: Qt.Key, *, shift: bool) -> bool:
        """Do what a key means here; False where it means nothing."""
        down, right = self.verticalScrollBar(), self.horizontalScrollBar()
        match key:
            case Qt.Key.Key_Space:
                self._turn_over(-1 if shift else 1)
            case Qt.Key.Key_PageDown:
                self._turn_over(1)
            case Qt.Key.Key_PageUp:
                self._turn_over(-1)
            case Qt.Key.Key_Down:
                down.setValue(down.value() + down.singleStep())
            case Qt.Key.Key_Up:
                down.setValue(down.value() - down.singleStep())
            case Qt.Key.Key_Home:
                down.setValue(down.minimum())
            case Qt.Key.Key_End:
                down.setValue(down.maximum())
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom_by_steps(1)
            case Qt.Key.Key_Minus:
                self.zoom_by_steps(-1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if self.pages:
                self._tiles.retry(self.pages[self.current_page])
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                step = 1 if key == Qt.Key.Key_Right else -1
                if right.maximum() > 0:
                    right.setValue(right.value() + step * right.singleStep())
                else:
                    self.go_to(self.current_page + step)
            case _:
                return False
        return True

    def _turn_over(self, step: int) -> None:
        """On by a page where pages are fitted, else by most of a window's height."""
        if self.zoom_mode is ZoomMode.FIT_PAGE:
            self.go_to(self.current_page + step)
            return
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + step * bar.pageStep())
