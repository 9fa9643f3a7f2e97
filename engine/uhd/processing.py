"""A page image and a question become what the model takes: normalised views in sequence order, and token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import AutoProcessor, BatchFeature, ProcessorMixin

from engine.errors import CheckpointError, UsageError
from engine.geometry import Size
from engine.slicing.llava_uhd import PATCH_PX, PRE_RESIZED_PX, pre_resized
from engine.slicing.plan import SlicePlan
from engine.slicing.policies import parse_policy
from engine.slicing.tiles import inscribed
from engine.uhd.bridges import SQUARE_BRIDGES
from engine.uhd.config import IMAGE_PLACE, QUESTION_PLACE, VICUNA_PROMPT, UhdConfig
from engine.uhd.pixels import normalised
from engine.uhd.schema import SpatialSchema, check_separator_ids

PER_PATCH_BRIDGES = ("linear", "mlp")
BLACK = (0, 0, 0)
PADDING = {"hires-llava": (122, 116, 104)}
"""The colour around a padded page, by policy, where it is not black: CLIP's mean."""
IMAGE_TYPE = 1
"""The value of `mm_token_type_ids` where a visual token stands."""


@dataclass(frozen=True, slots=True)
class PageViews:
    """A page cut into views: its plan, and per view, in sequence order, normalised pixels [3, height_px, width_px]."""

    plan: SlicePlan
    pixels: tuple[Tensor, ...]


class UhdProcessor(ProcessorMixin):
    """Slices by policy, resizes with PIL's bicubic filter, normalises as CLIP, and writes the spatial schema."""

    def __init__(
        self,
        tokenizer: Any,
        policy: str = "llava-uhd-v1",
        prompt: str = VICUNA_PROMPT,
        schema: dict[str, Any] | None = None,
        chat_template: str | None = None,
    ) -> None:
        super().__init__(tokenizer, chat_template=chat_template)
        self.policy = policy
        self.prompt = prompt
        self.schema = schema or {}

    @classmethod
    def for_model(cls, config: UhdConfig, tokenizer: Any) -> UhdProcessor:
        """The processor of a model of this `config`.

        Raises CheckpointError where `tokenizer` lacks the separators, the prompt a place for page or question, or
        where the tower's patches are not the slicing's; UsageError for an unknown policy.
        """
        parse_policy(config.policy)
        if [config.prompt.count(place) for place in (IMAGE_PLACE, QUESTION_PLACE)] != [1, 1]:
            raise CheckpointError(f"This model's prompt must hold {IMAGE_PLACE} and {QUESTION_PLACE} once each.")
        if config.vision_config.patch_size != PATCH_PX:
            raise CheckpointError(
                f"This model's vision tower has patches of {config.vision_config.patch_size} px; "
                f"slices are cut for patches of {PATCH_PX} px."
            )
        separators = (config.column_separator_id, config.row_separator_id, config.overview_separator_id)
        check_separator_ids(tokenizer, tuple(id_ for id_ in separators if id_ is not None))
        if config.raster and (config.bridge not in SQUARE_BRIDGES or not config.overview_first):
            raise CheckpointError("A model whose slices make one raster needs square views and a leading overview.")
        if config.selects and config.bridge in PER_PATCH_BRIDGES:
            raise CheckpointError("A model with a token for every patch cannot choose tokens by the question.")
        if config.selector_slices and config.raster:
            raise CheckpointError("A model whose slices make one raster cannot choose whole slices by the question.")
        schema = {
            "tokens_per_view": None if config.bridge in PER_PATCH_BRIDGES else config.queries,
            "overview_tokens": None if config.bridge in PER_PATCH_BRIDGES else config.overview_tokens,
            "overview_separator_id": config.overview_separator_id,
            "raster": config.raster,
            "overview_first": config.overview_first,
            "column_separator_id": config.column_separator_id,
            "row_separator_id": config.row_separator_id,
            "image_token_id": config.image_token_id,
        }
        return cls(tokenizer, config.policy, config.prompt, schema)

    def plan(self, page: Size, policy: str | None = None) -> SlicePlan:
        """The slice plan of a page of `page` px as it will stand in the sequence. Raises PlanRefusedError."""
        return self._schema.lay_out(parse_policy(policy or self.policy).plan(page))

    def views(self, image: Image.Image, policy: str | None = None) -> PageViews:
        """The views of a page image. Raises PlanRefusedError."""
        chosen = parse_policy(policy or self.policy)
        plan = self._schema.lay_out(chosen.plan(Size(*image.size)))
        source = image.convert("RGB")
        if long_side := PRE_RESIZED_PX.get(chosen.policy.id):
            source = _resize(source, pre_resized(plan.page, long_side))
        return PageViews(plan, tuple(normalise(view) for view in cut(source, plan)))

    def prompt_ids(self, question: str) -> tuple[list[int], list[int]]:
        """The token ids before and after the image; each side is tokenised alone, as the released code does."""
        before, after = (part.replace(QUESTION_PLACE, question) for part in self.prompt.split(IMAGE_PLACE))
        ids = self.tokenizer(after).input_ids
        begins_anew = bool(ids) and ids[0] == self.tokenizer.bos_token_id
        return self.tokenizer(before).input_ids, ids[1:] if begins_anew else ids

    def token_ids(self, plan: SlicePlan, question: str) -> tuple[list[int], list[int]]:
        """The whole prompt's token ids, and per id 1 where a visual token stands, else 0. `plan` was laid out."""
        before, after = self.prompt_ids(question)
        image = self._schema.token_ids(plan)
        types = torch.zeros(plan.sequence, dtype=torch.long)
        types[torch.cat(self._schema.places(plan))] = IMAGE_TYPE
        return before + image + after, [0] * len(before) + types.tolist() + [0] * len(after)

    def places(self, plan: SlicePlan) -> tuple[Tensor, ...]:
        """Per view of a `plan` that was laid out, where each of its tokens stands in the image's part (long)."""
        return self._schema.places(plan)

    def __call__(
        self,
        images: Image.Image | Sequence[Image.Image],
        text: str | Sequence[str],
        policy: str | None = None,
        **_unused: Any,
    ) -> BatchFeature:
        """One page and one question per row: `input_ids`, `attention_mask`, `mm_token_type_ids` [rows, length], padded
        on the left; `pixel_values`, per row the views' pixels; and `slice_grids` [rows, 2], the columns and rows of
        slices of each page. Raises UsageError and PlanRefusedError."""
        pages = [images] if isinstance(images, Image.Image) else list(images)
        questions = [text] if isinstance(text, str) else list(text)
        if len(pages) != len(questions) or not pages:
            raise UsageError(
                f"{len(pages)} page images and {len(questions)} questions do not pair up.",
                "Give one page image for each question.",
            )
        cut_pages = [self.views(page, policy) for page in pages]
        rows = [self.token_ids(page.plan, question) for page, question in zip(cut_pages, questions, strict=True)]
        length = max(len(ids) for ids, _ in rows)
        pad_id = self.tokenizer.pad_token_id or 0
        return BatchFeature(
            {
                "input_ids": torch.tensor([[pad_id] * (length - len(ids)) + ids for ids, _ in rows]),
                "attention_mask": torch.tensor([[0] * (length - len(ids)) + [1] * len(ids) for ids, _ in rows]),
                "mm_token_type_ids": torch.tensor([[0] * (length - len(types)) + types for _, types in rows]),
                "pixel_values": [list(page.pixels) for page in cut_pages],
                "slice_grids": torch.tensor([[page.plan.grid.cols, page.plan.grid.rows] for page in cut_pages]),
            }
        )

    @property
    def _schema(self) -> SpatialSchema:
        return SpatialSchema(**self.schema)


