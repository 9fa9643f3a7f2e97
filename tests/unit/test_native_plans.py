"""The plan that an adapter states against what the family's published processor lays out, on fifty sizes each."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers.image_transforms import get_resize_output_image_size
from transformers.image_utils import ChannelDimension

from engine.errors import PlanRefusedError, UsageError
from engine.geometry import PixelRect, Size
from engine.readers.native.adapter import NativeModel
from engine.readers.native.internvl import InternVL
from engine.readers.native.minicpm_v import MiniCPMV
from engine.slicing.plan import Grid, SlicePlan
from tests.unit.native_models import FAMILIES, PLACES, ROOMS, load_tiny, published_processor, save_tiny

SIDES = ((60, 90), (224, 224), (336, 336), (448, 448), (500, 333), (595, 842), (640, 480), (700, 900), (1000, 1000))
LONG = ((1, 1), (7, 5), (30, 400), (64, 900), (128, 1024), (200, 201), (300, 1100), (336, 672), (400, 1600), (449, 447))
LARGE = ((1240, 1754), (1280, 720), (1024, 768), (900, 1400), (576, 2300), (1700, 850))
PAIRS = [*SIDES, *LONG, *LARGE, *((height, width) for width, height in (*SIDES, *LONG, *LARGE)), (672, 1008)]
SIZES = sorted({*PAIRS, (335, 337), (1008, 336), (337, 1010), (810, 275), (1100, 1101), (953, 612)})
POLICIES = {
    "minicpmv4_6": ("minicpm-v-16x", "minicpm-v-4x:4", "minicpm-v-16x:36"),
    "minicpmv4_7": ("minicpm-v-16x",),
    "minicpm_ocr": ("minicpm-v-4x", "minicpm-ocr-native"),
    "llava": ("llava-1.5-crop",),
    "llava_next": ("llava-next",),
    "internvl": ("internvl", "internvl:4"),
}
PADDED = {"image_processor_type": "LlavaImageProcessor", "do_pad": True}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], NativeModel]:
    models: dict[str, NativeModel] = {}

    def get(family: str) -> NativeModel:
        if family not in models:
            models[family] = load_tiny(save_tiny(family, tmp_path_factory.mktemp(family)))
        return models[family]

    return get


def laid_out(model: NativeModel, family: str, image: Image.Image, policy: str) -> Any:
    """The published processor's output for a prompt that is the image alone.

    Pixels play no part in the layout and cost most of the time, so views come out black.
    """
    images = copy.copy(model._images)
    images.resize = black_of(torch.zeros if family == "minicpm_ocr" else np.zeros)
    processor = published_processor(family, images, model._tokenizer)
    options = model.options(policy) if isinstance(model, MiniCPMV | InternVL) else {}
    return processor(
        images=[image],
        text=[PLACES[ROOMS[family]]],
        do_rescale=False,
        do_normalize=False,
        return_tensors="pt",
        **options,
    )


def black_of(zeros: Any) -> Any:
    """In place of an image processor's resizing: a black image of the size asked for."""

    def black(image: Any, size: Any, resample: Any = None, **_options: Any) -> Any:
        height, width = size.height, size.width
        if height is None:
            height, width = get_resize_output_image_size(
                image, size.shortest_edge, default_to_square=False, input_data_format=ChannelDimension.FIRST
            )
        return zeros((3, height, width), dtype=image.dtype)

    return black


def runs(places: list[int]) -> list[tuple[int, int]]:
    """The half-open ranges that consecutive `places` make."""
    grouped = [[i for _, i in group] for _, group in groupby(enumerate(places), key=lambda pair: pair[1] - pair[0])]
    return [(run[0], run[-1] + 1) for run in grouped]


def published_views(model: NativeModel, family: str, page: Size, out: Any) -> list[tuple[list[int], tuple[int, int]]]:
    """Per view, in the order of the processor's pixels: the positions of its tokens, and (height, width) in px."""
    ids = out["input_ids"][0].tolist()
    image_token = model._config.image_token_id
    places = [index for index, token in enumerate(ids) if token == image_token]
    if family.startswith("minicpm"):
        sizes = [(rows * 14, cols * 14) for rows, cols in out["target_sizes"].tolist()]
        return [(list(range(*run)), size) for run, size in zip(runs(places), sizes, strict=True)]
    pixels = out["pixel_values"][0] if family == "llava_next" else out["pixel_values"]
    sizes = [tuple(view.shape[-2:]) for view in pixels]
    if family == "llava_next":
        return list(zip(anyres_places(model, page, places), sizes, strict=True))
    each = len(places) // len(sizes)
    return [(places[index * each : (index + 1) * each], size) for index, size in enumerate(sizes)]


