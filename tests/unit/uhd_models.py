"""Tiny models of the family for tests: configurations, a tokenizer, checkpoints in the published layouts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from tokenizers.processors import TemplateProcessing
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from engine.uhd.bridges import BRIDGES
from engine.uhd.config import SLIME, UhdConfig
from engine.uhd.towers import LETTERS
from tests.conftest import REPOSITORY

PARITY = REPOSITORY.parent / "shared" / "golden" / "parity"

VOCABULARY = 32000
WORDS = ("USER:", "ASSISTANT:", "What", "is", "the", "invoice", "total", "?", " ", "12", "30", "<image>")
TINY_VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 336,
    "patch_size": 14,
}
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


FEATURE_BRIDGES = tuple(name for name in BRIDGES if name != LETTERS)
"""Bridges behind a tower of patches; the other one takes words."""


def tiny_config(bridge: str = "windowed", **changes: Any) -> UhdConfig:
    """A model of a few thousand weights besides the vocabulary; 16 queries a view."""
    options = {"vision_config": TINY_VISION, "text_config": TINY_TEXT, "qformer_config": TINY_QFORMER, "queries": 16}
    if bridge == "slime":  # works on its own slices alone; its selector is asked for where it is meant
        options = SLIME | options | {"selector_top_p": 1.0}
    return UhdConfig(**(options | {"bridge": bridge} | changes))


def tiny_tokenizer(vocabulary: dict[str, int] | None = None) -> PreTrainedTokenizerFast:
    """Words and separators at Llama's ids, everything else unknown; a text begins with <s>."""
    pieces = {0: "<unk>", 1: "<s>", 2: "</s>", 13: "\n", 29892: ","} | dict(enumerate(WORDS, start=100))
    known = vocabulary or {pieces.get(number, f"piece{number}"): number for number in range(VOCABULARY)}
    tokenizer = Tokenizer(WordLevel(known, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Split(Regex(r"\s|,|\?|[^\s,?]+"), behavior="isolated")
    tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<unk>"
    )


def published_v1(folder: Path, clip: dict[str, Tensor], projector: dict[str, Tensor], **config: Any) -> Path:
    """`folder` filled as llava-uhd-144-13b is laid out, in two shards; `clip` by CLIP's names, `projector` by v1's."""
    return published(folder, clip, projector, {}, **config)


def published(
    folder: Path, clip: dict[str, Tensor], projector: dict[str, Tensor], beside: dict[str, Tensor], **config: Any
) -> Path:
    """As `published_v1`, with any projector and with tensors `beside` it by their whole names."""
    dim = projector["proj" if "proj" in projector else "projection.2.weight"].shape[0]
    weights = llama_weights(dim, layers=2, vocabulary=VOCABULARY)
    weights |= {f"model.vision_tower.vision_tower.{name}": tensor for name, tensor in clip.items()}
    weights |= {f"model.mm_projector.{name}": tensor for name, tensor in projector.items()} | beside
    raw = {
        "architectures": ["LlavaLlamaForCausalLM"],
        "model_type": "llava_llama",
        "hidden_size": dim,
        "intermediate_size": 2 * dim,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "vocab_size": VOCABULARY,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "mm_hidden_size": clip["vision_model.embeddings.class_embedding"].shape[0],
        "mm_vision_select_layer": -2,
        "mm_vision_tower": "openai/clip-vit-large-patch14-336",
        "mm_projector_type": "adapt_spatial_resampler_v1",
        "use_mm_proj": True,
    }
    write_folder(folder, raw | config, weights)
    return folder


def write_folder(folder: Path, config: dict[str, Any], weights: dict[str, Tensor]) -> None:
    """config.json, the tokenizer and `weights` in two safetensors shards with their index."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tiny_tokenizer().save_pretrained(folder)
    names = sorted(weights)
    shards = {
        "model-00001-of-00002.safetensors": names[: len(names) // 2],
        "model-00002-of-00002.safetensors": names[len(names) // 2 :],
    }
    for file, part in shards.items():
        save_file({name: weights[name].contiguous() for name in part}, folder / file)
    weight_map = {name: file for file, part in shards.items() for name in part}
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def llama_weights(dim: int, layers: int, vocabulary: int) -> dict[str, Tensor]:
    """Random weights of a Llama with as many key as query heads, by their published names."""
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (vocabulary, dim),
        "model.norm.weight": (dim,),
        "lm_head.weight": (vocabulary, dim),
    }
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        shapes |= {f"{prefix}self_attn.{part}_proj.weight": (dim, dim) for part in "qkvo"}
        shapes |= {f"{prefix}mlp.{part}_proj.weight": (2 * dim, dim) for part in ("gate", "up")}
        shapes |= {f"{prefix}mlp.down_proj.weight": (dim, 2 * dim)}
        shapes |= {f"{prefix}{part}_layernorm.weight": (dim,) for part in ("input", "post_attention")}
    return random_weights(shapes)


def clip_weights(dim: int, layers: int) -> dict[str, Tensor]:
    """Random weights of CLIP's vision model at 336 px, by the names it had in transformers 4.37."""
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.class_embedding": (dim,),
        "embeddings.patch_embedding.weight": (dim, 3, 14, 14),
        "embeddings.position_embedding.weight": (577, dim),
    }
    norms = ["pre_layrnorm", "post_layernorm"]
    for layer in range(layers):
        prefix = f"encoder.layers.{layer}."
        norms += [f"{prefix}layer_norm1", f"{prefix}layer_norm2"]
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= linear_shapes(f"{prefix}self_attn.{part}", dim, dim)
        shapes |= linear_shapes(f"{prefix}mlp.fc1", dim, 2 * dim) | linear_shapes(f"{prefix}mlp.fc2", 2 * dim, dim)
    shapes |= {f"{norm}.{part}": (dim,) for norm in norms for part in ("weight", "bias")}
    return {f"vision_model.{name}": tensor for name, tensor in random_weights(shapes).items()}


