"""The size of the pointing network, as transformers keeps configurations."""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, PreTrainedConfig

from engine.uhd.nano.tokens import END, VOCABULARY, WIDTH


class NanoConfig(PreTrainedConfig):
    """`hidden_size` is the width of the embeddings, `width` that of the network's layers, `inner` that of their
    feed-forward parts."""

    model_type = "tessera_nano"

    def __init__(
        self, width: int = 128, num_attention_heads: int = 4, num_hidden_layers: int = 4, inner: int = 384, **more: Any
    ) -> None:
        self.width = width
        self.num_attention_heads = num_attention_heads
        self.num_hidden_layers = num_hidden_layers
        self.inner = self.intermediate_size = inner
        super().__init__(**({"eos_token_id": END, "pad_token_id": END, "tie_word_embeddings": False} | more))
        self.hidden_size, self.vocab_size = WIDTH, VOCABULARY


AutoConfig.register(NanoConfig.model_type, NanoConfig, exist_ok=True)
"""Here, so that a configuration can be read before its model is built."""
