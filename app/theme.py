"""Light and dark: the colours of the window, its palette and style sheet. Owns every colour but those of the page.

Colour means contribution and nothing else, so the window itself is grey; a test computes the contrasts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from engine.resources import resource_path


@dataclass(frozen=True, slots=True)
class Colors:
    """One theme. `window` is the chrome, `panel` the side panels, `card` what lies on them, `desk` what a page lies on;
    `text`, `muted` and `accent` are drawn on all of these; `line` divides, `border` outlines controls."""

    name: str
    window: str
    panel: str
    card: str
    desk: str
    text: str
    muted: str
    line: str
    border: str
    hover: str
    pressed: str
    selected: str
    selected_text: str
    accent: str
    accent_text: str
    mark: str
    mark_text: str
    notice: str


LIGHT = Colors(
    name="light",
    window="#f4f5f6",
    panel="#fafafb",
    card="#ffffff",
    desk="#e3e5e8",
    text="#1a1d21",
    muted="#5a616b",
    line="#dcdfe3",
    border="#878e98",
    hover="#e8eaed",
    pressed="#d9dce1",
    selected="#dfe2e7",
    selected_text="#1a1d21",
    accent="#2a2f37",
    accent_text="#ffffff",
    mark="#8a4b08",
    mark_text="#ffffff",
    notice="#eceef1",
)
DARK = Colors(
    name="dark",
    window="#1d1f22",
    panel="#222529",
    card="#2a2d32",
    desk="#141517",
    text="#e8eaed",
    muted="#a9b0ba",
    line="#34383e",
    border="#7b838e",
    hover="#2f3338",
    pressed="#3a3f46",
    selected="#3b4048",
    selected_text="#ffffff",
    accent="#e3e6ea",
    accent_text="#1a1d21",
    mark="#f0b45a",
    mark_text="#1a1d21",
    notice="#2b2f35",
)


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, 1–21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(name: str) -> float:
    color = QColor(name)
    parts = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (color.redF(), color.greenF(), color.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


class Theme(QObject):
    """The theme in force; follows the system unless one is chosen."""

    changed = Signal()

    def __init__(self, application: QApplication, chosen: str = "system") -> None:
        super().__init__(application)
        self._application = application
        self._chosen = chosen
        self.colors = self._wanted()
        self._apply()
        application.styleHints().colorSchemeChanged.connect(self._on_system_changed)

    def choose(self, chosen: str) -> None:
        """`system`, `light` or `dark`."""
        self._chosen = chosen
        self._refresh()

    def _on_system_changed(self) -> None:
        self._refresh()

    def _refresh(self) -> None:
        wanted = self._wanted()
        if wanted is not self.colors:
            self.colors = wanted
            self._apply()
            self.changed.emit()

    def _wanted(self) -> Colors:
        if self._chosen != "system":
            return DARK if self._chosen == "dark" else LIGHT
        dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return DARK if dark else LIGHT

    def _apply(self) -> None:
        self._application.setPalette(palette_of(self.colors))
        self._application.setStyleSheet(style_sheet(self.colors))


def style_sheet(colors: Colors) -> str:
    """The style sheet with the theme's colours filled in."""
    template = resource_path("themes", "tessera.qss").read_text(encoding="utf-8")
    drawings = {name: resource_path("themes", f"{name}-{colors.name}.svg").as_posix() for name in ("chevron", "check")}
    return Template(template).substitute(asdict(colors), **drawings)


def palette_of(colors: Colors) -> QPalette:
    """The palette that widgets outside the style sheet, and the page view, draw with."""
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colors.window,
        QPalette.ColorRole.WindowText: colors.text,
        QPalette.ColorRole.Base: colors.card,
        QPalette.ColorRole.AlternateBase: colors.panel,
        QPalette.ColorRole.Text: colors.text,
        QPalette.ColorRole.Button: colors.window,
        QPalette.ColorRole.ButtonText: colors.text,
        QPalette.ColorRole.BrightText: colors.text,
        QPalette.ColorRole.ToolTipBase: colors.card,
        QPalette.ColorRole.ToolTipText: colors.text,
        QPalette.ColorRole.PlaceholderText: colors.muted,
        QPalette.ColorRole.Highlight: colors.accent,
        QPalette.ColorRole.HighlightedText: colors.accent_text,
        QPalette.ColorRole.Accent: colors.accent,
        QPalette.ColorRole.Link: colors.text,
        QPalette.ColorRole.Light: colors.card,
        QPalette.ColorRole.Midlight: colors.hover,
        QPalette.ColorRole.Mid: colors.line,
        QPalette.ColorRole.Dark: colors.desk,
        QPalette.ColorRole.Shadow: colors.border,
    }
    for role, name in roles.items():
        palette.setColor(role, QColor(name))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colors.border))
    return palette
