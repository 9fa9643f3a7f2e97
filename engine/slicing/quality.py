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

from engine.geometry import PixelRect
from engine.slicing.plan import SlicePlan, View
from engine.slicing.words import PageWordBoxes

LEGIBLE_PX = 12.0


@dataclass(frozen=True, slots=True)
class WordQuality:
    """Of `words` words: how many a seam cuts, the median height of text in px of the views, the share (0–1) that is
    not legible. Median and share are None on a page without words."""

    words: int
    cut: int
    text_px: float | None
    illegible: float | None

    @property
    def cut_share(self) -> float | None:
        """The share (0–1) of the words that a seam cuts."""
        return self.cut / self.words if self.words else None


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
    scales = _scales(plan)
    least = min(min(scale) for scale in scales)
    return Quality(
        scale=least,
        dpi=None if dpi is None else dpi * least,
        glyph_px=LEGIBLE_PX / least if least else math.inf,
        padding=plan.padding,
        distortion=max(_distortion(*scale) for scale in scales),
        deviation=deviation(plan),
        words=None if words is None else word_quality(plan, words),
    )


def view_dpi(view: View, dpi: float) -> float:
    """The resolution of a view of a page of `dpi`, along the side that has less of it."""
    return dpi * min(view.scale)


def deviation(plan: SlicePlan) -> float:
    """−S of the LLaVA-UHD paper (arXiv 2403.11703, section 3.1): |ln((W/cols) / (H/rows))| against square views."""
    cols, rows = max(plan.grid.cols, 1), max(plan.grid.rows, 1)
    return abs(math.log(plan.page.width * rows) - math.log(plan.page.height * cols))


def word_quality(plan: SlicePlan, words: PageWordBoxes) -> WordQuality:
    """What becomes of the page's words under `plan`. A word that a crop leaves out is not legible."""
    xs, ys = seams(plan)
    count = len(words.boxes)
    cut = words.cut_by(xs, ys)
    if not count:
        return WordQuality(0, 0, None, None)
    scales = _scales(plan)
    if len(scales) == 1 and not _is_cropped(plan):
        ((across, down),) = scales
        least = min(across, down)
        small = bisect_right(words.heights, LEGIBLE_PX / least) if least else count
        return WordQuality(count, cut, words.heights[count // 2] * down, small / count)
    views = detail_views(plan)
    seen = [_scale_at(views, box) for box in words.boxes]
    drawn = sorted(box.height * down for box, (_, down) in zip(words.boxes, seen, strict=True))
    small = sum(box.height * min(scale) <= LEGIBLE_PX for box, scale in zip(words.boxes, seen, strict=True))
    return WordQuality(count, cut, drawn[count // 2], small / count)


def seams(plan: SlicePlan) -> tuple[list[float], list[float]]:
    """Where slices meet inside the page and where a crop ends, in page px: vertical seams by x, horizontal ones by y,
    ascending."""
    slices, page = plan.slices, plan.overview.rect
    xs = [page.x, *(view.rect.x for view in slices[1 : plan.grid.cols]), page.right]
    ys = [page.y, *(view.rect.y for view in slices[plan.grid.cols :: max(plan.grid.cols, 1)]), page.bottom]
    return [x for x in xs if 0 < x < plan.page.width], [y for y in ys if 0 < y < plan.page.height]


def _is_cropped(plan: SlicePlan) -> bool:
    rect = plan.overview.rect
    return (rect.width, rect.height) != (plan.page.width, plan.page.height)


def _scales(plan: SlicePlan) -> set[tuple[float, float]]:
    """The scales of the views in which details are read; those that differ by rounding of rectangles count as one."""
    scales = [view.scale for view in detail_views(plan)]
    first = scales[0]
    return {first if _close(scale, first) else scale for scale in scales}


def _close(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return math.isclose(one[0], other[0], rel_tol=1e-6) and math.isclose(one[1], other[1], rel_tol=1e-6)


def _scale_at(views: Sequence[View], box: PixelRect) -> tuple[float, float]:
    """The scale of the view that shows the middle of `box`; (0, 0) where none does."""
    x, y = box.x + box.width / 2, box.y + box.height / 2
    for view in views:
        if view.rect.x <= x <= view.rect.right and view.rect.y <= y <= view.rect.bottom:
            return view.scale
    return 0.0, 0.0


def _distortion(across: float, down: float) -> float:
    least = min(across, down)
    return max(across, down) / least if least else math.inf
