"""The shapes of the models that the policies were published with: what a plan's cost is counted by.

Numbers are those of the published configurations. Where a method came in several sizes, one is taken, and its name
says which. Towers that are no plain vision transformer, and mixtures of experts, have no shape here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Merge:
    """After so many layers 2 x 2 patches become one, by a module of `parameters` weights."""

    after_layer: int
    parameters: int = 0


@dataclass(frozen=True, slots=True)
class VisionShape:
    """A vision transformer; no layers where patches go into the language model as they are."""

    layers: int
    width: int
    inner: int
    patch_px: int
    merges: tuple[Merge, ...] = ()


@dataclass(frozen=True, slots=True)
class LanguageShape:
    """A language model. `parameters` are those of its layers, by which every position is multiplied; `attention` its
    layers with softmax attention, `attention_width` their heads together; `cache_width` the elements of keys and
    values that a position leaves behind over all layers."""

    parameters: int
    attention: int
    attention_width: int
    cache_width: int


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A published model: its name, its eyes and its language model."""

    name: str
    vision: VisionShape
    language: LanguageShape


def dense(layers: int, width: int, inner: int, kv_width: int | None = None, *, gated: bool = True) -> LanguageShape:
    """A plain decoder: softmax attention in every layer, keys and values `kv_width` wide (as wide as the layer where
    none is given), and a feed-forward network of three matrices, or of two where it is not `gated`."""
    keys = kv_width or width
    per_layer = 2 * width * width + 2 * width * keys + (3 if gated else 2) * width * inner
    return LanguageShape(layers * per_layer, layers, width, 2 * layers * keys)


CLIP_L = VisionShape(24, 1024, 4096, 14)
CLIP_H = VisionShape(32, 1280, 5120, 14)
CLIP_BIG_G = VisionShape(48, 1664, 8192, 14)
EVA_G = VisionShape(39, 1408, 6144, 14)
EVA2_E = VisionShape(63, 1792, 15360, 14)
SIGLIP_B = VisionShape(12, 768, 3072, 16)
SIGLIP_400M = VisionShape(27, 1152, 4304, 14)
MINICPM_16X = VisionShape(27, 1152, 4304, 14, (Merge(6, 104_500_000),))
MOONVIT_V3 = VisionShape(27, 1152, 4304, 10, (Merge(4), Merge(18)))
QWEN2_VIT = VisionShape(32, 1280, 5120, 14)
QWEN3_VIT = VisionShape(24, 1024, 4096, 16)
NO_TOWER = VisionShape(0, 0, 0, 30)

VICUNA_7B = dense(32, 4096, 11008)
VICUNA_13B = dense(40, 5120, 13824)
QWEN_7B = dense(32, 4096, 11008)
QWEN2_7B = dense(28, 3584, 18944, 512)
QWEN2_5_0_5B = dense(24, 896, 4864, 128)
QWEN3_1_7B = dense(28, 2048, 6144, 1024)
QWEN3_5_0_8B = LanguageShape(498_000_000, 6, 2048, 6 * 2 * 512)
INTERNLM2_7B = dense(32, 4096, 14336, 1024)
OPT_2_7B = dense(32, 2560, 10240, gated=False)
PERSIMMON_8B = dense(36, 4096, 16384, gated=False)
YI_6B = dense(32, 4096, 11008, 512)
SMOL_360M = dense(32, 960, 2560, 320)
SMOL_1_7B = dense(24, 2048, 8192)
GRANITE_350M = dense(28, 1024, 2048, 256)

