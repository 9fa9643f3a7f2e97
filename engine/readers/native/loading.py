"""Loading a published model folder with the adapter of its family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from engine.readers.native import internvl, llava, llava_next, minicpm_ocr, minicpm_v
from engine.readers.native.adapter import NativeModel, adapter_for
from engine.readers.native.checkpoint import read_files, read_weights
from engine.readers.sliced.protocol import ModelCard
from engine.runtime.decoder import Decoder
from engine.runtime.device_errors import device_errors
from engine.runtime.transformers_decoder import decoder_of
from engine.uhd.weight_files import read_json

FAMILIES = (internvl, llava, llava_next, minicpm_ocr, minicpm_v)
"""Importing a family's module enters its adapter; this also says so to the reader and to linters."""


def load(
    folder: Path,
    *,
    dtype: torch.dtype,
    device: torch.device,
    card: ModelCard,
    quantization_config: Any | None = None,
    decode: Callable[[Any], Decoder] = decoder_of,
) -> NativeModel:
    """The model in `folder`, chosen by config.json's `model_type`, ready on `device` in `dtype`.

    `quantization_config` is one of transformers', for weights that are quantized while loading; it needs accelerate.
    `decode` makes the decoder of the loaded model. Raises CheckpointError for an unknown type, a wrong, half or
    damaged checkpoint or a tokenizer without the needed tokens; FileMissingError where `folder` is no model folder;
    OutOfDeviceMemoryError.
    """
    adapter = adapter_for(read_json(folder / "config.json").get("model_type"))
    files = read_files(folder, adapter.image_processor_class())
    adapter.check(files)
    with device_errors(device, "the model was being loaded"):
        model = read_weights(folder, files.config, dtype, device, quantization_config)
        loaded = adapter(files, model, decode(model), card)
    loaded.prove()
    return loaded
