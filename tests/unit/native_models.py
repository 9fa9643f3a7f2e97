"""Tiny checkpoints of the families that transformers carries, saved as their publishers save them."""

from __future__ import annotations

import json
import string
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.decoders import Fuse
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from transformers import (
    AutoModelForImageTextToText,
    InternVLConfig,
    LlavaConfig,
    LlavaNextConfig,
    MiniCPMOcrConfig,
    MiniCPMV4_6Config,
    MiniCPMV4_7Config,
    PreTrainedTokenizerFast,
)
from transformers.models.internvl.processing_internvl import InternVLProcessor
from transformers.models.llava.processing_llava import LlavaProcessor
from transformers.models.llava_next.processing_llava_next import LlavaNextProcessor
from transformers.models.minicpm_ocr.processing_minicpm_ocr import MiniCPMOcrProcessor
from transformers.models.minicpmv4_6.processing_minicpmv4_6 import MiniCPMV4_6Processor
from transformers.models.minicpmv4_7.processing_minicpmv4_7 import MiniCPMV4_7Processor

from engine.geometry import Size
from engine.readers.native.adapter import NativeModel
from engine.readers.native.internvl import InternVL
from engine.readers.native.loading import load
from engine.readers.native.minicpm_v import MiniCPMV
from engine.readers.sliced.protocol import ModelCard

CARD = ModelCard("tiny", "0", "fp32", "cpu")
CHAT_TOKENS = ("<|im_start|>", "<|im_end|>", "<unk>", "<pad>")
NAMED_TOKENS = {
    "minicpm": {
        "image_token": "<|image_pad|>",
        "video_token": "<|video_pad|>",
        "image_start_token": "<image>",
        "image_end_token": "</image>",
        "slice_start_token": "<slice>",
        "slice_end_token": "</slice>",
        "image_id_start_token": "<image_id>",
        "image_id_end_token": "</image_id>",
    },
    "llava": {"image_token": "<image>"},
    "internvl": {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    },
}
PLACES = {"minicpm": "<|image_pad|>", "llava": "<image>", "internvl": "<IMG_CONTEXT>"}
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{% for part in message.content %}"
    "{% if part.type == 'image' %}PLACE\n{% else %}{{ part.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CLIP = {"image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}
UHD = {
    "max_slice_nums": 9,
    "scale_resolution": 448,
    "patch_size": 14,
    "use_image_id": True,
    "slice_mode": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}
CROPPED = {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}, "resample": 3, **CLIP}
PREPROCESSORS: dict[str, dict[str, Any]] = {
    "minicpmv4_6": {"image_processor_type": "MiniCPMV4_6ImageProcessor", **UHD},
    "minicpmv4_7": {"image_processor_type": "MiniCPMV4_6ImageProcessor", **UHD},
    "minicpm_ocr": {"image_processor_type": "MiniCPMOcrImageProcessor", **UHD},
    "llava": {"image_processor_type": "CLIPImageProcessor", "do_center_crop": True, **CROPPED},
    "llava_next": {
        "image_processor_type": "LlavaNextImageProcessor",
        "image_grid_pinpoints": [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]],
        **CROPPED,
    },
    "internvl": {
        "image_processor_type": "GotOcr2ImageProcessorFast",
        "crop_to_patches": False,
        "max_patches": 12,
        "min_patches": 1,
        "size": {"height": 448, "width": 448},
        "resample": 3,
        **CLIP,
    },
}
FAMILIES = tuple(PREPROCESSORS)
ROOMS = {name: name if name in NAMED_TOKENS else "llava" if "llava" in name else "minicpm" for name in FAMILIES}
HYBRID = {
    "model_type": "qwen3_5_text",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "rope_parameters": {
        "rope_type": "default",
        "rope_theta": 10000.0,
        "partial_rotary_factor": 0.5,
        "mrope_section": [2, 1, 1],
        "mrope_interleaved": True,
    },
}
DENSE = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
TOWER = {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4, "patch_size": 14}


def tokenizer_of(family: str) -> Any:
    """One token per character, and the special tokens that the family's processor asks its tokenizer for."""
    room = ROOMS[family]
    named = NAMED_TOKENS[room]
    characters = sorted(set(string.printable) - {"\r", "\x0b", "\x0c"})
    words = {word: index for index, word in enumerate([*CHAT_TOKENS, *named.values(), *characters])}
    built = Tokenizer(WordLevel(words, unk_token="<unk>"))
    built.pre_tokenizer = Split("", "isolated")
    built.decoder = Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=built,
        pad_token="<pad>",
        eos_token="<|im_end|>",
        additional_special_tokens=["<|im_start|>"],
        extra_special_tokens=named,
    )


