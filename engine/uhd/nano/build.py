"""Tessera-nano as a model of the family: its configuration, its tokenizer, and a trained network put into it."""

from __future__ import annotations

from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from engine.uhd.checkpoints import LoadedModel
from engine.uhd.config import UhdConfig
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.nano.config import NanoConfig
from engine.uhd.nano.language import NanoForCausalLM
from engine.uhd.nano.network import PointingNetwork
from engine.uhd.nano.tokens import END, NEWLINE, SPACE, UNKNOWN, WIDTH
from engine.uhd.processing import UhdProcessor
from engine.uhd.symbols import SYMBOLS

POLICY = "llava-uhd-v1:12"
PROMPT = "{question}\n<image>"
TOKENS_PER_VIEW = 144
"""As many as LLaVA-UHD has; a slice seldom holds more words."""
_END_TEXT, _UNKNOWN_TEXT = "<end>", "<unknown>"


def nano_config(**size: int) -> UhdConfig:
    """The configuration of the family with strips for a tower; `size` goes to `NanoConfig`."""
    vision = {"hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 1}
    return UhdConfig(
        tower="strips",
        vision_config=vision | {"patch_size": 14, "image_size": 336},
        text_config=NanoConfig(**size),
        bridge="letters",
        bridge_heads=1,
        queries=TOKENS_PER_VIEW,
        policy=POLICY,
        prompt=PROMPT,
        column_separator_id=SYMBOLS.index(",") + 1,
        row_separator_id=NEWLINE,
    )


def nano_tokenizer() -> Any:
    """A token for each character; ids are those of `engine.uhd.nano.tokens`."""
    names = {_END_TEXT: END, " ": SPACE, "\n": NEWLINE, _UNKNOWN_TEXT: UNKNOWN}
    vocabulary = names | {symbol: number for number, symbol in enumerate(SYMBOLS, start=1)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=_UNKNOWN_TEXT))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token=_UNKNOWN_TEXT,
        eos_token=_END_TEXT,
        pad_token=_END_TEXT,
        clean_up_tokenization_spaces=False,
    )


def assembled(network: PointingNetwork, **size: int) -> LoadedModel:
    """The model of the family that points with `network`, and its processor; `checkpoints.save` writes both."""
    config = nano_config(**size)
    model = UhdForConditionalGeneration(config).eval()
    language_model = model.language_model
    assert isinstance(language_model, NanoForCausalLM)
    language_model.network.load_state_dict(network.state_dict())
    return LoadedModel(model, UhdProcessor.for_model(config, nano_tokenizer()))
