"""The sequence of SmolVLM and Granite-Docling: every tile behind a marker of its row and column, the overview last.

Source: transformers 5.23, `models/smolvlm/processing_smolvlm.py` and `models/granite_docling`. A view is written as
`<fake_token_around_image>`, its marker and its tokens; rows end with a newline. The newline after the last row and
the one before the overview are one token of these tokenizers.
"""

from __future__ import annotations

from engine.geometry import Size
from engine.slicing.grids import UNSLICED
from engine.slicing.layout import Layout
from engine.slicing.plan import Grid, SlicePlan
from engine.slicing.tiles import stretched, stretched_tiles

BEFORE_VIEW = 2


def plan_marked(policy: str, page: Size, grid: Grid, side: int, tokens: int) -> SlicePlan:
    """The plan of `page` stretched over `grid`, `tokens` a view of `side` px."""
    layout = Layout()
    if grid != UNSLICED:
        for picture in stretched_tiles(page, grid, side):
            layout.skip(BEFORE_VIEW)
            layout.add(picture, tokens)
            if picture.col == grid.cols - 1:
                layout.skip()
    layout.skip(BEFORE_VIEW)
    layout.add(stretched(page, side), tokens)
    layout.skip()
    return layout.plan(policy, page, grid)
