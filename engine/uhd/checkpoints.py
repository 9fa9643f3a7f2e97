"""Loading a model folder: our own layout, or a published one that is renamed on the way in. Nothing is unpickled."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from torch import Tensor
from transformers import AutoTokenizer, LlamaTokenizer, Qwen2Tokenizer

from engine.errors import CheckpointError
from engine.uhd.config import UhdConfig
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from engine.uhd.published import PublishedWeights, bridge_source, is_dead, published_config, source_of
from engine.uhd.weight_files import WeightFiles, listed, read_json

HEAD = "lm_head.weight"
"""The language model's head; a model whose head is its embedding does not need it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready to answer, in evaluation mode, and the processor that belongs to it."""

    model: UhdForConditionalGeneration
    processor: UhdProcessor


def load(folder: Path, clip_folder: Path | None = None, **options: Any) -> LoadedModel:
    """The model in `folder`, of our own layout or a published one.

    `clip_folder` holds CLIP itself, for published checkpoints that were saved without their tower. `options` go to
    transformers' `from_pretrained`: `dtype`, `device_map`, `quantization_config`. Raises CheckpointError for a wrong,
    half or damaged checkpoint, an unknown bridge, a pickle that is more than tensors or a tokenizer without the
    separators; FileMissingError where `folder` is no model folder.
    """
    raw = read_json(folder / "config.json")
    if raw.get("model_type") == UhdConfig.model_type:
        return _load_own(folder, raw, options)
    return _load_published(folder, raw, clip_folder, options)


def configuration(folder: Path) -> UhdConfig:
    """The configuration of the model in `folder`, of our own layout or a published one; weights are not loaded.

    Raises CheckpointError, FileMissingError.
    """
    raw = read_json(folder / "config.json")
    with _understanding(folder):
        if raw.get("model_type") == UhdConfig.model_type:
            return UhdConfig.from_dict(raw)
        return published_config(raw, PublishedWeights(WeightFiles(folder), None).shapes)


def save(loaded: LoadedModel, folder: Path) -> None:
    """Writes model (safetensors), configuration, tokenizer and processor in our own layout."""
    loaded.model.save_pretrained(folder)
    loaded.processor.save_pretrained(folder)


def bridge_state(bridge: str, ours: Mapping[str, Tensor], published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of a bridge with the parameters `ours`, from published projector weights without their prefix."""
    return {name: bridge_source(name, bridge, prefix="").assemble(published.__getitem__) for name in ours}


def published_tokenizer(folder: Path, text_model_type: str) -> Any:
    """The tokenizer of a published checkpoint. Raises CheckpointError.

    A tokenizer.json is taken as it is. Without one the class must be told: for the published model types, which
    transformers does not know, its Auto class would build one that drops the space before a text.
    """
    if (folder / "tokenizer.json").exists():
        return _tokenizer(AutoTokenizer, folder)
    if text_model_type == "qwen2":
        return _tokenizer(Qwen2Tokenizer, folder)
    return _tokenizer(LlamaTokenizer, folder, add_bos_token=True)


def _load_published(
    folder: Path, raw: dict[str, Any], clip_folder: Path | None, options: dict[str, Any]
) -> LoadedModel:
    weights = PublishedWeights(WeightFiles(folder), WeightFiles(clip_folder) if clip_folder else None)
    with _understanding(folder):
        config = published_config(raw, weights.shapes)
    tokenizer = published_tokenizer(folder, config.text_config.model_type)
    processor = UhdProcessor.for_model(config, tokenizer)
    state = _published_state(config, weights)
    options = {"dtype": raw.get("torch_dtype") or raw.get("dtype") or "auto"} | options
    model = UhdForConditionalGeneration.from_pretrained(None, config=config, state_dict=state, **options)
    return LoadedModel(model, processor)


def _load_own(folder: Path, raw: dict[str, Any], options: dict[str, Any]) -> LoadedModel:
    with _understanding(folder):
        config = UhdConfig.from_dict(raw)
    wanted = _wanted_shapes(config)
    shapes = WeightFiles(folder).shapes
    if "quantization_config" not in raw:
        _check_names(sorted(wanted.keys() - shapes.keys()), sorted(shapes.keys() - wanted.keys()))
        for name, shape in wanted.items():
            _check_shape(name, shapes[name], shape)
    processor = UhdProcessor.for_model(config, _tokenizer(AutoTokenizer, folder))
    model = UhdForConditionalGeneration.from_pretrained(folder, use_safetensors=True, local_files_only=True, **options)
    return LoadedModel(model, processor)


@contextmanager
def _understanding(folder: Path) -> Iterator[None]:
    """Turns what transformers raises for a nonsensical configuration into CheckpointError."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, StrictDataclassError) as error:
        raise CheckpointError(f"The configuration in {folder} cannot be understood ({_short(error)}).") from error


def _published_state(config: UhdConfig, weights: PublishedWeights) -> dict[str, Tensor]:
    """Our parameters by name, read from a published checkpoint whose names and shapes must all be right."""
    wanted = _wanted_shapes(config)
    sources = {name: source_of(name, config.bridge) for name in wanted}
    used = {published for source in sources.values() for published in source.names}
    unused = weights.shapes.keys() - used - ({HEAD} if config.tie_word_embeddings else set())
    dead = {name for name in unused if is_dead(name)}
    _check_names(sorted(used - weights.shapes.keys()), sorted(unused - dead))
    _log.info("%d tensors used, %d dead ones dropped", len(used), len(dead))
    state = {}
    for name, source in sources.items():
        state[name] = source.assemble(weights.read)
        _check_shape(source.names[0], tuple(state[name].shape), wanted[name])
    return state


def _wanted_shapes(config: UhdConfig) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor that a checkpoint of `config` must hold. Raises CheckpointError as the parts do."""
    with torch.device("meta"):
        model = UhdForConditionalGeneration(config)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    if config.tie_word_embeddings:
        shapes.pop(f"language_model.{HEAD}", None)
    return shapes


def _check_names(missing: list[str], surplus: list[str]) -> None:
    if missing:
        raise CheckpointError(f"This is half of a model; these weights are missing: {listed(missing)}.")
    if surplus:
        raise CheckpointError(
            f"No part of this model takes these weights: {listed(surplus)}.",
            "The folder holds another model, or one made for a newer Tessera.",
        )


def _check_shape(name: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if found != wanted:
        raise CheckpointError(
            f"The weight {name} has shape {found}, but the configuration asks for {wanted}.",
            "config.json and weights belong to different models; fetch the model again.",
        )


def _tokenizer(tokenizer_class: Any, folder: Path, **options: Any) -> Any:
    if not any(folder.glob("tokenizer*")):
        raise CheckpointError(f"There is no tokenizer in {folder}.")
    try:
        return tokenizer_class.from_pretrained(folder, local_files_only=True, **options)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise CheckpointError(f"The tokenizer in {folder} cannot be loaded ({_short(error)}).") from error


def _short(error: Exception) -> str:
    return textwrap.shorten(str(error), 160, placeholder="…")
