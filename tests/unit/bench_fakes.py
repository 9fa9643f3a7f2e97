"""What tests of the benches share: an OCR that reads the widths of bars, and the pages that carry them."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw

from engine.bench.pages import BenchPage, drawn_page
from engine.ocr.models import Image, LineReading, Quad

STEP = 20


class BarModels:
    """Stands in for OcrModels: a line is a bar, and says how wide it is, to the next 20 px."""

    def __init__(self, threads: int = 2) -> None:
        self.detections = 0

    def detect(self, image: Image) -> list[Quad]:
        self.detections += 1
        count, _, stats, _ = cv2.connectedComponentsWithStats((image[:, :, 0] < 128).astype(np.uint8))
        return [_quad(*stats[number][:4]) for number in range(1, count)]

    def recognise(self, crops: list[Image]) -> list[LineReading]:
        return [_reading(str(round(crop.shape[1] / STEP) * STEP)) for crop in crops]


def _quad(x: float, y: float, width: float, height: float) -> Quad:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], dtype=np.float32)


def _reading(text: str) -> LineReading:
    centres = tuple((number + 0.5) / len(text) for number in range(len(text)))
    return LineReading(text, 0.99, centres, (0.99,) * len(text))


def barred_page(*bars: tuple[int, int, int], size: int = 672) -> BenchPage:
    """A square page with bars of 20 px height at (x, y, width): combs, so that there is paper between their ink."""
    image = Picture.new("RGB", (size, size), "white")
    for x, y, width in bars:
        draw = ImageDraw.Draw(image)
        draw.rectangle((x, y + 16, x + width - 1, y + 19), fill="black")
        for tooth in (*range(x, x + width - 2, 8), x + width - 2):
            draw.rectangle((tooth, y, tooth + 1, y + 19), fill="black")
    return drawn_page(image, "bars.png")
