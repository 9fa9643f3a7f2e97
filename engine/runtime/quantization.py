"""bitsandbytes' precisions on CUDA: what is quantized, the proof that nothing else was, and saves of the result."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import BitsAndBytesConfig, PreTrainedConfig

from engine.errors import CheckpointError, DeviceError, OutputError
from engine.runtime.model_shape import skeleton, text_model
from engine.runtime.precision import Precision

_QUANTIZED = frozenset({"Linear4bit", "Linear8bitLt"})
_WEIGHTS = ("*.safetensors", "*.safetensors.index.json", "*.bin", "*.pth", "*.pt", "config.json")


def quantization_config(
    config: PreTrainedConfig, precision: Precision, dtype: torch.dtype
) -> BitsAndBytesConfig | None:
    """What `from_pretrained` needs as `quantization_config` to load a model of `config` in `precision`, with all that
    is not quantized, and the sums, in `dtype`. None for precisions that quantize nothing, and for weights that were
    saved quantized, which know it themselves.

    Linear layers inside the language model's layers are quantized and nothing else: not the vision tower, the bridge
    or the head. Raises CheckpointError.
    """
    if precision not in (Precision.NF4, Precision.INT8) or getattr(config, "quantization_config", None) is not None:
        return None
    skipped = [all_but_layers(config)]
    if precision is Precision.INT8:
        # It says at every layer of every step that it multiplies in fp16, which is what int8 is chosen with.
        logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=skipped)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=skipped,
    )


def all_but_layers(config: PreTrainedConfig) -> str:
    """A regular expression for the full names of all modules outside the language model's layers. transformers
    matches skipped names from their beginning, so a plain `vision_tower` would skip nothing."""
    model = skeleton(config)
    name = _name_of_layers(model).replace(".", r"\.")
    return rf"(?!{name}\.).*"


def check_quantized(model: Any) -> None:
    """Raises CheckpointError, naming the offenders, where anything but the language model's layers is quantized, and
    where nothing is."""
    layers = _name_of_layers(model) + "."
    quantized = [name for name, module in model.named_modules() if type(module).__name__ in _QUANTIZED]
    offenders = [name for name in quantized if not name.startswith(layers)]
    if offenders:
        more = f" and {len(offenders) - 3} more" if len(offenders) > 3 else ""
        raise CheckpointError(
            f"Parts of this model that must keep their precision are quantized: {', '.join(offenders[:3])}{more}.",
            "Fetch the model unquantized; Tessera quantizes it while loading.",
        )
    if not quantized:
        raise CheckpointError("No layer of this model could be quantized.", "Load it in bf16, or choose another model.")


def save_quantized(model: Any, source: Path, target: Path) -> None:
    """Saves a quantized `model` as the new folder `target`, with tokenizer and processor of the folder `source`: the
    next load quantizes nothing and reads a fraction. `target` appears whole or not at all.

    Raises CheckpointError for what check_quantized refuses, OutputError.
    """
    check_quantized(model)
    if target.exists():
        raise OutputError(f"{target} is there already.", "Choose a new folder for the quantized model.")
    try:
        with TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as made:
            folder = Path(made) / target.name
            folder.mkdir()
            for file in source.iterdir():
                if file.is_file() and not any(file.match(pattern) for pattern in _WEIGHTS):
                    shutil.copy2(file, folder / file.name)
            model.save_pretrained(folder)
            folder.rename(target)
    except OSError as error:
        raise OutputError(f"The quantized model could not be saved as {target} ({error.strerror or error}).") from error


def half_precision(device: torch.device) -> torch.dtype:
    """The 16-bit type that `device` multiplies: bf16, or fp16 on GPUs before Ampere. Raises DeviceError on a CPU."""
    if device.type != "cuda":
        raise DeviceError("nf4 and bitsandbytes' int8 run on NVIDIA GPUs.", "Choose int8 or fp32 on the CPU.")
    return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float16


def _name_of_layers(model: Any) -> str:
    layers = text_model(model).layers
    return next(str(name) for name, module in model.named_modules() if module is layers)
