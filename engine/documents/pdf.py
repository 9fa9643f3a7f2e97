"""A PDF as a document: its pages as displayed, their native resolution, their tiles and their text.

What MuPDF draws depends a little on how the page is cut: curves are clipped and images resampled per tile. So at
native scale a page is drawn once, in fixed strips, and both its tiles and the page image are cut from them: what is
seen is what is read, byte for byte. At other scales tiles come straight from the page's display list, except those of
a scan, whose image MuPDF would decode again for every tile.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from engine.documents import pdf_pages
from engine.documents.document import Document, TileView
from engine.documents.drawing import Content, draw_all, draw_tile, lazy_raster
from engine.documents.mupdf import forget_cached, pymupdf, text_page, translated
from engine.documents.native import COVER_SHARE, LARGE_SHARE, READ_BUDGET_PX, Placement, covered_share, target_size
from engine.documents.raster import Raster
from engine.documents.text_layer import TEXT_FLAGS, read_text_layer
from engine.documents.types import DocumentId, DocumentInfo, PageRef, PageText
from engine.geometry import PageRect, Size

KEPT_PAGES = 8
KEPT_RASTER_BYTES = 512 << 20
# A scan shown this much smaller than it is does not need all its pixels.
THUMBNAIL_SHRINK = 3


@dataclass(slots=True)
class _LoadedPage:
    """A page with its interpreted content."""

    content: Content
    layer: Any
    placements: tuple[Placement, ...]
    only_images: bool
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
                draw_tile(loaded.content, target, turn, view, out)

    def bands(self, page: PageRef) -> Iterator[bytes]:
        base = self.base(page)
        self.check_readable(base)
        with translated(f"drawing page {base.index + 1}"):
            yield from self._raster(base, self._load(base)).bands(page.orientation)

    def text(self, page: PageRef) -> PageText:
        base = self.base(page)
        frame = PageRect(0.0, 0.0, base.width, base.height)
        with translated(f"reading the text of page {base.index + 1}"):
            loaded = self._load(base)
            boxes = [part for each in loaded.placements if (part := frame.intersection(each.box)) is not None]
            large = [box for box in boxes if box.area >= LARGE_SHARE * frame.area]
            turned = base.turned(page.orientation)
            return read_text_layer(turned, loaded.layer, large, covered_share(frame, boxes))

    def display_list(self, page: PageRef) -> Any:
        """pymupdf's display list of a page, from which its tiles are drawn: what benchmarks measure us against."""
        return self._load(self.base(page)).content.display_list

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
            loaded.raster = _raster_of(loaded, base)
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
    """Whether tiles of the page at `target` px are cut from its raster instead of drawn.

    A thumbnail of a scan is drawn: MuPDF decodes only as much of a JPEG as it needs.
    """
    if base.native.area > READ_BUDGET_PX:
        return False
    if not loaded.only_images or (loaded.raster is None and target.width * THUMBNAIL_SHRINK <= base.native.width):
        return target == base.native
    return True


def _raster_of(loaded: _LoadedPage, base: PageRef) -> Raster:
    """A scan is drawn at once, because its image is decoded as a whole and every zoom needs all of it; so is a page
    with a large picture. Other pages are drawn strip by strip as they are looked at."""
    if loaded.only_images:
        return Raster.from_bgrx(draw_all(loaded.content, base.native))
    frame = PageRect(0.0, 0.0, base.width, base.height)
    in_one_piece = any(frame.overlap_share(each.box) >= LARGE_SHARE for each in loaded.placements)
    return lazy_raster(loaded.content, base.native, in_one_piece)


def _interpret(page: Any, base: PageRef) -> _LoadedPage:
    display_list = page.get_displaylist()
    layer = text_page(display_list, TEXT_FLAGS | pymupdf.TEXT_PRESERVE_IMAGES)
    placements = pdf_pages.placements_of(layer)
    frame = PageRect(0.0, 0.0, base.width, base.height)
    covered = covered_share(frame, [each.box for each in placements]) >= COVER_SHARE
    much_grey = covered_share(frame, [each.box for each in placements if each.channels == 1]) >= LARGE_SHARE
    via_rgb = much_grey or pdf_pages.mixes_colours(page)
    return _LoadedPage(
        content=Content(display_list, base.width, base.height, via_rgb),
        layer=layer,
        placements=placements,
        only_images=covered and pdf_pages.shows_only_images(page),
    )