def anyres_places(model: NativeModel, page: Size, places: list[int]) -> list[list[int]]:
    """LLaVA-NeXT's layout by its processor's own arithmetic: 24 x 24 base tokens, then the map of all tiles without
    its padding, each row ended by a newline that is no view's."""
    processor = published_processor("llava_next", model._images, model._tokenizer)
    best = max(
        model._images.image_grid_pinpoints,
        key=lambda hw: (effective(page, hw), effective(page, hw) - hw[0] * hw[1]),
    )
    rows, cols = best[0] // 336, best[1] // 336
    kept, newlines = processor._get_unpadded_features(page.height, page.width, 24, 24, rows, cols)
    height, width = newlines, kept // newlines
    top, left = (rows * 24 - height) // 2, (cols * 24 - width) // 2
    views = [places[:576], *([] for _ in range(rows * cols))]
    for y in range(height):
        for x in range(width):
            tile = (y + top) // 24 * cols + (x + left) // 24
            views[1 + tile].append(places[576 + y * (width + 1) + x])
    assert len(places) == 576 + kept + newlines
    return views


def effective(page: Size, canvas: list[int]) -> int:
    scale = min(canvas[1] / page.width, canvas[0] / page.height)
    return min(int(page.width * scale) * int(page.height * scale), page.area)


def stated(model: NativeModel, plan: SlicePlan) -> list[tuple[list[int], tuple[int, int]]]:
    places = model.view_places(plan)
    return [(own.tolist(), (view.size.height, view.size.width)) for own, view in zip(places, plan.views, strict=True)]


@pytest.mark.parametrize(("family", "policy"), [(name, policy) for name in FAMILIES for policy in POLICIES[name]])
def test_plan_equals_the_published_processor_on_fifty_sizes(
    tiny: Callable[[str], NativeModel], family: str, policy: str
) -> None:
    sliced = compare_on_fifty_sizes(tiny(family), family, policy)
    assert sliced >= 25 or family == "llava" or policy == "internvl:4"


def test_plan_of_padded_llava_equals_the_published_processor_on_fifty_sizes(tmp_path: Path) -> None:
    model = load_tiny(save_tiny("llava", tmp_path, PADDED))
    assert model.own_policy == "llava-1.5"
    assert compare_on_fifty_sizes(model, "llava", "llava-1.5") == 0


def compare_on_fifty_sizes(model: NativeModel, family: str, policy: str) -> int:
    """Raises AssertionError at the first size whose plan is not what the processor lays out; counts sliced pages."""
    assert model.policy_for(policy) == policy
    assert len(SIZES) >= 50
    sliced = 0
    for pair in SIZES:
        page = Size(*pair)
        plan = model.plan(page, policy)
        out = laid_out(model, family, Image.new("RGB", pair, "white"), policy)
        assert plan.sequence == out["input_ids"].shape[1], page
        assert stated(model, plan) == published_views(model, family, page, out), page
        assert [view.tokens for view in plan.views] == [len(own) for own in model.view_places(plan)], page
        assert plan.tokens == sum(view.tokens for view in plan.views), page
        spans = [(int(own[0]), int(own[-1]) + 1) for own in model.view_places(plan)]
        assert [view.span for view in plan.views] == spans, page
        sliced += bool(plan.slices)
    return sliced


@pytest.mark.parametrize("family", FAMILIES)
def test_slices_are_row_major_within_the_page_and_match_the_grid(
    tiny: Callable[[str], NativeModel], family: str
) -> None:
    model = tiny(family)
    for pair in SIZES:
        page = Size(*pair)
        plan = model.plan(page, model.own_policy)
        cells = [(view.row, view.col) for view in plan.slices]
        assert cells == [divmod(index, plan.grid.cols) for index in range(plan.grid.rows * plan.grid.cols)]
        for view in plan.views:
            rect = view.rect
            assert 0 <= rect.x < rect.right <= page.width + 1e-6, (page, view)
            assert 0 <= rect.y < rect.bottom <= page.height + 1e-6, (page, view)
        if plan.slices:
            assert sum(view.rect.area for view in plan.slices) == pytest.approx(page.area, rel=1e-6)


