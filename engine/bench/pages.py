"""Pages as benches read them: pixels fetched when they are needed, boxes in page pixels, no text layer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from engine.documents.types import DocumentId, PageRef, PageText
from engine.errors import InputError
from engine.geometry import Size
from engine.readers.protocol import PageImage


@dataclass(frozen=True, slots=True)
class BenchPage:
    """A page and where its RGB pixels come from. Page units of `ref` are its native pixels. What is read of a page that
    is not to be kept, as it is protected, never reaches the disk."""

    ref: PageRef
    pixels: Callable[[], Image.Image]
    keep: bool = True


def page_in_pixels(page: PageRef) -> PageRef:
    """`page` with its native pixels as page units."""
    return PageRef(
        page.document, page.index, page.label, float(page.native.width), float(page.native.height), page.native
    )


def drawn_page(image: Image.Image, name: str) -> BenchPage:
    """A page that a bench drew; it is known by its pixels."""
    picture = image.convert("RGB")
    size = Size(*picture.size)
    digest = hashlib.sha256(f"{size}".encode() + picture.tobytes()).hexdigest()
    ref = PageRef(DocumentId(name, digest), 0, "1", float(size.width), float(size.height), size)
    return BenchPage(ref, lambda: picture)


class PageShelf:
    """A `PageSource` of benches' pages. They have no text layer, so that every reader reads what is printed."""

    def __init__(self, pages: Sequence[BenchPage] = ()) -> None:
        self._pages = {_key(page.ref): page for page in pages}

    def put(self, page: BenchPage) -> None:
        self._pages[_key(page.ref)] = page

    def page(self, ref: PageRef) -> BenchPage:
        """The page that `ref` names. Raises InputError."""
        try:
            return self._pages[_key(ref)]
        except KeyError:
            raise InputError(f"Page {ref.index + 1} of {ref.document.path} is not part of this run.") from None

    def text(self, page: PageRef) -> PageText:
        return PageText(self.page(page).ref, (), 0.0)

    def image(self, page: PageRef) -> PageImage:
        """The pixels as they lie; benches turn no page."""
        picture = self.page(page).pixels().convert("RGB")
        return PageImage(page, Size(*picture.size), memoryview(picture.tobytes()))

    def cancelled(self) -> bool:
        return False


def _key(page: PageRef) -> tuple[str, int]:
    return page.document.sha256, page.index
