"""What a model of the family is made of, and how its pages are sliced, ordered and asked about.

Annotations are evaluated here, unlike elsewhere: transformers' `strict` checks values against types, not strings.
"""

from typing import Any, ClassVar

from huggingface_hub.dataclasses import strict
from transformers import AutoConfig, Blip2QFormerConfig, CLIPVisionConfig, PreTrainedConfig
from transformers.configuration_utils import SubConfigSpec

HEAD_DIM = 128
"""Channels of a resampler's head where `bridge_heads` is 0, as in all released models."""

QUESTION_PLACE = "{question}"
IMAGE_PLACE = "<image>"

LLAMA_COMMA_ID = 29892
LLAMA_NEWLINE_ID = 13
LLAMA_COLON_ID = 29901
LLAMA_SPACED_COMMA_ID = 1919

CLIP_L_336: dict[str, Any] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 336,
    "patch_size": 14,
}

VICUNA_PROMPT = (
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, "
    "and polite answers to the user's questions. USER: <image>\n{question} ASSISTANT:"
)
QWEN_PROMPT = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n<image>\n{question}<|im_end|>\n<|im_start|>assistant\n"
)
LLAMA_3_PROMPT = (
    "<|start_header_id|>user<|end_header_id|>\n\n<image>\n{question}<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)

HIRES_LLAVA: dict[str, Any] = {
    "policy": "hires-llava",
    "bridge": "self-mining",
    "queries": 144,
    "restore_layers": [19, 20, 21, 22],
    "overview_first": True,
    "overview_separator_id": LLAMA_COLON_ID,
}
"""HiRes-LLaVA over CLIP-L at 336 px (arXiv 2407.08706). The form of its three separators is not published: here they
are pieces of Llama's vocabulary."""

SLIME: dict[str, Any] = {
    "policy": "slime",
    "bridge": "slime",
    "queries": 144,
    "overview_queries": 576,
    "overview_first": True,
    "overview_separator_id": LLAMA_SPACED_COMMA_ID,
    "raster": True,
    "selector_top_p": 0.95,
}
"""SliME as released over Llama 2 (yfzhang114/SliME 5c89ec9)."""


@strict
class UhdConfig(PreTrainedConfig):
    """A vision tower, a bridge, a language model and the spatial schema between them.

    The configurations of the parts are given as theirs or as dictionaries, and are theirs afterwards.
    `vision_feature_layer` counts hidden states from the end: -2 is the output of the last layer but one. `queries` is
    the bridge's tokens per view (unused by `linear` and `mlp`); `pyramid_levels` of `hiwin` are among 1, 2 and 4;
    `bridge_depth` is the number of layers of `flamingo`. Separator ids are what stands after a slice: inside a row,
    and after a row's last slice. `image_token_id` stands in the token ids where a visual token will be: any id of the
    vocabulary, because places are marked by `mm_token_type_ids`. `prompt` holds `<image>` and `{question}` once each.

    Of HiRes-LLaVA: `restore_layers` are the tower's layers, counted from 1, where the slices of a page see each other,
    and `overview_separator_id` stands between a leading overview and the slices. Of SliME: `overview_queries` is the
    overview's tokens where they are not as many as a slice's; with `raster` the tokens of all slices stand in the
    page's own order, without separators; of these the share `selector_top_p` is kept that the prompt's words choose.

    `tower` is `clip`, or `strips`: the text-line recogniser of the installed rapidocr wheel, whose weights are in no
    checkpoint; `vision_config` then says no more than the patches that slices are cut for and the features' width.

    Experimental: `selector_top_p` for models that were not trained with it, and `selector_slices`, the number of slices
    whose tokens are kept at all (0 for every one).
    """

    model_type = "tessera_uhd"
    sub_configs_defaults: ClassVar[dict[str, Any]] = {
        "vision_config": SubConfigSpec(config_class=CLIPVisionConfig, init_kwargs=CLIP_L_336),
        "text_config": SubConfigSpec(config_class=AutoConfig, model_type="llama"),
        "qformer_config": SubConfigSpec(config_class=Blip2QFormerConfig, optional=True),
    }

    vision_config: Any = None
    text_config: Any = None
    qformer_config: Any = None
    tower: str = "clip"
    vision_feature_layer: int = -2
    bridge: str = "windowed"
    queries: int = 144
    bridge_heads: int = 0
    bridge_depth: int = 6
    pyramid_levels: list[int] | tuple[int, ...] = (1, 4)
    policy: str = "llava-uhd-v1"
    overview_first: bool = False
    column_separator_id: int = LLAMA_COMMA_ID
    row_separator_id: int = LLAMA_NEWLINE_ID
    overview_separator_id: int | None = None
    image_token_id: int = 0
    restore_layers: list[int] | tuple[int, ...] = ()
    overview_queries: int = 0
    raster: bool = False
    selector_top_p: float = 1.0
    selector_temperature: float = 1.0
    selector_slices: int = 0
    prompt: str = VICUNA_PROMPT
    tie_word_embeddings: bool = False

    def __post_init__(self, **kwargs: Any) -> None:
        if self.bridge == "qformer" and self.qformer_config is None:
            self.qformer_config = Blip2QFormerConfig()
        super().__post_init__(**kwargs)
        if self.qformer_config is not None:
            self.qformer_config.encoder_hidden_size = self.vision_dim
        self.tie_word_embeddings = bool(self.text_config.tie_word_embeddings)

    @property
    def vision_dim(self) -> int:
        """Channels of the vision tower's features."""
        return int(self.vision_config.hidden_size)

    @property
    def dim(self) -> int:
        """Channels of the language model's embeddings."""
        return int(self.text_config.hidden_size)

    @property
    def heads(self) -> int:
        """Attention heads of a bridge that attends in the language model's width."""
        return self.bridge_heads or max(self.dim // HEAD_DIM, 1)

    @property
    def vision_heads(self) -> int:
        """Attention heads of a bridge that attends in the vision tower's width."""
        return self.bridge_heads or max(self.vision_dim // HEAD_DIM, 1)

    @property
    def overview_tokens(self) -> int:
        """Tokens of the overview where the bridge gives as many as it has queries."""
        return self.overview_queries or self.queries

    @property
    def tells_overview(self) -> bool:
        """Whether the overview is encoded otherwise than a slice."""
        return self.bridge == "slime" or bool(self.restore_layers)

    @property
    def selects(self) -> bool:
        """Whether the words of a prompt choose among the slices' tokens."""
        return self.selector_top_p < 1.0 or self.selector_slices > 0


AutoConfig.register(UhdConfig.model_type, UhdConfig, exist_ok=True)
