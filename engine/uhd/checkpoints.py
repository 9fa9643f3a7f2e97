"""Loading a model folder: our own layout, or a published one that is renamed on the way in. Nothing is unpickled."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoTokenizer

from engine.errors import CheckpointError, FileMissingError
from engine.uhd.bridges import BRIDGES
from engine.uhd.config import UhdConfig
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from engine.uhd.published import bridge_source, is_dead, published_config, source_of
from engine.uhd.weight_files import WeightFiles, listed, read_json

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model ready to answer, in evaluation mode, and the processor that belongs to it."""

    model: UhdForConditionalGeneration
    processor: UhdProcessor


def locate(name: str) -> Path:
    """The folder of a model: `name` as a path, or as a hub id that was fetched before. Fetches nothing.

    Raises FileMissingError where neither exists.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise FileMissingError(
            f"There is no model “{name}” on this machine.",
            "Give the path of a model folder, or fetch the model first with: tessera models pull",
        ) from error


def load(folder: Path, **options: Any) -> LoadedModel:
    """The model in `folder`, of our own layout or a published one.

    `options` go to transformers' `from_pretrained`: `dtype`, `device_map`, `quantization_config`. Raises
    CheckpointError for a wrong, half or damaged checkpoint, an unknown bridge, a pickle that is more than tensors or
    a tokenizer without the separators; FileMissingError where `folder` is no model folder.
    """
    raw = read_json(folder / "config.json")
    if raw.get("model_type") == UhdConfig.model_type:
        return _load_own(folder, raw, options)
    return load_published(folder, **options)


def load_published(folder: Path, **options: Any) -> LoadedModel:
    """The model of a published checkpoint `folder`; see `load`. Save it with `save` to have it as safetensors."""
    raw = read_json(folder / "config.json")
    files = WeightFiles(folder)
    config = published_config(raw, files.shapes)
    processor = UhdProcessor.for_model(config, _tokenizer(folder))
    state = _published_state(config, files)
    options.setdefault("dtype", raw.get("torch_dtype") or raw.get("dtype") or "auto")
    model = UhdForConditionalGeneration.from_pretrained(None, config=config, state_dict=state, **options)
    return LoadedModel(model, processor)


def save(loaded: LoadedModel, folder: Path) -> None:
    """Writes model (safetensors), configuration, tokenizer and processor in our own layout."""
    loaded.model.save_pretrained(folder)
    loaded.processor.save_pretrained(folder)


def bridge_state(bridge: str, ours: Mapping[str, Tensor], published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of a bridge with the parameters `ours`, from published projector weights without their prefix."""
    return {name: bridge_source(name, bridge, prefix="").assemble(published.__getitem__) for name in ours}


def _load_own(folder: Path, raw: dict[str, Any], options: dict[str, Any]) -> LoadedModel:
    if raw.get("bridge", UhdConfig.bridge) not in BRIDGES:
        raise CheckpointError(
            f"This model's configuration names a bridge “{raw.get('bridge')}” that Tessera does not know.",
            f"The bridges are {', '.join(BRIDGES)}. The model may be made for a newer Tessera.",
        )
    WeightFiles(folder)
    tokenizer = _tokenizer(folder)
    try:
        model, info = UhdForConditionalGeneration.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, output_loading_info=True, **options
        )
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"The weights in {folder} cannot be read ({error}).") from error
    _check_names(sorted(info["missing_keys"]), sorted(info["unexpected_keys"]))
    return LoadedModel(model, UhdProcessor.for_model(model.config, tokenizer))


def _published_state(config: UhdConfig, files: WeightFiles) -> dict[str, Tensor]:
    """Our parameters by name, read from a published checkpoint whose names and shapes must all be right."""
    with torch.device("meta"):
        wanted = UhdForConditionalGeneration(config).state_dict()
    if config.tie_word_embeddings:
        wanted.pop("language_model.lm_head.weight", None)
    sources = {name: source_of(name, config.bridge) for name in wanted}
    used = {published for source in sources.values() for published in source.names}
    surplus = [name for name in files.shapes if name not in used and not is_dead(name)]
    if config.tie_word_embeddings:
        surplus = [name for name in surplus if name != "lm_head.weight"]
    _check_names(sorted(used - files.shapes.keys()), sorted(surplus))
    dropped = len(files.shapes.keys() - used)
    _log.info("%d tensors used, %d dead ones dropped", len(used), dropped)
    state = {}
    for name, source in sources.items():
        state[name] = source.assemble(files.read)
        if state[name].shape != wanted[name].shape:
            raise CheckpointError(
                f"The weight {source.names[0]} has shape {tuple(state[name].shape)}, but the configuration asks for "
                f"{tuple(wanted[name].shape)}.",
                "config.json and weights belong to different models; fetch the model again.",
            )
    return state


def _check_names(missing: list[str], surplus: list[str]) -> None:
    if missing:
        raise CheckpointError(f"Half of a model: {len(missing)} weights are missing ({listed(missing)}).")
    if surplus:
        raise CheckpointError(
            f"{len(surplus)} weights belong to no part of this model ({listed(surplus)}).",
            "The folder holds another model, or one made for a newer Tessera.",
        )


def _tokenizer(folder: Path) -> Any:
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise CheckpointError(
            f"The tokenizer in {folder} cannot be loaded ({str(error).splitlines()[0]}).",
            "Fetch the model again, with tokenizer.json or tokenizer.model.",
        ) from error
