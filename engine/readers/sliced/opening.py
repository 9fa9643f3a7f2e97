"""A model folder becomes a reader: on which device, in which precision, by which adapter."""

from __future__ import annotations

from collections.abc import Generator

from engine.models.checks import Checked, check
from engine.models.types import ModelFolder
from engine.readers.protocol import ManyReader, PageSource, WordSourceProtocol
from engine.readers.sliced.loading import advice_for, load
from engine.readers.sliced.protocol import ModelCard, SlicedModel
from engine.readers.sliced.reader import SlicedReader
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.types import Event, Progress, Request
from engine.runtime.precision import GIGABYTE, Option, choose

AUTO = "auto"


def open_reader(
    folder: ModelFolder, revision: str, request: Request, words: WordSourceProtocol, pages: PageSource
) -> Generator[Event, None, ManyReader]:
    """The reader of the model in `folder`, in the precision that `request` asks for. Progress on the way.

    Raises CheckpointError, UsageError, DeviceError, OutOfDeviceMemoryError: one clear line for what is in the way.
    """
    checked, option = _chosen(folder, request.reader.precision)
    size = f"{option.need.total / GIGABYTE:.1f} GB"
    yield Progress(request.id, 0, 0, f"Loading {folder.name} ({option.precision} on {option.device}, {size})")
    model = load(folder.path, checked, _card(folder, revision, option), option)
    return SlicedReader(model, words, pages, VisionCache(), pages.cancelled)


def open_model(folder: ModelFolder, revision: str, precision: str) -> SlicedModel:
    """The model in `folder` itself. Raises what `open_reader` does."""
    checked, option = _chosen(folder, precision)
    return load(folder.path, checked, _card(folder, revision, option), option)


def _chosen(folder: ModelFolder, precision: str) -> tuple[Checked, Option]:
    checked = check(folder.path)
    return checked, choose(advice_for(folder.path, checked), None if precision == AUTO else precision)


def _card(folder: ModelFolder, revision: str, option: Option) -> ModelCard:
    return ModelCard(folder.name, revision, option.precision, option.device)
