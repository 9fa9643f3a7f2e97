"""The whole model: views → patch features → visual tokens → among the words → the language model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForImageTextToText, GenerationMixin, PreTrainedModel

from engine.errors import UsageError
from engine.uhd.bridges import Bridge, build_bridge
from engine.uhd.config import UhdConfig
from engine.uhd.language import build_language_model
from engine.uhd.processing import IMAGE_TYPE
from engine.uhd.vision import VisionTower


class UhdForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """A vision tower, a bridge and a causal language model.

    Pixels come per row of the batch as a list of views in sequence order. Features of views can be computed once with
    `view_features`, replaced or kept, and given back as `image_features`.
    """

    config_class = UhdConfig
    main_input_name = "input_ids"
    input_modalities = ("image", "text")
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_attention_backend = True

    def __init__(self, config: UhdConfig) -> None:
        super().__init__(config)
        self.vision_tower = VisionTower(config.vision_config, config.vision_feature_layer)
        self.bridge = build_bridge(config)
        self.language_model = build_language_model(config.text_config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.language_model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.language_model.set_input_embeddings(value)

    def get_output_embeddings(self) -> nn.Module:
        return self.language_model.get_output_embeddings()

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, Bridge):
            module.reset_parameters()

    def view_features(self, views: Sequence[Tensor]) -> list[Tensor]:
        """[tokens, dim] per view for `views` [3, height_px, width_px]; neighbours of one size go in one batch."""
        weight = self.vision_tower.clip.embeddings.patch_embedding.weight
        features: list[Tensor] = []
        for _, group in groupby(views, key=lambda view: view.shape):
            pixels = torch.stack([view.to(weight.device, weight.dtype) for view in group])
            features += self.bridge(self.vision_tower(pixels))
        return features

    def image_features(self, pixel_values: Sequence[Sequence[Tensor]]) -> Tensor:
        """[rows, visual tokens, dim], each row's views end to end, shorter rows padded at their end."""
        return pad_sequence([torch.cat(self.view_features(views)) for views in pixel_values], batch_first=True)

    def embed(self, input_ids: Tensor, mm_token_type_ids: Tensor | None, image_features: Tensor | None) -> Tensor:
        """[rows, length, dim]: the words' embeddings, with each row's visual tokens put where its types are 1.

        Raises UsageError where a row has more places than visual tokens, or visual tokens have no places.
        """
        embeds: Tensor = self.get_input_embeddings()(input_ids)
        if image_features is None:
            return embeds
        types = torch.zeros_like(input_ids) if mm_token_type_ids is None else mm_token_type_ids
        places = types == IMAGE_TYPE
        wanted = places.sum(1)
        if int(wanted.max()) != image_features.shape[1]:
            raise UsageError(
                f"The prompt has places for {int(wanted.max())} visual tokens, the page has {image_features.shape[1]}.",
                "Make prompt and views with the same processor, policy and page.",
            )
        filled = torch.arange(image_features.shape[1], device=wanted.device) < wanted[:, None]
        chosen = image_features[filled.to(image_features.device)].to(embeds.device, embeds.dtype)
        return embeds.masked_scatter(places[..., None].expand_as(embeds), chosen)

    def forward(
        self,
        input_ids: Tensor | None = None,
        pixel_values: Sequence[Sequence[Tensor]] | None = None,
        image_features: Tensor | None = None,
        mm_token_type_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        attention_mask: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """The language model's own output. Everything else (`labels`, `past_key_values`, …) is handed to it."""
        if inputs_embeds is None:
            if input_ids is None:
                raise UsageError("Neither token ids nor embeddings were given to the model.")
            if image_features is None and pixel_values is not None:
                image_features = self.image_features(pixel_values)
            inputs_embeds = self.embed(input_ids, mm_token_type_ids, image_features)
        return self.language_model(inputs_embeds=inputs_embeds, attention_mask=attention_mask, **kwargs)

    def generate(
        self,
        inputs: Tensor | None = None,
        pixel_values: Sequence[Sequence[Tensor]] | None = None,
        image_features: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `GenerationMixin.generate`. Views are encoded once, before beams multiply the rows."""
        if image_features is None and pixel_values is not None:
            with torch.no_grad():
                image_features = self.image_features(pixel_values)
        return super().generate(inputs, image_features=image_features, **kwargs)

    def prepare_inputs_for_generation(self, input_ids: Tensor, **kwargs: Any) -> dict[str, Any]:
        """Visual tokens are part of the first step alone; afterwards they are in the cache."""
        first = kwargs.get("is_first_iteration", False) or not kwargs.get("use_cache", True)
        image_features = kwargs.pop("image_features", None)
        inputs: dict[str, Any] = super().prepare_inputs_for_generation(input_ids, **kwargs)
        inputs["image_features"] = image_features if first else None
        return inputs


AutoModelForImageTextToText.register(UhdConfig, UhdForConditionalGeneration, exist_ok=True)
