"""Every command of the window, declared once: text, shortcut, icon and status tip. Menus and toolbar refer to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QAction, QKeySequence

from app.icons import icon

CONTEXT = "Actions"
SEPARATOR = "-"


@dataclass(frozen=True, slots=True)
class Command:
    """`shortcut` is portable text or empty; `checkable` commands are switches."""

    key: str
    text: str
    tip: str
    shortcut: str = ""
    icon: str = ""
    checkable: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """A menu of the menu bar: its title and the keys of its commands."""

    title: str
    keys: tuple[str, ...]


COMMANDS: tuple[Command, ...] = (
    Command("open", "Open …", "Open PDFs or images", "Ctrl+O", "open"),
    Command("paste", "Paste screenshot", "Open the picture that is in the clipboard", "Ctrl+V", "paste"),
    Command("close", "Close document", "Close the document that is shown", "Ctrl+W", "close-document"),
    Command(
        "batch", "Batch …", "Ask many questions of many documents and write the answers to a CSV", "Ctrl+B", "batch"
    ),
    Command("export", "Export answers …", "Write the answer cards to a CSV", "Ctrl+E", "export"),
    Command("clear-answers", "Remove all answers", "Remove all answer cards", "", "trash"),
    Command("clear-cache", "Clear cache", "Forget the words of pages that were read before", "", "trash"),
    Command("settings", "Settings …", "Change how Tessera looks and reads", "Ctrl+,", "settings"),
    Command("quit", "Quit", "Close Tessera; documents and answers come back on the next start", "Ctrl+Q", "quit"),
    Command("find", "Find …", "Search the words of this document", "Ctrl+F", "search"),
    Command("find-next", "Next match", "Go on to the next match", "F3", "next"),
    Command("find-previous", "Previous match", "Go back to the previous match", "Shift+F3", "previous"),
    Command("zoom-in", "Zoom in", "Show the page larger", "Ctrl++", "zoom-in"),
    Command("zoom-out", "Zoom out", "Show the page smaller", "Ctrl+-", "zoom-out"),
    Command("fit-page", "Fit page", "Show the whole page", "Ctrl+0", "fit-page", checkable=True),
    Command(
        "native",
        "Native pixels (1:1)",
        "One pixel of the page is one pixel of the screen",
        "Ctrl+1",
        "native",
        checkable=True,
    ),
    Command("fit-width", "Fit width", "Make the page as wide as the window", "Ctrl+2", "fit-width", checkable=True),
    Command("rotate-right", "Rotate right", "Turn the view; the reader is not affected", "Ctrl+R", "rotate-right"),
    Command("rotate-left", "Rotate left", "Turn the view; the reader is not affected", "Ctrl+L", "rotate-left"),
    Command("invert", "Invert pages", "Show pages light on dark", "Ctrl+I", "invert", checkable=True),
    Command(
        "grid", "Slices", "Show the slices that the reader's policy cuts the page into", "G", "slices", checkable=True
    ),
    Command("lab", "Slicing lab …", "Compare what every slicing policy makes of this page", "Ctrl+Shift+L", "slices"),
    Command("dim", "Dim around evidence", "Dim what did not contribute to the answer", "D", "show", checkable=True),
    Command("documents", "Documents panel", "Show or hide the documents", "F9", "panel-left", checkable=True),
    Command("answers", "Ask panel", "Show or hide questions and answers", "F8", "panel-right", checkable=True),
    Command("full-screen", "Full screen", "Use the whole screen", "F11", "full-screen", checkable=True),
    Command("previous-page", "Previous page", "Go to the previous page", "Ctrl+PgUp", "previous"),
    Command("next-page", "Next page", "Go to the next page", "Ctrl+PgDown", "next"),
    Command("first-page", "First page", "Go to the first page", "Ctrl+Home"),
    Command("last-page", "Last page", "Go to the last page", "Ctrl+End"),
    Command("go-to-page", "Go to page …", "Type the number of a page", "Ctrl+G"),
    Command("back", "Back", "Back to where you were before the last jump", "Alt+Left", "undo"),
    Command("forward", "Forward", "Forward again", "Alt+Right"),
    Command("question", "Write a question", "Go to the question box", "Ctrl+K", "ask"),
    Command("ask", "Ask", "Ask the question", "Ctrl+Return", "ask"),
    Command("next-answer", "Next answer", "Show the evidence of the next answer", "Alt+Down"),
    Command("previous-answer", "Previous answer", "Show the evidence of the previous answer", "Alt+Up"),
    Command("copy-answer", "Copy answer", "Copy the text of the answer that is shown", "Ctrl+Shift+C", "copy"),
    Command(
        "ask-model", "Ask the model", "Put the question of the answer that is shown to a model too", "Ctrl+Shift+A"
    ),
    Command("cancel", "Cancel", "Stop what is under way; else put the evidence away", "Esc", "cancel"),
    Command("choose-reader", "Choose the reader", "Go to the list of readers", "Ctrl+Shift+R"),
    Command("precision-auto", "Automatic precision", "Hold weights as recommended for this machine", checkable=True),
    Command("precision-int8", "Precision int8", "Hold weights as 8-bit integers", checkable=True),
    Command(
        "precision-int4",
        "Precision int4",
        "Read in 8 bits, write answers with 4-bit weights: sooner, and less exactly; on a CPU",
        checkable=True,
    ),
    Command("precision-fp32", "Precision fp32", "Hold weights in full precision", checkable=True),
    Command("precision-bf16", "Precision bf16", "Hold weights in half precision", checkable=True),
    Command("precision-nf4", "Precision nf4", "Hold weights in 4 bits; needs a CUDA GPU", checkable=True),
    Command("open-model", "Open model folder …", "Use a model that lies in a folder of yours", "Ctrl+Shift+O", "open"),
    Command("get-model", "Get a model …", "See which models there are, download or remove one", "Ctrl+Shift+M", "add"),
    Command("shortcuts", "Keyboard shortcuts", "Show all shortcuts", "F1", "help"),
    Command("about", "About Tessera", "Version, licence and where things are kept", "", "info"),
)

MENUS: tuple[Menu, ...] = (
    Menu(
        "&File",
        (
            "open",
            "paste",
            "close",
            SEPARATOR,
            "batch",
            "export",
            SEPARATOR,
            "clear-cache",
            "settings",
            SEPARATOR,
            "quit",
        ),
    ),
    Menu(
        "&View",
        (
            *("zoom-in", "zoom-out", "fit-page", "fit-width", "native", SEPARATOR),
            *("rotate-right", "rotate-left", "invert", SEPARATOR, "grid", "dim", "lab", SEPARATOR),
            *("documents", "answers", "full-screen"),
        ),
    ),
    Menu(
        "&Go",
        (
            *("previous-page", "next-page", "first-page", "last-page", "go-to-page", SEPARATOR, "back", "forward"),
            *(SEPARATOR, "find", "find-next", "find-previous"),
        ),
    ),
    Menu(
        "&Ask",
        (
            *("question", "ask", "ask-model", "cancel", SEPARATOR, "next-answer", "previous-answer", "copy-answer"),
            *(SEPARATOR, "clear-answers"),
        ),
    ),
    Menu(
        "&Reader",
        (
            *("choose-reader", SEPARATOR, "precision-auto", "precision-int8", "precision-int4", "precision-fp32"),
            *("precision-bf16", "precision-nf4", SEPARATOR, "open-model", "get-model"),
        ),
    ),
    Menu("&Help", ("shortcuts", "about")),
)


class Actions(QObject):
    """The commands as QActions, by key."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._actions: dict[str, QAction] = {}
        for command in COMMANDS:
            self._actions[command.key] = self._make(command)

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def _make(self, command: Command) -> QAction:
        action = QAction(translated(command.text), self)
        action.setObjectName(command.key)
        tip = translated(command.tip)
        action.setStatusTip(tip)
        action.setCheckable(command.checkable)
        if command.icon:
            action.setIcon(icon(command.icon))
        if command.shortcut:
            action.setShortcut(QKeySequence(command.shortcut, QKeySequence.SequenceFormat.PortableText))
            native = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(QCoreApplication.translate(CONTEXT, "{tip} ({keys})").format(tip=tip, keys=native))
        else:
            action.setToolTip(tip)
        return action


def translated(text: str) -> str:
    """A text of the tables above in the user's language."""
    return QCoreApplication.translate(CONTEXT, text)
