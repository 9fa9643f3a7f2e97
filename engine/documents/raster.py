"""The decoded pixels of one page, and the tiles cut from them at any scale and turn.

Pixels stay in the narrowest form that loses nothing: one byte for grey, else four. Zoomed-out tiles come from halved
copies made on first use, so that a tile of a 20,000-px page costs no more than one of a small page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.documents.document import BYTES_PER_PIXEL, TileView
from engine.geometry import PageRect, Size, turn_rect

OPAQUE = 0xFF000000
GREY_ROWS = 64
WHITE = 0xFFFFFFFF
BAND_BYTES = 8 << 20
# From this zoom on, pixels show as squares; below it they are smoothed unless the zoom is a whole number.
SQUARE_PIXELS_FROM = 4.0
# More than any filter used here reaches beyond its pixel, in pixels of a level that is shrunk by less than two.
MARGIN_PX = 5

Fill = Callable[[int, int], None]

# Pillow turns counter-clockwise.
_TURNS = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


class Raster:
    """A page as pixels. `image` is in mode L, in mode RGB, or in mode RGBX whose bytes are B, G, R, 255."""

    def __init__(self, image: Image.Image, pixels: NDArray[np.uint8] | None = None, fill: Fill | None = None) -> None:
        """`pixels` is the memory of `image` where it is at hand: tiles at native scale are then cut without a copy.

        `fill(top, bottom)` is called before the pixels of these rows are used.
        """
        if image.mode not in ("L", "RGB", "RGBX"):
            raise ValueError(f"a raster is grey or RGB, not {image.mode}")
        self._levels = [image]
        self._pixels = pixels
        self._fill = fill
        self.size = Size(*image.size)

    @staticmethod
    def from_bgrx(pixels: NDArray[np.uint8]) -> Raster:
        """`pixels` (H, W, 4) as B, G, R, 255, which must not change afterwards.

        A picture all grey is kept as grey: a quarter of the memory, and resized thrice as fast.
        """
        if _is_grey(pixels):
            grey = np.ascontiguousarray(pixels[..., 0])
            return Raster(Image.fromarray(grey), grey)
        return Raster(Image.fromarray(pixels, "RGBX"), pixels)

    @staticmethod
    def from_lazy(pixels: NDArray[np.uint8], fill: Fill) -> Raster:
        """`pixels` (H, W, 4) as B, G, R, 255, of which `fill(top, bottom)` makes the rows when they are needed."""
        return Raster(Image.fromarray(pixels, "RGBX"), pixels, fill)

    @property
    def size_bytes(self) -> int:
        """Memory of the page and of its halved copies once they exist."""
        per_pixel = 1 if self._levels[0].mode == "L" else BYTES_PER_PIXEL
        return self.size.area * per_pixel * 4 // 3

    def render(self, target: Size, turn: int, view: TileView, out: memoryview) -> None:
        """Fill `out` with the tile `view` of the page resized to `target` px (before the turn), then turned clockwise.

        `view.scale` and `view.rotation` are already accounted for by `target` and `turn`.
        """
        pixels: NDArray[np.uint32] = np.frombuffer(out, "<u4", view.width * view.height)
        grid = pixels.reshape(view.height, view.width)
        turned = target.swapped() if turn % 180 else target
        left, top = max(view.x, 0), max(view.y, 0)
        right, bottom = min(view.x + view.width, turned.width), min(view.y + view.height, turned.height)
        if (right - left, bottom - top) != (view.width, view.height):
            grid.fill(WHITE)
        if right <= left or bottom <= top:
            return
        part = turn_rect(PageRect(left, top, right, bottom), (turned.width, turned.height), -turn % 360)
        x0, y0, x1, y1 = round(part.x0), round(part.y0), round(part.x1), round(part.y1)
        within = grid[top - view.y : bottom - view.y, left - view.x : right - view.x]
        piece = self._piece(target, (x0, y0, x1, y1))
        _pack(np.rot90(piece, -turn // 90) if turn % 360 else piece, within)

    def bands(self, turn: int) -> Iterator[bytes]:
        """All pixels as rows of (R, G, B) after the clockwise turn, some rows at a time."""
        turned = self.size.swapped() if turn % 180 else self.size
        rows = max(1, BAND_BYTES // (turned.width * BYTES_PER_PIXEL))
        for top in range(0, turned.height, rows):
            bottom = min(top + rows, turned.height)
            part = turn_rect(PageRect(0, top, turned.width, bottom), (turned.width, turned.height), -turn % 360)
            self._ready(round(part.y0), round(part.y1))
            piece = self._levels[0].crop((round(part.x0), round(part.y0), round(part.x1), round(part.y1)))
            if turn % 360:
                piece = piece.transpose(_TURNS[turn % 360])
            yield rgb_bytes(piece)

    def _piece(self, target: Size, box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        """The region `box` (x0, y0, x1, y1 in target px) of the page resized to `target`: see `_as_array`."""
        if target == self.size:
            return self._crop(box)
        how = _filter(self.size.width / target.width, self.size.height / target.height)
        if how is Image.Resampling.NEAREST:
            return self._enlarged(target, box)
        step_x, step_y = self.size.width / target.width, self.size.height / target.height
        self._ready(0, self.size.height)
        level, factor = self._level(min(step_x, step_y))
        x0, y0 = box[0] * step_x / factor, box[1] * step_y / factor
        x1, y1 = min(box[2] * step_x / factor, level.width), min(box[3] * step_y / factor, level.height)
        left, top = max(0, math.floor(x0) - MARGIN_PX), max(0, math.floor(y0) - MARGIN_PX)
        right, bottom = min(level.width, math.ceil(x1) + MARGIN_PX), min(level.height, math.ceil(y1) + MARGIN_PX)
        source = level.crop((left, top, right, bottom))
        # One axis at a time: Pillow orders its two passes by the shape of the tile, and rounds in between.
        width, height = box[2] - box[0], box[3] - box[1]
        wide = source.resize((width, source.height), how, box=(x0 - left, 0, x1 - left, source.height))
        return _as_array(wide.resize((width, height), how, box=(0, y0 - top, width, y1 - top)))

    def _ready(self, top: int, bottom: int) -> None:
        if self._fill is not None:
            self._fill(top, bottom)

    def _crop(self, box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        self._ready(box[1], box[3])
        if self._pixels is not None:
            return self._pixels[box[1] : box[3], box[0] : box[2]]
        return _as_array(self._levels[0].crop(box))

    def _enlarged(self, target: Size, box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        """The region with each pixel repeated. Whole-number arithmetic, so that tiles agree on every edge."""
        columns = (np.arange(box[0], box[2]) * 2 + 1) * self.size.width // (2 * target.width)
        rows = (np.arange(box[1], box[3]) * 2 + 1) * self.size.height // (2 * target.height)
        piece = self._crop((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))
        columns -= columns[0]
        rows -= rows[0]
        if piece.ndim == 2:
            return piece[rows][:, columns]
        # Four bytes move as one number.
        whole = np.ascontiguousarray(piece).view("<u4")[..., 0]
        return np.ascontiguousarray(whole[rows][:, columns])[..., np.newaxis].view(np.uint8)

    def _level(self, step: float) -> tuple[Image.Image, int]:
        """The smallest halved copy that is not coarser than one pixel per target pixel, and its reduction."""
        number = 0
        while step >= 2 ** (number + 1):
            number += 1
            if number == len(self._levels):
                self._levels.append(self._levels[-1].reduce(2))
        return self._levels[number], 2**number


def rgb_bytes(piece: Image.Image) -> bytes:
    """The pixels of a piece of a raster as (R, G, B)."""
    if piece.mode == "RGBX":
        bgrx: NDArray[np.uint8] = np.asarray(piece)
        return np.ascontiguousarray(bgrx[..., 2::-1]).tobytes()
    return piece.tobytes() if piece.mode == "RGB" else piece.convert("RGB").tobytes()


def _filter(step_x: float, step_y: float) -> Image.Resampling:
    """Shrinking averages; enlarging shows the pixels as they are at whole-number zooms and from 4:1 on."""
    if max(step_x, step_y) > 1.0:
        # Hamming is as sharp as bicubic when shrinking by less than two, at half its price.
        return Image.Resampling.HAMMING
    zoom = 1.0 / step_x
    whole = abs(zoom - round(zoom)) < 0.01
    return Image.Resampling.NEAREST if whole or zoom >= SQUARE_PIXELS_FROM else Image.Resampling.BICUBIC


def _as_array(piece: Image.Image) -> NDArray[np.uint8]:
    """A piece of a raster as (H, W) grey or (H, W, 4) in the order B, G, R, 255."""
    if piece.mode == "L":
        return np.asarray(piece)
    # Pillow's own packing leaves the fourth byte 0, and resizing could leave it 254.
    data = bytearray(piece.tobytes("raw", "BGRX") if piece.mode == "RGB" else piece.tobytes())
    whole = np.frombuffer(data, "<u4")
    np.bitwise_or(whole, np.uint32(OPAQUE), out=whole)
    return whole.view(np.uint8).reshape(piece.height, piece.width, 4)


def _pack(pixels: NDArray[np.uint8], grid: NDArray[np.uint32]) -> None:
    """Write grey (H, W) or B, G, R, 255 (H, W, 4) into `grid` (H, W) as B, G, R, 255 in memory order."""
    if pixels.ndim == 2:
        grid[:] = pixels
        np.multiply(grid, np.uint32(0x010101), out=grid)
        np.bitwise_or(grid, np.uint32(OPAQUE), out=grid)
    else:
        grid[:] = pixels.view("<u4")[..., 0]


def _is_grey(pixels: NDArray[np.uint8]) -> bool:
    """Whether every pixel of (H, W, 4) has equal colours; some rows at a time, to end early and stay in the cache."""
    whole = pixels.view("<u4")[..., 0]
    for top in range(0, len(whole), GREY_ROWS):
        rows = whole[top : top + GREY_ROWS]
        # Each byte against its neighbour: blue against green, green against red.
        if np.any(((rows >> 8) ^ rows) & 0xFFFF):
            return False
    return True
