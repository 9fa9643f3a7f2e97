"""Fonts relative to the user's own size, so that its scale is respected everywhere."""

from __future__ import annotations

from PySide6.QtGui import QFont


def larger(font: QFont, factor: float) -> QFont:
    """`font` at `factor` times its size, in bold."""
    scaled = QFont(font)
    if font.pointSizeF() > 0:
        scaled.setPointSizeF(font.pointSizeF() * factor)
    else:
        scaled.setPixelSize(round(font.pixelSize() * factor))
    scaled.setBold(True)
    return scaled
