"""A PDF as a document: its pages as displayed, their native resolution, their tiles and their text.

What MuPDF draws depends a little on how the page is cut: curves are clipped and images resampled per tile. So at
native scale a page is drawn once as a whole, and both its tiles and the page image are cut from that: what is seen is
what is read, byte for byte. At other scales tiles come straight from the page's display list, except those of a scan,
whose image MuPDF would decode again for every tile.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.documents import pdf_pages
from engine.documents.document import Document, TileView
from engine.documents.mupdf import forget_cached, mupdf, pymupdf, text_page, translated
from engine.documents.native import COVER_SHARE, LARGE_SHARE, READ_BUDGET_PX, Placement, covered_share, target_size
from engine.documents.raster import OPAQUE, Raster
from engine.documents.text_layer import TEXT_FLAGS, read_text_layer
from engine.documents.types import DocumentId, DocumentInfo, PageRef, PageText
from engine.geometry import PageRect, Size

KEPT_PAGES = 8
KEPT_RASTER_BYTES = 512 << 20

_BGR = mupdf.fz_device_bgr()
_RGB = mupdf.fz_device_rgb()
_NO_SEPARATIONS = mupdf.FzSeparations()
_IDENTITY = mupdf.FzMatrix()

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _LoadedPage:
    """A page with its interpreted content. `blends` says that it uses blend modes, which assume RGB order."""

    display_list: Any
    layer: Any
    placements: tuple[Placement, ...]
    only_images: bool
    blends: bool
    raster: Raster | None = None


class PdfDocument(Document):
    """An open PDF; `handle` is pymupdf's document, already authenticated."""

    def __init__(self, handle: Any, identity: DocumentId, vector_dpi: float) -> None:
        self._handle = handle
        self._loaded: OrderedDict[int, _LoadedPage] = OrderedDict()
        self._info = pdf_pages.describe(handle, identity, vector_dpi)

    def announce(self, protected: bool, notices: tuple[str, ...]) -> None:
        """Add what only the opener knows: whether a password was needed, and its own sentences for the user."""
        self._info = replace(self._info, protected=protected, notices=notices + self._info.notices)

    @property
    def info(self) -> DocumentInfo:
        return self._info

    def render(self, page: PageRef, view: TileView, out: memoryview) -> None:
        base = self.base(page)
        target = target_size(base.native, (base.width, base.height), view.scale)
        turn = (page.orientation + view.rotation) % 360
        with translated(f"drawing page {base.index + 1}"):
            loaded = self._load(base)
            if _is_from_raster(base, loaded, target):
                self._raster(base, loaded).render(target, turn, view, out)
            else:
                _draw(loaded, _matrix(base, target, turn), target.swapped() if turn % 180 else target, view, out)

    def bands(self, page: PageRef) -> Iterator[bytes]:
        base = self.base(page)
        self.check_readable(base)
        with translated(f"drawing page {base.index + 1}"):
            raster = self._raster(base, self._load(base))
        yield from raster.bands(page.orientation)

    def text(self, page: PageRef) -> PageText:
        base = self.base(page)
        frame = PageRect(0.0, 0.0, base.width, base.height)
        with translated(f"reading the text of page {base.index + 1}"):
            loaded = self._load(base)
            boxes = [part for each in loaded.placements if (part := frame.intersection(each.box)) is not None]
            large = [box for box in boxes if box.area >= LARGE_SHARE * frame.area]
            turned = base.turned(page.orientation)
            return read_text_layer(turned, loaded.layer, large, covered_share(frame, boxes))

    def close(self) -> None:
        self._loaded.clear()
        self._handle.close()
        forget_cached()

    def _load(self, base: PageRef) -> _LoadedPage:
        """The page's display list and what is known of its images, kept for the last pages used."""
        loaded = self._loaded.get(base.index)
        if loaded is None:
            loaded = self._loaded[base.index] = _interpret(self._handle.load_page(base.index), base)
        self._loaded.move_to_end(base.index)
        while len(self._loaded) > KEPT_PAGES:
            self._loaded.popitem(last=False)
        return loaded

    def _raster(self, base: PageRef, loaded: _LoadedPage) -> Raster:
        """The whole page at native resolution, before righting; kept while memory allows."""
        if loaded.raster is None:
            loaded.raster = _draw_raster(loaded, base)
            self._drop_rasters(keep=base.index)
        return loaded.raster

    def _drop_rasters(self, keep: int) -> None:
        """Forget the rasters used longest ago until the rest fits the budget; the newest always stays."""
        used = 0
        for index in reversed(self._loaded):
            raster = self._loaded[index].raster
            if raster is not None:
                used += raster.size_bytes
                if used > KEPT_RASTER_BYTES and index != keep:
                    self._loaded[index].raster = None


