"""A model folder becomes a reader: on which device, in which precision, by which adapter."""

from __future__ import annotations

from collections.abc import Generator

import torch

from engine.models.checks import Checked, check
from engine.models.types import ModelFolder
from engine.readers.native import loading
from engine.readers.protocol import PageSource, Reader, WordSourceProtocol
from engine.readers.sliced.protocol import ModelCard, SlicedModel
from engine.readers.sliced.reader import SlicedReader
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.types import Event, Progress, Request
from engine.readers.uhd import UhdSlicedModel
from engine.runtime.transformers_decoder import decoder_of
from engine.uhd import checkpoints
from engine.uhd.config import UhdConfig


def open_reader(
    folder: ModelFolder, revision: str, request: Request, words: WordSourceProtocol, pages: PageSource
) -> Generator[Event, None, Reader]:
    """The reader of the model in `folder`, in the precision that `request` asks for. Progress on the way.

    Raises CheckpointError, DeviceError, OutOfDeviceMemoryError: one clear line for whatever is in the way.
    """
    checked = check(folder.path)
    card = ModelCard(folder.name, revision, "fp32", "cpu")
    yield Progress(request.id, 0, 0, f"Loading {folder.name} ({card.precision} on {card.device})")
    model = load(folder, checked, card)
    return SlicedReader(model, words, pages, VisionCache(), pages.cancelled)


def load(folder: ModelFolder, checked: Checked, card: ModelCard) -> SlicedModel:
    """The model with its adapter, as `card` says."""
    device = torch.device(card.device)
    if checked.published_uhd or checked.model_type == UhdConfig.model_type:
        loaded = checkpoints.load(folder.path, dtype=torch.float32)
        return UhdSlicedModel(loaded, decoder_of(loaded.model), card)
    return loading.load(folder.path, dtype=torch.float32, device=device, card=card)
