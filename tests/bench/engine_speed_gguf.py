"""A file of random weights of a published shape as llama.cpp reads it: for its rows in engine_speed.py.

It has no tokenizer, which the benchmark does not need. All matrices are of one kind, the table of the embeddings, which
is the head too, among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np

_SPREAD = 0.02


def write_gguf(config: Any, kind: str, path: Path) -> None:
    """The decoder that `config` of a Qwen2 or Llama describes, its matrices in `kind`, such as Q4_0."""
    quantization = gguf.GGMLQuantizationType[kind]
    writer = gguf.GGUFWriter(path, config.model_type)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("no_vocab")
    random = np.random.default_rng(3)
    for name, shape in _tensors(config):
        values = random.standard_normal(shape, np.float32) * _SPREAD
        if len(shape) == 1:
            writer.add_tensor(name, values + float("norm" in name))
        else:
            writer.add_tensor(name, gguf.quants.quantize(values, quantization), raw_dtype=quantization)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(config: Any) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and sizes, as numpy has them: (out, in)."""
    dim, inner = config.hidden_size, config.intermediate_size
    shared = config.num_key_value_heads * (dim // config.num_attention_heads)
    yield "token_embd.weight", (config.vocab_size, dim)
    yield "output_norm.weight", (dim,)
    for index in range(config.num_hidden_layers):
        block = f"blk.{index}"
        yield f"{block}.attn_norm.weight", (dim,)
        yield f"{block}.ffn_norm.weight", (dim,)
        for part, out in (("q", dim), ("k", shared), ("v", shared)):
            yield f"{block}.attn_{part}.weight", (out, dim)
            if config.model_type == "qwen2":
                yield f"{block}.attn_{part}.bias", (out,)
        yield f"{block}.attn_output.weight", (dim, dim)
        yield f"{block}.ffn_gate.weight", (inner, dim)
        yield f"{block}.ffn_up.weight", (inner, dim)
        yield f"{block}.ffn_down.weight", (dim, inner)
