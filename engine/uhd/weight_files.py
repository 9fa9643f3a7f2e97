"""The tensors of a checkpoint folder, read one by one. Safetensors directly; `.bin` only as plain tensors."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.errors import CheckpointError, FileMissingError

SINGLE_FILES = ("model.safetensors", "pytorch_model.bin")
_NAMES_SHOWN = 5


class WeightFiles:
    """Names, shapes and tensors of all weight files of `folder`. Raises CheckpointError, FileMissingError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[str, Mapping[str, Tensor]] = {}
        self._files = _weight_files(folder)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each tensor by its published name."""
        shapes: dict[str, tuple[int, ...]] = {}
        for file in self._files:
            shapes |= self._shapes_in(file)
        return shapes

    def read(self, name: str) -> Tensor:
        """The tensor of that name, on the CPU. Raises KeyError where there is none."""
        file = self._file_of[name]
        if file.endswith(".safetensors"):
            with _opened(self._folder / file) as tensors:
                return tensors.get_tensor(name)
        return self._plain(file)[name]

    @cached_property
    def _file_of(self) -> dict[str, str]:
        return {name: file for file in self._files for name in self._shapes_in(file)}

    def _shapes_in(self, file: str) -> dict[str, tuple[int, ...]]:
        if file.endswith(".safetensors"):
            with _opened(self._folder / file) as tensors:
                return {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118 - not a mapping
        return {name: tuple(tensor.shape) for name, tensor in self._plain(file).items()}

    def _plain(self, file: str) -> Mapping[str, Tensor]:
        """The tensors of a `.bin` file, mapped from the disk where its format allows."""
        if file not in self._loaded:
            self._loaded[file] = _load_plain(self._folder / file)
        return self._loaded[file]


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file of a model folder. Raises FileMissingError, CheckpointError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileMissingError(
            f"{path.parent} has no {path.name}, so it is not a model folder.",
            "Choose the folder that holds config.json and the weights.",
        ) from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}).") from error
    if not isinstance(data, dict):
        raise CheckpointError(f"{path} does not hold a JSON object.")
    return data


def listed(names: list[str]) -> str:
    """The first few of `names`, and how many more there are."""
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _weight_files(folder: Path) -> list[str]:
    """The names of the weight files, safetensors first. All shards that an index names must be there."""
    for single in SINGLE_FILES:
        index = folder / f"{single}.index.json"
        if index.exists():
            weight_map = read_json(index).get("weight_map")
            if not isinstance(weight_map, dict):
                raise CheckpointError(f"{index} does not say which file holds which weight.")
            files = sorted(set(map(str, weight_map.values())))
            lacking = [file for file in files if Path(file).name != file or not (folder / file).exists()]
            if lacking:
                raise CheckpointError(
                    f"Half of a model: {len(lacking)} of {len(files)} weight files are missing in {folder} "
                    f"({listed(lacking)})."
                )
            return files
        if (folder / single).exists():
            return [single]
    raise FileMissingError(
        f"{folder} holds no model weights ({' or '.join(SINGLE_FILES)}).",
        "Choose the folder that holds config.json and the weights.",
    )


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is not a whole safetensors file ({error}).") from error


def _load_plain(path: Path) -> Mapping[str, Tensor]:
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} holds more than tensors, so opening it could run somebody's code; it was not opened.",
            "Ask for the model as safetensors.",
        ) from error
    except (RuntimeError, OSError, EOFError) as error:
        raise CheckpointError(f"{path} is not a whole weight file ({error}).") from error
    if not isinstance(tensors, dict) or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise CheckpointError(f"{path} does not hold tensors by name.")
    return tensors


def _is_zip(path: Path) -> bool:
    """Only torch's zip format, written since 2020, can be mapped."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"
