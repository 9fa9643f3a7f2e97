"""Drawing a page's display list with MuPDF, straight into B, G, R, 255 pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.documents.document import TileView
from engine.documents.mupdf import mupdf
from engine.documents.raster import OPAQUE, WHITE, Raster
from engine.geometry import Size

# A strip is what a tile of the page waits for at native scale, and as far as a cancelled page image still runs.
STRIP_ROWS = 512

_BGR = mupdf.fz_device_bgr()
_RGB = mupdf.fz_device_rgb()
_NO_SEPARATIONS = mupdf.FzSeparations()
_IDENTITY = mupdf.FzMatrix()
_DEFAULT_COLOURS = mupdf.FzDefaultColorspaces()


@dataclass(frozen=True, slots=True)
class Content:
    """What is drawn: a display list of a page of `width` × `height` points as displayed.

    `via_rgb` says that it must be drawn in RGB order and swapped: MuPDF's non-separable blend modes take the first
    component for red whatever the order, and its conversion of grey images to BGR is seven times slower than to RGB.
    """

    display_list: Any
    width: float
    height: float
    via_rgb: bool


def draw_tile(content: Content, target: Size, turn: int, view: TileView, out: memoryview) -> None:
    """Fill `out` with the tile `view` of the page at `target` px (before the turn), turned clockwise by `turn`.

    `view.scale` and `view.rotation` are already accounted for. What lies off the page is white. Raises MuPDF's bare
    errors.
    """
    pixels: NDArray[np.uint32] = np.frombuffer(out, "<u4", view.width * view.height)
    grid = pixels.reshape(view.height, view.width)
    _draw(content, _matrix(content, target, turn), (view.x, view.y), grid)
    page = target.swapped() if turn % 180 else target
    if view.x + view.width > page.width:
        grid[:, max(0, page.width - view.x) :] = WHITE
    if view.y + view.height > page.height:
        grid[max(0, page.height - view.y) :] = WHITE


def draw_all(content: Content, size: Size) -> NDArray[np.uint8]:
    """The whole page at `size` px as (H, W, 4). Raises MuPDF's bare errors."""
    pixels = np.empty((size.height, size.width, 4), np.uint8)
    _draw(content, _matrix(content, size, 0), (0, 0), pixels.view("<u4")[..., 0])
    return pixels


def lazy_raster(content: Content, size: Size, in_one_piece: bool) -> Raster:
    """The page at `size` px, drawn in strips of `STRIP_ROWS` (or in one piece) when their pixels are first used."""
    pixels = np.empty((size.height, size.width, 4), np.uint8)
    matrix = _matrix(content, size, 0)
    rows = size.height if in_one_piece else STRIP_ROWS
    missing = set(range(0, size.height, rows))

    def fill(top: int, bottom: int) -> None:
        for start in range(top - top % rows, bottom, rows):
            if start in missing:
                _draw(content, matrix, (0, start), pixels[start : start + rows].view("<u4")[..., 0])
                missing.discard(start)

    return Raster.from_lazy(pixels, fill)


def _matrix(content: Content, target: Size, turn: int) -> Any:
    """Points of the displayed page → pixels of the page at `target` px, turned clockwise by `turn`."""
    sx, sy = target.width / content.width, target.height / content.height
    match turn:
        case 90:
            return mupdf.FzMatrix(0, sx, -sy, 0, target.height, 0)
        case 180:
            return mupdf.FzMatrix(-sx, 0, 0, -sy, target.width, target.height)
        case 270:
            return mupdf.FzMatrix(0, -sx, sy, 0, 0, target.width)
        case _:
            return mupdf.FzMatrix(sx, 0, 0, sy, 0, 0)


def _draw(content: Content, matrix: Any, corner: tuple[int, int], grid: NDArray[np.uint32]) -> None:
    """Draw the region of the size of `grid` (contiguous) whose upper left pixel is `corner`."""
    height, width = grid.shape
    area = mupdf.FzIrect(corner[0], corner[1], corner[0] + width, corner[1] + height)
    data = mupdf.python_mutable_buffer_data(grid.data.cast("B"))
    pixmap = mupdf.fz_new_pixmap_with_bbox_and_data(_BGR, area, _NO_SEPARATIONS, 1, data)
    if content.via_rgb:
        drawn = mupdf.fz_new_pixmap_with_bbox(_RGB, area, _NO_SEPARATIONS, 0)
        _run(content, matrix, area, drawn)
        mupdf.fz_copy_pixmap_rect(pixmap, drawn, area, _DEFAULT_COLOURS)
    else:
        _run(content, matrix, area, pixmap)
    # Groups leave an alpha of 254 here and there.
    np.bitwise_or(grid, np.uint32(OPAQUE), out=grid)


def _run(content: Content, matrix: Any, area: Any, pixmap: Any) -> None:
    """Draw what touches `area` (px) on white."""
    mupdf.fz_clear_pixmap_with_value(pixmap, 0xFF)
    device = mupdf.fz_new_draw_device(matrix, pixmap)
    touched = mupdf.fz_transform_rect(mupdf.fz_rect_from_irect(area), mupdf.fz_invert_matrix(matrix))
    mupdf.fz_run_display_list(content.display_list.this, device, _IDENTITY, touched, mupdf.FzCookie())
    mupdf.fz_close_device(device)