def cut(page: Image.Image, plan: SlicePlan) -> list[Image.Image]:
    """The views of `plan` in its order. The page is resized twice, once for the overview and once for all the slices
    together, which are then cut out of it. Where the plan pads, the page lies in the middle of each canvas."""
    padding = PADDING.get(parse_policy(plan.policy).policy.id, BLACK)
    overview = _on_canvas(page, plan.overview.size, plan.overview.drawn is not None, padding)
    if not plan.slices:
        return [overview]
    width, height = plan.slices[0].size.width, plan.slices[0].size.height
    canvas = Size(width * plan.grid.cols, height * plan.grid.rows)
    whole = _on_canvas(page, canvas, any(view.drawn is not None for view in plan.slices), padding)
    return [
        overview
        if view.row is None or view.col is None
        else whole.crop((view.col * width, view.row * height, (view.col + 1) * width, (view.row + 1) * height))
        for view in plan.views
    ]


def normalise(view: Image.Image) -> Tensor:
    """[3, height_px, width_px] fp32: RGB in 0–1, less CLIP's mean, by CLIP's standard deviation."""
    pixels = torch.from_numpy(np.asarray(view, dtype=np.float32) / 255.0).permute(2, 0, 1)
    return normalised(pixels)


def _on_canvas(page: Image.Image, canvas: Size, padded: bool, padding: tuple[int, int, int]) -> Image.Image:
    """The page stretched over the canvas, or as large as fits in its middle, rounded to the upper left."""
    if not padded:
        return _resize(page, canvas)
    drawn = inscribed(Size(*page.size), canvas)
    whole = Image.new("RGB", (canvas.width, canvas.height), padding)
    whole.paste(_resize(page, drawn), ((canvas.width - drawn.width) // 2, (canvas.height - drawn.height) // 2))
    return whole


def _resize(image: Image.Image, size: Size) -> Image.Image:
    return image.resize((size.width, size.height), Image.Resampling.BICUBIC)


AutoProcessor.register(UhdConfig, UhdProcessor, exist_ok=True)
