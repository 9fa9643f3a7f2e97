"""The whole model: views → patch features → visual tokens → among the words → the language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForImageTextToText, GenerationMixin, PreTrainedModel

from engine.errors import UsageError
from engine.slicing.plan import Grid
from engine.uhd.bridges import Bridge, PatchGrid, build_bridge
from engine.uhd.config import UhdConfig
from engine.uhd.language import build_language_model
from engine.uhd.processing import IMAGE_TYPE
from engine.uhd.restore import SliceRestore, merged
from engine.uhd.selector import Rows, Selector, select
from engine.uhd.towers import build_tower


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
        self.vision_tower = build_tower(config)
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
        if isinstance(module, Bridge | SliceRestore):
            module.reset_parameters()

    def encode(self, pixels: Tensor, *, overview: bool = False, slices: Grid | None = None) -> Tensor:
        """[views, tokens, dim] for views of one size and kind, `pixels` [views, 3, height_px, width_px]; with `slices`
        they are all the slices of one page, which restore layers join."""
        weight = self.vision_tower.weight
        seen = self.vision_tower(pixels.to(weight.device, weight.dtype), slices)
        return self.bridge(replace(seen, overview=overview))

    def view_features(self, views: Sequence[Tensor], slices: Grid | None = None) -> list[Tensor]:
        """[tokens, dim] per view for `views` [3, height_px, width_px]; neighbours of one size go in one batch.

        Where the configuration tells overview from slices, the views are those of one page, and restore layers need to
        know how its `slices` lie. Raises UsageError where that does not fit the views.
        """
        if self.config.tells_overview:
            return self._page_features(views, slices)
        features: list[Tensor] = []
        for _, group in groupby(views, key=lambda view: view.shape):
            features += self.encode(torch.stack(list(group)))
        return features

    def _page_features(self, views: Sequence[Tensor], slices: Grid | None) -> list[Tensor]:
        at = 0 if self.config.overview_first else len(views) - 1
        overview = self.encode(views[at][None], overview=True)[0]
        detail = [*views[:at], *views[at + 1 :]]
        if not detail:
            return [overview]
        if self.config.restore_layers:
            _check_grid(slices, len(detail))
        features = list(self.encode(torch.stack(detail), slices=slices))
        return [*features[:at], overview, *features[at:]]

    def image_features(self, pixel_values: Sequence[Sequence[Tensor]], slice_grids: Tensor | None = None) -> Tensor:
        """[rows, visual tokens, dim], each row's views end to end, shorter rows padded at their end. `slice_grids` are
        columns and rows of each page's slices; a model that needs them raises UsageError without."""
        given = [None] * len(pixel_values) if slice_grids is None else [Grid(*pair) for pair in slice_grids.tolist()]
        rows = [self._row_features(views, slices) for views, slices in zip(pixel_values, given, strict=True)]
        return pad_sequence(rows, batch_first=True)

    def _row_features(self, views: Sequence[Tensor], slices: Grid | None) -> Tensor:
        features = self.view_features(views, slices)
        if not self.config.raster or len(views) == 1:
            return torch.cat(features)
        grid = _check_grid(slices, len(views) - 1)
        side = PatchGrid(*[round(features[1].shape[0] ** 0.5)] * 2)
        return torch.cat([features[0], merged(torch.stack(features[1:]), side, grid)[0].flatten(1).T])

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
        slice_grids: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """The language model's own output. Everything else (`labels`, `past_key_values`, …) is handed to it.

        A model with a selector applies it to `pixel_values`, and takes `image_features` as they are.
        """
        if inputs_embeds is None:
            if input_ids is None:
                raise UsageError("Neither token ids nor embeddings were given to the model.")
            if image_features is None and pixel_values is not None:
                image_features = self.image_features(pixel_values, slice_grids)
                if self.config.selects:
                    chosen = self._selected(
                        input_ids, mm_token_type_ids, attention_mask, image_features, kwargs.get("labels")
                    )
                    input_ids, mm_token_type_ids, attention_mask = chosen.ids, chosen.types, chosen.mask
                    image_features = chosen.features
                    if chosen.labels is not None:
                        kwargs["labels"] = chosen.labels
            inputs_embeds = self.embed(input_ids, mm_token_type_ids, image_features)
        return self.language_model(inputs_embeds=inputs_embeds, attention_mask=attention_mask, **kwargs)

    def generate(
        self,
        inputs: Tensor | None = None,
        pixel_values: Sequence[Sequence[Tensor]] | None = None,
        image_features: Tensor | None = None,
        slice_grids: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """As `GenerationMixin.generate`. Views are encoded once, before beams multiply the rows; a model with a
        selector chooses among their tokens here, and what it gives begins with the prompt that is left."""
        if image_features is None and pixel_values is not None:
            with torch.no_grad():
                image_features = self.image_features(pixel_values, slice_grids)
        ids = kwargs.pop("input_ids", None) if inputs is None else inputs
        if image_features is not None and self.config.selects:
            chosen = self._selected(
                ids, kwargs.get("mm_token_type_ids"), kwargs.get("attention_mask"), image_features, None
            )
            ids, image_features = chosen.ids, chosen.features
            kwargs |= {"mm_token_type_ids": chosen.types, "attention_mask": chosen.mask}
        return super().generate(ids, image_features=image_features, **kwargs)

    def _selected(
        self, ids: Tensor, types: Tensor | None, mask: Tensor | None, features: Tensor, labels: Tensor | None
    ) -> Rows:
        if types is None:
            raise UsageError("The prompt does not say where the visual tokens stand (mm_token_type_ids).")
        config = self.config
        selector = Selector(
            config.selector_top_p,
            config.selector_temperature,
            config.overview_tokens,
            config.overview_first,
            config.selector_slices,
            config.queries,
            noisy=self.training,
        )
        rows = Rows(ids, types, torch.ones_like(ids) if mask is None else mask, labels, features)
        return select(rows, selector, self.get_input_embeddings())

    def prepare_inputs_for_generation(self, input_ids: Tensor, **kwargs: Any) -> dict[str, Any]:
        """Visual tokens are part of the first step alone; afterwards they are in the cache."""
        first = kwargs.get("is_first_iteration", False) or not kwargs.get("use_cache", True)
        image_features = kwargs.pop("image_features", None)
        inputs: dict[str, Any] = super().prepare_inputs_for_generation(input_ids, **kwargs)
        inputs["image_features"] = image_features if first else None
        return inputs


def _check_grid(slices: Grid | None, count: int) -> Grid:
    """Raises UsageError where `slices` is not the grid of `count` slices."""
    if slices is None or slices.cols * slices.rows != count:
        raise UsageError(
            f"The page has {count} slices, but the model was not told how they lie ({slices}).",
            "Give the processor's slice_grids with its pixels.",
        )
    return slices


AutoModelForImageTextToText.register(UhdConfig, UhdForConditionalGeneration, exist_ok=True)
