"""An int8 decoder as optimum knows models: quantized once, saved with its configuration, loaded without quantizing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import torch
from optimum.modeling_base import OptimizedModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from transformers.modeling_outputs import CausalLMOutput

from engine.errors import CheckpointError
from engine.runtime.decoder import Stretch
from engine.runtime.int8.decoder import Int8Decoder
from engine.runtime.int8.network import Int8Network
from engine.runtime.int8.nibbles import BLOCK, four_bit_tensors
from engine.runtime.int8.shape import shape_of
from engine.runtime.int8.weights import Tensors, quantize_decoder
from engine.runtime.model_shape import text_model

WEIGHTS_FILE = "int8.safetensors"
NIBBLES_FILE = "int4.safetensors"
_FORMATS = {
    WEIGHTS_FILE: {"tessera": "int8-decoder-2"},
    NIBBLES_FILE: {"tessera": f"int4-decoder-1 of int8-decoder-2, blocks of {BLOCK}"},
}


class Int8CausalLM(OptimizedModel):
    """A dense causal LM in int8 on the CPU; `model` is its Int8Network, `config` the text model's configuration.

    With `four_bits` it writes answers with weights of 4 bits, which it has beside those of 8 that it reads with.
    """

    _tensors: Tensors
    _nibbles: Tensors | None

    @classmethod
    def quantized(cls, model: Any, *, four_bits: bool = False) -> Self:
        """The int8 engine of a causal LM, or of the one inside a vision-language model, of transformers.

        Raises CheckpointError where the engine does not run such a decoder, DeviceError where this CPU has no kernel.
        """
        text, head = text_model(model), model.get_output_embeddings()
        if head is None:
            raise CheckpointError(f"The model {type(model).__name__} has no head that scores tokens.")
        tensors = quantize_decoder(text, head)
        return cls._of(tensors, text.config, four_bit_tensors(tensors) if four_bits else None)

    @classmethod
    def from_pretrained(cls, model_id: str | Path, *, four_bits: bool = False, **options: Any) -> Self:
        """The engine saved in the folder `model_id`.

        Raises CheckpointError where it holds none, and with `four_bits` where it was saved without.
        """
        for name in _files(four_bits):
            if not (Path(model_id) / name).is_file():
                raise CheckpointError(f"The folder {model_id} holds no {name.partition('.')[0]} weights ({name}).")
        model: Self = super().from_pretrained(model_id, four_bits=four_bits, **options)
        return model

    @property
    def decoder(self) -> Int8Decoder:
        """What readers run."""
        return Int8Decoder(self.model)

    def forward(self, input_ids: Tensor | None = None, inputs_embeds: Tensor | None = None) -> CausalLMOutput:
        """Logits [rows, length, vocabulary] of whole sequences without padding, by ids [rows, length] or embeddings
        [rows, length, dim]."""
        decoder = self.decoder
        if input_ids is not None:
            rows = [decoder.embed(ids) for ids in input_ids.tolist()]
        elif inputs_embeds is not None:
            rows = list(inputs_embeds)
        else:
            raise ValueError("give input_ids or inputs_embeds")
        length = rows[0].shape[0]
        positions = torch.arange(length)[None]
        return CausalLMOutput(logits=decoder.logits([Stretch(row, positions) for row in rows], None, length))

    @classmethod
    def _of(cls, tensors: Tensors, config: Any, nibbles: Tensors | None) -> Self:
        model = cls(Int8Network(shape_of(config), tensors, nibbles), config)
        model._tensors, model._nibbles = tensors, nibbles
        return model

    @classmethod
    def _from_pretrained(cls, model_id: str | Path, config: Any, *, four_bits: bool, **_options: Any) -> Self:
        parts = [_read_tensors(Path(model_id) / name) for name in _files(four_bits)]
        return cls._of(parts[0], config, parts[1] if four_bits else None)

    def _save_pretrained(self, save_directory: str | Path) -> None:
        parts = zip(_files(self._nibbles is not None), (self._tensors, self._nibbles or {}), strict=False)
        for name, tensors in parts:
            target = Path(save_directory) / name
            part = target.with_name(f"{name}.part")
            save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, part, metadata=_FORMATS[name])
            part.replace(target)


def _files(four_bits: bool) -> tuple[str, ...]:
    return (WEIGHTS_FILE, NIBBLES_FILE) if four_bits else (WEIGHTS_FILE,)


def _read_tensors(path: Path) -> Tensors:
    named = f"The {path.stem} weights {path}"
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}) != _FORMATS[path.name]:
                raise CheckpointError(f"{named} were written by another version of Tessera.")
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{named} cannot be read ({error}).") from error
