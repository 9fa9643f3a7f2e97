"""The model that comes with Tessera itself: where it stands, which revision it is, whether it is to be relied on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from engine.errors import CheckpointError
from engine.models.types import ModelFolder
from engine.resources import resource_path

NANO = "tessera-nano"
"""What `--reader` takes."""
LICENCE = "AGPL-3.0-or-later"
FACTS = "facts.json"


@dataclass(frozen=True, slots=True)
class Shipped:
    """`experimental` where it missed what was wanted of it, which `reason` says in a sentence for the user."""

    folder: ModelFolder
    experimental: bool
    reason: str


def shipped() -> Shipped | None:
    """Tessera-nano; None where Tessera was installed without it. Raises CheckpointError where its facts are damaged."""
    try:
        folder = resource_path("models", "nano")
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        revision, experimental, reason = str(facts["revision"]), bool(facts["experimental"]), str(facts["reason"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"The model that comes with Tessera is damaged ({error}).", "Install Tessera again."
        ) from error
    return Shipped(ModelFolder(NANO, folder, revision, LICENCE, _size(folder), imported=False), experimental, reason)


def find_shipped() -> ModelFolder:
    """Raises CheckpointError where it was not installed."""
    found = shipped()
    if found is None:
        raise CheckpointError(f"Tessera was installed without {NANO}.", "Install Tessera again.")
    return found.folder


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
