"""Slicing of UReader and mPLUG-DocOwl 1.5: a stretched overview, then crops of the grid that overlaps the page best.

A grid's canvas is compared with the page twice, both with their upper left corners together: as it is, and against
a canvas of the same width in the page's aspect. UReader's paper (arXiv 2310.05126, section 3.1) adds the two overlaps;
the released code of both, `anchor_rank` in `processors/doc_processor.py` and `mplug_docowl/processor.py` of
X-PLUG/mPLUG-DocOwl, counts the second one a hundredfold, in single precision and with its height cut to whole pixels.
Crop markers of DocOwl are counted as one position each.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import partial

from engine.geometry import Size
from engine.slicing.grids import check_page
from engine.slicing.layout import Layout
from engine.slicing.plan import Grid, SlicePlan
from engine.slicing.registry import PolicyStatus, register_policy
from engine.slicing.tiles import grids_between, stretched, stretched_tiles

Score = Callable[[Size, Size], float]
"""(page, canvas) in px -> how well they overlap; the largest wins, of equals the first."""

UREADER_PX, DOCOWL_PX = 224, 448
_EPSILON = 1e-5
_SHAPE_WEIGHT = 100.0


def _published(most: int, longest_side: int) -> tuple[Grid, ...]:
    """The grids as both lists hold them: counts ascending, then rows."""
    return tuple(Grid(grid.rows, grid.cols) for grid in grids_between(1, most, longest_side))


UREADER_GRIDS = _published(20, 11)
DOCOWL_GRIDS = _published(9, 9)


def paper_score(page: Size, canvas: Size) -> float:
    """The sum of both overlaps, each intersection over union."""
    scaled = canvas.width * page.height / page.width
    shape = min(scaled, canvas.height) / max(scaled, canvas.height)
    return _overlap(page, canvas) + shape


def code_score(page: Size, canvas: Size) -> float:
    """As the released code computes it, in the order and precision of its tensors."""
    scaled = int(_single(_single(page.height / page.width) * canvas.width))
    shape = _code_overlap(Size(canvas.width, scaled), canvas)
    return _single(_single(shape * _SHAPE_WEIGHT) + _code_overlap(page, canvas))


def _overlap(page: Size, canvas: Size) -> float:
    shared = min(page.width, canvas.width) * min(page.height, canvas.height)
    return shared / (page.area + canvas.area - shared)


def _code_overlap(page: Size, canvas: Size) -> float:
    shared = min(page.width, canvas.width) * min(page.height, canvas.height)
    union = _single(_single(float(page.area + canvas.area - shared)) + _single(_EPSILON))
    return _single(_single(float(shared)) / union)


def _single(value: float) -> float:
    """`value` rounded to single precision."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def best_grid(page: Size, grids: Sequence[Grid], side: int, score: Score) -> Grid:
    """The first grid of the highest score."""
    return max(grids, key=lambda grid: score(page, Size(grid.cols * side, grid.rows * side)))


def _plan_ureader(policy: str, page: Size, _cap: int, *, score: Score) -> SlicePlan:
    """65 tokens a view. Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    grid = best_grid(page, UREADER_GRIDS, UREADER_PX, score)
    layout = Layout()
    for picture in (stretched(page, UREADER_PX), *stretched_tiles(page, grid, UREADER_PX)):
        layout.add(picture, 65)
    return layout.plan(policy, page, grid)


def _plan_docowl(policy: str, page: Size, _cap: int) -> SlicePlan:
    """256 tokens a view, between its marker and its end token. Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    grid = best_grid(page, DOCOWL_GRIDS, DOCOWL_PX, code_score)
    layout = Layout()
    for picture in (stretched(page, DOCOWL_PX), *stretched_tiles(page, grid, DOCOWL_PX)):
        layout.skip()
        layout.add(picture, 256)
        layout.skip()
    return layout.plan(policy, page, grid)


_UREADER_CITATION = "Ye et al., UReader (arXiv 2310.05126)"
register_policy(
    "ureader",
    title="UReader",
    citation=f"{_UREADER_CITATION}, section 3.1",
    status=PolicyStatus.EXACT_FROM_PAPER,
    default_cap=20,
    takes_cap=False,
)(partial(_plan_ureader, score=paper_score))
register_policy(
    "ureader-code",
    title="UReader, released code",
    citation=f"{_UREADER_CITATION}; X-PLUG/mPLUG-DocOwl cd7b635",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=20,
    takes_cap=False,
)(partial(_plan_ureader, score=code_score))
register_policy(
    "docowl-1.5",
    title="mPLUG-DocOwl 1.5",
    citation="Hu et al., mPLUG-DocOwl 1.5 (arXiv 2403.12895); X-PLUG/mPLUG-DocOwl 665af06",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=9,
    takes_cap=False,
)(_plan_docowl)
