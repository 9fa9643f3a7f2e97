"""Slicing of InternVL, DeepSeek-OCR 2, Unlimited-OCR and Granite-Docling: tiles of the grid of the nearest aspect.

Sources: transformers 5.23, `models/internvl` with `models/got_ocr2/image_processing_pil_got_ocr2.py`,
`models/deepseek_ocr2`, `models/unlimited_ocr` and `models/granite_docling`. The page is stretched over the tiles.
"""

from __future__ import annotations

from functools import partial

from engine.geometry import Size
from engine.slicing.grids import UNSLICED, check_page
from engine.slicing.layout import Layout, Picture, whole
from engine.slicing.marked import plan_marked
from engine.slicing.plan import Grid, SlicePlan
from engine.slicing.registry import PolicyStatus, RunsOn, register_policy
from engine.slicing.tiles import centered, check_drawn, grids_between, nearest_grid, stretched, stretched_tiles

INTERNVL_PX, INTERNVL_TOKENS = 448, 256
OCR_OVERVIEW_PX = 1024
OCR_OVERVIEW_TOKENS_PER_SIDE = 16
DEEPSEEK_PX, DEEPSEEK_TOKENS = 768, 144
UNLIMITED_PX, UNLIMITED_TOKENS_PER_SIDE = 640, 10
GRANITE_PX = 512
GRANITE_LONGEST_SIDE = 16
"""The tokenizer has markers for 16 rows and columns."""


@register_policy(
    "internvl",
    title="InternVL",
    citation="Chen et al., InternVL 1.5 (arXiv 2404.16821); transformers 5.23",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=12,
    runs_on=RunsOn.OWN_MODEL,
)
def plan_internvl(policy: str, page: Size, cap: int) -> SlicePlan:
    """Tiles one after another, the overview last. Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    grid = _grid(page, 1, cap, INTERNVL_PX)
    layout = Layout()
    layout.skip()  # <img>
    for picture in (*_tiles(page, grid, INTERNVL_PX), stretched(page, INTERNVL_PX)):
        layout.add(picture, INTERNVL_TOKENS)
    layout.skip()  # </img>
    return layout.plan(policy, page, grid)


@register_policy(
    "deepseek-ocr-2",
    title="DeepSeek-OCR 2",
    citation="Wei et al., DeepSeek-OCR 2 (2026; after arXiv 2510.18234); transformers 5.23",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=6,
)
def plan_deepseek(policy: str, page: Size, cap: int) -> SlicePlan:
    """Tiles one after another, then the padded overview and one separator.

    Raises PlanRefusedError where a side is below 1 px or vanishes in the overview.
    """
    check_page(page)
    grid = _grid(page, 2, cap, DEEPSEEK_PX) if max(page.width, page.height) > DEEPSEEK_PX else UNSLICED
    layout = Layout()
    for picture in _tiles(page, grid, DEEPSEEK_PX):
        layout.add(picture, DEEPSEEK_TOKENS)
    layout.add(_ocr_overview(page), OCR_OVERVIEW_TOKENS_PER_SIDE**2)
    layout.skip()
    return layout.plan(policy, page, grid)


@register_policy(
    "unlimited-ocr",
    title="Unlimited-OCR",
    citation="Baidu, Unlimited-OCR (2026; after DeepSeek-OCR, arXiv 2510.18234); transformers 5.23",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=32,
)
def plan_unlimited(policy: str, page: Size, cap: int) -> SlicePlan:
    """Tiles as one raster with row ends, then the padded overview with row ends and one separator.

    Raises PlanRefusedError where a side is below 1 px or vanishes in the overview.
    """
    check_page(page)
    grid = _grid(page, 2, cap, UNLIMITED_PX) if max(page.width, page.height) > UNLIMITED_PX else UNSLICED
    layout = Layout()
    side = UNLIMITED_TOKENS_PER_SIDE
    layout.add_raster(_tiles(page, grid, UNLIMITED_PX), side, whole(side, grid), row_end=1)
    side = OCR_OVERVIEW_TOKENS_PER_SIDE
    layout.add_raster([_ocr_overview(page)], side, whole(side, Grid(1, 1)), row_end=1)
    layout.skip()
    return layout.plan(policy, page, grid)


def _plan_granite(policy: str, page: Size, cap: int, *, tokens: int) -> SlicePlan:
    """Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    grid = _grid(page, 1, cap, GRANITE_PX, GRANITE_LONGEST_SIDE)
    return plan_marked(policy, page, grid, GRANITE_PX, tokens)


def _grid(page: Size, fewest: int, cap: int, side: int, longest_side: int = 100) -> Grid:
    grid = nearest_grid(page, grids_between(fewest, cap, longest_side), side)
    return UNSLICED if grid == Grid(1, 1) else grid


def _tiles(page: Size, grid: Grid, side: int) -> list[Picture]:
    return [] if grid == UNSLICED else stretched_tiles(page, grid, side)


def _ocr_overview(page: Size) -> Picture:
    scale = OCR_OVERVIEW_PX / max(page.width, page.height)
    drawn = Size(round(page.width * scale), round(page.height * scale))
    check_drawn(page, drawn)
    return centered(page, OCR_OVERVIEW_PX, drawn)


for _id, _title, _tokens in (
    ("granite-docling", "Granite-Docling, coarse", 64),
    ("granite-docling-fine", "Granite-Docling, fine", 256),
):
    register_policy(
        _id,
        title=_title,
        citation="IBM, Granite-Docling (2026; after SmolDocling, arXiv 2503.11576); transformers 5.23",
        status=PolicyStatus.EXACT_FROM_CODE,
        default_cap=32,
    )(partial(_plan_granite, tokens=_tokens))
