"""The published layouts: which of their tensors each of our parameters is made of, and what their config means.

Three layouts are known, all LLaVA-1.5's with another `model.mm_projector`: LLaVA-UHD v1 (`llava-uhd-144-13b`),
LLaVA-UHD v2 (Vicuna-7B, Qwen2-7B, Vicuna-13B) and SliME (Vicuna-7B, Vicuna-13B, Llama-3-8B), which has a
`model.sampler` besides. Names follow the modules of thunlp/LLaVA-UHD, branches LLaVA-UHD-v1 (dd7f6cc) and LLaVA-UHD-v2
(ec06a5b), and of yfzhang114/SliME 5c89ec9.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor
from transformers import LlamaConfig, Qwen2Config

from engine.errors import CheckpointError
from engine.uhd.config import LLAMA_3_PROMPT, LLAMA_SPACED_COMMA_ID, QWEN_PROMPT, SLIME, VICUNA_PROMPT, UhdConfig
from engine.uhd.weight_files import WeightFiles

PROJECTOR = "model.mm_projector."
SAMPLER = "model.sampler.post_qformer."
TOWER = "model.vision_tower.vision_tower.vision_model."
CLIP = "vision_model."
CLIP_HEAD_DIM = 64
LLAMA_3_VOCABULARY = 128_000
LEVELS = (1, 2, 4)
DEFAULT_LEVEL_MASK = 7

_DEAD = re.compile(
    r"model\.mm_projector\.(query|kv_proj\.weight|features?_[1248]x_(projector\.(weight|bias)|embedding)|upsampler\.model\..*)"
    r"|model\.mm_projector\.(w_noise|mean|std)"
    r"|model\.vision_tower\.vision_tower\.vision_model\.(encoder\.layers\.\d+\..*|embeddings\.position_ids)"
    r"|model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq"
)
"""What the released code saves but never reads: v2's own copy of CLIP, v1's leftovers in v2, pyramid levels that are
off, SliME's second gate and its constants, the tower's layers above the chosen one, and tables of positions."""

_RENAMED = (
    (re.compile(r"attn\.out\.(weight|bias)"), r"attn.out_proj.\1"),
    (re.compile(r"levels\.(\d)\.linear\.(weight|bias)"), r"features_\1x_projector.\2"),
    (re.compile(r"levels\.(\d)\.embedding"), r"feature_\1x_embedding"),
    (re.compile(r"pyramid\.(up[12]\.\w+_proj)\.2\.(weight|bias)"), r"upsampler.upsampler.\1.3.\2"),
    (re.compile(r"pyramid\.fixup_proj\.(weight|bias)"), r"upsampler.upsampler.fixup_proj.1.\1"),
    (re.compile(r"pyramid\.(.*)"), r"upsampler.upsampler.\1"),
)
_SLIME_RENAMED = {"gate": "w_gate", "mlp.up": "projection.0", "mlp.proj": "projection.2"}
_PACKED = re.compile(r"attn\.(query|key|value)\.(weight|bias)")
_PACKED_ORDER = ("query", "key", "value")


@dataclass(frozen=True, slots=True)
class Source:
    """The published tensors that one of our parameters is made of: stacked if several, or one third of a packed one."""

    names: tuple[str, ...]
    third: int | None = None

    def assemble(self, read: Callable[[str], Tensor]) -> Tensor:
        """The parameter, from what `read` gives for each published name."""
        tensors = [read(name) for name in self.names]
        whole = torch.stack(tensors) if len(tensors) > 1 else tensors[0]
        return whole if self.third is None else whole.chunk(3)[self.third].contiguous()


class PublishedWeights:
    """A published checkpoint's tensors by name; the tower's come from CLIP's own folder where it has none."""

    def __init__(self, files: WeightFiles, clip: WeightFiles | None = None) -> None:
        self._files = files
        self._clip = clip
        tower = {} if clip is None else {name: shape for name, shape in clip.shapes.items() if name.startswith(CLIP)}
        self.shapes = {TOWER + name.removeprefix(CLIP): shape for name, shape in tower.items()} | files.shapes

    def read(self, name: str) -> Tensor:
        """The tensor of that published name. Raises KeyError where there is none."""
        if self._clip is None or name in self._files.shapes:
            return self._files.read(name)
        return self._clip.read(CLIP + name.removeprefix(TOWER))


def source_of(name: str, bridge: str) -> Source:
    """Where our parameter `name` of a model with this `bridge` comes from in a published checkpoint."""
    part, _, rest = name.partition(".")
    if part == "language_model":
        return Source((rest,))
    if part == "vision_tower":
        return Source((TOWER + rest.removeprefix("clip."),))
    return bridge_source(rest, bridge)


def bridge_source(name: str, bridge: str, prefix: str = PROJECTOR) -> Source:
    """Where the bridge's own parameter `name` comes from."""
    if bridge == "slime":
        return _slime_source(name, prefix)
    if bridge == "hiwin" and name == "query":
        return Source(tuple(f"{prefix}query_{number}" for number in (1, 2, 3, 4)))
    if packed := _PACKED.fullmatch(name):
        return Source((f"{prefix}attn.in_proj_{packed[2]}",), _PACKED_ORDER.index(packed[1]))
    for ours, theirs in _RENAMED:
        if ours.fullmatch(name):
            return Source((prefix + ours.sub(theirs, name),))
    return Source((prefix + name,))


