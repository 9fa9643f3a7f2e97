"""A model folder becomes a reader: on which device, in which precision, by which adapter."""

from __future__ import annotations

from collections.abc import Generator

from engine.models.checks import check
from engine.models.types import ModelFolder
from engine.readers.protocol import PageSource, Reader, WordSourceProtocol
from engine.readers.sliced.loading import advice_for, load
from engine.readers.sliced.protocol import ModelCard
from engine.readers.sliced.reader import SlicedReader
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.types import Event, Progress, Request
from engine.runtime.precision import GIGABYTE, choose

AUTO = "auto"


def open_reader(
    folder: ModelFolder, revision: str, request: Request, words: WordSourceProtocol, pages: PageSource
) -> Generator[Event, None, Reader]:
    """The reader of the model in `folder`, in the precision that `request` asks for. Progress on the way.

    Raises CheckpointError, UsageError, DeviceError, OutOfDeviceMemoryError: one clear line for what is in the way.
    """
    checked = check(folder.path)
    advice = advice_for(folder.path, checked)
    wanted = request.reader.precision
    option = choose(advice, None if wanted == AUTO else wanted)
    size = f"{option.need.total / GIGABYTE:.1f} GB"
    yield Progress(request.id, 0, 0, f"Loading {folder.name} ({option.precision} on {option.device}, {size})")
    card = ModelCard(folder.name, revision, option.precision, option.device)
    model = load(folder.path, checked, card, option)
    return SlicedReader(model, words, pages, VisionCache(), pages.cancelled)
