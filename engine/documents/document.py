"""What every open document can do, whatever it is made of: show a piece of a page, give its pixels, give its text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.documents.native import READ_BUDGET_PX
from engine.documents.types import DocumentInfo, PageRef, PageText
from engine.errors import PageTooLargeError, UsageError
from engine.geometry import Size

BYTES_PER_PIXEL = 4


@dataclass(frozen=True, slots=True)
class TileView:
    """A piece of a page as shown: the pixels [x, x+width) × [y, y+height) of the page at `scale` px per page unit.

    `rotation` (0, 90, 180, 270 clockwise) is the user's own turn, applied after `PageRef.orientation`; x and y count
    from the upper left corner of the page as turned.
    """

    scale: float
    rotation: int
    x: int
    y: int
    width: int
    height: int

    @property
    def size_bytes(self) -> int:
        return self.width * self.height * BYTES_PER_PIXEL


def unreadable_notice(pages: Sequence[PageRef]) -> list[str]:
    """A sentence about the pages that have too many pixels to be read; none when there are none."""
    large = [page.index for page in pages if page.native.area > READ_BUDGET_PX]
    if not large:
        return []
    return [f"{name_pages(large)} can be viewed but not read: more than {READ_BUDGET_PX // 1_000_000} million px."]


def name_pages(indices: Sequence[int]) -> str:
    """0-based page numbers as a person says them: "Page 3", "Pages 3, 5 and 8", "Pages 1, 2, 3, 4, 5 and 40 more"."""
    numbers = [str(index + 1) for index in indices[:5]]
    if len(indices) > len(numbers):
        numbers.append(f"{len(indices) - len(numbers)} more")
    if len(numbers) == 1:
        return f"Page {numbers[0]}"
    return f"Pages {', '.join(numbers[:-1])} and {numbers[-1]}"


class Document(ABC):
    """An open file. Not thread-safe; one render worker owns it.

    What is seen is what is read: at native scale a tile equals the same region of the page image byte for byte.
    """

    @property
    @abstractmethod
    def info(self) -> DocumentInfo:
        """The document and its pages, none of them turned."""

    @abstractmethod
    def render(self, page: PageRef, view: TileView, out: memoryview) -> None:
        """Fill the first `view.size_bytes` of `out` with rows of (B, G, R, 255), no padding; white off the page.

        Raises FileDamagedError, PageTooLargeError, MemoryLimitError.
        """

    @abstractmethod
    def bands(self, page: PageRef) -> Iterator[bytes]:
        """The page at native resolution, righted by `page.orientation`: whole rows of (R, G, B), top to bottom.

        Raises as `render`, and PageTooLargeError beyond the reading budget.
        """

    @abstractmethod
    def text(self, page: PageRef) -> PageText:
        """The text layer of the page, in the frame of the page as righted; no words for an image."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file; the document cannot be used afterwards."""

    def page_pixels(self, page: PageRef) -> tuple[Size, bytes]:
        """The page image in one piece: its size and height × width × 3 bytes. Raises as `bands`."""
        return self.base(page).turned(page.orientation).native, b"".join(self.bands(page))

    def base(self, page: PageRef) -> PageRef:
        """The page of this document that `page` names, not turned. Raises UsageError if there is none."""
        pages = self.info.pages
        if not 0 <= page.index < len(pages):
            raise UsageError(f"There is no page {page.index + 1}; {self.info.name} has {len(pages)}.")
        return pages[page.index]

    def check_readable(self, page: PageRef) -> None:
        """Raises PageTooLargeError when the page has more pixels than a reader can be given."""
        if page.native.area > READ_BUDGET_PX:
            raise PageTooLargeError(
                f"Page {page.index + 1} of {self.info.name} has {page.native} px, more than the "
                f"{READ_BUDGET_PX // 1_000_000} million that can be read at once; it can be viewed but not read."
            )
