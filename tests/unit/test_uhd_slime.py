"""SliME: mixture, compression, selector, layout, stages; published folders built here in exactly their layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from engine.errors import CheckpointError, PlanRefusedError, UsageError
from engine.geometry import Size
from engine.runtime.decoder import Stretch
from engine.slicing.plan import ViewKind
from engine.slicing.policies import plan as policy_plan
from engine.uhd.bridges import PatchGrid, ViewFeatures, build_bridge
from engine.uhd.bridges.positions import sincos_positions
from engine.uhd.bridges.slime import SlimeBridge
from engine.uhd.checkpoints import LoadedModel, load, save
from engine.uhd.config import LLAMA_3_PROMPT, LLAMA_SPACED_COMMA_ID, SLIME
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from engine.uhd.published import PublishedWeights, published_config
from engine.uhd.selector import Selector, most_probable, relevance
from engine.uhd.stages import SLIME_STAGES, Shown, enter
from engine.uhd.weight_files import WeightFiles, read_json
from tests.unit.sliced_models import sliced
from tests.unit.uhd_models import (
    TINY_VISION,
    clip_weights,
    linear_shapes,
    one_thread,
    published,
    random_weights,
    tiny_config,
    tiny_tokenizer,
)

__all__ = ["one_thread"]

VISION_DIM, DIM = 64, 32
SQUARE = PatchGrid(24, 24)
PAGE = Image.effect_mandelbrot((700, 500), (-2, -1.5, 1, 1.5), 60).convert("RGB")
A4 = Size(1240, 1754)
QUESTION = "What is the invoice total ?"
SMALL_VISION = TINY_VISION | {"num_hidden_layers": 2}
FIRST_SHARD, SECOND_SHARD = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def tiny_bridge(**changes: Any) -> SlimeBridge:
    bridge = build_bridge(tiny_config("slime", **changes)).eval()
    bridge.reset_parameters()
    assert isinstance(bridge, SlimeBridge)
    return bridge


def tiny_loaded(**changes: Any) -> LoadedModel:
    model = UhdForConditionalGeneration(tiny_config("slime", vision_config=SMALL_VISION, **changes)).eval()
    model.get_input_embeddings().weight.mul_(50)
    return LoadedModel(model, UhdProcessor.for_model(model.config, tiny_tokenizer()))


def overview(features: Tensor) -> ViewFeatures:
    return ViewFeatures(features, SQUARE, torch.empty(0), overview=True)


def test_the_mixture_begins_as_the_mean_and_follows_its_gate() -> None:
    bridge, patches = tiny_bridge(), torch.randn(1, 576, 32)
    mean = bridge(overview(patches))
    bridge.forced_expert = 0
    first = bridge(overview(patches))
    bridge.forced_expert = 1
    second = bridge(overview(patches))
    bridge.forced_expert = -1
    torch.testing.assert_close(mean, (first + second) / 2, rtol=1e-4, atol=1e-6)
    bridge.gate.normal_()
    shares = (patches @ bridge.gate).softmax(-1)
    torch.testing.assert_close(
        bridge(overview(patches)), shares[..., :1] * first + shares[..., 1:] * second, rtol=1e-4, atol=1e-5
    )
    assert not torch.allclose(bridge.train()(overview(patches)), bridge(overview(patches))), "training adds noise"


def test_the_resamplers_are_torchs_own_attention_with_positions_on_queries_and_keys() -> None:
    bridge, patches = tiny_bridge(), torch.randn(2, 576, 32)
    sampler = bridge.compressor
    state = {
        "in_proj_weight": torch.cat([getattr(sampler.attn, part).weight for part in ("query", "key", "value")]),
        "in_proj_bias": torch.cat([getattr(sampler.attn, part).bias for part in ("query", "key", "value")]),
        "out_proj.weight": sampler.attn.out.weight,
        "out_proj.bias": sampler.attn.out.bias,
    }
    plain = torch.nn.MultiheadAttention(32, 1, batch_first=True).eval()
    plain.load_state_dict(state)
    torch.testing.assert_close(sampler.pos_embed, sincos_positions(32, 4))
    values = functional.layer_norm(patches, (32,), eps=1e-6)
    square = sampler.pos_embed.unflatten(0, (4, 4)).permute(2, 0, 1)[None]
    keys = functional.interpolate(square, size=(24, 24), mode="bicubic", align_corners=False)[0].flatten(1).T
    queries = functional.layer_norm(sampler.query, (32,), eps=1e-6) + sampler.pos_embed
    attended, _ = plain(queries.expand(2, -1, -1), values + keys, values)
    expected = bridge.mlp(ViewFeatures(functional.layer_norm(attended, (32,), eps=1e-6), SQUARE, patches))
    torch.testing.assert_close(bridge(ViewFeatures(patches, SQUARE, patches)), expected, rtol=1e-4, atol=1e-5)


def test_an_overview_of_another_size_is_refused() -> None:
    with pytest.raises(PlanRefusedError, match="576 patches, not of 20"):
        tiny_bridge()(ViewFeatures(torch.randn(1, 20, 32), PatchGrid(4, 5), torch.empty(0), overview=True))


@pytest.mark.parametrize(("top_p", "kept"), [(0.95, 811), (0.75, 621), (0.5, 399), (1.0, 864)])
def test_864_random_tokens_are_thinned_as_published(top_p: float, kept: int) -> None:
    """A page of six slices and a prompt of 40 words, random in 4,096 channels."""
    torch.manual_seed(6)
    tokens, words = torch.randn(864, 4096), torch.randn(40, 4096)
    chosen = Selector(top_p, temperature=1.0, overview=576).kept(tokens, words)
    assert len(chosen) == kept
    assert torch.equal(chosen, chosen.sort().values)


def test_whole_slices_are_dropped_before_tokens() -> None:
    words = torch.eye(4)[:1]
    tokens = torch.stack([torch.eye(4)[number] for number in (1, 1, 0, 0, 2, 0)])  # slices of two: 0, 1 and 0.5
    assert Selector(1.0, 1.0, 0, slices=2, slice_tokens=2).kept(tokens, words).tolist() == [2, 3, 4, 5]
    assert Selector(1.0, 1.0, 0, slices=9, slice_tokens=2).kept(tokens, words).tolist() == [*range(6)]
    assert Selector(0.3, 1.0, 0, slices=2, slice_tokens=2).kept(tokens, words).tolist() in ([2, 3], [2, 5], [3, 5])


@pytest.mark.parametrize("overview_first", [False, True])
def test_llava_uhd_can_be_thinned_too(overview_first: bool) -> None:
    """Experimental: what is left is the overview, the separators, and the tokens of the slice that is kept."""
    config = tiny_config(vision_config=SMALL_VISION, overview_first=overview_first, selector_slices=1)
    model = UhdForConditionalGeneration(config).eval()
    processor = UhdProcessor.for_model(config, tiny_tokenizer())
    inputs = processor(PAGE, QUESTION)
    slices = inputs["slice_grids"].prod()
    whole, thinned = inputs["input_ids"].shape[1], model(**inputs).logits.shape[1]
    assert whole - thinned == 16 * (slices - 1)
    features = model.image_features(inputs["pixel_values"])
    overview = features[0, :16] if overview_first else features[0, -16:]
    left = model._selected(inputs["input_ids"], inputs["mm_token_type_ids"], None, features, None)
    assert torch.equal(left.features[0, :16] if overview_first else left.features[0, -16:], overview)
    assert left.features.shape[1] == 32


def test_relevance_is_the_sum_of_cosines_with_all_words() -> None:
    tokens, words = torch.randn(9, 16), torch.randn(5, 16)
    plain = functional.cosine_similarity(tokens[:, None], words[None], dim=-1).sum(1)
    torch.testing.assert_close(relevance(tokens, words), plain)


def test_the_best_are_kept_and_one_beyond_the_share() -> None:
    scores = torch.tensor([0.1, 0.4, 0.2, 0.3]).log()
    assert most_probable(scores, 0.75).tolist() == [1, 2, 3]
    assert most_probable(scores, 0.3).tolist() == [1]
    assert most_probable(scores, 1.0).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("size", "positions"), [(A4, 1441), (Size(336, 336), 865), (Size(4000, 500), 1585)])
def test_a_page_is_its_overview_a_comma_and_one_raster(size: Size, positions: int) -> None:
    processor = UhdProcessor.for_model(tiny_config("slime", queries=144), tiny_tokenizer())
    plan = processor.plan(size)
    assert plan == policy_plan("slime", size)
    assert plan.sequence == positions
    ids, types = processor.token_ids(plan, "What ?")
    start = types.index(1)
    between = [ids[start + number] for number in range(plan.sequence) if types[start + number] == 0]
    assert between == [LLAMA_SPACED_COMMA_ID]
    assert ids[start + 576] == LLAMA_SPACED_COMMA_ID
    places = torch.cat(processor.places(plan))
    assert sorted(places.tolist()) == [*range(576), *range(577, plan.sequence)]


def test_the_raster_runs_over_the_seams_of_the_page() -> None:
    loaded = tiny_loaded()
    plan = loaded.processor.plan(Size(*PAGE.size))
    views = loaded.processor.views(PAGE).pixels
    assert plan.views[0].kind is ViewKind.OVERVIEW
    assert {tuple(pixels.shape) for pixels in views} == {(3, 336, 336)}
    slices = torch.tensor([[plan.grid.cols, plan.grid.rows]])
    sequence = loaded.model.image_features([list(views)], slices)[0]
    places = loaded.processor.places(plan)
    for view, pixels, at in zip(plan.views, views, places, strict=True):
        alone = loaded.model.encode(pixels[None], overview=view.kind is ViewKind.OVERVIEW)[0]
        visual = torch.where(at > 576, at - 1, at)  # the comma is no visual token
        torch.testing.assert_close(sequence[visual], alone, rtol=0, atol=1e-5)
    assert places[1][4] == places[1][0] + 4 * plan.grid.cols, "the next row of a slice follows the whole page's row"


def test_a_question_drops_tokens_of_slices_alone_and_the_answer_goes_on() -> None:
    loaded = tiny_loaded(selector_top_p=0.5)
    inputs = loaded.processor(PAGE, QUESTION)
    answer = loaded.model.generate(**inputs, max_new_tokens=3, do_sample=False)
    features = loaded.model.image_features(inputs["pixel_values"], inputs["slice_grids"])
    again = loaded.model.generate(
        inputs["input_ids"],
        image_features=features,
        mm_token_type_ids=inputs["mm_token_type_ids"],
        max_new_tokens=3,
        do_sample=False,
    )
    assert torch.equal(answer, again)
    dropped = inputs["input_ids"].shape[1] + 3 - answer.shape[1]
    local = features.shape[1] - 576
    assert 0 < dropped < local
    logits = loaded.model(**inputs).logits
    assert logits.shape[1] == inputs["input_ids"].shape[1] - dropped
    assert int(logits[0, -1].argmax()) == int(answer[0, -3])


def test_pages_of_different_questions_are_thinned_row_by_row() -> None:
    loaded = tiny_loaded(selector_top_p=0.5)
    pages, questions = [PAGE, Image.new("RGB", (336, 700), "white")], [QUESTION, "12"]
    together = loaded.model(**loaded.processor(pages, questions)).logits[:, -1]
    alone = [loaded.model(**loaded.processor(*pair)).logits[0, -1] for pair in zip(pages, questions, strict=True)]
    torch.testing.assert_close(together, torch.stack(alone), rtol=0, atol=1e-4)


def test_each_stage_moves_its_own_weights_and_no_others() -> None:
    loaded = tiny_loaded()
    model = loaded.model.train()
    inputs = loaded.processor(Image.new("RGB", (336, 336), "white"), QUESTION)
    labels = inputs["input_ids"].masked_fill(inputs["mm_token_type_ids"] == 1, -100)
    assert [stage.shown for stage in SLIME_STAGES] == [Shown.OVERVIEW, Shown.OVERVIEW, Shown.SLICES, Shown.ALL]
    for stage in SLIME_STAGES:
        model.zero_grad()
        trained = enter(model, stage)
        with torch.enable_grad():
            model(**inputs, labels=labels).loss.backward()
        reached = {name for name, p in model.named_parameters() if p.grad is not None and bool(p.grad.any())}
        assert {name for name in set(trained) - reached if not name.endswith("attn.key.bias")} == set(), stage.name
        assert reached <= set(trained)
    assert model.bridge.forced_expert == -1
    assert model.config.selector_top_p == 0.95
    assert not any(name.startswith("vision_tower") or name.endswith("pos_embed") for name in trained)


def test_another_bridge_has_no_adapters_to_force() -> None:
    with pytest.raises(UsageError, match="this model's bridge is mlp"):
        enter(UhdForConditionalGeneration(tiny_config("mlp", vision_config=SMALL_VISION)), SLIME_STAGES[0])


def resampler_weights(queries: int, prefix: str) -> dict[str, Tensor]:
    shapes: dict[str, tuple[int, ...]] = {
        "pos_embed": (queries, VISION_DIM),
        "query": (queries, VISION_DIM),
        "attn.in_proj_weight": (3 * VISION_DIM, VISION_DIM),
        "attn.in_proj_bias": (3 * VISION_DIM,),
    }
    shapes |= linear_shapes("attn.out_proj", VISION_DIM, VISION_DIM)
    shapes |= {f"ln_{norm}.{part}": (VISION_DIM,) for norm in ("q", "kv", "post") for part in ("weight", "bias")}
    return {prefix + name: tensor for name, tensor in random_weights(shapes).items()}


def slime_folder(folder: Path, **config: Any) -> Path:
    """`folder` filled as SliME-vicuna-7B is laid out, narrower, with 16 queries a slice."""
    projector = random_weights({"w_gate": (VISION_DIM, 2), "w_noise": (VISION_DIM, 2), "mean": (1,), "std": (1,)})
    projector |= resampler_weights(576, "attn.")
    projector |= random_weights(linear_shapes("projection.0", VISION_DIM, DIM))
    projector |= random_weights(linear_shapes("projection.2", DIM, DIM))
    sampler = resampler_weights(16, "model.sampler.post_qformer.")
    sampler["model.sampler.post_qformer.pos_embed"] = sampler["model.sampler.post_qformer.pos_embed"].half()
    options = {
        "mm_projector_type": "gated",
        "mm_patch_merge_type": "spatial",
        "mm_resampler_type": "cosine",
        "mm_resampler_topp": 0.95,
        "mm_resampler_dim": 16,
        "mm_resampler_temp": 1.0,
        "mm_learnable_gated": -1,
        "seperator": 1919,
        "image_grid_pinpoints": [[672, 672], [336, 672]],
    }
    clip = clip_weights(VISION_DIM, layers=3)
    return published(folder, clip, projector, sampler, **(options | config))


@pytest.fixture(scope="module")
def vicuna(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    return slime_folder(tmp_path_factory.mktemp("slime") / "SliME-vicuna-7B")


def test_a_published_folder_loads_with_every_weight_in_its_place(vicuna: Path) -> None:
    loaded = load(vicuna)
    given = load_file(vicuna / FIRST_SHARD) | load_file(vicuna / SECOND_SHARD)
    config, state = loaded.model.config, loaded.model.state_dict()
    wanted = SLIME | {"queries": 16}
    assert {key: getattr(config, key) for key in wanted} == wanted
    pairs = {
        "bridge.gate": "model.mm_projector.w_gate",
        "bridge.mixer.query": "model.mm_projector.attn.query",
        "bridge.mixer.attn.out.weight": "model.mm_projector.attn.attn.out_proj.weight",
        "bridge.mlp.up.weight": "model.mm_projector.projection.0.weight",
        "bridge.mlp.proj.bias": "model.mm_projector.projection.2.bias",
        "bridge.compressor.ln_kv.bias": "model.sampler.post_qformer.ln_kv.bias",
        "bridge.compressor.pos_embed": "model.sampler.post_qformer.pos_embed",
    }
    assert all(torch.equal(state[ours], given[theirs].float()) for ours, theirs in pairs.items())
    packed = [state[f"bridge.compressor.attn.{part}.weight"] for part in ("query", "key", "value")]
    assert torch.equal(torch.cat(packed), given["model.sampler.post_qformer.attn.in_proj_weight"])
    bridge = {name for name in given if "mm_projector" in name or "sampler" in name}
    dead = {f"model.mm_projector.{name}" for name in ("w_noise", "mean", "std")}
    assert sum(t.numel() for name, t in state.items() if name.startswith("bridge.")) == sum(
        given[name].numel() for name in bridge - dead
    )


def test_an_imported_model_is_saved_and_answers_the_same(vicuna: Path, tmp_path: Path) -> None:
    loaded = load(vicuna)
    save(loaded, tmp_path)
    again = load(tmp_path)
    inputs = again.processor(PAGE, QUESTION)
    assert again.processor.schema == loaded.processor.schema
    assert torch.equal(again.model(**inputs).logits, loaded.model(**inputs).logits)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mm_resampler_type": "qformer"}, "qformer"),
        ({"mm_patch_merge_type": "flat"}, "flat"),
        ({"mm_learnable_gated": 1}, "mm_learnable_gated"),
    ],
)
def test_a_model_made_otherwise_is_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    with pytest.raises(CheckpointError, match=told):
        load(slime_folder(tmp_path, **change))


def test_the_released_shapes_have_as_many_weights_as_published() -> None:
    with torch.device("meta"):
        bridge = SlimeBridge(1024, 4096, 144, 576, 8)
    count = sum(p.numel() for p in bridge.parameters())
    noise_and_constants = 1024 * 2 + 2
    assert (count + noise_and_constants) / 1e6 == pytest.approx(26.37 + 4.50, abs=0.01)


def test_the_page_reader_feeds_what_the_model_feeds_when_nothing_is_dropped() -> None:
    loaded = tiny_loaded()
    model = sliced(loaded)
    assert model.policy_for("llava-uhd-v1") == "slime"
    plan = model.plan(Size(*PAGE.size), "slime")
    prompt = model.prompt(plan, QUESTION)
    features = [model.encode(view, pixels) for view, pixels in zip(plan.views, model.cut(PAGE, plan), strict=True)]
    ours = model.decoder.logits([Stretch(model.embed(plan, prompt, features), prompt.positions)], None, 1)[0]
    expected = loaded.model(**loaded.processor(PAGE, QUESTION)).logits[0]
    torch.testing.assert_close(ours[-1], expected[-1], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("changes", [{"overview_first": False}, {"bridge": "mlp"}, {"selector_slices": 2}])
def test_layouts_that_cannot_be_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match="raster"):
        UhdProcessor.for_model(tiny_config(**(SLIME | changes)), tiny_tokenizer())


def test_llama_3_is_asked_in_its_own_words(vicuna: Path) -> None:
    raw = read_json(vicuna / "config.json") | {"vocab_size": 128256}
    assert published_config(raw, PublishedWeights(WeightFiles(vicuna)).shapes).prompt == LLAMA_3_PROMPT
