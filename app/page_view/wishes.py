"""Which tiles a window position asks for, and how urgently. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect

from app.page_view.layout import PageLayout
from app.page_view.tiles import Priority, TileKey

PAGES_AHEAD = 4
"""At small zooms a window's height holds many pages; no more than these are fetched before they are seen."""


def wishes_for(layout: PageLayout, seen: QRect, direction: int) -> dict[Priority, Sequence[TileKey]]:
    """What is in sight (`seen`, on the content) first, then one window further in the scroll `direction` (1 is down,
    -1 up), then half a window the other way."""
    ahead = seen.translated(0, direction * seen.height())
    behind = seen.translated(0, -direction * (seen.height() // 2))
    return {
        Priority.VISIBLE: tiles_in(layout, seen, len(layout)),
        Priority.NEXT: tiles_in(layout, ahead, PAGES_AHEAD),
        Priority.NEIGHBOUR: tiles_in(layout, behind, PAGES_AHEAD),
    }


def tiles_in(layout: PageLayout, region: QRect, page_limit: int) -> list[TileKey]:
    """The tiles in a region of the content, from its middle outwards."""
    found: list[tuple[int, TileKey]] = []
    middle = region.center()
    for index in layout.pages_in(region)[:page_limit]:
        place, level = layout.page_rect(index), layout.level(index)
        for col, row in level.tiles_in(region.translated(-place.topLeft())):
            away = level.tile_rect(col, row).translated(place.topLeft()).center() - middle
            found.append((away.manhattanLength(), (level, col, row)))
    return [key for _, key in sorted(found, key=lambda each: each[0])]
