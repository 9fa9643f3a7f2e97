"""From a training to what ships: a model folder with its facts, and what it reaches; and back to a training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import CheckpointError
from engine.models.shipped import FACTS, NANO
from engine.readers.sliced.protocol import ModelCard
from engine.readers.uhd import UhdSlicedModel
from engine.training.checkpoint import Progress, load_weights, save_checkpoint
from engine.training.nano.evaluate import Asking, figures
from engine.uhd import checkpoints
from engine.uhd.nano.build import assembled
from engine.uhd.nano.decoder import NanoDecoder
from engine.uhd.nano.language import NanoForCausalLM
from engine.uhd.nano.network import PointingNetwork
from engine.uhd.weight_files import SINGLE_FILES

WANTED = {"fields": 0.60, "absent": 0.60, "pointing": 0.90}
"""What a training on a CPU should reach: shares of fields of unseen layouts that are exactly right, of questions
without an answer that get none, and of right answers whose slice with the largest contribution holds them. A model that
misses one is experimental."""


def trained(training: Path) -> PointingNetwork:
    """The network of the training in a folder. Raises FileMissingError, CheckpointError."""
    network = PointingNetwork()
    load_weights(training, network)
    return network.eval()


def reader_model(folder: Path) -> UhdSlicedModel:
    """The model in a folder as readers run it. Raises CheckpointError."""
    loaded = checkpoints.load(folder)
    return UhdSlicedModel(loaded, NanoDecoder(_own(loaded.model)), ModelCard(NANO, revision(folder), "fp32", "cpu"))


def write_model(network: PointingNetwork, folder: Path) -> None:
    """The model folder of a trained network; nothing of the tower is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoints.save(assembled(network), folder)


def revision(folder: Path) -> str:
    """Names the weights in a folder by their bytes."""
    return hashlib.sha256((folder / SINGLE_FILES[0]).read_bytes()).hexdigest()[:12]


def write_facts(folder: Path, found: Mapping[str, Mapping[str, int]]) -> None:
    """What the program says of the shipped model: its revision, what it reached, whether that is what was wanted."""
    missed = [name for name, share in WANTED.items() if _share(found[name]) < share]
    fields, absent, pointing = found["fields"], found["absent"], found["pointing"]
    reason = (
        f"Of {fields['asked']} fields on generated pages of kinds it was not trained on, it read {fields['right']} "
        f"exactly; {pointing['right']} of {pointing['asked']} times the answer stood in the slice it relied on most. "
        f"Where the page does not say it, it found no answer {absent['right']} of {absent['asked']} times."
    )
    reached = {name: found[name] for name in ("fields", "present", "absent", "pointing")}
    facts = {"revision": revision(folder), "experimental": bool(missed), "missed": missed, "reason": reason}
    (folder / FACTS).write_text(json.dumps(facts | {"reached": reached}, indent=1) + "\n", encoding="utf-8")


def network_in(folder: Path) -> PointingNetwork:
    """The network of a model folder. Raises CheckpointError."""
    return _own(checkpoints.load(folder).model).network


def unpack(folder: Path, training: Path) -> None:
    """A training folder with the shipped weights, for `tessera train nano --from`."""
    network = network_in(folder)
    progress = Progress("nano", revision(folder), 0, "cpu", 1, "", (), 0, 0)
    save_checkpoint(training, progress, network.state_dict(), {})


def report(askings: Sequence[Asking]) -> dict[str, Any]:
    """Counts over all, and by family."""
    families = sorted({one.family for one in askings})
    return figures(askings) | {
        "families": {name: figures([one for one in askings if one.family == name]) for name in families}
    }


def _share(counts: Mapping[str, int]) -> float:
    return counts["right"] / max(counts["asked"], 1)


def _own(model: Any) -> NanoForCausalLM:
    if not isinstance(model.language_model, NanoForCausalLM):
        raise CheckpointError("This folder holds another model than Tessera-nano.")
    return model.language_model