SHAPES: dict[str, ModelShape] = {
    "blip-2": ModelShape("BLIP-2 OPT-2.7B", EVA_G, OPT_2_7B),
    "cogvlm": ModelShape("CogVLM-17B", EVA2_E, VICUNA_7B),
    "docowl-1.5": ModelShape("DocOwl 1.5", CLIP_L, VICUNA_7B),
    "fuyu": ModelShape("Fuyu-8B", NO_TOWER, PERSIMMON_8B),
    "granite-docling": ModelShape("Granite-for-Docling 500M", SIGLIP_B, GRANITE_350M),
    "granite-docling-fine": ModelShape("Granite-for-Docling 500M", SIGLIP_B, GRANITE_350M),
    "hires-llava": ModelShape("HiRes-LLaVA 7B", CLIP_L, VICUNA_7B),
    "instructblip": ModelShape("InstructBLIP Vicuna-7B", EVA_G, VICUNA_7B),
    "internvl": ModelShape("InternVL3-1B", CLIP_L, QWEN2_5_0_5B),
    "llama-vid": ModelShape("LLaMA-VID 7B", EVA_G, VICUNA_7B),
    "llama-vid-image": ModelShape("LLaMA-VID 7B", EVA_G, VICUNA_7B),
    "llava-1.5": ModelShape("LLaVA-1.5 7B", CLIP_L, VICUNA_7B),
    "llava-1.5-crop": ModelShape("LLaVA-1.5 7B", CLIP_L, VICUNA_7B),
    "llava-next": ModelShape("LLaVA-NeXT Vicuna-7B", CLIP_L, VICUNA_7B),
    "llava-next-haotian": ModelShape("LLaVA-NeXT Vicuna-7B", CLIP_L, VICUNA_7B),
    "llava-uhd-paper": ModelShape("LLaVA-UHD 13B", CLIP_L, VICUNA_13B),
    "llava-uhd-v1": ModelShape("LLaVA-UHD 13B", CLIP_L, VICUNA_13B),
    "llava-uhd-v1-eval": ModelShape("LLaVA-UHD 13B", CLIP_L, VICUNA_13B),
    "llava-uhd-v2": ModelShape("LLaVA-UHD v2 Qwen2-7B", CLIP_L, QWEN2_7B),
    "llava-uhd-v2-eval": ModelShape("LLaVA-UHD v2 Qwen2-7B", CLIP_L, QWEN2_7B),
    "llava-uhd-v2-eval-1536": ModelShape("LLaVA-UHD v2 Qwen2-7B", CLIP_L, QWEN2_7B),
    "llava-uhd-v3": ModelShape("LLaVA-UHD v3 7B", MOONVIT_V3, QWEN2_7B),
    "llava-uhd-v3-train": ModelShape("LLaVA-UHD v3 7B", MOONVIT_V3, QWEN2_7B),
    "minicpm-ocr-adaptive": ModelShape("MiniCPM-OCR 1.0", SIGLIP_400M, QWEN3_5_0_8B),
    "minicpm-ocr-native": ModelShape("MiniCPM-OCR 1.0", SIGLIP_400M, QWEN3_5_0_8B),
    "minicpm-v-16x": ModelShape("MiniCPM-V 4.7-1B", MINICPM_16X, QWEN3_5_0_8B),
    "minicpm-v-4x": ModelShape("MiniCPM-V 4.7-1B", SIGLIP_400M, QWEN3_5_0_8B),
    "monkey": ModelShape("Monkey", CLIP_BIG_G, QWEN_7B),
    "otterhd": ModelShape("OtterHD-8B", NO_TOWER, PERSIMMON_8B),
    "qwen-vl": ModelShape("Qwen-VL", CLIP_BIG_G, QWEN_7B),
    "qwen2-vl": ModelShape("Qwen2-VL-7B", QWEN2_VIT, QWEN2_7B),
    "qwen3-vl": ModelShape("Qwen3-VL-2B", QWEN3_VIT, QWEN3_1_7B),
    "slime": ModelShape("SliME Vicuna-7B", CLIP_L, VICUNA_7B),
    "smolvlm": ModelShape("SmolVLM2-500M", SIGLIP_B, SMOL_360M),
    "smolvlm-2.2b": ModelShape("SmolVLM2-2.2B", SIGLIP_400M, SMOL_1_7B),
    "textmonkey": ModelShape("TextMonkey", CLIP_BIG_G, QWEN_7B),
    "ureader": ModelShape("UReader", CLIP_L, VICUNA_7B),
    "ureader-code": ModelShape("UReader", CLIP_L, VICUNA_7B),
    "xcomposer2-4khd": ModelShape("XComposer2-4KHD 7B", CLIP_L, INTERNLM2_7B),
    "xcomposer2-4khd-short-side": ModelShape("XComposer2-4KHD 7B", CLIP_L, INTERNLM2_7B),
    "yi-vl": ModelShape("Yi-VL-6B", CLIP_H, YI_6B),
}
"""By policy id. Flamingo (a convolutional tower), DeepSeek-OCR 2 and Unlimited-OCR (mixtures of experts) have none."""


def published_shape(policy: str) -> ModelShape | None:
    """The shape of the model that the policy `id` or `id:N` was published with."""
    return SHAPES.get(policy.partition(":")[0])
