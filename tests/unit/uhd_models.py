"""Tiny models of the family for tests: configurations, a tokenizer, checkpoints in the published layouts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from tokenizers.processors import TemplateProcessing
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from engine.uhd.config import UhdConfig
from tests.conftest import REPOSITORY

PARITY = REPOSITORY.parent / "shared" / "golden" / "parity"

VOCABULARY = 32000
WORDS = ("USER:", "ASSISTANT:", "What", "is", "the", "invoice", "total", "?", " ", "12", "30", "<image>")
TINY_VISION = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2}
TINY_TEXT = {
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "vocab_size": VOCABULARY,
}
TINY_QFORMER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


class Golden:
    """A golden file: its tensors by name, its cases, and the published weights under a prefix."""

    def __init__(self, path: Path, key: str) -> None:
        self._file = safe_open(path, "pt")
        self.cases: list[dict[str, Any]] = json.loads(self._file.metadata()[key])

    def __getitem__(self, name: str) -> Tensor:
        return self._file.get_tensor(name)

    def weights(self, prefix: str) -> dict[str, Tensor]:
        names = [name for name in self._file.keys() if name.startswith(prefix)]  # noqa: SIM118 - not a mapping
        return {name.removeprefix(prefix): self[name] for name in names}


@pytest.fixture(scope="session")
def parity() -> Path:
    """The folder of numbers computed by the published code, kept outside the repository."""
    if not PARITY.is_dir():
        pytest.skip("the parity files are not on this machine")
    return PARITY


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread, no gradients, one seed."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with torch.no_grad():
        yield
    torch.set_num_threads(threads)


def tiny_config(bridge: str = "windowed", **changes: Any) -> UhdConfig:
    """A model of a few thousand weights besides the vocabulary; 16 queries a view."""
    options = {"vision_config": TINY_VISION, "text_config": TINY_TEXT, "qformer_config": TINY_QFORMER, "queries": 16}
    return UhdConfig(bridge=bridge, **(options | changes))


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Words and separators at Llama's ids, everything else unknown; a text begins with <s>."""
    pieces = {0: "<unk>", 1: "<s>", 2: "</s>", 13: "\n", 29892: ","} | dict(enumerate(WORDS, start=100))
    vocabulary = {pieces.get(number, f"piece{number}"): number for number in range(VOCABULARY)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Split(Regex(r"\s|,|\?|[^\s,?]+"), behavior="isolated")
    tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<unk>"
    )
