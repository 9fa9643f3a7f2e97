"""What the window looks like and how it is reached: contrast, shortcuts, accessible names, themes, motion."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTreeView,
    QWidget,
)

from app.actions import COMMANDS, MENUS, SEPARATOR
from app.batch.setup import BatchSetup
from app.batch.window import BatchWindow
from app.help import AboutDialog, ShortcutSheet
from app.icons import icon
from app.main_window import MainWindow
from app.model_dialog import ModelDialog
from app.settings_dialog import SettingsDialog
from app.theme import DARK, LIGHT, Colors, contrast, palette_of, style_sheet
from engine.resources import resource_path
from tests.gui.fake_service import FakeService, make_answer, make_document

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

TEXT = 4.5
GRAPHICS = 3.0
GROUNDS = ("window", "panel", "card", "notice", "hover", "selected")


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=lambda colors: colors.name)
@pytest.mark.parametrize(("ink", "ground"), [*itertools.product(("text", "muted"), GROUNDS[:5]), ("text", "selected")])
def test_text_can_be_read_on_every_ground(colors: Colors, ink: str, ground: str) -> None:
    by_name = asdict(colors)
    assert contrast(by_name[ink], by_name[ground]) >= TEXT


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=lambda colors: colors.name)
def test_text_on_coloured_grounds_can_be_read(colors: Colors) -> None:
    assert contrast(colors.accent_text, colors.accent) >= TEXT
    assert contrast(colors.selected_text, colors.selected) >= TEXT
    assert contrast(colors.mark_text, colors.mark) >= TEXT
    assert contrast(colors.muted, colors.selected) >= TEXT


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=lambda colors: colors.name)
@pytest.mark.parametrize("ground", ["window", "panel", "card"])
def test_controls_and_focus_can_be_told_from_their_ground(colors: Colors, ground: str) -> None:
    by_name = asdict(colors)
    for ink in ("border", "accent", "mark"):
        assert contrast(by_name[ink], by_name[ground]) >= GRAPHICS, ink


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=lambda colors: colors.name)
def test_the_style_sheet_knows_all_its_colours(colors: Colors) -> None:
    assert "$" not in style_sheet(colors)


def test_no_shortcut_is_given_twice() -> None:
    counts = Counter(command.shortcut for command in COMMANDS if command.shortcut)
    assert [shortcut for shortcut, count in counts.items() if count > 1] == []


def test_every_command_has_text_and_tip_and_is_in_one_menu() -> None:
    assert all(command.text and command.tip for command in COMMANDS)
    listed = Counter(key for menu in MENUS for key in menu.keys if key != SEPARATOR)
    assert listed == Counter(command.key for command in COMMANDS)


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.icon], ids=lambda command: command.key)
def test_every_icon_is_shipped(command: object) -> None:
    assert resource_path("icons", f"{command.icon}.svg").exists()  # type: ignore[attr-defined]  # a Command


def test_icons_follow_the_palette_and_the_resolution(qapp: object) -> None:
    pixmap = icon("open").pixmap(QSize(20, 20), 1.5)
    assert pixmap.size() == QSize(30, 30)
    assert pixmap.devicePixelRatio() == 1.5
    normal = icon("open").pixmap(QSize(20, 20), 1.0).toImage()
    disabled = icon("open").pixmap(QSize(20, 20), 1.0, QIcon.Mode.Disabled).toImage()
    assert normal != disabled


def controls(root: QWidget) -> list[QWidget]:
    """What a keyboard or a screen reader can reach."""
    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTreeView)
    found = [widget for widget in root.findChildren(QWidget) if isinstance(widget, kinds)]
    return [
        each
        for each in found
        if each.focusPolicy() is not Qt.FocusPolicy.NoFocus
        and not isinstance(each.parent(), (QAbstractSpinBox, QComboBox, QScrollBar, QLineEdit))
        and not each.objectName().startswith("qt_")
    ]


def unnamed(root: QWidget) -> list[str]:
    nameless = []
    for each in controls(root):
        text = each.text() if isinstance(each, QAbstractButton) else ""
        if not (each.accessibleName() or text):
            nameless.append(f"{type(each).__name__} {each.objectName()} in {type(each.parent()).__name__}")
    return nameless


def test_every_control_of_the_window_has_a_name(window: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    service.add(make_document("/docs/secret.pdf", protected=True), password="x")
    service.add(make_document("/docs/a.pdf", pages=2))
    service.answer = lambda question, pages: make_answer(pages[0])
    window.bench.store.open("/docs/secret.pdf")
    window.bench.store.open("/docs/a.pdf")
    qtbot.waitUntil(lambda: bool(window.bench.pane.path))
    window.bench.pane.search.begin()
    window.panel.question.setPlainText("total?")
    window.bench.asking.ask()
    qtbot.waitUntil(lambda: not window.bench.book.busy)
    assert len(controls(window)) > 25
    assert unnamed(window) == []


def test_every_control_of_the_dialogs_has_a_name(window: MainWindow, qtbot: QtBot) -> None:
    dialogs = [
        SettingsDialog(window.settings, window),
        ShortcutSheet(window.actions_by_key, window),
        AboutDialog(window),
        ModelDialog(window.bench.shelf, window.bench.choosing.downloads, window),
        BatchWindow(lambda control, progress: None, BatchSetup(), tuple, window),  # type: ignore[arg-type, return-value]  # never asked
    ]
    for dialog in dialogs:
        assert unnamed(dialog) == []
        dialog.deleteLater()


def test_the_shortcut_sheet_lists_every_shortcut(window: MainWindow) -> None:
    sheet = ShortcutSheet(window.actions_by_key, window)
    texts = [label.text() for label in sheet.findChildren(QLabel)]
    missing = [
        action.text()
        for action in window.actions_by_key
        if not action.shortcut().isEmpty() and action.text() not in texts
    ]
    assert missing == []
    sheet.deleteLater()


def test_tab_leads_through_the_window_and_back(window: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    service.add(make_document("/docs/a.pdf", pages=2))
    window.bench.store.open("/docs/a.pdf")
    qtbot.waitUntil(lambda: bool(window.bench.pane.path))
    window.panel.question.setFocus()
    seen: list[QWidget | None] = []
    while window.focusWidget() not in seen:
        seen.append(window.focusWidget())
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    assert window.bench.pane.view in seen
    assert window.documents.tree in seen
    assert window.panel.question in seen
    assert window.toolbar.policy_box in seen


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=lambda colors: colors.name)
def test_the_palette_carries_the_theme(colors: Colors) -> None:
    palette = palette_of(colors)
    assert palette.window().color().name() == colors.window
    assert palette.text().color().name() == colors.text


@pytest.mark.parametrize("key", ["open", "export", "settings", "shortcuts", "about"])
def test_dialogs_open_twice_and_leave_nothing(window: MainWindow, service: FakeService, qtbot: QtBot, key: str) -> None:
    if key == "export":
        service.add(make_document("/docs/a.pdf"))
        window.bench.store.open("/docs/a.pdf")
        qtbot.waitUntil(lambda: bool(window.bench.pane.path))
        window.panel.question.setPlainText("total?")
        window.bench.asking.ask()
    for _ in range(2):
        window.actions_by_key[key].trigger()
        shown = [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]
        assert len(shown) == 1
    shown[0].close()
    assert not [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]
