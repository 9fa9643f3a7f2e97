"""What is kept of a training, so that it goes on after any end: weights, the optimizer's state, where it stands.

A checkpoint is a folder: `weights.safetensors`, `optimizer.safetensors` and `training.json`. It is written beside the
one before it and takes its place whole, so that one of the two is always there. Nothing is pickled.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.errors import CheckpointError, FileMissingError, OutputError

CHECKPOINT, _PREVIOUS, _PART = "checkpoint", "checkpoint.previous", ".checkpoint.part"
WEIGHTS, _OPTIMIZER, _TRAINING = "weights.safetensors", "optimizer.safetensors", "training.json"
_BETWEEN = "/"
"""Between a parameter's name and what the optimizer keeps of it."""

State = Mapping[str, Mapping[str, Tensor]]
"""By parameter's name, what the optimizer keeps of it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A stage and its number of steps, which its learning rate is tied to."""

    stage: str
    steps: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What is trained, on what, by which plan, and where it stands: before step `step` of stage `index`."""

    recipe: str
    revision: str
    seed: int
    device: str
    threads: int
    torch: str
    plan: tuple[Planned, ...]
    index: int = 0
    step: int = 0

    @property
    def done(self) -> bool:
        return self.index >= len(self.plan)

    @property
    def total(self) -> int:
        """Steps taken in all stages."""
        return sum(planned.steps for planned in self.plan[: self.index]) + self.step

    @property
    def planned(self) -> int:
        """Steps of all stages."""
        return sum(planned.steps for planned in self.plan)


def save_checkpoint(out: Path, progress: Progress, weights: Mapping[str, Tensor], state: State) -> None:
    """Replaces the checkpoint of the training in `out`. Raises OutputError; the one before it is then still whole."""
    part = out / _PART
    try:
        out.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        _write_tensors(part / WEIGHTS, weights)
        kept = {f"{name}{_BETWEEN}{key}": value for name, values in state.items() for key, value in values.items()}
        _write_tensors(part / _OPTIMIZER, kept)
        (part / _TRAINING).write_text(json.dumps(asdict(progress), indent=1) + "\n", encoding="utf-8")
        for file in (*part.iterdir(), part):
            _sync(file)
        _swap(out, part)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise OutputError(
            f"The checkpoint in {out} was not written ({error}).",
            "Free some space and go on with --resume; the checkpoint before it is still whole.",
        ) from error


def has_checkpoint(out: Path) -> bool:
    return _folder(out) is not None


def load_progress(out: Path) -> Progress:
    """Where the training in `out` stands. Raises FileMissingError, CheckpointError."""
    file = _found(out) / _TRAINING
    try:
        data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        data["plan"] = tuple(Planned(**planned) for planned in data["plan"])
        return Progress(**data)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _damaged(file, error) from error


def load_weights(out: Path, model: nn.Module) -> None:
    """Puts the checkpoint's weights into `model`. Raises FileMissingError, CheckpointError."""
    file = _found(out) / WEIGHTS
    try:
        model.load_state_dict(_read_tensors(file))
    except RuntimeError as error:
        raise CheckpointError(
            f"{file} holds another model than the recipe makes now ({str(error).splitlines()[-1].strip()}).",
            "Train into another folder.",
        ) from error


def load_optimizer_state(out: Path) -> dict[str, dict[str, Tensor]]:
    """By parameter's name what the optimizer kept. Raises FileMissingError, CheckpointError."""
    state: dict[str, dict[str, Tensor]] = {}
    for name, value in _read_tensors(_found(out) / _OPTIMIZER).items():
        parameter, _, key = name.rpartition(_BETWEEN)
        state.setdefault(parameter, {})[key] = value
    return state


def start_from(source: Path, model: nn.Module) -> int:
    """Puts those weights of the training in `source` into `model` that both have; gives how many.

    Raises FileMissingError, and CheckpointError where they share none or differ in shape.
    """
    weights = _read_tensors(_found(source) / WEIGHTS)
    own = model.state_dict()
    shared = {name: value for name, value in weights.items() if name in own}
    odd = [name for name, value in shared.items() if value.shape != own[name].shape]
    if odd or not shared:
        what = f"{odd[0]} has another shape" if odd else "they share no weights"
        raise CheckpointError(f"{source} cannot begin this training: {what}.", "Start from a training of one family.")
    model.load_state_dict(shared, strict=False)
    return len(shared)


def _folder(out: Path) -> Path | None:
    # The previous one alone is what a kill between the two renames of `_swap` leaves.
    return next((out / name for name in (CHECKPOINT, _PREVIOUS) if (out / name).is_dir()), None)


def _found(out: Path) -> Path:
    folder = _folder(out)
    if folder is None:
        raise FileMissingError(f"{out} holds no checkpoint.", "Check the folder, or train without --resume.")
    return folder


def _swap(out: Path, part: Path) -> None:
    current, previous = out / CHECKPOINT, out / _PREVIOUS
    if current.is_dir():
        shutil.rmtree(previous, ignore_errors=True)
        current.rename(previous)
    part.rename(current)
    _sync(out)
    shutil.rmtree(previous, ignore_errors=True)


def _write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    # Copies, because tied weights share their memory, which safetensors refuses.
    save_file({name: value.detach().to("cpu", copy=True).contiguous() for name, value in tensors.items()}, path)


def _read_tensors(path: Path) -> dict[str, Tensor]:
    """Copies in memory of torch's own: tensors at other alignments may be summed in another order."""
    try:
        return {name: torch.clone(value) for name, value in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"The checkpoint is not whole: {path} cannot be read ({error}).",
        "Delete the folder and train again, or put back a copy.",
    )


def _sync(path: Path) -> None:
    with suppress(PermissionError):  # Windows opens no folders
        descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
