"""Methods that see a page once, in one small square: what reading a page cost before it was sliced.

Flamingo's tokens are attended to across, not laid out among the words; their span counts them alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from engine.geometry import Size
from engine.slicing.grids import UNSLICED, check_page
from engine.slicing.layout import Layout
from engine.slicing.llava import padded_square
from engine.slicing.plan import SlicePlan
from engine.slicing.registry import PolicyStatus, register_policy
from engine.slicing.tiles import stretched


@dataclass(frozen=True, slots=True)
class SingleView:
    """One square of `side` px and `tokens` tokens. `padded` keeps the aspect, `tags` stand on either side of it."""

    id: str
    title: str
    citation: str
    side: int
    tokens: int
    tags: int = 0
    padded: bool = False
    status: PolicyStatus = PolicyStatus.EXACT_FROM_PAPER


METHODS = (
    SingleView("blip-2", "BLIP-2", "Li et al., BLIP-2 (arXiv 2301.12597), section 3", 224, 32),
    SingleView("instructblip", "InstructBLIP", "Dai et al., InstructBLIP (arXiv 2305.06500), section 2", 224, 32),
    SingleView(
        "flamingo", "Flamingo", "Alayrac et al., Flamingo (arXiv 2204.14198), section 2.1", 320, 64, padded=True
    ),
    SingleView("qwen-vl", "Qwen-VL", "Bai et al., Qwen-VL (arXiv 2308.12966), section 2", 448, 256, tags=1),
    SingleView("cogvlm", "CogVLM", "Wang et al., CogVLM (arXiv 2311.03079), section 2.1", 490, 1225, tags=1),
    SingleView("yi-vl", "Yi-VL", "01.AI, Yi (arXiv 2403.04652)", 448, 1024, padded=True),
    SingleView("llama-vid", "LLaMA-VID, 2 tokens", "Li et al., LLaMA-VID (arXiv 2311.17043), section 3", 224, 2),
    SingleView(
        "llama-vid-image",
        "LLaMA-VID, single image",
        "Li et al., LLaMA-VID (arXiv 2311.17043), section 3",
        336,
        577,
        padded=True,
    ),
)


def _plan(policy: str, page: Size, _cap: int, *, method: SingleView) -> SlicePlan:
    """Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    layout = Layout()
    layout.skip(method.tags)
    layout.add(padded_square(page, method.side) if method.padded else stretched(page, method.side), method.tokens)
    layout.skip(method.tags)
    return layout.plan(policy, page, UNSLICED)


for _method in METHODS:
    register_policy(
        _method.id,
        title=_method.title,
        citation=_method.citation,
        status=_method.status,
        default_cap=1,
        takes_cap=False,
    )(partial(_plan, method=_method))
