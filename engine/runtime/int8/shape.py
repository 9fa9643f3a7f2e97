"""Which decoders the int8 engine runs, and the numbers that describe one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.errors import CheckpointError

_FAMILIES = ("llama", "qwen2", "qwen3")
# Rotary embeddings whose frequencies do not depend on the length of the sequence.
_ROPE_TYPES = ("default", "linear", "llama3", "yarn")
_HINT = "Choose fp32 for this model on a CPU."


@dataclass(frozen=True, slots=True)
class DecoderShape:
    """A dense decoder: `inner` channels in its feed-forward network; `heads` query heads share `kv_heads` heads of keys
    and values, of `head_dim` channels each. `head_norms` says that queries and keys are normalized per head."""

    layers: int
    dim: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    epsilon: float
    head_norms: bool


def shape_of(config: Any) -> DecoderShape:
    """The shape of the text decoder that a transformers configuration describes.

    Raises CheckpointError where it is not one of the dense decoders that the engine runs.
    """
    _check(config)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return DecoderShape(
        layers=config.num_hidden_layers,
        dim=config.hidden_size,
        inner=config.intermediate_size,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_dim=head_dim,
        vocabulary=config.vocab_size,
        epsilon=config.rms_norm_eps,
        head_norms=config.model_type == "qwen3",
    )


def _check(config: Any) -> None:
    kind = getattr(config, "model_type", "unknown")
    if kind not in _FAMILIES:
        raise CheckpointError(f"The int8 engine has no decoder of type “{kind}”.", _HINT)
    others = set(getattr(config, "layer_types", None) or ()) - {"full_attention"}
    if others:
        raise CheckpointError(f"The int8 engine has no layers of type “{min(others)}”.", _HINT)
    if config.hidden_act != "silu":
        raise CheckpointError(f"The int8 engine has no activation “{config.hidden_act}”.", _HINT)
    rope = (config.rope_parameters or {}).get("rope_type", "default")
    if rope not in _ROPE_TYPES or "mrope_section" in (config.rope_parameters or {}):
        raise CheckpointError(f"The int8 engine has no rotary positions of type “{rope}”.", _HINT)
