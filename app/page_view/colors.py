"""The colours of marks on pages. They are the same in the light and the dark theme, because pages are what they are.

Colour means contribution and nothing else, and its number always stands beside it. Everything else is dark, light
or grey.
"""

from __future__ import annotations

from PySide6.QtGui import QColor

INK = QColor(17, 20, 26)
LIGHT = QColor(255, 255, 255)
GRID_LIGHT = QColor(255, 255, 255, 140)
"""Lets the print under a line show through, and still stands out 3:1 from black."""
VEIL = QColor(128, 132, 140, 120)
"""Mid grey: takes contrast from dark print on white and from light print on black."""
HIT_FILL = QColor(128, 132, 140, 90)
CONTRIBUTION_HUE = QColor(245, 130, 0)
CONTRIBUTION_CHIP = QColor(255, 178, 84)
"""The ground of a contribution's number; `INK` is written on it."""
HATCH = QColor(17, 20, 26, 90)
"""Lines over a slice that a model looked at; the print between them stays readable."""
SHADE_MIN, SHADE_MAX = 24, 100
"""Alpha of the shading at 0 % and at 100 %: the print under it stays readable."""


def contribution_color(share: float) -> QColor:
    """The shading of a contribution 0–1; the number must stand beside it."""
    color = QColor(CONTRIBUTION_HUE)
    color.setAlpha(round(SHADE_MIN + (SHADE_MAX - SHADE_MIN) * min(max(share, 0.0), 1.0)))
    return color
