"""Loading a model folder with its adapter, in the precision and on the device that were chosen for it."""

from __future__ import annotations

import logging
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.errors import CheckpointError
from engine.models.checks import Checked, check
from engine.models.installed import find
from engine.paths import make_private
from engine.readers.native import loading as native
from engine.readers.native.checkpoint import read_config
from engine.readers.sliced.int8_files import int8_folder
from engine.readers.sliced.protocol import ModelCard, SlicedModel
from engine.readers.uhd import UhdSlicedModel
from engine.runtime.decoder import Decoder
from engine.runtime.device_errors import device_errors
from engine.runtime.int8.model import Int8CausalLM
from engine.runtime.int8.vision import quantize_tower
from engine.runtime.model_shape import shape_of, text_model
from engine.runtime.precision import Advice, Option, Precision, advise
from engine.runtime.probe import probe_machine
from engine.runtime.quantization import check_quantized, half_precision, quantization_config
from engine.runtime.torch_machine import seen_by_torch
from engine.runtime.transformers_decoder import decoder_of
from engine.uhd import checkpoints
from engine.uhd.config import UhdConfig
from engine.uhd.nano.decoder import NanoDecoder
from engine.uhd.nano.language import NanoForCausalLM

SEQUENCE = 4096
"""Positions that memory is reckoned for: ten views of 256 tokens and a question, with room to spare."""

ROWS = 2
"""Sequences of that length that run together while slices are hidden."""

_PLAIN = {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}

_log = logging.getLogger(__name__)


def is_uhd(checked: Checked) -> bool:
    """Whether a folder holds a model of our own family, in our layout or a published one."""
    return checked.published_uhd or checked.model_type == UhdConfig.model_type


def advice_for(folder: Path, checked: Checked) -> Advice:
    """What this machine can run the model in, and what each needs in memory: from its configuration alone.

    Raises CheckpointError.
    """
    return advise(shape_of(_configuration(folder, checked)), seen_by_torch(probe_machine()), SEQUENCE, ROWS)


def advice_on(model: str) -> Advice:
    """As `advice_for`, for a model by name. Raises what `find` and `check` do."""
    folder = find(model).path
    return advice_for(folder, check(folder))


def load(folder: Path, checked: Checked, card: ModelCard, option: Option) -> SlicedModel:
    """The model with its adapter, as `option` says. Raises CheckpointError, DeviceError, OutOfDeviceMemoryError."""
    device = torch.device(option.device)
    with device_errors(device, "the model was being loaded"):
        if option.device == "cpu" and option.precision in (Precision.INT8, Precision.INT4):
            return _load_int8(folder, checked, card, four_bits=option.precision is Precision.INT4)
        return _load_plain(folder, checked, card, option)


def _load_plain(folder: Path, checked: Checked, card: ModelCard, option: Option) -> SlicedModel:
    """In transformers' own modules; on CUDA the language model's layers may be quantized by bitsandbytes."""
    device = torch.device(option.device)
    dtype = _PLAIN.get(option.precision) or half_precision(device)
    quantization = quantization_config(_configuration(folder, checked), option.precision, dtype)
    if not is_uhd(checked):
        return native.load(folder, dtype=dtype, device=device, card=card, quantization_config=quantization)
    quantized = {} if quantization is None else {"quantization_config": quantization}
    loaded = checkpoints.load(folder, dtype=dtype, device_map={"": device}, **quantized)
    if quantization is not None:
        check_quantized(loaded.model)
    own = loaded.model.language_model
    return UhdSlicedModel(
        loaded, NanoDecoder(own) if isinstance(own, NanoForCausalLM) else decoder_of(loaded.model), card
    )


def _load_int8(folder: Path, checked: Checked, card: ModelCard, *, four_bits: bool) -> SlicedModel:
    """On the CPU: the language model by our own int8 engine, the tower's wide layers in int8, the rest in fp32. With
    `four_bits` answers are written with weights of 4 bits.

    Weights are mapped from their files in the type they were saved in, so that quantizing them one by one needs
    memory for the result alone.
    """
    decode = partial(_int8_decoder, kept=int8_folder(card.name, card.revision), four_bits=four_bits)
    if not is_uhd(checked):
        dtype = _configuration(folder, checked).dtype or torch.float32
        return native.load(folder, dtype=dtype, device=torch.device("cpu"), card=card, decode=decode)
    loaded = checkpoints.load(folder, dtype="auto")
    return UhdSlicedModel(loaded, decode(loaded.model), card)


def _int8_decoder(model: Any, kept: Path, four_bits: bool) -> Decoder:
    """The decoder of `model` in int8, from `kept` where it was quantized before. What it replaces leaves `model`."""
    try:
        engine = Int8CausalLM.from_pretrained(kept, four_bits=four_bits)
    except CheckpointError as error:
        _log.info("quantizing: %s", error)
        engine = Int8CausalLM.quantized(model, four_bits=four_bits)
        _keep(engine, kept)
    _drop_language_model(model)
    model.float()
    quantize_tower(getattr(model, "vision_tower", None) or model.model.vision_tower)
    return engine.decoder


def _drop_language_model(model: Any) -> None:
    """Lets go of the weights that the int8 engine has in its own form."""
    text, head = text_model(model), model.get_output_embeddings()
    text.layers = nn.ModuleList()
    text.embed_tokens = nn.Embedding(1, 1)
    places = [(parent, name) for parent in model.modules() for name, child in parent.named_children() if child is head]
    for parent, name in places:
        setattr(parent, name, nn.Identity())


def _keep(engine: Int8CausalLM, kept: Path) -> None:
    """A disk that is full costs the next start some seconds, not this answer."""
    try:
        make_private(kept)
        engine.save_pretrained(kept)
    except OSError as error:
        shutil.rmtree(kept, ignore_errors=True)
        _log.warning("the int8 weights could not be kept in %s: %s", kept, error)


def _configuration(folder: Path, checked: Checked) -> Any:
    if is_uhd(checked):
        return checkpoints.configuration(folder)
    return read_config(folder)
