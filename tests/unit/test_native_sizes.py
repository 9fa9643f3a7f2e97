"""The published models at real size, on the meta device: parameters counted against what their publishers state."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoModelForImageTextToText, MiniCPMOcrConfig, MiniCPMV4_6Config, MiniCPMV4_7Config

from engine.readers.native.adapter import adapter_for
from engine.readers.native.loading import FAMILIES
from engine.runtime.transformers_decoder import decoder_of

VISION = {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "image_size": 980,
    "patch_size": 14,
}
TEXT = {
    "model_type": "qwen3_5_text",
    "hidden_size": 1024,
    "intermediate_size": 3584,
    "num_hidden_layers": 24,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "head_dim": 256,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 16,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "vocab_size": 248094,
}
"""config.json of openbmb/MiniCPM-V-4.6: SigLIP2-400M and Qwen3.5-0.8B. 4.7-1B and OCR 1.0 are stated to share it."""

# Publishers state 1.3 B for 4.6 and OCR 1.0, whose head is tied to the embedding, and 1.55 B for 4.7-1B, whose is not.
PUBLISHED = [
    (MiniCPMV4_6Config, True, "1.30"),
    (MiniCPMV4_7Config, False, "1.55"),
    (MiniCPMOcrConfig, True, "1.30"),
]


@pytest.mark.parametrize(("config_class", "tied", "billions"), PUBLISHED)
def test_parameters_equal_the_published_count(config_class: Any, tied: bool, billions: str) -> None:
    config = config_class(text_config=TEXT, vision_config=VISION, tie_word_embeddings=tied)
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config)
    model.tie_weights()
    counted = {id(parameter): parameter.numel() for parameter in model.parameters()}
    assert f"{sum(counted.values()) / 1e9:.2f}" == billions
    assert decoder_of(model).dim == 1024
    assert adapter_for(config.model_type).__module__ in {family.__name__ for family in FAMILIES}
