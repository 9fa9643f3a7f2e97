"""Policies against the published image processors of models that Tessera does not read with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from transformers.image_utils import SizeDict
from transformers.models.deepseek_ocr2.image_processing_pil_deepseek_ocr2 import (
    get_optimal_tiled_canvas as deepseek_canvas,
)
from transformers.models.fuyu.image_processing_pil_fuyu import FuyuImageProcessorPil
from transformers.models.granite_docling.image_processing_pil_granite_docling import GraniteDoclingImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

from engine.errors import PlanRefusedError
from engine.geometry import Size
from engine.slicing.policies import plan
from engine.slicing.ureader import DOCOWL_GRIDS, DOCOWL_PX, UREADER_GRIDS, UREADER_PX, best_grid, code_score

SIDES = (1, 7, 64, 224, 333, 447, 513, 600, 768, 842, 1000, 1240, 1754, 2048, 3508)
PAIRS = [(width, height) for width in SIDES for height in SIDES if max(width, height) <= 60 * min(width, height)]


@pytest.mark.parametrize(("policy", "step", "bounds"), [("qwen2-vl", 28, (3136, 12_845_056)), ("qwen3-vl", 32, None)])
def test_qwen_resizes_as_published(policy: str, step: int, bounds: tuple[int, int] | None) -> None:
    fewest, most = bounds or (256 * 256, 4096 * 4096)
    for width, height in PAIRS:
        size = plan(policy, Size(width, height)).overview.size
        assert (size.height, size.width) == smart_resize(height, width, step, fewest, most), (width, height)


@pytest.mark.parametrize("size", [Size(1, 201), Size(6000, 20)])
def test_qwen_refuses_the_pages_that_its_processor_refuses(size: Size) -> None:
    with pytest.raises(ValueError, match="aspect ratio"):
        smart_resize(size.height, size.width)
    with pytest.raises(PlanRefusedError, match="200 times"):
        plan("qwen3-vl", size)


@pytest.mark.parametrize(("policy", "side"), [("smolvlm", 512), ("smolvlm-2.2b", 384)])
def test_smolvlm_tiles_as_published(policy: str, side: int) -> None:
    processor = SmolVLMImageProcessorPil(size={"longest_edge": 4 * side}, max_image_size={"longest_edge": side})
    for width, height in PAIRS:
        made = plan(policy, Size(width, height))
        published = processor.get_number_of_image_patches(height, width)
        assert (len(made.views), made.grid.rows, made.grid.cols) == published, (width, height)


@pytest.mark.parametrize("cap", [1, 4, 32])
def test_granite_docling_tiles_as_published(cap: int) -> None:
    processor = GraniteDoclingImageProcessorPil(max_patches=cap)
    for width, height in PAIRS:
        made = plan(f"granite-docling:{cap}", Size(width, height))
        assert (made.grid.rows or 1, made.grid.cols or 1) == processor.get_tile_grid(height, width), (width, height)
        assert len(made.views) == processor.get_number_of_image_patches(height, width)


def test_deepseek_ocr_tiles_as_published() -> None:
    for width, height in PAIRS:
        made = plan("deepseek-ocr-2", Size(width, height))
        cut = max(width, height) > 768
        expected = deepseek_canvas((height, width), (768, 768), 2, 6) if cut else (0, 0)
        assert (made.grid.cols, made.grid.rows) == expected, (width, height)


def test_fuyu_resizes_and_counts_patches_as_published() -> None:
    processor = FuyuImageProcessorPil()
    for width, height in PAIRS:
        pixels = np.zeros((3, height, width), np.uint8)
        resized = processor.resize(pixels, SizeDict(height=1080, width=1920))
        view = plan("fuyu", Size(width, height)).overview
        drawn = view.drawn or view.size
        assert (drawn.height, drawn.width) == resized.shape[1:], (width, height)
        padded = (-(-resized.shape[1] // 30) * 30, -(-resized.shape[2] // 30) * 30)
        assert view.tokens == processor.get_num_patches(*padded, patch_size=SizeDict(height=30, width=30))


@pytest.mark.parametrize(("grids", "side"), [(UREADER_GRIDS, UREADER_PX), (DOCOWL_GRIDS, DOCOWL_PX)])
def test_single_precision_scores_are_those_of_tensors(grids: Any, side: int) -> None:
    canvases = torch.tensor([[grid.cols * side, grid.rows * side] for grid in grids])
    for width, height in PAIRS:
        chosen = int(torch.argmax(tensor_scores(canvases, width, height)))
        assert best_grid(Size(width, height), grids, side, code_score) == grids[chosen], (width, height)


def tensor_scores(canvases: torch.Tensor, width: int, height: int) -> torch.Tensor:
    """A hundred times the overlap with the canvas in the page's aspect plus the overlap with the page, on whole px."""
    shaped = canvases.clone()
    shaped[:, 1] = height / width * canvases[:, 0]
    page = torch.tensor([[width, height]]).expand_as(canvases)
    return overlap(shaped, canvases) * 100 + overlap(page, canvases)


def overlap(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    shared = torch.minimum(one, other).prod(1)
    return shared / (one.prod(1) + other.prod(1) - shared + 1e-5)


@pytest.mark.parametrize(
    ("width", "height", "cap", "cols", "rows"),
    [
        (1240, 1754, 25, 4, 5),
        (1754, 1240, 25, 5, 4),
        (1240, 1754, 55, 6, 8),
        (3000, 400, 25, 12, 2),
        (300, 1500, 25, 2, 10),
        (336, 336, 1, 1, 1),
        (1000, 1000, 16, 4, 4),
    ],
)
def test_xcomposer_grows_along_the_long_side(width: int, height: int, cap: int, cols: int, rows: int) -> None:
    """By hand after `HD_transform`: the long side gains tiles while its count times ceil(count / aspect) fits."""
    made = plan(f"xcomposer2-4khd:{cap}", Size(width, height))
    assert (made.grid.cols, made.grid.rows) == (cols, rows)
    assert made.sequence == (cols * rows + 1) * 144 + 1 + (rows + 1) * 12
