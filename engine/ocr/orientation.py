"""Which way a page image lies, judged from its text outlines and a handful of recognised lines.

Conservative by design: a wrongly turned page is worse than one read sideways, so every doubt ends in 0. Sideways is
seen from the outlines (most of the writing runs up or down); which of two opposite ways is up is tried on a few lines,
because the recogniser is sure of upright text only.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from engine.ocr.crops import cut, is_tall, read_at, shortened, sides
from engine.ocr.models import Image, OcrModels, Quad

MIN_LINES = 4
"""Fewer elongated outlines than this say nothing about a page."""
ELONGATED = 2.0
"""Outlines at least this many times as long as wide have a direction."""
SIDEWAYS_SHARE = 0.75
"""Share of the writing (by length) that must run up or down before the page can lie on its side."""
TRIED_LINES = 6
TRIED_ASPECT = 10.0
"""Lines are tried on a piece this many times as long as wide: enough to be sure, cheap to read."""
CLASSIFIED_LINES = 12
CLASSIFIED_ASPECT = 4.0
"""The classifier sees 192 x 48 px; longer pieces would be squeezed."""
SUSPICIOUS_SHARE = 0.5
"""Share of classified lines that must look upside down before the page is tried the other way round."""
MIN_CONFIDENCE = 0.75
MARGIN = 0.12
"""A page is turned only if its lines are read with at least this confidence, and so much better than as they lie."""


def find_tilt(models: OcrModels, image: Image, outlines: Sequence[Quad]) -> int:
    """The clockwise turn (0, 90, 180, 270) that rights `image`; 0 unless the evidence is clear."""
    lines = sorted((quad for quad in outlines if _elongation(quad) >= ELONGATED), key=_length, reverse=True)
    if len(lines) < MIN_LINES:
        return 0
    tall = [quad for quad in lines if is_tall(quad)]
    total = sum(_length(quad) for quad in lines)
    if sum(_length(quad) for quad in tall) >= SIDEWAYS_SHARE * total and len(tall) >= MIN_LINES:
        return _surest(models, image, tall, (90, 270, 0))
    standing = [quad for quad in lines if not is_tall(quad)]
    if len(standing) < MIN_LINES:
        return 0
    samples = [shortened(quad, CLASSIFIED_ASPECT) for quad in standing[:CLASSIFIED_LINES]]
    doubts = models.upside_down([cut(image, quad) for quad in samples])
    if sum(doubt > 0.5 for doubt in doubts) < SUSPICIOUS_SHARE * len(doubts):
        return 0
    return _surest(models, image, standing, (180, 0))


def _surest(models: OcrModels, image: Image, lines: list[Quad], turns: tuple[int, ...]) -> int:
    """The turn at which the longest lines are read with clearly the highest confidence, else 0."""
    tried = [shortened(quad, TRIED_ASPECT) for quad in lines[:TRIED_LINES]]
    scores = {}
    for degrees in turns:
        readings = models.recognise([cut(image, read_at(quad, degrees)) for quad in tried])
        scores[degrees] = mean(reading.confidence for reading in readings)
    best = max(scores, key=lambda degrees: scores[degrees])
    others = [score for degrees, score in scores.items() if degrees != best]
    clear = scores[best] >= MIN_CONFIDENCE and scores[best] - max(others) >= MARGIN
    return best if clear else 0


def _length(quad: Quad) -> float:
    return max(sides(quad))


def _elongation(quad: Quad) -> float:
    width, height = sides(quad)
    return max(width, height) / max(min(width, height), 1.0)