def _is_from_raster(base: PageRef, loaded: _LoadedPage, target: Size) -> bool:
    """Whether tiles of the page at `target` px are cut from its raster instead of drawn."""
    return base.native.area <= READ_BUDGET_PX and (target == base.native or loaded.only_images)


def _interpret(page: Any, base: PageRef) -> _LoadedPage:
    display_list = page.get_displaylist()
    layer = text_page(display_list, TEXT_FLAGS | pymupdf.TEXT_PRESERVE_IMAGES)
    placements = pdf_pages.placements_of(layer)
    frame = PageRect(0.0, 0.0, base.width, base.height)
    covered = covered_share(frame, [each.box for each in placements]) >= COVER_SHARE
    return _LoadedPage(
        display_list=display_list,
        layer=layer,
        placements=placements,
        only_images=covered and pdf_pages.shows_only_images(page),
        blends=bool(mupdf.pdf_page_from_fz_page(page.this).m_internal.transparency),
    )


def _matrix(base: PageRef, target: Size, turn: int) -> Any:
    """Points of the displayed page → pixels of the page at `target` px, turned clockwise by `turn`."""
    sx, sy = target.width / base.width, target.height / base.height
    match turn:
        case 90:
            return mupdf.FzMatrix(0, sx, -sy, 0, target.height, 0)
        case 180:
            return mupdf.FzMatrix(-sx, 0, 0, -sy, target.width, target.height)
        case 270:
            return mupdf.FzMatrix(0, -sx, sy, 0, 0, target.width)
        case _:
            return mupdf.FzMatrix(sx, 0, 0, sy, 0, 0)


def _draw(loaded: _LoadedPage, matrix: Any, page_size: Size, view: TileView, out: memoryview) -> None:
    """Draw the tile straight into `out`; the part of it off the page (`page_size` px) becomes white."""
    pixels: NDArray[np.uint32] = np.frombuffer(out, "<u4", view.width * view.height)
    grid = pixels.reshape(view.height, view.width)
    area = mupdf.FzIrect(view.x, view.y, view.x + view.width, view.y + view.height)
    if loaded.blends:
        _draw_blended(loaded, matrix, area, grid)
    else:
        data = mupdf.python_mutable_buffer_data(out[: view.size_bytes])
        pixmap = mupdf.fz_new_pixmap_with_bbox_and_data(_BGR, area, _NO_SEPARATIONS, 1, data)
        _run(loaded, matrix, area, pixmap)
    np.bitwise_or(grid, np.uint32(OPAQUE), out=grid)
    if view.x + view.width > page_size.width:
        grid[:, max(0, page_size.width - view.x) :] = 0xFFFFFFFF
    if view.y + view.height > page_size.height:
        grid[max(0, page_size.height - view.y) :] = 0xFFFFFFFF


def _draw_blended(loaded: _LoadedPage, matrix: Any, area: Any, grid: NDArray[np.uint32]) -> None:
    """Draw in RGB order and swap: MuPDF's non-separable blend modes take the first component for red."""
    pixmap = mupdf.fz_new_pixmap_with_bbox(_RGB, area, _NO_SEPARATIONS, 0)
    _run(loaded, matrix, area, pixmap)
    rgb = np.frombuffer(mupdf.fz_pixmap_samples_memoryview(pixmap), np.uint8).reshape(*grid.shape, 3)
    grid.view(np.uint8).reshape(*grid.shape, 4)[..., :3] = rgb[..., ::-1]


def _run(loaded: _LoadedPage, matrix: Any, area: Any, pixmap: Any) -> None:
    """Draw what touches `area` (px) on white."""
    mupdf.fz_clear_pixmap_with_value(pixmap, 0xFF)
    device = mupdf.fz_new_draw_device(matrix, pixmap)
    touched = mupdf.fz_transform_rect(mupdf.fz_rect_from_irect(area), mupdf.fz_invert_matrix(matrix))
    mupdf.fz_run_display_list(loaded.display_list.this, device, _IDENTITY, touched, mupdf.FzCookie())
    mupdf.fz_close_device(device)


def _draw_raster(loaded: _LoadedPage, base: PageRef) -> Raster:
    size = base.native
    pixels = np.empty((size.height, size.width, 4), np.uint8)
    view = TileView(0.0, 0, 0, 0, size.width, size.height)
    _draw(loaded, _matrix(base, size, 0), size, view, pixels.data.cast("B"))
    return Raster.from_bgrx(pixels)
