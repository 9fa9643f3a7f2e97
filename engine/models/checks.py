"""Whether a folder is a usable checkpoint, found out without torch: one clear line for each thing that is wrong.

Nothing in the folder is executed or unpickled: code that a configuration points to (`auto_map`) is not looked at, and
of safetensors files only the headers are read (format: 8 bytes little-endian length of the header, the header as JSON,
the tensors).
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError, FileMissingError
from engine.models.catalogue import Family, model_types

SAFETENSORS = "model.safetensors"
PICKLE = "pytorch_model.bin"
PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt")
MAX_HEADER_BYTES = 100_000_000
NAMES_SHOWN = 3
UHD_KEYS = ("mm_vision_tower", "mm_projector_type")
CHOOSE = "Choose the folder that holds config.json and the weights."


@dataclass(frozen=True, slots=True)
class Checked:
    """A usable checkpoint. `published_uhd` means LLaVA-UHD's own layout, which transformers does not know. `notices`
    are sentences the user should see."""

    model_type: str
    published_uhd: bool
    weights: tuple[str, ...]
    size_bytes: int
    notices: tuple[str, ...]


def check(folder: Path) -> Checked:
    """Look at a model folder. Raises CheckpointError for a wrong or half one, FileMissingError for none at all."""
    if not folder.is_dir():
        raise FileMissingError(f"There is no folder {folder}.")
    config = check_config(folder)
    published = is_published_uhd(config)
    weights = _safetensors(folder) or _pickles(folder, published=published)
    notices = []
    if "auto_map" in config:
        notices.append("The folder points to code of its own (auto_map); Tessera does not run it.")
    if weights[0].endswith(".bin"):
        notices.append("The weights are pickled (.bin); they are opened as plain tensors only.")
    size = sum((folder / name).stat().st_size for name in weights)
    return Checked(str(config["model_type"]), published, weights, size, tuple(notices))


def check_config(folder: Path) -> dict[str, Any]:
    """The configuration of a model folder, if it is of a kind that Tessera reads. Raises CheckpointError,
    FileMissingError."""
    path = folder / "config.json"
    if not path.exists():
        raise FileMissingError(f"{folder} has no config.json, so it is no model folder.", CHOOSE)
    config = _json_object(path)
    model_type = config.get("model_type")
    known = (*model_types(Family.UHD), *model_types(Family.NATIVE))
    if not isinstance(model_type, str):
        raise CheckpointError(f"{path} does not say what kind of model this is (model_type).")
    if model_type not in known and not is_published_uhd(config):
        raise CheckpointError(
            f"This model is of the kind “{model_type}”, which Tessera does not read.",
            f"Kinds that it reads: {', '.join(known)} and the published LLaVA-UHD layouts.",
        )
    return config


def is_published_uhd(config: dict[str, Any]) -> bool:
    """LLaVA's own code names its tower and its projector in the configuration; transformers' classes do not."""
    return any(key in config for key in UHD_KEYS)


def _safetensors(folder: Path) -> tuple[str, ...]:
    """The safetensors files that hold the weights, all found whole; none where the folder has none."""
    index = folder / f"{SAFETENSORS}.index.json"
    if not index.exists():
        if not (folder / SAFETENSORS).exists():
            return ()
        _tensor_names(folder / SAFETENSORS)
        return (SAFETENSORS,)
    wanted = _indexed(folder, index)
    for name, tensors in wanted.items():
        absent = sorted(tensors - _tensor_names(folder / name))
        if absent:
            raise CheckpointError(f"{folder / name} lacks {len(absent)} tensors that the index names ({absent[0]}).")
    return tuple(wanted)


def _indexed(folder: Path, index: Path) -> dict[str, set[str]]:
    """The tensors that an index names, by file. All files must be there."""
    weight_map = _json_object(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{index} does not say which file holds which weight.")
    wanted: dict[str, set[str]] = {}
    for tensor, name in weight_map.items():
        wanted.setdefault(str(name), set()).add(tensor)
    strange = [name for name in wanted if Path(name).name != name]
    if strange:
        raise CheckpointError(f"{index} names a file outside its folder ({strange[0]}).")
    missing = sorted(name for name in wanted if not (folder / name).is_file())
    if missing:
        shown = ", ".join(missing[:NAMES_SHOWN]) + (" …" if len(missing) > NAMES_SHOWN else "")
        raise CheckpointError(
            f"Half of a model: {len(missing)} of {len(wanted)} weight files are missing in {folder} ({shown})."
        )
    return dict(sorted(wanted.items()))


def _tensor_names(path: Path) -> set[str]:
    """The tensors in a safetensors file, from its header, which must agree with the file's size."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= MAX_HEADER_BYTES:
            raise CheckpointError(f"{path} is no safetensors file.")
        text = file.read(length)
    try:
        header = json.loads(text)
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        expected = 8 + length + max(ends, default=0)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        if size < 8 + length:
            raise _cut(path, size, 8 + length) from error
        raise CheckpointError(f"{path} has a header that cannot be read.") from error
    if size < expected:
        raise _cut(path, size, expected)
    if size > expected:
        raise CheckpointError(f"{path} is {size - expected} bytes longer than its header says.")
    return {name for name in header if name != "__metadata__"}


def _cut(path: Path, size: int, expected: int) -> CheckpointError:
    return CheckpointError(f"{path} is cut off: it holds {size:,} of at least {expected:,} bytes.")


def _pickles(folder: Path, *, published: bool) -> tuple[str, ...]:
    """The pickled weight files of a published UHD checkpoint; of any other, pickles are refused by name."""
    index = folder / f"{PICKLE}.index.json"
    if published and index.exists():
        return tuple(_indexed(folder, index))
    if published and (folder / PICKLE).is_file():
        return (PICKLE,)
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLE_SUFFIXES)
    parts = sorted(path.name for path in folder.iterdir() if path.suffix == ".part")
    if parts:
        raise CheckpointError(f"{folder} is a download that never finished ({parts[0]}).")
    if pickles:
        raise CheckpointError(
            f"{folder} holds its weights as a pickle ({pickles[0]}), which can run code when it is opened; "
            "it was not opened.",
            "Ask for the model as safetensors.",
        )
    raise FileMissingError(f"{folder} holds no model weights ({SAFETENSORS}).", CHOOSE)


def _json_object(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}).") from error
    if not isinstance(data, dict):
        raise CheckpointError(f"{path} does not hold a JSON object.")
    return data
