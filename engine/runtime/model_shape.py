"""The shape of a model from its configuration: nothing is read and nothing is allocated."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, PreTrainedConfig

from engine.errors import CheckpointError
from engine.runtime.int8.shape import shape_of as int8_shape_of
from engine.runtime.precision import ModelShape, Precision

_SOFTMAX = frozenset({"full_attention", "sliding_attention", "chunked_attention"})


def shape_of(config: PreTrainedConfig) -> ModelShape:
    """The shape of the model that `config` describes. Raises CheckpointError where transformers has none for it."""
    model = skeleton(config)
    text: Any = text_model(model)
    settings = text.config
    embeddings, head = text.get_input_embeddings(), model.get_output_embeddings()
    tied = head is None or head.weight is embeddings.weight or bool(config.tie_word_embeddings)
    layers = _count(text.layers)
    table = _count(embeddings)
    # get_decoder gives the text model; what is not in it was made for the eyes.
    vision = _count(model) - _count(text) - (0 if head is None or head.weight is embeddings.weight else _count(head))
    kinds = list(getattr(settings, "layer_types", None) or ["full_attention"] * settings.num_hidden_layers)
    tower = getattr(config, "vision_config", None)
    return ModelShape(
        vision=vision,
        layers=layers,
        embeddings=table,
        head=0 if tied else _count(head),
        hidden=settings.hidden_size,
        inner=getattr(settings, "intermediate_size", None) or 4 * settings.hidden_size,
        vocabulary=settings.vocab_size,
        cache_width=sum(kind in _SOFTMAX for kind in kinds) * _cache_width(settings),
        state=sum(_state(settings) for kind in kinds if kind == "linear_attention"),
        patches=_patches(tower),
        vision_hidden=getattr(tower, "hidden_size", 0),
        vision_inner=getattr(tower, "intermediate_size", 0),
        dense=_runs_in_int8(settings),
        saved=saved_precision(config),
    )


def saved_precision(config: PreTrainedConfig) -> Precision | None:
    """The precision that the weights of `config` were saved quantized in, None for plain ones. Raises CheckpointError
    for quantizations that are not bitsandbytes'."""
    stated: Any = getattr(config, "quantization_config", None)
    if stated is None:
        return None
    named = stated if isinstance(stated, dict) else stated.to_dict()
    if named.get("load_in_4bit"):
        return Precision.NF4
    if named.get("load_in_8bit"):
        return Precision.INT8
    raise CheckpointError(
        f"This model was saved quantized by “{named.get('quant_method', 'unknown')}”, which Tessera does not run.",
        "Get it unquantized; Tessera quantizes it while loading.",
    )


def skeleton(config: PreTrainedConfig) -> Any:
    """The model of `config` without weights. Raises CheckpointError."""
    made = copy.deepcopy(config)
    for kind in (AutoModelForImageTextToText, AutoModelForCausalLM):
        if type(made) in kind._model_mapping:
            with torch.device("meta"):
                return kind.from_config(made)
    raise CheckpointError(
        f"transformers has no model that reads pages or text for the type “{config.model_type}”.",
        "Choose one of the models that tessera models list shows.",
    )


def text_model(model: Any) -> Any:
    """The text model inside a causal LM or a vision-language model: what has the layers."""
    while (inner := model.get_decoder()) is not model:
        model = inner
    return model


def _runs_in_int8(settings: Any) -> bool:
    try:
        int8_shape_of(settings)
    except CheckpointError:
        return False
    return True


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _head_dim(settings: Any) -> int:
    return int(getattr(settings, "head_dim", None) or settings.hidden_size // settings.num_attention_heads)


def _cache_width(settings: Any) -> int:
    heads = getattr(settings, "num_key_value_heads", None) or settings.num_attention_heads
    return 2 * int(heads) * _head_dim(settings)


def _state(settings: Any) -> int:
    """Elements of a gated delta layer: a matrix per value head, and the last inputs of its convolution."""
    keys = settings.linear_num_key_heads * settings.linear_key_head_dim
    values = settings.linear_num_value_heads * settings.linear_value_head_dim
    return int(values * settings.linear_key_head_dim + (2 * keys + values) * settings.linear_conv_kernel_dim)


def _patches(tower: Any) -> int:
    if tower is None or not getattr(tower, "image_size", None):
        return 0
    size = tower.image_size if isinstance(tower.image_size, int) else max(tower.image_size)
    patch = tower.patch_size if isinstance(tower.patch_size, int) else min(tower.patch_size)
    return int((size // patch) ** 2)
