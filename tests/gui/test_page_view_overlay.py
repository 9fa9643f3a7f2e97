"""What is painted over pages, checked in pixels, and the marks it is painted from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QAbstractAnimation, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.contributions import Look, shown_of
from app.page_view.colors import CONTRIBUTION_CHIP, GRID_LIGHT, INK, LIGHT, contribution_color
from app.page_view.layout import ZoomMode
from app.page_view.marks import evidence_marks, joined_boxes, plan_marks
from app.page_view.tiles import TileQueue
from app.page_view.view import PageView, policy_plans
from engine.documents.types import Word, WordSource
from engine.evidence.types import EvidenceMethod
from engine.geometry import PageRect, turn_rect
from engine.readers.types import Answer
from engine.slicing import policies
from tests.gui.page_view_fakes import FakeTileService, colors_of, make_answer, make_document, plain_pixels, rgb

DOCUMENT = make_document(2)
PAGE = DOCUMENT.pages[0]
BOX = PageRect(480, 760, 540, 775)
SHARES: dict[tuple[int | None, int | None], float] = {(3, 1): 0.81, (3, 0): 0.09, (0, 0): 0.0}
ANSWER = make_answer(DOCUMENT, BOX, SHARES)


@pytest.fixture
def service() -> Iterator[FakeTileService]:
    fake = FakeTileService(plain_pixels(255, 255, 255))
    yield fake
    fake.close()


@pytest.fixture
def tiles(qtbot: QtBot, service: FakeTileService) -> Iterator[TileQueue]:
    queue = TileQueue(service)
    yield queue
    queue.close()


@pytest.fixture
def view(qtbot: QtBot, tiles: TileQueue) -> PageView:
    widget = PageView(tiles)
    qtbot.addWidget(widget)
    widget.resize(660, 900)
    widget.show()
    widget.set_plan_provider(policy_plans("minicpm-v-16x"))
    return widget


def show(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    view.set_document(DOCUMENT)
    view.set_zoom_mode(ZoomMode.FIT_PAGE)
    view._update_wishes()
    qtbot.waitUntil(lambda: tiles.in_flight == 0)


def painted(view: PageView) -> np.ndarray:
    image = QImage(view.viewport().size(), QImage.Format.Format_RGB32)
    view.viewport().render(image)
    return colors_of(image)


def patch(pixels: np.ndarray, view: PageView, box: PageRect) -> np.ndarray:
    """The pixels of a rectangle in page units of the first page."""
    place = view._layout.rect_to_content(0, box).translated(-QPointF(view._offset())).toRect()
    return pixels[place.top() : place.bottom() + 1, place.left() : place.right() + 1]


def contrast(one: QColor, other: QColor) -> float:
    """The WCAG 2.2 contrast ratio."""

    def luminance(color: QColor) -> float:
        parts = [part / 255 for part in rgb(color)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def over(top: QColor, ground: QColor) -> QColor:
    share = top.alphaF()
    return QColor(*(round(a * share + b * (1 - share)) for a, b in zip(rgb(top), rgb(ground), strict=True)))


@pytest.mark.parametrize("paper", [(255, 255, 255), (0, 0, 0), (128, 128, 128), (200, 30, 40)])
def test_slice_borders_stand_out_from_any_page(
    qtbot: QtBot, view: PageView, tiles: TileQueue, service: FakeTileService, paper: tuple[int, int, int]
) -> None:
    service.paint = plain_pixels(*paper)
    show(qtbot, view, tiles)
    border = view.marks_of(0).slices[0].box
    across = PageRect(border.x1 - 8, border.y0 + 60, border.x1 + 8, border.y0 + 130)
    rows = patch(painted(view), view, across).reshape(-1, 3)
    page = QColor(*paper)
    assert max(contrast(QColor(*map(int, pixel)), page) for pixel in np.unique(rows, axis=0)) >= 3


def test_the_grid_can_be_hidden(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    show(qtbot, view, tiles)
    whole = PageRect(5, 5, PAGE.width - 5, PAGE.height - 5)
    assert (patch(painted(view), view, whole) != 255).any()
    view.set_grid_visible(False)
    assert (patch(painted(view), view, whole) == 255).all()


def test_a_slice_is_coloured_by_its_contribution_and_bears_the_number(
    qtbot: QtBot, view: PageView, tiles: TileQueue
) -> None:
    show(qtbot, view, tiles)
    view.show_evidence(ANSWER)
    pixels = painted(view)
    for row, col in ((3, 1), (3, 0)):
        mark = view.marks_of(0).find(row, col)
        assert mark is not None
        assert mark.share is not None
        middle = PageRect(mark.box.x0 + 100, mark.box.y0 + 60, mark.box.x0 + 120, mark.box.y0 + 80)
        assert np.abs(patch(pixels, view, middle) - rgb(over(contribution_color(mark.share), LIGHT))).max() <= 2
        corner = PageRect(mark.box.x0, mark.box.y0, mark.box.x0 + 90, mark.box.y0 + 30)
        assert (patch(pixels, view, corner) == rgb(CONTRIBUTION_CHIP)).all(axis=2).any()


def previewed(shares: dict[tuple[int | None, int | None], float]) -> Answer:
    """An answer of which only is known where the model looked."""
    answer = make_answer(DOCUMENT, BOX, shares)
    assert answer.evidence is not None
    return replace(answer, evidence=replace(answer.evidence, method=EvidenceMethod.ATTENTION))


def spread_of(pixels: np.ndarray) -> int:
    """How far the pixels are from grey."""
    return int((pixels.max(axis=2) - pixels.min(axis=2)).max())


def middle_of(view: PageView, row: int, col: int) -> PageRect:
    mark = view.marks_of(0).find(row, col)
    assert mark is not None
    return PageRect(mark.box.x0 + 60, mark.box.y0 + 50, mark.box.x1 - 60, mark.box.y1 - 60)


@pytest.mark.parametrize("paper", [(255, 255, 255), (0, 0, 0)])
def test_where_a_model_looked_is_hatched_without_colour_and_the_closer_the_more(
    qtbot: QtBot, view: PageView, tiles: TileQueue, service: FakeTileService, paper: tuple[int, int, int]
) -> None:
    service.paint = plain_pixels(*paper)
    show(qtbot, view, tiles)
    view.show_evidence(previewed({(3, 1): 0.4, (2, 0): 0.1}))
    pixels = painted(view)
    # Not dimmed either: nothing is known yet of what other slices contribute.
    assert (patch(pixels, view, middle_of(view, 1, 0)) == paper[0]).all()
    hatched = [(patch(pixels, view, middle_of(view, *place)) != paper[0]).mean() for place in ((3, 1), (2, 0))]
    assert hatched[0] > 1.5 * hatched[1] > 0
    tag = PageRect(0, 0, PAGE.width, PAGE.height)
    # The edges of letters are smoothed in colour by some fonts.
    assert spread_of(patch(pixels, view, tag)) < 48


def test_a_measured_slice_is_coloured_while_the_others_are_still_hatched(
    qtbot: QtBot, view: PageView, tiles: TileQueue
) -> None:
    show(qtbot, view, tiles)
    answer = previewed({(3, 1): 0.4, (2, 0): 0.1})
    assert answer.evidence is not None
    (looked,) = [each for each in answer.evidence.contributions if (each.row, each.col) == (2, 0)]
    view.show_evidence(answer, shown_of(answer.evidence, (replace(looked, joint=0.9),)))
    looks = {(mark.row, mark.col): mark.look for mark in view.marks_of(0).slices if mark.share is not None}
    assert looks == {(3, 1): Look.PREVIEW, (2, 0): Look.CONTRIBUTION}
    colour = patch(painted(view), view, middle_of(view, 2, 0))
    assert np.abs(colour - rgb(over(contribution_color(0.9), LIGHT))).max() <= 2


def test_hatching_stays_on_the_page_when_it_is_scrolled(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    show(qtbot, view, tiles)
    view.show_evidence(previewed({(1, 0): 0.3}))
    view.set_zoom(2.0)
    view.set_grid_visible(False)
    view.go_to(0)
    box = PageRect(60, 270, 160, 330)
    before = patch(painted(view), view, box)
    view.scroll_by(7, 13)
    after = patch(painted(view), view, box)
    assert (before != after).mean() < 0.02


def test_no_colour_without_room_for_its_number(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    show(qtbot, view, tiles)
    view.show_evidence(ANSWER)
    view.set_zoom(0.05)
    pixels = patch(painted(view), view, PageRect(0, 0, PAGE.width, PAGE.height))
    spread = pixels.max(axis=2) - pixels.min(axis=2)
    assert spread.max() <= 16


def test_what_did_not_contribute_is_dimmed_if_wished(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    show(qtbot, view, tiles)
    view.show_evidence(ANSWER)
    idle = PageRect(100, 100, 140, 140)
    assert (patch(painted(view), view, idle) < 240).all()
    view.set_dim(False)
    assert (patch(painted(view), view, idle) == 255).all()


def test_the_answer_is_outlined_more_strongly_than_its_label(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    show(qtbot, view, tiles)
    view.show_evidence(ANSWER)
    view.set_grid_visible(False)
    pixels = painted(view)

    def dark(box: PageRect) -> int:
        around = PageRect(box.x0 - 6, box.y0 - 6, box.x1 + 6, box.y1 + 6)
        return int((patch(pixels, view, around).max(axis=2) < 60).sum())

    label = evidence_marks(PAGE, ANSWER)
    assert label is not None
    assert dark(BOX) > 1.5 * dark(label.label_boxes[0]) > 0


def test_search_hits_are_marked_without_colour(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    show(qtbot, view, tiles)
    view.set_grid_visible(False)
    first, second = PageRect(100, 100, 180, 115), PageRect(100, 200, 180, 215)
    view.set_search_hits([(0, first), (0, second)], 1)
    pixels = painted(view)
    hit, current = patch(pixels, view, first), patch(pixels, view, second)
    assert (hit.max(axis=2) - hit.min(axis=2)).max() <= 16
    assert hit.mean() < 240
    middle = current[current.shape[0] // 2, 5:-5]
    assert (middle == 0).all()
    view.set_search_hits([], None)
    assert (patch(painted(view), view, second) == 255).all()


@pytest.mark.parametrize("reduced", [False, True])
def test_a_pulse_frames_its_slice_and_ends(qtbot: QtBot, view: PageView, tiles: TileQueue, reduced: bool) -> None:
    show(qtbot, view, tiles)
    view.set_grid_visible(False)
    view.set_reduced_motion(reduced)
    view._pulse.setDuration(60)
    mark = view.marks_of(0).find(1, 1)
    assert mark is not None
    edge = PageRect(mark.box.x0 + 40, mark.box.y1 - 8, mark.box.x0 + 80, mark.box.y1)
    view.pulse_slice(0, 1, 1)
    assert patch(painted(view), view, edge).min() < 90
    values = {view._pulse.startValue(), view._pulse.endValue()}
    assert len(values) == (1 if reduced else 2)
    qtbot.waitUntil(lambda: view._pulse.state() == QAbstractAnimation.State.Stopped)
    assert (patch(painted(view), view, edge) == 255).all()


def test_a_page_without_a_plan_says_why(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    show(qtbot, view, tiles)
    view.set_plan_provider(lambda page: "This page is too narrow to slice.")
    assert view.marks_of(0).plan_error == "This page is too narrow to slice."
    strip = patch(painted(view), view, PageRect(0, 0, 200, 30))
    assert (strip == rgb(INK)).all(axis=2).any()


def test_an_unknown_policy_is_told_on_the_page(view: PageView) -> None:
    assert "no slicing policy" in str(policy_plans("nonsense")(PAGE))


def test_text_on_tags_and_the_rim_of_lines_have_enough_contrast() -> None:
    assert contrast(INK, LIGHT) >= 4.5
    assert contrast(CONTRIBUTION_CHIP, INK) >= 4.5
    assert contrast(over(GRID_LIGHT, QColor(0, 0, 0)), QColor(0, 0, 0)) >= 3
    for share in (0.0, 0.5, 1.0):
        shade = contribution_color(share)
        assert contrast(over(shade, QColor(0, 0, 0)), over(shade, LIGHT)) >= 4.5


def test_numbers_run_row_by_row_from_nought() -> None:
    plan = policies.plan("minicpm-v-16x", PAGE.native)
    marks = plan_marks(PAGE, plan)
    assert [mark.number for mark in marks.slices] == list(range(len(plan.slices)))
    assert (marks.slices[2].row, marks.slices[2].col) == (1, 0)


def test_an_unsliced_page_is_one_mark_for_the_overview() -> None:
    small = make_document(1, 200, 150, None).pages[0]
    marks = plan_marks(small, policies.plan("minicpm-v-16x", small.native))
    assert len(marks.slices) == 1
    assert (marks.slices[0].row, marks.slices[0].number) == (None, None)
    assert marks.slices[0].box == PageRect(0, 0, 200, 150)


def test_evidence_of_another_document_is_never_shown() -> None:
    other = replace(PAGE, document=replace(PAGE.document, sha256="other"))
    assert evidence_marks(other, ANSWER) is None
    assert evidence_marks(DOCUMENT.pages[1], ANSWER) is None


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_evidence_turns_with_a_page_that_was_righted_since(degrees: int) -> None:
    before, after = evidence_marks(PAGE, ANSWER), evidence_marks(PAGE.turned(degrees), ANSWER)
    assert before is not None
    assert after is not None
    size = (PAGE.width, PAGE.height)
    assert after.answer_boxes == tuple(turn_rect(box, size, degrees) for box in before.answer_boxes)
    assert [mark.box for mark in after.slices] == [turn_rect(mark.box, size, degrees) for mark in before.slices]


def test_words_of_one_line_share_an_outline() -> None:
    def word(x: float, line: int) -> Word:
        return Word("word", PageRect(x, 10 * line, x + 30, 10 * line + 8), WordSource.TEXT, line=line)

    boxes = joined_boxes([word(0, 0), word(33, 0), word(200, 0), word(0, 1)])
    assert boxes == [PageRect(0, 0, 63, 8), PageRect(200, 0, 230, 8), PageRect(0, 10, 30, 18)]


def test_a_click_means_a_slice_only_while_slices_are_shown(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    show(qtbot, view, tiles)
    view.set_grid_visible(False)
    with qtbot.assertNotEmitted(view.slice_clicked):
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton)
    view.show_evidence(ANSWER)
    with qtbot.waitSignal(view.slice_clicked):
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton)