def config_of(family: str, tokenizer: Any) -> Any:
    """The family's configuration at its smallest, with views as large as published."""
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in NAMED_TOKENS[ROOMS[family]].items()}
    vocabulary = {"vocab_size": len(tokenizer), "eos_token_id": tokenizer.eos_token_id}
    if family.startswith("minicpm"):
        canvas = {name.replace("_token", "_id"): ids[name] for name in ids if "start" in name or "end" in name}
        canvas = {name: canvas[name] for name in canvas if name.startswith(("image_start", "image_end", "slice"))}
        classes = {"minicpmv4_6": MiniCPMV4_6Config, "minicpmv4_7": MiniCPMV4_7Config, "minicpm_ocr": MiniCPMOcrConfig}
        extra = canvas | {"newline_id": tokenizer.convert_tokens_to_ids("\n")} if family == "minicpmv4_7" else {}
        return classes[family](
            text_config=HYBRID | vocabulary,
            vision_config=TOWER | {"num_hidden_layers": 3, "image_size": 980},
            insert_layer_id=1,
            image_token_id=ids["image_token"],
            video_token_id=ids["video_token"],
            **extra,
        )
    if family == "internvl":
        return InternVLConfig(
            text_config=DENSE | vocabulary | {"model_type": "qwen2"},
            vision_config=TOWER | {"num_hidden_layers": 2, "image_size": [448, 448], "patch_size": [14, 14]},
            image_token_id=ids["context_image_token"],
            tie_word_embeddings=False,
        )
    built = {"llava": LlavaConfig, "llava_next": LlavaNextConfig}[family]
    return built(
        text_config=DENSE | vocabulary | {"model_type": "llama"},
        vision_config=TOWER | {"model_type": "clip_vision_model", "num_hidden_layers": 3, "image_size": 336},
        image_token_index=ids["image_token"],
    )


def save_tiny(family: str, folder: Path, preprocessor: dict[str, Any] | None = None) -> Path:
    """A random checkpoint of `family` in `folder`; `preprocessor` changes its image processor's settings."""
    tokenizer = tokenizer_of(family)
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(config_of(family, tokenizer))
    for name, parameter in model.named_parameters():
        # Wider than the classes' own start, so that tokens and views make a difference that fp32 can tell apart.
        if parameter.dim() > 1 and "position" not in name:
            torch.nn.init.normal_(parameter, std=0.2)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    template = TEMPLATE.replace("PLACE", PLACES[ROOMS[family]])
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    settings = PREPROCESSORS[family] | (preprocessor or {})
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def load_tiny(folder: Path) -> NativeModel:
    return load(folder, dtype=torch.float32, device=torch.device("cpu"), card=CARD)


def published_processor(family: str, images: Any, tokenizer: Any) -> Any:
    """The family's own processor class around `images`, its video half replaced by a stand-in: that half's base class
    only exists where torchvision is installed."""
    square = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    if family == "llava":
        return LlavaProcessor(images, tokenizer, **square)
    if family == "llava_next":
        return LlavaNextProcessor(images, tokenizer, **square)
    no_videos = SimpleNamespace(slice_mode=False, downsample_mode="16x")
    if family == "internvl":
        return _images_only(InternVLProcessor)(images, tokenizer, no_videos)
    classes = {
        "minicpmv4_6": MiniCPMV4_6Processor,
        "minicpmv4_7": MiniCPMV4_7Processor,
        "minicpm_ocr": MiniCPMOcrProcessor,
    }
    return _images_only(classes[family])(images, no_videos, tokenizer)


def _images_only(processor_class: Any) -> Any:
    def check(self: Any, argument_name: str, argument: object) -> Any:
        if argument_name == "video_processor":
            return type(argument)
        return processor_class.check_argument_for_proper_class(self, argument_name, argument)

    return type(processor_class.__name__, (processor_class,), {"check_argument_for_proper_class": check})


def page_of(size: Size, seed: int = 0) -> Image.Image:
    """Noise, so that every pixel and every view counts."""
    noise = np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def published_inputs(model: NativeModel, family: str, image: Image.Image, text: str, policy: str) -> Any:
    """What the family's own processor makes of a page image and a rendered prompt."""
    processor = published_processor(family, model._images, model._tokenizer)
    options = model.options(policy) if isinstance(model, MiniCPMV | InternVL) else {}
    return processor(images=[image], text=[text], return_tensors="pt", **options)
