"""An image file as a document: PNG, JPEG, TIFF, WebP, BMP and GIF; every frame is a page in its own pixels."""

from __future__ import annotations

import logging
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from engine.documents.decoding import to_grey_or_rgb
from engine.documents.document import Document, TileView, unreadable_notice
from engine.documents.native import target_size
from engine.documents.raster import Raster
from engine.documents.types import DocumentId, DocumentInfo, DocumentKind, PageRef, PageText
from engine.errors import FileDamagedError, MemoryLimitError, NoPagesError, PageTooLargeError, UnsupportedFileError
from engine.geometry import PageRect, Size

# A 20,000 × 20,000 px scan has 400 million; a colour page of 500 million takes 2.7 GB with its halved copies.
DECODE_BUDGET_PX = 500_000_000
KEPT_RASTER_BYTES = 512 << 20
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")

# Orientations of EXIF that include a quarter turn.
_QUARTER_TURNED = (5, 6, 7, 8)

log = logging.getLogger(__name__)

# Pillow warns at 89 million px and refuses at twice that, which real scans exceed; DECODE_BUDGET_PX takes its place.
Image.MAX_IMAGE_PIXELS = None


class ImageDocument(Document):
    """An open image file. Frames are decoded when first needed and kept while memory allows."""

    def __init__(self, path: str, identity: DocumentId, notices: tuple[str, ...]) -> None:
        """Raises UnsupportedFileError, FileDamagedError, PageTooLargeError, NoPagesError, MemoryLimitError."""
        self._name = Path(path).name
        self._rasters: OrderedDict[int, Raster] = OrderedDict()
        self._notes: list[str] = list(notices)
        self._path = path
        with self._translated("opening it"):
            self._frames = Image.open(path, formats=FORMATS)
        try:
            with self._translated("reading its size"):
                pages = self._measure(identity)
            if not pages:
                raise NoPagesError(f"{self._name} holds no picture.")
            self._info = DocumentInfo(identity, self._name, DocumentKind.IMAGE, pages)
            # The first page is shown first; decoding it here tells a damaged file at once.
            self._raster(pages[0])
        except BaseException:
            self._frames.close()
            raise
        notes = (*self._notes, *unreadable_notice(pages))
        self._info = DocumentInfo(identity, self._name, DocumentKind.IMAGE, pages, notices=notes)

    @property
    def info(self) -> DocumentInfo:
        return self._info

    def render(self, page: PageRef, view: TileView, out: memoryview) -> None:
        base = self.base(page)
        target = target_size(base.native, (base.width, base.height), view.scale)
        self._raster(base).render(target, (page.orientation + view.rotation) % 360, view, out)

    def bands(self, page: PageRef) -> Iterator[bytes]:
        base = self.base(page)
        self.check_readable(base)
        yield from self._raster(base).bands(page.orientation)

    def text(self, page: PageRef) -> PageText:
        turned = self.base(page).turned(page.orientation)
        frame = PageRect(0.0, 0.0, turned.width, turned.height)
        return PageText(page=turned, words=(), image_share=1.0, image_boxes=(frame,))

    def close(self) -> None:
        self._rasters.clear()
        self._frames.close()

    def _measure(self, identity: DocumentId) -> tuple[PageRef, ...]:
        """The frames' sizes after their EXIF orientation; decodes nothing but what seeking needs."""
        count = getattr(self._frames, "n_frames", 1)
        if self._frames.format == "MPO":
            self._notes.append(f"The file holds {count} pictures; the first is shown, the others are its previews.")
            count = 1
        pages = []
        for index in range(count):
            self._frames.seek(index)
            size = Size(*self._frames.size)
            if size.area > DECODE_BUDGET_PX:
                raise PageTooLargeError(
                    f"{self._name} says it has {size} px, more than the {DECODE_BUDGET_PX // 1_000_000} million "
                    f"that can be opened."
                )
            if size.area == 0:
                raise FileDamagedError(f"{self._name} says it has {size} px.")
            # Pillow turns a TIFF by itself and gives its size as turned.
            turned = self._frames.getexif().get(ExifTags.Base.Orientation) in _QUARTER_TURNED
            if turned and self._frames.format != "TIFF":
                size = size.swapped()
            pages.append(PageRef(identity, index, str(index + 1), size.width, size.height, size))
        return tuple(pages)

    def _raster(self, base: PageRef) -> Raster:
        raster = self._rasters.get(base.index)
        if raster is None:
            with self._translated(f"decoding page {base.index + 1}"):
                raster = self._decode(base)
            self._rasters[base.index] = raster
        self._rasters.move_to_end(base.index)
        while len(self._rasters) > 1 and sum(each.size_bytes for each in self._rasters.values()) > KEPT_RASTER_BYTES:
            self._rasters.popitem(last=False)
        return raster

    def _decode(self, base: PageRef) -> Raster:
        if len(self._info.pages) == 1:
            # An image of its own, whose pixels become the raster without a copy.
            with Image.open(self._path, formats=FORMATS) as upright:
                upright.load()
                ImageOps.exif_transpose(upright, in_place=True)
                image, notice = to_grey_or_rgb(upright)
        else:
            self._frames.seek(base.index)
            image, notice = to_grey_or_rgb(ImageOps.exif_transpose(self._frames))
        if notice is not None and notice not in self._notes:
            self._notes.append(notice)
        if Size(*image.size) != base.native:
            raise FileDamagedError(f"{self._name}: page {base.index + 1} is not of the size its header says.")
        return Raster(image)

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Pillow's exceptions as ours. Its warnings about odd metadata concern nobody who reads the page."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except UnidentifiedImageError as error:
            raise UnsupportedFileError(f"{self._name} is not a picture that can be opened.") from error
        except MemoryError as error:
            raise MemoryLimitError(f"Memory ran out while opening {self._name} ({doing}).") from error
        except (
            OSError,
            ValueError,
            SyntaxError,
            EOFError,
            IndexError,
            KeyError,
            TypeError,
            ZeroDivisionError,
        ) as error:
            log.warning("Pillow failed while %s", doing, exc_info=error)
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            if reason.lower().startswith("unsupported"):
                raise UnsupportedFileError(f"{self._name} is of a variant that cannot be opened ({reason}).") from error
            raise FileDamagedError(f"{self._name} is damaged: {doing} failed ({reason}).") from error
