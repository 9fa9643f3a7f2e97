"""The slicing lab: the table of policies, two of them compared, what a model saw, exported files."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QFileDialog,
    QListWidget,
    QTableView,
)

from app.documents import DocumentStore
from app.lab.compare_view import GAP_PX, CompareMode, CompareView
from app.lab.feeding import PADDING, holding_views, view_image, word_feeds
from app.lab.pane import PaneLook, Placement, page_picture, paint_slices, side_by_side
from app.lab.pixels import PageImage, halved
from app.lab.pixels_view import PixelsView
from app.lab.table_model import SHOWN, FiguresModel
from app.lab.window import LabWindow
from app.lab.words_text import pair_line, word_line
from app.machine import Measured
from app.main_window import MainWindow
from app.page_view.tags import TagPainter
from app.settings import POLICY, Settings
from engine.cli import lab as command_line
from engine.documents.types import PageRef
from engine.errors import PageTimeoutError
from engine.geometry import PagePoint, PixelRect, Size
from engine.readers.types import Progress
from engine.runtime.machine import Speed
from engine.service.messages import MachineMeasured
from engine.slicing.figures import COLUMNS, PageFacts, all_figures, figures_of
from engine.slicing.policies import DEFAULT_POLICY, plan, policy_ids
from tests.gui.fake_service import FakePending, FakeService, make_document, make_words

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

INVOICE = "/docs/invoice.pdf"
NO_FOCUS = Qt.FocusPolicy.NoFocus
TEXT = "Total 1,204.50 EUR"


@pytest.fixture
def store(service: FakeService, qtbot: QtBot) -> Iterator[DocumentStore]:
    """An open invoice of two pages; the words of the first are read."""
    info = service.add(make_document(INVOICE, pages=2))
    made = DocumentStore(service)
    with qtbot.waitSignal(made.opened):
        made.open(INVOICE)
    made.take_words(make_words(info.pages[0], TEXT))
    yield made
    made.deleteLater()


@pytest.fixture
def lab(store: DocumentStore, service: FakeService, qtbot: QtBot) -> Iterator[LabWindow]:
    """The lab on the first page, everything computed and rendered."""
    made = LabWindow(store, service, Settings())
    qtbot.addWidget(made)
    made.show_page(INVOICE, 0)
    made.show()
    qtbot.waitUntil(lambda: made.image is not None and None not in made.pair)
    yield made
    made.close_pixels()


def column(model: FiguresModel, key: str) -> list[str]:
    section = SHOWN.index(key)
    return [str(model.index(row, section).data()) for row in range(model.rowCount())]


def click_word(lab: LabWindow, qtbot: QtBot) -> None:
    lab.compare_panel.view.point_clicked.emit(PagePoint(60.0, 105.0))
    qtbot.waitUntil(lambda: bool(lab.compare_panel.word.parts[0].feeds))


def page_image(size: Size, page: PageRef | None = None) -> PageImage:
    """White, with the pixel (0, 0) of each 10 × 10 px black."""
    page = page or replace(make_document(INVOICE).pages[0], native=size, width=size.width, height=size.height)
    image = QImage(size.width, size.height, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    for x in range(0, size.width, 10):
        for y in range(0, size.height, 10):
            image.setPixelColor(x, y, QColor(Qt.GlobalColor.black))
    return PageImage(page, 1.0, halved(image))


def test_the_lab_is_not_imported_before_it_is_opened() -> None:
    code = (
        "import sys, app.main_window, app.workbench; sys.exit(any(name.startswith('app.lab') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_columns_are_those_of_the_command_line() -> None:
    assert SHOWN == command_line.SHOWN


def test_every_policy_has_a_row(lab: LabWindow) -> None:
    assert sorted(column(lab.table.model, "policy")) == sorted(policy_ids())


def test_rows_are_sorted_by_a_figure_both_ways_and_the_selection_moves_with_its_row(lab: LabWindow) -> None:
    table = lab.table
    table.select("monkey")
    table.table.sortByColumn(SHOWN.index("tokens"), Qt.SortOrder.DescendingOrder)
    tokens = [int(text) for text in column(table.model, "tokens") if text]
    assert tokens == sorted(tokens, reverse=True)
    assert table.selected is not None
    assert table.selected.chosen.id == "monkey"
    table.table.sortByColumn(SHOWN.index("tokens"), Qt.SortOrder.AscendingOrder)
    tokens = [int(text) for text in column(table.model, "tokens") if text]
    assert tokens == sorted(tokens)


def test_figures_that_nothing_is_known_of_have_no_column(lab: LabWindow) -> None:
    assert lab.table.table.isColumnHidden(SHOWN.index("seconds"))
    assert not lab.table.table.isColumnHidden(SHOWN.index("cut"))


def test_a_refused_policy_says_why_stands_last_and_cannot_be_used(qtbot: QtBot, lab: LabWindow) -> None:
    rows = all_figures(PageFacts(Size(100_000, 20), None, None))
    refused = [row for row in rows if row.refused is not None]
    assert refused
    lab.table.set_rows(rows)
    lab.table.table.sortByColumn(SHOWN.index("tokens"), Qt.SortOrder.AscendingOrder)
    model = lab.table.model
    last = model.rowCount() - 1
    assert {row.chosen.id for row in model.rows[-len(refused) :]} == {row.chosen.id for row in refused}
    assert model.index(last, SHOWN.index("grid")).data() == "refused"
    assert model.rows[last].refused.message in model.index(last, 0).data(Qt.ItemDataRole.ToolTipRole)
    plain = model.index(0, 0).data(Qt.ItemDataRole.ForegroundRole)
    assert plain is None
    assert model.index(last, 0).data(Qt.ItemDataRole.ForegroundRole) is not None
    lab.table.select(model.rows[last].chosen.id)
    assert not lab.table.use_button.isEnabled()
    lab.table.select(model.rows[0].chosen.id)
    assert lab.table.use_button.isEnabled()


def test_rows_tell_citation_and_status(lab: LabWindow) -> None:
    row = lab.table.model.find("hires-llava")
    tip = lab.table.model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole)
    policy = lab.table.model.rows[row].chosen.policy
    assert policy.citation in tip
    assert "reconstructed" in tip


def test_use_this_policy_asks_the_main_window(lab: LabWindow, qtbot: QtBot) -> None:
    lab.table.select("llava-uhd-v2")
    lab.table.use_button.click()
    assert Settings().get(POLICY) == "llava-uhd-v2"
    font = lab.table.model.index(lab.table.model.find("llava-uhd-v2"), 0).data(Qt.ItemDataRole.FontRole)
    assert font.bold()


def test_the_selected_policy_is_shown_as_a_or_b(lab: LabWindow) -> None:
    lab.table.select("internvl")
    lab.table.b_button.click()
    assert lab.pair[1].chosen.id == "internvl"
    assert lab.pickers[1].box.currentData() == "internvl"
    model = lab.table.model
    assert model.headerData(model.find("internvl"), Qt.Orientation.Vertical) == "B"
    assert model.headerData(model.find("minicpm-v-16x"), Qt.Orientation.Vertical) == "A"
    assert lab.pickers[1].line.text() == pair_line(lab.pair[1])


def test_a_cap_of_ones_own_gets_a_row(lab: LabWindow, qtbot: QtBot) -> None:
    lab.pickers[0].cap.setValue(4)
    qtbot.waitUntil(lambda: lab.pair[0] is not None)
    assert lab.pair[0].chosen.id == "minicpm-v-16x:4"
    assert "minicpm-v-16x:4" in column(lab.table.model, "policy")


def test_dragging_the_slider_only_paints(lab: LabWindow, qtbot: QtBot, service: FakeService) -> None:
    view = lab.compare_panel.view
    lab.compare_panel.show_mode(CompareMode.SLIDER)
    view.grab()
    renders, asked, zoom = view.renders, len(service.requests), view.scale
    middle = view.rect().center()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    for step in range(1, 8):
        QTest.mouseMove(view, middle + (middle - view.rect().topLeft()) * step / 10)
        view.grab()
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    assert view.split == pytest.approx(0.85, abs=0.02)
    assert (view.renders, len(service.requests), view.scale) == (renders, asked, zoom)
    assert not lab.compare_panel.word.parts[0].feeds


def test_the_slider_shows_a_to_its_left_and_b_to_its_right(lab: LabWindow) -> None:
    view = lab.compare_panel.view
    lab.compare(1, "llava-1.5")
    lab.compare_panel.show_mode(CompareMode.SLIDER)
    shown = {}
    for split in (0.0, 0.5, 1.0):
        view.set_split(split)
        shown[split] = view.grab().toImage()
    assert shown[0.0] != shown[1.0]
    width, height, away = shown[0.5].width(), shown[0.5].height(), 30
    left, right = (0, 0, width // 2 - away, height), (width // 2 + away, 0, width // 2 - 2 * away, height)
    assert shown[0.5].copy(*left) == shown[1.0].copy(*left)
    assert shown[0.5].copy(*right) == shown[0.0].copy(*right)


def test_the_slider_moves_by_keys(lab: LabWindow) -> None:
    view = lab.compare_panel.view
    view.set_mode(CompareMode.SLIDER)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.split > 0.5
    QTest.keyClick(view, Qt.Key.Key_Left)
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.split < 0.5


def test_zooming_holds_the_point_under_the_mouse(lab: LabWindow) -> None:
    view = lab.compare_panel.view
    at = QPointF(view.width() / 4, view.height() / 3)
    before = view.point_at(at)
    view.set_scale(view.scale * 2, at * view.devicePixelRatioF())
    after = view.point_at(at)
    assert (after.x, after.y) == pytest.approx((before.x, before.y))


def test_both_sides_show_the_same_place(lab: LabWindow) -> None:
    view = lab.compare_panel.view
    beside = QPointF((view.width() + GAP_PX) / 2, 0)
    left = QPointF(view.width() / 4, view.height() / 2)
    one, other = view.point_at(left), view.point_at(left + beside)
    assert (one.x, one.y) == pytest.approx((other.x, other.y), abs=2)


def test_a_click_on_a_word_shows_it_as_both_policies_feed_it(lab: LabWindow, qtbot: QtBot) -> None:
    click_word(lab, qtbot)
    panel = lab.compare_panel.word
    assert "Total" in panel.title.text()
    box = lab.image.page.to_px(make_words(lab.image.page, TEXT).words[0].box)
    for number, row in enumerate(lab.pair):
        (feed,) = panel.parts[number].feeds
        assert feed.text_px == pytest.approx(box.height * feed.view.scale[1])
        assert panel.lines[number].text() == word_line(row, (feed,))
        assert f"{feed.text_px:.1f} px high" in panel.lines[number].text()


def test_a_word_follows_the_choice_of_policies(lab: LabWindow, qtbot: QtBot) -> None:
    click_word(lab, qtbot)
    before = lab.compare_panel.word.lines[1].text()
    lab.compare(1, "llava-1.5")
    qtbot.waitUntil(lambda: lab.compare_panel.word.lines[1].text() != before)
    assert "whole page" in lab.compare_panel.word.lines[1].text()


def test_words_are_reached_by_keys(lab: LabWindow, qtbot: QtBot) -> None:
    view, panel = lab.compare_panel.view, lab.compare_panel.word
    control = Qt.KeyboardModifier.ControlModifier
    for key, word in ((Qt.Key.Key_Right, "Total"), (Qt.Key.Key_Right, "1,204.50"), (Qt.Key.Key_Left, "Total")):
        QTest.keyClick(view, key, control)
        qtbot.waitUntil(lambda word=word: word in panel.title.text())


def test_a_click_beside_words_shows_none(lab: LabWindow) -> None:
    lab.compare_panel.view.point_clicked.emit(PagePoint(500.0, 800.0))
    assert not lab.compare_panel.word.parts[0].feeds


def test_words_read_later_come_into_the_table(lab: LabWindow, store: DocumentStore, qtbot: QtBot) -> None:
    lab.show_page(INVOICE, 1)
    qtbot.waitUntil(lambda: lab.image is not None and lab.image.page.index == 1)
    qtbot.waitUntil(lambda: lab.table.table.isColumnHidden(SHOWN.index("cut")))
    assert "not read" in lab.table.message.text()
    store.take_words(make_words(store.page(INVOICE, 1), TEXT))
    qtbot.waitUntil(lambda: not lab.table.table.isColumnHidden(SHOWN.index("cut")))
    assert "not read" not in lab.table.message.text()


def test_words_are_read_when_asked_for(
    lab: LabWindow, service: FakeService, store: DocumentStore, qtbot: QtBot
) -> None:
    service.words[INVOICE, 1] = make_words(store.page(INVOICE, 1), TEXT)
    assert not lab.table.read_button.isVisible()
    lab.show_page(INVOICE, 1)
    assert lab.table.read_button.isVisible()
    lab.table.read_button.click()
    qtbot.waitUntil(lambda: lab.pair[0] is not None and lab.pair[0].quality.words.words == 3)
    assert not lab.table.read_button.isVisible()
    assert not lab.table.table.isColumnHidden(SHOWN.index("cut"))


def test_slices_of_one_page_are_never_drawn_on_another(lab: LabWindow) -> None:
    lab.show_page(INVOICE, 1)
    assert lab.pair == (None, None)
    assert not lab.table.export_button.isEnabled()


def test_a_closed_document_leaves_the_lab_empty(lab: LabWindow, store: DocumentStore) -> None:
    store.close(INVOICE)
    assert lab.image is None
    assert lab.table.model.rowCount() == 0
    assert not lab.compare_panel.export_button.isEnabled()


def test_a_page_that_cannot_be_rendered_says_so_and_is_tried_again(
    store: DocumentStore, service: FakeService, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(spec: object, *, listener: object) -> FakePending:
        pending = FakePending(0, "tile", listener)
        pending.fail(PageTimeoutError("Page 1 took too long.").info)
        return pending

    lab = LabWindow(store, service, Settings())
    qtbot.addWidget(lab)
    lab.show_page(INVOICE, 0)
    with monkeypatch.context() as patched:
        patched.setattr(service, "tile", fail)
        lab.show()
        qtbot.waitUntil(lab.compare_panel.retry_button.isVisible)
    lab.compare_panel.retry_button.click()
    qtbot.waitUntil(lambda: lab.image is not None)
    assert not lab.compare_panel.retry_button.isVisible()
    lab.close_pixels()


def test_a_hidden_lab_holds_no_pixels_and_asks_for_none(lab: LabWindow, service: FakeService, qtbot: QtBot) -> None:
    lab.hide()
    assert lab.image is None
    asked = len(service.of_kind("tile"))
    lab.show_page(INVOICE, 1)
    assert len(service.of_kind("tile")) == asked
    lab.show()
    qtbot.waitUntil(lambda: lab.image is not None)
    assert lab.image.page.index == 1


def test_views_are_shown_at_their_true_size(lab: LabWindow, qtbot: QtBot) -> None:
    lab.tabs.setCurrentWidget(lab.views)
    plan_a = lab.pair[0].plan
    assert lab.views.list.count() == len(plan_a.views)
    for number in (0, len(plan_a.views) - 1):
        lab.views.list.setCurrentRow(number)
        size = plan_a.views[number].size
        qtbot.waitUntil(
            lambda size=size: (
                (lab.views.pixels.image.width(), lab.views.pixels.image.height()) == (size.width, size.height)
            )
        )
    assert lab.views.pixels.factor == 1
    lab.views.pixels.step(1)
    assert lab.views.pixels.factor == 2


def test_the_table_is_exported_with_every_figure(lab: LabWindow, tmp_path: Path, qtbot: QtBot) -> None:
    out = tmp_path / "policies.csv"
    lab.export_table(str(out))
    qtbot.waitUntil(lambda: str(out) in lab.table.message.text())
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["page", *(each.key for each in COLUMNS)]
    assert [row["policy"] for row in rows] == column(lab.table.model, "policy")
    assert {row["page"] for row in rows} == {"1"}


def test_the_pictures_are_exported_beside_each_other(lab: LabWindow, tmp_path: Path, qtbot: QtBot) -> None:
    out = tmp_path / "policies.png"
    lab.export_pictures(str(out))
    qtbot.waitUntil(lambda: str(out) in lab.table.message.text())
    picture = QImage(str(out))
    assert picture.width() > 2 * 1240
    assert picture.height() > 1754


@pytest.mark.parametrize("button", ["table", "pictures"])
def test_export_asks_for_a_file_without_stopping_the_window(lab: LabWindow, button: str, qtbot: QtBot) -> None:
    (lab.table if button == "table" else lab.compare_panel).export_button.click()
    (dialog,) = lab.findChildren(QFileDialog)
    assert dialog.isVisible()
    dialog.close()


def test_every_control_has_a_name(lab: LabWindow) -> None:
    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QTableView, QListWidget, CompareView, PixelsView)
    shown = [each for kind in kinds for each in lab.findChildren(kind) if each.focusPolicy() is not NO_FOCUS]
    nameless = [each for each in shown if not (each.accessibleName() or getattr(each, "text", str)())]
    assert [each for each in nameless if not isinstance(each.parent(), QTableView)] == []
    assert "minicpm-v-16x" in lab.compare_panel.view.accessibleDescription()


def test_settings_of_another_version_are_no_obstacle(store: DocumentStore, service: FakeService, qtbot: QtBot) -> None:
    settings = Settings()
    settings.set(POLICY, "unheard-of")
    lab = LabWindow(store, service, settings)
    qtbot.addWidget(lab)
    assert lab.pickers[0].box.currentData() == DEFAULT_POLICY
    lab.close_pixels()


def test_an_export_that_cannot_be_written_says_so(lab: LabWindow, tmp_path: Path, qtbot: QtBot) -> None:
    lab.export_pictures(str(tmp_path / "missing" / "policies.png"))
    qtbot.waitUntil(lambda: "cannot be written" in lab.table.message.text())


def test_an_exported_picture_of_a_refusal_is_the_page_alone(lab: LabWindow) -> None:
    image = page_image(Size(600, 20))
    row = figures_of("llava-uhd-v1", PageFacts(Size(100_000, 20)))
    assert not side_by_side(image, (row, row), lab.font()).isNull()


def test_what_a_crop_leaves_out_can_be_seen(lab: LabWindow) -> None:
    image, placement = page_image(Size(1240, 1754)), Placement(1.0, 0.0, 0.0)
    look = PaneLook(TagPainter(lab.font(), 1.0))
    page = page_picture(image.whole.size(), image, placement, QColor("grey"))
    shown = []
    for policy in ("llava-1.5", "llava-1.5-crop"):
        picture = page.copy()
        row = figures_of(policy, PageFacts(image.page.native))
        paint_slices(picture, image.page, row, placement, look)
        edge = round(row.plan.overview.rect.y)
        shown.append(picture.copy(200, edge - 5, 800, 10) != page.copy(200, edge - 5, 800, 10))
    assert shown == [False, True]


def test_padding_of_a_view_is_grey_and_the_rest_is_the_page() -> None:
    image = page_image(Size(400, 200))
    (view,) = plan("llava-1.5", Size(400, 200)).views
    fed = view_image(image, view)
    assert (fed.width(), fed.height()) == (view.size.width, view.size.height)
    assert view.drawn is not None
    assert fed.pixelColor(view.size.width // 2, 1) == PADDING
    assert fed.pixelColor(view.size.width // 2, view.size.height // 2) != PADDING


def test_a_word_on_a_seam_is_fed_in_parts_and_an_ordinary_one_whole() -> None:
    image = page_image(Size(1240, 1754))
    cut = plan("minicpm-v-16x", Size(1240, 1754))
    seam = cut.slices[1].rect.x
    across = PixelRect(seam - 60, 100, 120, 30)
    assert len(holding_views(cut, across)) == 2
    one, other = word_feeds(image, cut, across)
    assert (one.view.col, other.view.col) == (0, 1)
    assert len(word_feeds(image, cut, PixelRect(100, 100, 120, 30))) == 1
    assert word_feeds(image, plan("llava-1.5-crop", Size(1240, 1754)), PixelRect(500, 4, 50, 10)) == ()


def test_the_lab_follows_the_main_window(window: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    action = window.actions_by_key["lab"]
    assert not action.isEnabled()
    service.add(make_document(INVOICE, pages=2))
    window.bench.store.open(INVOICE)
    qtbot.waitUntil(lambda: bool(window.bench.pane.path))
    action.trigger()
    (lab,) = window.findChildren(LabWindow)
    qtbot.waitUntil(lambda: lab.image is not None and None not in lab.pair)
    window.bench.pane.go_to(INVOICE, 1)
    qtbot.waitUntil(lambda: lab.image is not None and lab.image.page.index == 1)
    lab.table.select("internvl")
    lab.table.use_button.click()
    assert window.toolbar.policy_box.currentData() == "internvl"
    lab.close()
    action.trigger()
    assert window.findChildren(LabWindow) == [lab]
    assert lab.isVisible()
    window.close()
    assert not lab.isVisible()


def test_this_machine_is_measured_by_the_reading_worker_and_seconds_appear(
    lab: LabWindow, service: FakeService, qtbot: QtBot
) -> None:
    lab.table.measure_button.click()
    (pending,) = service.of_kind("measure")
    pending.send(Progress(pending.request, 0, 0, "Measured fp32 on the CPU"))
    qtbot.waitUntil(lambda: lab.table.message.text() == "Measured fp32 on the CPU")
    assert lab.table.measure_button.text() == "Stop measuring"
    speed = Speed("fp32 on the CPU", 1, 9.0, 9.0, language_flops_per_s=4e10, vision_flops_per_s=3e10)
    pending.send(MachineMeasured(pending.request, Measured("here", "2026-11-20", 2, (speed,))))
    seconds = SHOWN.index("seconds")
    qtbot.waitUntil(lambda: not lab.table.table.isColumnHidden(seconds))
    assert lab.table.table.isColumnHidden(SHOWN.index("gpu_seconds"))
    tip = lab.table.model.headerData(seconds, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "fp32 on the CPU, measured on" in tip
    assert lab.table.measure_button.text() == "Measure this machine"


def test_a_measurement_can_be_given_up(lab: LabWindow, service: FakeService, qtbot: QtBot) -> None:
    lab.table.measure_button.click()
    lab.table.measure_button.click()
    assert service.of_kind("measure")[0].cancelled
    assert lab.table.measure_button.text() == "Measure this machine"
    assert lab.table.message.text() == "The measurement was given up."
