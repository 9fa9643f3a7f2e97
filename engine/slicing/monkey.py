"""Slicing of Monkey and TextMonkey: the page stretched over a fixed canvas of 448 px windows, then the whole page.

Sources: Monkey (arXiv 2311.06607), section 3.1 for the canvas of 896 x 1344 px, and Yuliang-Liu/Monkey,
`monkey_model/visual.py` and `modeling_monkey.py` for the order (windows row by row, overview last);
TextMonkey (arXiv 2403.04473), `monkey_model/text_monkey/visual_text.py`: 896 x 896 px, whose windows' 1024 tokens are
thinned to the 512 least like the others. Which ones is decided by their content; a plan counts an equal share each.
"""

from __future__ import annotations

from functools import partial

from engine.geometry import Size
from engine.slicing.grids import check_page
from engine.slicing.layout import Layout
from engine.slicing.plan import Grid, SlicePlan
from engine.slicing.registry import PolicyStatus, register_policy
from engine.slicing.tiles import stretched, stretched_tiles

WINDOW_PX = 448
OVERVIEW_TOKENS = 256


def _plan(policy: str, page: Size, _cap: int, *, grid: Grid, window_tokens: int) -> SlicePlan:
    """Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    layout = Layout()
    layout.skip()  # <img>
    for picture in stretched_tiles(page, grid, WINDOW_PX):
        layout.add(picture, window_tokens)
    layout.add(stretched(page, WINDOW_PX), OVERVIEW_TOKENS)
    layout.skip()  # </img>
    return layout.plan(policy, page, grid)


register_policy(
    "monkey",
    title="Monkey",
    citation="Li et al., Monkey (arXiv 2311.06607), section 3.1; Yuliang-Liu/Monkey eea8616",
    status=PolicyStatus.EXACT_FROM_PAPER,
    default_cap=6,
    takes_cap=False,
)(partial(_plan, grid=Grid(2, 3), window_tokens=256))
register_policy(
    "textmonkey",
    title="TextMonkey",
    citation="Liu et al., TextMonkey (arXiv 2403.04473); Yuliang-Liu/Monkey 9ccd057",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=4,
    takes_cap=False,
)(partial(_plan, grid=Grid(2, 2), window_tokens=128))
