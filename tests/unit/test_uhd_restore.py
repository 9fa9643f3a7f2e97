"""SliceRestore and the self-mining sampler: nothing changes before training, everything is reached by it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image

from engine.errors import CheckpointError, UsageError
from engine.geometry import Size
from engine.slicing.plan import Grid
from engine.slicing.policies import plan as policy_plan
from engine.uhd.bridges import PatchGrid, ViewFeatures
from engine.uhd.bridges.self_mining import SelfMiningSampler
from engine.uhd.checkpoints import LoadedModel, load, save
from engine.uhd.config import HIRES_LLAVA, LLAMA_COLON_ID, LLAMA_COMMA_ID, LLAMA_NEWLINE_ID
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from engine.uhd.restore import SliceRestore, cut, merged
from engine.uhd.stages import HIRES_LLAVA_STAGES, enter
from engine.uhd.vision import VisionTower
from tests.unit.uhd_models import TINY_VISION, one_thread, tiny_config, tiny_tokenizer

__all__ = ["one_thread"]

SMALL_VISION = TINY_VISION | {"image_size": 56, "num_hidden_layers": 4}
PAGE = Image.effect_mandelbrot((600, 300), (-2, -1.5, 1, 1.5), 60).convert("RGB")
GRID = Grid(cols=3, rows=2)
QUESTION = "What is the invoice total ?"


def hires(**changes: Any) -> Any:
    options = HIRES_LLAVA | {"queries": 16, "restore_layers": [2, 3], "policy": "hires-llava:4"}
    return tiny_config(**(options | {"vision_config": SMALL_VISION} | changes))


def model_of(**changes: Any) -> UhdForConditionalGeneration:
    model = UhdForConditionalGeneration(hires(**changes)).eval()
    model.get_input_embeddings().weight.mul_(50)
    return model


def stirred(model: UhdForConditionalGeneration) -> UhdForConditionalGeneration:
    """The model with adapters that do something, as after training."""
    for adapter in model.vision_tower.restore.values():
        for tensor in (adapter.kernel, adapter.attn.out.weight):
            tensor.normal_(std=0.3)
    return model


def test_slices_lie_on_the_merged_page_as_they_lay_on_the_page() -> None:
    patches, page = PatchGrid(2, 5), torch.randn(1, 3, 4, 15)
    slices = cut(page, GRID)
    assert slices.shape == (6, 10, 3)
    second_row_third = page[0, :, 2:4, 10:15].flatten(1).T
    assert torch.equal(slices[5], second_row_third)
    assert torch.equal(merged(slices, patches, GRID), page)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layers", [(1,), (2, 3), (1, 2, 3)])
def test_the_tower_with_fresh_adapters_is_the_plain_tower_bit_by_bit(layers: tuple[int, ...], dtype: Any) -> None:
    config = hires().vision_config
    restoring = VisionTower(config, -2, layers).eval().to(dtype)
    plain = VisionTower(config, -2).eval().to(dtype)
    plain.load_state_dict({k: v for k, v in restoring.state_dict().items() if not k.startswith("restore.")})
    pixels = torch.randn(6, 3, 56, 84, dtype=dtype)
    assert torch.equal(restoring(pixels, GRID).features, plain(pixels).features)


def test_the_whole_model_with_fresh_adapters_answers_bit_by_bit_as_without() -> None:
    model = model_of()
    bare = model_of(restore_layers=[])
    bare.load_state_dict({k: v for k, v in model.state_dict().items() if "restore." not in k})
    inputs = UhdProcessor.for_model(model.config, tiny_tokenizer())(PAGE, QUESTION)
    views = torch.stack(inputs["pixel_values"][0])
    plain = torch.cat([bare.encode(views[:1]), bare.encode(views[1:])]).flatten(0, 1)[None]  # in the same batches
    expected = bare(inputs["input_ids"], mm_token_type_ids=inputs["mm_token_type_ids"], image_features=plain)
    assert torch.equal(model(**inputs).logits, expected.logits)


def test_restored_slices_see_each_other_and_the_overview_stays_apart() -> None:
    model = stirred(model_of())
    views = list(UhdProcessor.for_model(model.config, tiny_tokenizer()).views(PAGE).pixels)
    before = model.view_features(views, Grid(2, 1))
    after = model.view_features([views[0], -views[1], views[2]], Grid(2, 1))
    assert torch.equal(before[0], after[0])
    assert not torch.allclose(before[2], after[2], atol=1e-5)
    lying = model.view_features(views, Grid(1, 2))
    assert not torch.allclose(before[2], lying[2], atol=1e-5), "how slices lie counts"


def test_the_local_branch_reaches_one_patch_across_a_seam() -> None:
    adapter, patches = SliceRestore(4, 1), PatchGrid(3, 3)
    adapter.kernel.fill_(1.0)
    slices = torch.zeros(2, 9, 4)
    slices[0, 5] = 1.0  # middle row, last column, beside the seam
    seen = adapter(slices, patches, Grid(2, 1)) - slices
    touched = seen[1].unflatten(0, (3, 3))[..., 0]
    assert touched[:, 0].tolist() == [1.0, 1.0, 1.0]
    assert not touched[:, 1:].any()


def test_gradients_reach_every_weight_of_adapters_and_sampler() -> None:
    model = model_of().train()
    trained = set(enter(model, HIRES_LLAVA_STAGES[1]))
    assert {name.split(".")[2] for name in trained if ".restore." in name} == {"2", "3"}
    inputs = UhdProcessor.for_model(model.config, tiny_tokenizer())(PAGE, QUESTION)
    fresh = reached(model, inputs)
    assert {f"vision_tower.restore.2.{end}" for end in ("kernel", "attn.out.weight", "attn.out.bias")} <= fresh
    after_a_step = reached(stirred(model), inputs)  # what stands before a zero has its gradient once that has moved
    assert all(name.endswith("attn.key.bias") for name in trained - after_a_step), "such a bias changes no softmax"
    assert fresh | after_a_step <= trained


def reached(model: UhdForConditionalGeneration, inputs: Any) -> set[str]:
    """The names of the weights that have a gradient other than zero."""
    model.zero_grad()
    with torch.enable_grad():
        model(**inputs, labels=inputs["input_ids"]).loss.backward()
    return {name for name, p in model.named_parameters() if p.grad is not None and bool(p.grad.any())}


def test_the_first_stage_trains_the_sampler_alone() -> None:
    assert {name.split(".")[0] for name in enter(model_of(), HIRES_LLAVA_STAGES[0])} == {"bridge"}
    with pytest.raises(UsageError, match=r"vision_tower\.restore"):
        enter(model_of(restore_layers=[]), HIRES_LLAVA_STAGES[1])


def test_the_samplers_queries_are_the_pooled_view() -> None:
    bridge, grid = SelfMiningSampler(8, 6, 4, heads=2), PatchGrid(4, 4)
    patches = torch.randn(3, 16, 8)
    pooled = patches.unflatten(1, (2, 2, 2, 2)).mean((2, 4)).flatten(1, 2)
    expected = bridge.proj(bridge.attn(pooled, patches, patches))
    torch.testing.assert_close(bridge(ViewFeatures(patches, grid, torch.empty(0))), expected)


@pytest.mark.parametrize("size", [Size(1240, 1754), Size(500, 300), Size(300, 1500)])
def test_three_separators_stand_where_the_policy_left_room(size: Size) -> None:
    processor = UhdProcessor.for_model(tiny_config(**(HIRES_LLAVA | {"restore_layers": []})), tiny_tokenizer())
    plan = processor.plan(size)
    assert plan == policy_plan("hires-llava", size)
    ids, types = processor.token_ids(plan, "What ?")
    start = types.index(1)
    after = [ids[start + view.span[1]] for view in plan.views]
    row = [LLAMA_COMMA_ID] * (plan.grid.cols - 1) + [LLAMA_NEWLINE_ID]
    assert after == [LLAMA_COLON_ID] + row * plan.grid.rows
    assert types[start : start + plan.sequence].count(0) == len(after)


def test_the_page_is_drawn_in_the_middle_of_the_mean_colour() -> None:
    processor = UhdProcessor.for_model(hires(), tiny_tokenizer())
    white = Image.new("RGB", (300, 100), "white")
    views = processor.views(white, "hires-llava")
    top, middle = views.pixels[0][:, 0, 168], views.pixels[0][:, 168, 168]
    assert top.abs().max() < 0.02
    assert middle.min() > 1.9
    assert {tuple(pixels.shape) for pixels in views.pixels} == {(3, 336, 336)}
    assert [view.drawn is not None for view in views.plan.views] == [True] * 5


def test_a_page_must_say_how_its_slices_lie() -> None:
    model = model_of()
    inputs = UhdProcessor.for_model(model.config, tiny_tokenizer())(PAGE, QUESTION)
    assert inputs["slice_grids"].tolist() == [[2, 1]]
    inputs.pop("slice_grids")
    with pytest.raises(UsageError, match="how they lie"):
        model(**inputs)


def test_a_restoring_model_is_saved_and_loaded(tmp_path: Any) -> None:
    model = stirred(model_of())
    processor = UhdProcessor.for_model(model.config, tiny_tokenizer())
    save(LoadedModel(model, processor), tmp_path)
    again = load(tmp_path)
    inputs = again.processor(PAGE, QUESTION)
    assert torch.equal(again.model(**inputs).logits, model(**inputs).logits)


def test_layers_beyond_the_features_are_refused() -> None:
    with pytest.raises(CheckpointError, match="layer 4, but its features are those of layer 3"):
        model_of(restore_layers=[2, 4])
