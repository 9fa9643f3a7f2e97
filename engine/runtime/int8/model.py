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
from engine.runtime.int8.shape import shape_of
from engine.runtime.int8.weights import Tensors, quantize_decoder
from engine.runtime.model_shape import text_model

WEIGHTS_FILE = "int8.safetensors"
_FORMAT = {"tessera": "int8-decoder-2"}


class Int8CausalLM(OptimizedModel):
    """A dense causal LM in int8 on the CPU; `model` is its Int8Network, `config` the text model's configuration."""

    _tensors: Tensors

    @classmethod
    def quantized(cls, model: Any) -> Self:
        """The int8 engine of a causal LM, or of the one inside a vision-language model, of transformers.

        Raises CheckpointError where the engine does not run such a decoder, DeviceError where this CPU has no kernel.
        """
        text, head = text_model(model), model.get_output_embeddings()
        if head is None:
            raise CheckpointError(f"The model {type(model).__name__} has no head that scores tokens.")
        return cls._of(quantize_decoder(text, head), text.config)

    @classmethod
    def from_pretrained(cls, model_id: str | Path, **options: Any) -> Self:
        """The engine saved in the folder `model_id`.

        Raises CheckpointError where it holds none.
        """
        if not (Path(model_id) / WEIGHTS_FILE).is_file():
            raise CheckpointError(f"The folder {model_id} holds no int8 weights ({WEIGHTS_FILE}).")
        model: Self = super().from_pretrained(model_id, **options)
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
    def _of(cls, tensors: Tensors, config: Any) -> Self:
        model = cls(Int8Network(shape_of(config), tensors), config)
        model._tensors = tensors
        return model

    @classmethod
    def _from_pretrained(cls, model_id: str | Path, config: Any, **_options: Any) -> Self:
        return cls._of(_read_tensors(Path(model_id) / WEIGHTS_FILE), config)

    def _save_pretrained(self, save_directory: str | Path) -> None:
        target = Path(save_directory) / WEIGHTS_FILE
        part = target.with_name(f"{WEIGHTS_FILE}.part")
        tensors = {name: tensor.contiguous() for name, tensor in self._tensors.items()}
        save_file(tensors, part, metadata=_FORMAT)
        part.replace(target)


def _read_tensors(path: Path) -> Tensors:
    try:
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}) != _FORMAT:
                raise CheckpointError(f"The int8 weights {path} were written by another version of Tessera.")
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"The int8 weights {path} cannot be read ({error}).") from error
