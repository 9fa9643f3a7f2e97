"""How a page image may look: scanned, faxed, photographed, or one flaw alone; and where its points went."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFilter

from engine.geometry import PageRect
from engine.training.synth.draw import scan_like

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A fax has 204 dots an inch across, and 196 down in fine mode, 98 in standard mode (ITU-T T.4).
_FAX_ACROSS, _FAX_FINE, _FAX_STANDARD = 204.0, 196.0, 98.0
_PAPER = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page in pixels. `move` is the 3x3 matrix that takes page units, as (x, y, 1) columns, to its pixels."""

    image: Image.Image
    dpi: float
    move: NDArray[np.float64]

    def box(self, rect: PageRect) -> PageRect:
        """The smallest upright rectangle in pixels around `rect` of page units, cut to the image."""
        corners = np.array([(x, y, 1.0) for x in (rect.x0, rect.x1) for y in (rect.y0, rect.y1)]).T
        x, y, w = self.move @ corners
        across, down = np.clip(x / w, 0, self.image.width), np.clip(y / w, 0, self.image.height)
        return PageRect(float(across.min()), float(down.min()), float(across.max()), float(down.max()))


Look = Callable[[PageImage, random.Random], PageImage]


def plain(image: Image.Image, dpi: float) -> PageImage:
    """The page as it was rendered at `dpi` from page units of 1/72 inch."""
    scale = dpi / 72
    return PageImage(image, dpi, np.diag([scale, scale, 1.0]))


def skew(page: PageImage, rng: random.Random, degrees: float = 2.0) -> PageImage:
    """Turned a little about its middle."""
    angle = np.deg2rad(rng.uniform(-degrees, degrees))
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    x, y = page.image.width / 2, page.image.height / 2
    turn = np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1]])
    return _warped(page, turn, _PAPER)


def blur(page: PageImage, rng: random.Random) -> PageImage:
    """Out of focus by up to 1.2 pixels at 150 dpi."""
    radius = rng.uniform(0.4, 1.2) * page.dpi / 150
    return _with(page, page.image.filter(ImageFilter.GaussianBlur(radius)))


def jpeg(page: PageImage, rng: random.Random) -> PageImage:
    """Saved with blocks."""
    buffer = io.BytesIO()
    page.image.save(buffer, "JPEG", quality=rng.randint(25, 70))
    buffer.seek(0)
    with Image.open(buffer) as read:
        return _with(page, read.convert(page.image.mode))


def scan(page: PageImage, rng: random.Random) -> PageImage:
    """Grey, askew, a little blurred, with JPEG blocks and specks."""
    turned = skew(page, rng, 1.2)
    grey = _with(turned, scan_like(turned.image, rng, skew_degrees=0.0))
    return _specked(grey, rng, rng.uniform(0, 3e-5))


def fax(page: PageImage, rng: random.Random) -> PageImage:
    """Black and white in a fax's own dots, with specks and lost lines."""
    turned = skew(page, rng, 0.8)
    down = _FAX_STANDARD if rng.random() < 0.2 else _FAX_FINE
    width, height = turned.image.size
    dots = (round(width * _FAX_ACROSS / page.dpi), round(height * down / page.dpi))
    grey = np.asarray(turned.image.convert("L").resize(dots, Image.Resampling.BOX))
    ink = grey < rng.randint(130, 185)
    for _ in range(rng.randint(0, 2)):
        # A line that the other end did not receive repeats the one above it.
        row = rng.randrange(1, dots[1])
        ink[row] = ink[row - 1]
    seen = Image.fromarray(np.where(ink, 0, 255).astype(np.uint8))
    faxed = _with(turned, seen.resize((width, height), Image.Resampling.NEAREST))
    return _specked(faxed, rng, rng.uniform(0, 1e-4))


def photo(page: PageImage, rng: random.Random) -> PageImage:
    """From a hand-held camera: in perspective on a table, unevenly lit, tinted, soft, grainy, with JPEG blocks."""
    shot = _in_perspective(page, rng)
    lit = _with(shot, _lit(shot.image, rng))
    return jpeg(blur(lit, rng), rng)


LOOKS: dict[str, Look] = {"scan": scan, "fax": fax, "photo": photo, "skew": skew, "blur": blur, "jpeg": jpeg}


def _with(page: PageImage, image: Image.Image) -> PageImage:
    return PageImage(image, page.dpi, page.move)


def _warped(page: PageImage, move: NDArray[np.float64], around: tuple[int, int, int]) -> PageImage:
    """The image with every pixel p at `move` @ p; what is beyond its edges gets the colour `around`."""
    back = np.linalg.inv(move)
    rgb = page.image.convert("RGB")
    data = tuple(float(value) for value in (back / back[2, 2]).flatten()[:8])
    image = rgb.transform(rgb.size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC, fillcolor=around)
    return PageImage(image, page.dpi, move @ page.move)


def _in_perspective(page: PageImage, rng: random.Random) -> PageImage:
    width, height = page.image.size
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    inward = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
    seen = [
        (x + rng.uniform(0.005, 0.05) * width * right, y + rng.uniform(0.005, 0.05) * height * below)
        for (x, y), (right, below) in zip(corners, inward, strict=True)
    ]
    table = rng.randint(60, 150)
    return _warped(page, _homography(corners, seen), (table, round(table * 0.85), round(table * 0.7)))


def _homography(source: list[tuple[int, int]], target: list[tuple[float, float]]) -> NDArray[np.float64]:
    """The projective map of four points onto four others."""
    rows: list[list[float]] = []
    values: list[float] = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved = np.linalg.solve(np.array(rows, dtype=np.float64), np.array(values, dtype=np.float64))
    return np.append(solved, 1.0).reshape(3, 3)


def _lit(image: Image.Image, rng: random.Random) -> Image.Image:
    """Light that falls off to one side and into the corners, a tint, and the sensor's grain."""
    width, height = image.size
    x, y = np.linspace(-1, 1, width)[None, :], np.linspace(-1, 1, height)[:, None]
    slope, corner = rng.uniform(0, 0.2), rng.uniform(0, 0.12)
    angle = rng.uniform(0, 2 * np.pi)
    light = 0.95 - slope * (np.cos(angle) * x + np.sin(angle) * y) / 2 - slope / 2 - corner * (x * x + y * y) / 2
    tint = np.array([1.0, rng.uniform(0.95, 1.0), rng.uniform(0.82, 1.0)])
    grain = np.random.default_rng(rng.getrandbits(64)).normal(0, rng.uniform(1, 6), (height, width, 1))
    shown: Any = np.asarray(image.convert("RGB")) * light[:, :, None] * tint + grain
    return Image.fromarray(np.clip(shown, 0, 255).astype(np.uint8))


def _specked(page: PageImage, rng: random.Random, share: float) -> PageImage:
    """With dust: dark dots of up to 2x2 pixels on a `share` of the pixels."""
    image = page.image.copy()
    dark = 20 if image.mode == "L" else (20, 20, 20)
    for _ in range(round(share * image.width * image.height)):
        x, y = rng.randrange(image.width), rng.randrange(image.height)
        image.paste(dark, (x, y, x + rng.randint(1, 2), y + rng.randint(1, 2)))
    return _with(page, image)
