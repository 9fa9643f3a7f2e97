"""Documents and pages as plain data: what crosses from the render worker to every other room."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from engine.geometry import PageRect, PixelRect, Size


class DocumentKind(StrEnum):
    PDF = "pdf"
    IMAGE = "image"


class WordSource(StrEnum):
    TEXT = "text"
    OCR = "ocr"


@dataclass(frozen=True, slots=True)
class DocumentId:
    """A file and its content: absolute path as text, and the sha256 of its bytes in hex."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PageRef:
    """One page, righted. `width`/`height` are page units of the page as displayed after `orientation` is applied.

    `native` is the size in px at which the page loses nothing (design: native resolution), in the same frame.
    `orientation` is the clockwise quarter turn (0, 90, 180, 270) Tessera adds because the page lies on its side.
    `native_dpi` is None for images (their own pixels). `label` is the page's printed label or its 1-based number.
    """

    document: DocumentId
    index: int
    label: str
    width: float
    height: float
    native: Size
    native_dpi: float | None = None
    orientation: int = 0

    @property
    def units_per_px(self) -> tuple[float, float]:
        """Page units per native pixel, horizontally and vertically."""
        return self.width / self.native.width, self.height / self.native.height

    def to_units(self, rect: PixelRect) -> PageRect:
        """Native pixels → page units."""
        sx, sy = self.units_per_px
        return PageRect(rect.x * sx, rect.y * sy, rect.right * sx, rect.bottom * sy)

    def to_px(self, rect: PageRect) -> PixelRect:
        """Page units → native pixels."""
        sx, sy = self.units_per_px
        return PixelRect(rect.x0 / sx, rect.y0 / sy, rect.width / sx, rect.height / sy)

    def turned(self, degrees: int) -> PageRef:
        """The same page after `degrees` more of clockwise righting."""
        orientation = (self.orientation + degrees) % 360
        if degrees % 180 == 0:
            return replace(self, orientation=orientation)
        return replace(
            self,
            orientation=orientation,
            width=self.height,
            height=self.width,
            native=self.native.swapped(),
        )


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """An opened document. `protected` is true when it needed a password: nothing of it may reach the disk.

    `notices` are sentences for the user about anything that is not as expected (repaired file, frames, ...).
    """

    id: DocumentId
    name: str
    kind: DocumentKind
    pages: tuple[PageRef, ...]
    protected: bool = False
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """One printed word: text, box in page units of the righted page, where it was read, confidence 0–1.

    `line` and `block` number the lines and blocks of the page in reading order; words of one line share both.
    """

    text: str
    box: PageRect
    source: WordSource
    confidence: float = 1.0
    line: int = 0
    block: int = 0


@dataclass(frozen=True, slots=True)
class PageText:
    """What the text layer of a page says, before anyone decides whether to trust it.

    `image_share` is the share of the page's area that images cover; `image_boxes` are the large ones.
    `tilt` is the clockwise turn (0, 90, 180, 270) that would right most of the text's lines.
    """

    page: PageRef
    words: tuple[Word, ...]
    image_share: float
    image_boxes: tuple[PageRect, ...] = ()
    tilt: int = 0


@dataclass(frozen=True, slots=True)
class PageWords:
    """The words of a page as read: `page` may be turned against the one asked for (see `PageRef.orientation`).

    `pixels` is the size of the image OCR received, None when the text layer alone was used; `notices` are
    sentences for the user (page righted, part read by OCR, ...).
    """

    page: PageRef
    words: tuple[Word, ...]
    pixels: Size | None = None
    seconds: float = 0.0
    notices: tuple[str, ...] = ()
