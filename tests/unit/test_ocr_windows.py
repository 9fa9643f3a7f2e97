"""Detection in windows: every pixel is looked at, and a line cut by a seam comes back once and whole."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import CancelledError
from engine.ocr.crops import bounds, cut, read_at, to_page
from engine.ocr.models import SIDE_STEP, Image, OcrModels, Quad
from engine.ocr.windows import find_outlines, windows_of


class InkDetector(OcrModels):
    """Stands in for the network: outlines are the bounding boxes of connected ink. Remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[tuple[int, int]] = []

    def detect(self, image: Image) -> list[Quad]:
        height, width = image.shape[:2]
        assert (height % SIDE_STEP, width % SIDE_STEP) == (0, 0)
        self.sizes.append((width, height))
        ink = (image[:, :, 0] < 128).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(ink)
        quads = []
        for x, y, w, h, _ in stats[1:]:
            quads.append(np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], dtype=np.float32))
        return quads


def sheet(width: int, height: int, *bars: tuple[int, int, int, int]) -> Image:
    image = np.full((height, width, 3), 255, dtype=np.uint8)
    for x, y, w, h in bars:
        image[y : y + h, x : x + w] = 0
    return image


def ignore() -> None:
    pass


@given(st.integers(1, 30_000), st.integers(1, 30_000))
def test_windows_cover_the_page_and_overlap(width: int, height: int) -> None:
    windows = windows_of(width, height)
    for low, high, length in [("x0", "x1", width), ("y0", "y1", height)]:
        spans = sorted({(getattr(window, low), getattr(window, high)) for window in windows})
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        assert all(0 < end - start <= 4000 for start, end in spans)
        assert all(a[1] - b[0] >= 319 for a, b in pairwise(spans))


def test_a_page_within_the_limit_is_detected_whole_at_its_own_size() -> None:
    models = InkDetector()
    find_outlines(models, sheet(1240, 1754, (100, 100, 400, 20)), ignore)
    assert len(models.sizes) == 1
    width, height = models.sizes[0]
    assert 1240 < width <= 1240 + 4 * SIDE_STEP
    assert 1754 < height <= 1754 + 4 * SIDE_STEP


def test_lines_across_seams_come_back_once_and_whole() -> None:
    bars = [(150, 100, 900, 12), (40, 180, 60, 12), (700, 180, 90, 12), (20, 395, 300, 12)]
    quads = find_outlines(InkDetector(), sheet(1200, 800, *bars), ignore, side=500, overlap=100)
    found = sorted((round(b.x), round(b.y), round(b.width), round(b.height)) for b in map(bounds, quads))
    assert len(found) == len(bars)
    for got, bar in zip(found, sorted(bars), strict=True):
        assert got == pytest.approx(bar, abs=3)


def test_large_print_on_a_large_page_is_found_on_a_smaller_copy() -> None:
    models = InkDetector()
    quads = find_outlines(models, sheet(3000, 3600, (300, 300, 1500, 60), (300, 500, 900, 60)), ignore)
    assert [max(size) < 2200 for size in models.sizes] == [True]
    assert sorted(round(bounds(quad).y, -1) for quad in quads) == [300, 500]


def test_small_print_on_a_large_page_is_searched_at_native_resolution() -> None:
    models = InkDetector()
    find_outlines(models, sheet(3000, 3600, (300, 300, 1500, 12), (300, 500, 900, 12)), ignore)
    assert max(models.sizes[-1]) >= 3600


def test_detection_stops_between_windows_when_cancelled() -> None:
    models = InkDetector()

    def check() -> None:
        if models.sizes:
            raise CancelledError("stop")

    with pytest.raises(CancelledError):
        find_outlines(models, sheet(1200, 800), check, side=500, overlap=100)
    assert len(models.sizes) == 1


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_places_in_a_crop_lead_back_to_the_page(degrees: int) -> None:
    image = sheet(300, 200, (120, 80, 10, 6))
    quad = np.array([[100, 60], [200, 60], [200, 120], [100, 120]], dtype=np.float32)
    turned = read_at(quad, degrees)
    crop = cut(image, turned)
    assert crop.shape[:2] == ((60, 100) if degrees % 180 == 0 else (100, 60))
    rows, columns = np.nonzero(crop[:, :, 0] < 128)
    height, width = crop.shape[:2]
    box = to_page(
        turned, columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height
    )
    assert (box.x, box.y, box.width, box.height) == pytest.approx((120, 80, 10, 6), abs=1.1)