@pytest.mark.parametrize("family", ["llava", "llava_next", "internvl", "minicpmv4_6", "minicpm_ocr"])
def test_a_view_shows_its_rectangle_and_nothing_else(tiny: Callable[[str], NativeModel], family: str) -> None:
    model = tiny(family)
    page = Size(700, 450)
    plan = model.plan(page, model.own_policy)
    white = light(model, plan, Image.new("RGB", (700, 450), "white"))
    black = light(model, plan, Image.new("RGB", (700, 450), "black"))
    for number, view in list(enumerate(plan.views))[:3]:
        lit = light(model, plan, painted(page, view.rect))
        shares = [(value - low) / (high - low) for value, low, high in zip(lit, black, white, strict=True)]
        assert shares[number] > 0.98, (view, shares)
        others = [shares[i] for i, other in enumerate(plan.views) if other.row is not None and i != number]
        assert view.row is None or all(share < 0.02 for share in others), (view, shares)


def light(model: NativeModel, plan: SlicePlan, image: Image.Image) -> list[float]:
    return [float(pixels.mean()) for pixels in model.cut(image, plan)]


def painted(page: Size, rect: PixelRect) -> Image.Image:
    pixels = np.zeros((page.height, page.width, 3), np.uint8)
    pixels[round(rect.y) : round(rect.bottom), round(rect.x) : round(rect.right)] = 255
    return Image.fromarray(pixels)


def test_llava_pads_where_its_image_processor_says_so(tmp_path: Path) -> None:
    model = load_tiny(save_tiny("llava", tmp_path, PADDED))
    page = Size(300, 900)
    plan = model.plan(page, "llava-1.5")
    assert plan.overview.rect == PixelRect(0, 0, 300, 900)
    (pixels,) = model.cut(Image.new("RGB", (300, 900), "white"), plan)
    column = pixels[0, 168]
    assert pixels.shape == (3, 336, 336)
    assert torch.allclose(column[:100], column[0].expand(100))
    assert column[168] > column[0] + 1


def test_policies_that_a_model_cannot_run_become_its_own(tiny: Callable[[str], NativeModel]) -> None:
    assert tiny("minicpmv4_7").policy_for("minicpm-v-4x:36") == "minicpm-v-4x:36"
    assert tiny("minicpmv4_7").policy_for("llava-uhd-v1") == "minicpm-v-16x"
    assert tiny("minicpm_ocr").policy_for("llava-uhd-v1") == "minicpm-v-4x"
    assert tiny("internvl").policy_for("minicpm-v-16x") == "internvl"
    assert tiny("llava_next").policy_for("llava-next") == "llava-next"
    for family in FAMILIES:
        with pytest.raises(UsageError, match="no slicing policy"):
            tiny(family).policy_for("minicpm-x")


@pytest.mark.parametrize("family", FAMILIES)
def test_an_empty_page_is_refused(tiny: Callable[[str], NativeModel], family: str) -> None:
    with pytest.raises(PlanRefusedError):
        tiny(family).plan(Size(0, 100), tiny(family).own_policy)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_image_of_another_size_than_the_plan_is_refused(tiny: Callable[[str], NativeModel], family: str) -> None:
    model = tiny(family)
    with pytest.raises(UsageError, match="100x50"):
        model.cut(Image.new("RGB", (50, 100)), model.plan(Size(100, 50), model.own_policy))


def test_internvl_puts_its_overview_last(tiny: Callable[[str], NativeModel]) -> None:
    plan = tiny("internvl").plan(Size(595, 842), "internvl")
    assert plan.grid == Grid(2, 3)
    assert (plan.tokens, plan.sequence) == (1792, 1794)
    assert plan.views[-1] is plan.overview
    assert plan.overview.span == (1537, 1793)


def test_llava_next_states_the_published_counts(tiny: Callable[[str], NativeModel]) -> None:
    """Positions of pages as other projects have measured them, newlines included."""
    counts = {(595, 842): 2256, (1240, 1754): 2256, (1920, 1080): 1948, (576, 4500): 1368, (6000, 1500): 1890}
    model = tiny("llava_next")
    assert {pair: model.plan(Size(*pair), "llava-next").sequence for pair in counts} == counts
