"""Published recipes of training in stages: which views a stage shows and which weights it moves.

Sources: LLaVA-UHD, thunlp/LLaVA-UHD dd7f6cc, `train.sh`; SliME, yfzhang114/SliME 5c89ec9,
`scripts/vicuna/vicuna_7b_pt.sh`, `vicuna_7b_sft.sh`, `llava/train/train.py` (its authors find that training both kinds
of views from the start is worse); HiRes-LLaVA, arXiv 2407.08706, which trains its language model by LoRA of rank 128,
not in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.errors import UsageError
from engine.uhd.bridges.slime import NO_EXPERT, SlimeBridge
from engine.uhd.model import UhdForConditionalGeneration


class Shown(StrEnum):
    """Which views of a page a stage trains on."""

    OVERVIEW = "overview"
    SLICES = "slices"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Stage:
    """`trained` are the beginnings of the names of the weights that move. `forced_expert` and `top_p` are SliME's: the
    adapter that takes the whole overview (-1 for the gate's choice) and the share of the slices' tokens kept."""

    name: str
    shown: Shown
    trained: tuple[str, ...]
    learning_rate: float
    batch: int
    forced_expert: int = NO_EXPERT
    top_p: float = 1.0


LLAVA_UHD_STAGES = (
    Stage("captions", Shown.OVERVIEW, ("bridge.",), 1e-3, 256),
    Stage("instructions", Shown.ALL, ("bridge.", "language_model."), 2e-5, 128),
)

SLIME_STAGES = (
    Stage("overview, matrices", Shown.OVERVIEW, ("bridge.mlp.",), 1e-3, 256, forced_expert=0),
    Stage("overview, mixer", Shown.OVERVIEW, ("bridge.mixer.",), 1e-3, 256, forced_expert=1),
    Stage("slices, compressor", Shown.SLICES, ("bridge.compressor.",), 1e-3, 256),
    Stage("instructions", Shown.ALL, ("bridge.", "language_model."), 2e-5, 128, top_p=0.95),
)

HIRES_LLAVA_STAGES = (
    Stage("captions", Shown.ALL, ("bridge.",), 1e-3, 256),
    Stage("instructions", Shown.ALL, ("bridge.", "vision_tower.restore.", "language_model."), 2e-5, 128),
)


def enter(model: UhdForConditionalGeneration, stage: Stage) -> tuple[str, ...]:
    """Readies `model` for `stage`: its weights that move take gradients, all others none. Gives their names.

    Fixed positions never move. Which views are shown is the data's matter. Raises UsageError where the model has no
    weights that the stage trains, or no adapters to force.
    """
    if stage.forced_expert != NO_EXPERT and not isinstance(model.bridge, SlimeBridge):
        raise UsageError(f"The stage “{stage.name}” is SliME's; this model's bridge is {model.config.bridge}.")
    if isinstance(model.bridge, SlimeBridge):
        model.bridge.forced_expert = stage.forced_expert
        model.config.selector_top_p = stage.top_p
    moving = []
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(stage.trained) and not name.endswith("pos_embed")
        if parameter.requires_grad:
            moving.append(name)
    if missing := [prefix for prefix in stage.trained if not any(name.startswith(prefix) for name in moving)]:
        raise UsageError(f"The stage “{stage.name}” trains {missing[0]}*, which this model does not have.")
    return tuple(moving)
