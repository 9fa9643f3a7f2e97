"""Reading a published model folder: configuration, tokenizer, image processor, chat template, weights.

Nothing is fetched, no code of the folder is run, nothing is unpickled. Whatever transformers raises on the way
becomes one CheckpointError.
"""

from __future__ import annotations

import logging
import re
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer, ProcessorMixin

from engine.errors import CheckpointError
from engine.readers.native.adapter import ModelFiles
from engine.runtime.quantization import check_quantized
from engine.uhd.weight_files import WeightFiles, listed

_DEAD = re.compile(r".*\.position_ids|.*\.rotary_emb\.inv_freq|(model\.)?mtp\..*")
"""Weights that transformers does not use: buffers that its older versions saved and computed anew on loading, and
Qwen3.5's heads for speculative decoding."""

_LOCAL: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}

_log = logging.getLogger(__name__)


def read_config(folder: Path) -> Any:
    """config.json as transformers' configuration. Raises CheckpointError."""
    with _understanding(folder, "configuration"):
        return AutoConfig.from_pretrained(folder, **_LOCAL)


def read_files(folder: Path, image_processor_class: Any | None) -> ModelFiles:
    """All but the weights. Raises CheckpointError."""
    config = read_config(folder)
    if not any(folder.glob("tokenizer*")):
        raise CheckpointError(f"There is no tokenizer in {folder}.")
    with _understanding(folder, "tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(folder, **_LOCAL)
    with _understanding(folder, "image processor"):
        if image_processor_class is None:
            images = AutoImageProcessor.from_pretrained(folder, backend="pil", **_LOCAL)
        else:
            images = image_processor_class.from_pretrained(folder, local_files_only=True)
    with _understanding(folder, "chat template"):
        processor, _ = ProcessorMixin.get_processor_dict(folder, local_files_only=True)
    template = processor.get("chat_template") or tokenizer.chat_template
    if not isinstance(template, str):
        raise CheckpointError(f"There is no chat template in {folder}, so its prompt is unknown.")
    return ModelFiles(config, tokenizer, images, template)


def read_weights(folder: Path, config: Any, dtype: torch.dtype, device: torch.device, quantization: Any | None) -> Any:
    """The model in evaluation mode on `device`. Raises CheckpointError for half, surplus or damaged weights."""
    if not any(folder.glob("*.safetensors")):
        raise CheckpointError(
            f"There are no weights as safetensors in {folder}.",
            "Ask for the model as safetensors; others are not read.",
        )
    _check_shards(folder)
    quantized = quantization is not None or getattr(config, "quantization_config", None) is not None
    placing = {"quantization_config": quantization, "device_map": {"": device}} if quantized else {}
    with _understanding(folder, "weights"):
        model, info = AutoModelForImageTextToText.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            **_LOCAL,
            **placing,
        )
    _check_names(info)
    if quantized:
        check_quantized(model)
    return (model if quantized else model.to(device)).eval()


def _check_shards(folder: Path) -> None:
    """Raises CheckpointError where a file that the index names is missing or cut short."""
    _log.debug("%d tensors in %s", len(WeightFiles(folder).shapes), folder)


def _check_names(info: Mapping[str, Any]) -> None:
    missing = sorted(info["missing_keys"])
    surplus = sorted(name for name in info["unexpected_keys"] if not _DEAD.fullmatch(name))
    misshapen = sorted(info["mismatched_keys"])
    if misshapen:
        name, found, wanted = misshapen[0]
        raise CheckpointError(
            f"The weight {name} has shape {tuple(found)}, but the configuration asks for {tuple(wanted)}.",
            "config.json and weights belong to different models; fetch the model again.",
        )
    if missing:
        raise CheckpointError(f"This is half of a model; these weights are missing: {listed(missing)}.")
    if surplus:
        raise CheckpointError(
            f"No part of this model takes these weights: {listed(surplus)}.",
            "The folder holds another model, or one made for a newer Tessera.",
        )


@contextmanager
def _understanding(folder: Path, what: str) -> Iterator[None]:
    """Turns what transformers raises for a nonsensical file into CheckpointError."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, ImportError, OSError) as error:
        raise _unreadable(folder, what, error) from error
    except (StrictDataclassError, SafetensorError) as error:
        raise _unreadable(folder, what, error) from error


def _unreadable(folder: Path, what: str, error: Exception) -> CheckpointError:
    reason = textwrap.shorten(str(error), 160, placeholder="…")
    return CheckpointError(f"The {what} in {folder} cannot be read ({type(error).__name__}: {reason}).")