def _slime_source(name: str, prefix: str) -> Source:
    """SliME's resamplers are laid out as LLaVA-UHD v1's, one inside the projector, one beside it."""
    part, _, rest = name.partition(".")
    if part == "mixer":
        return bridge_source(rest, "windowed", f"{prefix}attn.")
    if part == "compressor":
        return bridge_source(rest, "windowed", SAMPLER)
    for ours, theirs in _SLIME_RENAMED.items():
        if name == ours or name.startswith(f"{ours}."):
            return Source((prefix + theirs + name.removeprefix(ours),))
    return Source((prefix + name,))


def is_dead(name: str) -> bool:
    """True for a published tensor that the released code saves but does not read."""
    return _DEAD.fullmatch(name) is not None


def published_config(raw: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> UhdConfig:
    """Our configuration of a published checkpoint: its config.json is `raw`, its tensors' `shapes` are by name.

    Raises CheckpointError where it is of neither layout, or of a language model other than Llama and Qwen2.
    """
    bridge = _bridge_of(raw, shapes)
    text_config = _text_config(raw)
    parts: dict[str, Any] = {
        "vision_config": _vision_config(shapes),
        "text_config": text_config,
        "vision_feature_layer": int(raw.get("mm_vision_select_layer", -2)),
    }
    if bridge == "slime":
        return UhdConfig(**parts, **_slime_options(raw, shapes))
    mask = int(raw.get("feature_scale_mask", DEFAULT_LEVEL_MASK))
    return UhdConfig(
        **parts,
        bridge=bridge,
        queries=shapes.get(PROJECTOR + "pos_embed", (144,))[0],
        pyramid_levels=[level for level in LEVELS if mask & level],
        policy="llava-uhd-v2" if bridge == "hiwin" else "llava-uhd-v1",
        prompt=QWEN_PROMPT if text_config["model_type"] == "qwen2" else VICUNA_PROMPT,
    )


def _slime_options(raw: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Raises CheckpointError for a selector with weights, tokens that make no raster, or a gate that was never free."""
    asked = {"mm_resampler_type": "cosine", "mm_patch_merge_type": "spatial", "mm_learnable_gated": -1}
    for key, known in asked.items():
        if raw.get(key, known) != known:
            raise CheckpointError(
                f"This SliME model was made with {key} “{raw[key]}”; Tessera runs those made with “{known}”.",
                "The released models are SliME-vicuna-7B, SliME-vicuna-13B and SliME-Llama3-8B.",
            )
    return SLIME | {
        "queries": shapes[SAMPLER + "query"][0],
        "overview_queries": shapes[PROJECTOR + "attn.query"][0],
        "overview_separator_id": int(raw.get("seperator", LLAMA_SPACED_COMMA_ID)),
        "selector_top_p": float(raw.get("mm_resampler_topp", SLIME["selector_top_p"])),
        "selector_temperature": float(raw.get("mm_resampler_temp", 1.0)),
        "prompt": LLAMA_3_PROMPT if int(raw.get("vocab_size", 0)) >= LLAMA_3_VOCABULARY else VICUNA_PROMPT,
    }


def _bridge_of(raw: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> str:
    if PROJECTOR + "query_1" in shapes:
        return "hiwin"
    if PROJECTOR + "w_gate" in shapes and SAMPLER + "query" in shapes:
        return "slime"
    if PROJECTOR + "kv_proj.weight" in shapes and PROJECTOR + "query" in shapes:
        return "windowed"
    if not any(name.startswith(PROJECTOR) for name in shapes):
        raise CheckpointError("This folder holds a model without a bridge from images to words (model.mm_projector).")
    raise CheckpointError(
        f"This folder's bridge “{raw.get('mm_projector_type', 'without a name')}” is neither LLaVA-UHD's nor SliME's.",
        "Tessera imports llava-uhd-144-13b, LLaVA-UHD-v2, SliME and models that it saved itself.",
    )


def _text_config(raw: Mapping[str, Any]) -> dict[str, Any]:
    kind = " ".join([str(raw.get("model_type", "")), *map(str, raw.get("architectures") or ())]).lower()
    config_class = Qwen2Config if "qwen2" in kind or "qwen" in kind else LlamaConfig
    if not any(known in kind for known in ("llava", "llama", "qwen")):
        raise CheckpointError(
            f"This folder's language model is of type “{raw.get('model_type')}”.",
            "The published models use Llama or Qwen2.",
        )
    known = {field.name for field in fields(config_class)} | {"rope_theta", "rope_scaling"}
    kept = {key: value for key, value in raw.items() if key in known and key not in ("architectures", "dtype")}
    return {**kept, "model_type": config_class.model_type}


def _vision_config(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """CLIP's configuration, told from the tower's own tensors, because published configs only name a local path."""
    try:
        width, _, patch, _ = shapes[TOWER + "embeddings.patch_embedding.weight"]
        positions = shapes[TOWER + "embeddings.position_embedding.weight"][0]
        inner = shapes[TOWER + "encoder.layers.0.mlp.fc1.weight"][0]
    except KeyError as error:
        raise CheckpointError(
            f"This folder lacks the vision tower's weights ({error.args[0]}).",
            "If the model was saved without its tower, give the folder of openai/clip-vit-large-patch14-336 with it.",
        ) from error
    numbers = re.compile(re.escape(TOWER) + r"encoder\.layers\.(\d+)\.")
    layers = 1 + max(int(found[1]) for found in map(numbers.match, shapes) if found)
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": max(width // CLIP_HEAD_DIM, 1),
        "image_size": round((positions - 1) ** 0.5) * patch,
        "patch_size": patch,
    }
