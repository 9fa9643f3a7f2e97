"""The language model: any causal LM of transformers, by its configuration."""

from __future__ import annotations

from typing import Any

from transformers import AutoModelForCausalLM, PreTrainedConfig

from engine.errors import CheckpointError
from engine.uhd.nano.language import NanoForCausalLM

OWN = (NanoForCausalLM,)
"""Importing our own enters them among the causal language models of transformers."""


def build_language_model(config: PreTrainedConfig) -> Any:
    """The untrained causal LM of `config`. Raises CheckpointError where transformers has none for its type."""
    if type(config) not in AutoModelForCausalLM._model_mapping:
        raise CheckpointError(
            f"This model's configuration names a language model of type “{config.model_type}”, "
            "for which transformers has no causal language model.",
        )
    return AutoModelForCausalLM.from_config(config)