def projector_v1_weights(vision_dim: int, dim: int, queries: int) -> dict[str, Tensor]:
    """Random weights of v1's resampler by their published names."""
    shapes: dict[str, tuple[int, ...]] = {
        "pos_embed": (queries, dim),
        "query": (queries, dim),
        "proj": (dim, dim),
        "kv_proj.weight": (dim, vision_dim),
        "attn.in_proj_weight": (3 * dim, dim),
        "attn.in_proj_bias": (3 * dim,),
    }
    shapes |= linear_shapes("attn.out_proj", dim, dim)
    shapes |= {f"ln_{norm}.{part}": (dim,) for norm in ("q", "kv", "post") for part in ("weight", "bias")}
    return random_weights(shapes)


def projector_v2_weights(vision_dim: int, dim: int, queries: int) -> dict[str, Tensor]:
    """Random weights of v2's resampler by their published names, its dead ones included."""
    shapes: dict[str, tuple[int, ...]] = {f"query_{number}": (queries, dim) for number in (1, 2, 3, 4)}
    shapes |= {f"feature_{level}x_embedding": (1, 1, dim) for level in (1, 2, 4, 8)}
    for level in (1, 2, 4, 8):
        shapes |= linear_shapes(f"features_{level}x_projector", vision_dim, dim)
    shapes |= linear_shapes("cat_proj", 4 * dim, dim)
    shapes |= {f"ln_proj.{part}": (dim,) for part in ("weight", "bias")}
    for up in ("upsampler.upsampler.up1", "upsampler.upsampler.up2"):
        shapes |= {f"{up}.range_temp": (), f"{up}.sigma_spatial": ()}
        for name, outputs, inputs in (("range_proj.0", 32, 3), ("range_proj.3", 32, 32)):
            shapes |= {f"{up}.{name}.weight": (outputs, inputs, 1, 1), f"{up}.{name}.bias": (outputs,)}
        for name, inputs in (("fixup_proj.0", 52), ("fixup_proj.3", 49)):
            shapes |= {f"{up}.{name}.weight": (49, inputs, 1, 1), f"{up}.{name}.bias": (49,)}
    fixup = "upsampler.upsampler.fixup_proj.1"
    shapes |= {f"{fixup}.weight": (vision_dim, vision_dim, 1, 1), f"{fixup}.bias": (vision_dim,)}
    shapes |= {f"upsampler.model.1.norm.{part}": (vision_dim,) for part in ("weight", "bias")}
    copied = {f"upsampler.model.0.vision_tower.{name}": t for name, t in clip_weights(vision_dim, layers=1).items()}
    return projector_v1_weights(vision_dim, dim, queries) | random_weights(shapes) | copied


def linear_shapes(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def random_weights(shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    return {name: torch.randn(shape) * 0.1 + 0.01 for name, shape in shapes.items()}
