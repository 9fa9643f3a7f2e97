"""Sequence and spans of the MiniCPM-V policies against the placeholders that transformers itself lays out."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast
from transformers.models.minicpmv4_6.image_processing_pil_minicpmv4_6 import MiniCPMV4_6ImageProcessorPil
from transformers.models.minicpmv4_7.processing_minicpmv4_7 import MiniCPMV4_7Processor

from engine.geometry import Size
from engine.slicing.policies import parse_policy, plan

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "slices.json").read_text(encoding="utf-8"))
SPECIAL_TOKENS = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "image_start_token": "<image>",
    "image_end_token": "</image>",
    "slice_start_token": "<slice>",
    "slice_end_token": "</slice>",
    "image_id_start_token": "<image_id>",
    "image_id_end_token": "</image_id>",
}


def fifty_sizes() -> list[Size]:
    """Golden sizes small enough to be resized quickly, spread over all kinds, and a few that need many slices."""
    small = [
        Size(item["w"], item["h"])
        for item in GOLDEN["items"]
        if item["w"] * item["h"] <= 1_500_000 and max(item["w"], item["h"]) <= 4000 and min(item["w"], item["h"]) > 3
    ]
    spread = [small[index * len(small) // 45] for index in range(45)]
    return [*spread, Size(1240, 1754), Size(1920, 1080), Size(576, 4500), Size(2480, 1700), Size(1754, 1240)]


class ImagesOnlyProcessor(MiniCPMV4_7Processor):  # type: ignore[misc]  # transformers is not typed
    """The processor without its video half, whose base class only exists where torchvision is installed."""

    def check_argument_for_proper_class(self, argument_name: str, argument: object) -> Any:
        if argument_name == "video_processor":
            return type(argument)
        return super().check_argument_for_proper_class(argument_name, argument)


@pytest.fixture(scope="module")
def processor() -> Any:
    words = WordLevel({"<unk>": 0, "0": 1, "\n": 2, "<pad>": 3}, unk_token="<unk>")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(words), pad_token="<pad>", extra_special_tokens=SPECIAL_TOKENS
    )
    no_videos = SimpleNamespace(slice_mode=False, downsample_mode="16x")
    return ImagesOnlyProcessor(MiniCPMV4_6ImageProcessorPil(), no_videos, tokenizer)


def lay_out(processor: Any, policy: str, size: Size) -> tuple[list[int], list[list[int]]]:
    """Token ids of a prompt that is one image of `size`, and (h, w) of its views in patches.

    Pixel values stay as they are: they play no part in the layout and cost most of the time.
    """
    chosen = parse_policy(policy)
    out = processor(
        images=[Image.new("RGB", (size.width, size.height), "white")],
        text=[processor.image_token],
        downsample_mode=chosen.policy.id.rpartition("-")[2],
        max_slice_nums=chosen.cap,
        do_rescale=False,
        do_normalize=False,
        return_tensors="pt",
    )
    return out["input_ids"][0].tolist(), out["target_sizes"].tolist()


def runs(ids: list[int], wanted: int) -> list[tuple[int, int]]:
    """The half-open ranges of `ids` where `wanted` stands."""
    places = (i for i, token in enumerate(ids) if token == wanted)
    grouped = [[i for _, i in group] for _, group in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0])]
    return [(run[0], run[-1] + 1) for run in grouped]


@pytest.mark.parametrize("policy", ["minicpm-v-16x", "minicpm-v-4x", "minicpm-v-16x:36"])
def test_spans_and_sequence_equal_transformers_on_fifty_sizes(processor: Any, policy: str) -> None:
    sizes = fifty_sizes()
    assert len(set(sizes)) == 50
    sliced = 0
    for size in sizes:
        ids, patches_hw = lay_out(processor, policy, size)
        made = plan(policy, size)
        assert 0 not in ids, size
        assert made.sequence == len(ids), size
        assert [view.span for view in made.views] == runs(ids, processor.image_token_id), size
        assert [[view.size.height // 14, view.size.width // 14] for view in made.views] == patches_hw, size
        sliced += bool(made.slices)
    assert sliced >= 25
