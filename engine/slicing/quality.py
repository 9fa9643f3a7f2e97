"""How legible a plan keeps its page: resolution, shape, padding, and what becomes of the page's words.

All figures are of the views in which details are read: the slices, or the overview where the page is not sliced.

Text is called legible where it is more than 12 px high in its view. That is the bound of MiniCPM-OCR's published glyph
classifier (transformers 5.23, `models/minicpm_ocr`, SMALL_FONT_PX), which calls glyphs of up to 12 px small and
enlarges views that are dense with them. A word's box stands for its glyphs; it is a little higher than they are.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from engine.slicing.plan import SlicePlan, View
from engine.slicing.words import PageWordBoxes

LEGIBLE_PX = 12.0
SAME_SCALE = 1e-6
UNSEEN = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class WordQuality:
    """Of `words` words: how many a seam cuts, the median height of text in px of the views, the share (0–1) that is
    not legible. Median and share are None on a page without words."""

    words: int
    cut: int
    text_px: float | None
    illegible: float | None


@dataclass(frozen=True, slots=True)
class Quality:
    """`scale` is the fewest px of a view per page px, `dpi` the resolution that makes of the page's own (None where
    the page has none), `glyph_px` the height in page px from which text is legible, `padding` the share (0–1) of all
    pixels that shows nothing, `distortion` the factor (≥ 1) by which one side is stretched against the other,
    `deviation` the UHD paper's |ln(W/cols : H/rows)|, how far slices are from the square views of pre-training."""

    scale: float
    dpi: float | None
    glyph_px: float
    padding: float
    distortion: float
    deviation: float
    words: WordQuality | None


def detail_views(plan: SlicePlan) -> tuple[View, ...]:
    """The views in which details are read: slices that show some of the page, or else the overview."""
    return tuple(view for view in plan.slices if view.rect.area > 0) or (plan.overview,)


def quality_of(plan: SlicePlan, dpi: float | None = None, words: PageWordBoxes | None = None) -> Quality:
    """The quality of `plan`, with the page's native resolution and its words where they are known."""
    views = detail_views(plan)
    scales = _scales(views)
    least = min(min(scale) for scale in scales)
    return Quality(
        scale=least,
        dpi=None if dpi is None else dpi * least,
        glyph_px=LEGIBLE_PX / least if least else math.inf,
        padding=plan.padding,
        distortion=max(_distortion(*scale) for scale in scales),
        deviation=deviation(plan),
        words=None if words is None else _word_quality(plan, words, views, scales),
    )


def deviation(plan: SlicePlan) -> float:
    """−S of the LLaVA-UHD paper (arXiv 2403.11703, section 3.1): |ln((W/cols) / (H/rows))| against square views."""
    cols, rows = max(plan.grid.cols, 1), max(plan.grid.rows, 1)
    return abs(math.log(plan.page.width * rows) - math.log(plan.page.height * cols))


def word_quality(plan: SlicePlan, words: PageWordBoxes) -> WordQuality:
    """What becomes of the page's words under `plan`. A word that a crop leaves out is not legible."""
    views = detail_views(plan)
    return _word_quality(plan, words, views, _scales(views))


def _word_quality(
    plan: SlicePlan, words: PageWordBoxes, views: Sequence[View], scales: Sequence[tuple[float, float]]
) -> WordQuality:
    count = len(words.middles)
    cut = words.cut_by(*seams(plan))
    if not count:
        return WordQuality(0, 0, None, None)
    if len(scales) == 1:
        ((across, down),) = scales
        least, shown = min(across, down), _shown_heights(plan, words)
        hidden = count - len(shown)
        small = hidden + (bisect_right(shown, LEGIBLE_PX / least) if least else len(shown))
        median = shown[count // 2 - hidden] * down if count // 2 >= hidden else 0.0
        return WordQuality(count, cut, median, small / count)
    places = [(view.rect.x, view.rect.y, view.rect.right, view.rect.bottom, view.scale) for view in views]
    drawn, small = [], 0
    for x, y, height in words.middles:
        across, down = next((scale for x0, y0, x1, y1, scale in places if x0 <= x <= x1 and y0 <= y <= y1), UNSEEN)
        drawn.append(height * down)
        small += height * min(across, down) <= LEGIBLE_PX
    return WordQuality(count, cut, sorted(drawn)[count // 2], small / count)


def seams(plan: SlicePlan) -> tuple[list[float], list[float]]:
    """Where slices meet inside the page and where a crop ends, in page px: vertical seams by x, horizontal ones by y,
    ascending."""
    slices, page = plan.slices, plan.overview.rect
    xs = [page.x, *(view.rect.x for view in slices[1 : plan.grid.cols]), page.right]
    ys = [page.y, *(view.rect.y for view in slices[plan.grid.cols :: max(plan.grid.cols, 1)]), page.bottom]
    return [x for x in xs if 0 < x < plan.page.width], [y for y in ys if 0 < y < plan.page.height]


def _shown_heights(plan: SlicePlan, words: PageWordBoxes) -> Sequence[float]:
    """The heights, in ascending order, of the words whose middle no crop leaves out."""
    rect = plan.overview.rect
    if (rect.width, rect.height) == (plan.page.width, plan.page.height):
        return words.heights
    x0, y0, x1, y1 = rect.x, rect.y, rect.right, rect.bottom
    return sorted(height for x, y, height in words.middles if x0 <= x <= x1 and y0 <= y <= y1)


def _scales(views: Sequence[View]) -> list[tuple[float, float]]:
    """The scales of `views`; those that differ from the first one by rounding of rectangles count as it."""
    scales = [view.scale for view in views]
    across, down = scales[0]
    return [scales[0]] + [
        scale
        for scale in scales[1:]
        if abs(scale[0] - across) > SAME_SCALE * across or abs(scale[1] - down) > SAME_SCALE * down
    ]


def _distortion(across: float, down: float) -> float:
    least = min(across, down)
    return max(across, down) / least if least else math.inf
