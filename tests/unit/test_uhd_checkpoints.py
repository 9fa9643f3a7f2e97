"""Published checkpoints, built here in exactly their layout: loaded, saved, loaded again; and all the broken ones."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoProcessor

from engine.errors import CheckpointError, FileMissingError
from engine.geometry import Size
from engine.uhd.bridges import PatchGrid, ViewFeatures
from engine.uhd.checkpoints import load, published_tokenizer, save
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from tests.unit.uhd_models import (
    Golden,
    clip_weights,
    llama_weights,
    one_thread,
    parity,
    projector_v1_weights,
    projector_v2_weights,
    published_v1,
    tiny_tokenizer,
    write_folder,
)

__all__ = ["one_thread", "parity"]

VISION_DIM, DIM, QUERIES = 64, 32, 16
PAGE = Image.effect_mandelbrot((300, 200), (-2, -1.5, 1, 1.5), 60).convert("RGB")
PAGE_OF_TWO_SLICES = Size(672, 300)
FIRST_SHARD, SECOND_SHARD = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def test_a_configuration_of_nonsense_is_refused(v1_folder: Path, tmp_path: Path) -> None:
    save(load(v1_folder), tmp_path / "own")
    config = tmp_path / "own" / "config.json"
    raw = json.loads(config.read_text(encoding="utf-8"))
    for change in (
        {"text_config": {"model_type": "clip"}},
        {"text_config": {"model_type": "oracle"}},
        {"queries": "all"},
    ):
        config.write_text(json.dumps(raw | change), encoding="utf-8")
        with pytest.raises(CheckpointError) as raised:
            load(tmp_path / "own")
        assert len(raised.value.message) < 400


@pytest.fixture
def v1_folder(tmp_path: Path) -> Path:
    projector = projector_v1_weights(VISION_DIM, DIM, QUERIES)
    return published_v1(tmp_path / "llava-uhd-144-13b", clip_weights(VISION_DIM, layers=3), projector)


@pytest.fixture
def v2_folder(tmp_path: Path) -> Path:
    projector = projector_v2_weights(VISION_DIM, DIM, QUERIES)
    folder = tmp_path / "LLaVA-UHD-v2"
    return published_v1(folder, clip_weights(VISION_DIM, layers=3), projector, feature_scale_mask=5)


def answer(model: UhdForConditionalGeneration, processor: UhdProcessor) -> Tensor:
    return model.generate(**processor(PAGE, "What is the total ?"), max_new_tokens=4, do_sample=False)


def test_a_published_v1_folder_loads_with_every_weight_in_its_place(v1_folder: Path) -> None:
    loaded = load(v1_folder)
    published = load_file(v1_folder / FIRST_SHARD) | load_file(v1_folder / SECOND_SHARD)
    state = loaded.model.state_dict()
    assert torch.equal(state["language_model.lm_head.weight"], published["lm_head.weight"])
    assert torch.equal(
        state["vision_tower.clip.encoder.layers.1.mlp.fc1.bias"],
        published["model.vision_tower.vision_tower.vision_model.encoder.layers.1.mlp.fc1.bias"],
    )
    packed = published["model.mm_projector.attn.in_proj_weight"]
    parts = [state[f"bridge.attn.{part}.weight"] for part in ("query", "key", "value")]
    assert torch.equal(torch.cat(parts), packed)
    assert torch.equal(state["bridge.query"], published["model.mm_projector.query"])
    assert loaded.model.config.bridge == "windowed"
    assert loaded.model.config.policy == "llava-uhd-v1"
    assert not loaded.model.training


def test_dead_weights_of_a_published_v2_folder_are_dropped(v2_folder: Path) -> None:
    loaded = load(v2_folder)
    published = load_file(v2_folder / FIRST_SHARD) | load_file(v2_folder / SECOND_SHARD)
    config = loaded.model.config
    assert (config.bridge, config.policy, list(config.pyramid_levels)) == ("hiwin", "llava-uhd-v2", [1, 4])
    queries = [published[f"model.mm_projector.query_{number}"] for number in (1, 2, 3, 4)]
    assert torch.equal(loaded.model.bridge.query, torch.stack(queries))
    used = sum(parameter.numel() for parameter in loaded.model.bridge.parameters())
    given = sum(t.numel() for name, t in published.items() if name.startswith("model.mm_projector."))
    assert used < given
    assert not [name for name, _ in loaded.model.named_parameters() if "upsampler" in name]


@pytest.mark.parametrize("folder_fixture", ["v1_folder", "v2_folder"])
def test_an_imported_model_is_saved_as_safetensors_and_answers_the_same(
    folder_fixture: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    loaded = load(request.getfixturevalue(folder_fixture))
    save(loaded, tmp_path / "own")
    assert {path.suffix for path in (tmp_path / "own").iterdir()} == {".json", ".safetensors"}
    again = load(tmp_path / "own")
    state = again.model.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in loaded.model.state_dict().items())
    assert torch.equal(answer(loaded.model, loaded.processor), answer(again.model, again.processor))


def test_auto_classes_know_the_saved_model(v1_folder: Path, tmp_path: Path) -> None:
    loaded = load(v1_folder)
    save(loaded, tmp_path / "own")
    model = AutoModelForImageTextToText.from_pretrained(tmp_path / "own", local_files_only=True)
    processor = AutoProcessor.from_pretrained(tmp_path / "own", local_files_only=True)
    assert isinstance(model, UhdForConditionalGeneration)
    assert isinstance(processor, UhdProcessor)
    assert processor.schema == loaded.processor.schema
    assert torch.equal(answer(model, processor), answer(loaded.model, loaded.processor))


def test_the_whole_input_embedding_is_put_together_as_published(parity: Path, tmp_path: Path) -> None:
    """Golden tower and resampler weights in one folder; golden pixels in, slices, separators and overview out."""
    clip, projector = (Golden(parity / f"v1_{part}.safetensors", "cases") for part in ("clip", "resampler"))
    folder = published_v1(tmp_path, clip.weights("clip."), projector.weights("weights."))
    config = load(folder).model.config
    config.vision_config.num_attention_heads = 4  # told from the width; the golden tower is odd
    loaded = load(folder)
    model = UhdForConditionalGeneration(config).eval()
    model.load_state_dict(loaded.model.state_dict())
    plan = loaded.processor.plan(PAGE_OF_TWO_SLICES)
    names = ["case0_24x24.", "case0_24x24.", "case1_19x29."]
    views = [clip[name + "pixel_values"][0] for name in names]
    ids, types = loaded.processor.token_ids(plan, "What ?")
    embeds = model.embed(torch.tensor([ids]), torch.tensor([types]), model.image_features([views]))[0]
    words = model.get_input_embeddings().weight
    start = types.index(1)
    for number, (name, separator) in enumerate(zip(names, (29892, 13, None), strict=True)):
        rows, cols = map(int, name.split("_")[1].strip(".").split("x"))
        features = ViewFeatures(clip[name + "select_m2_patch"], PatchGrid(rows, cols), torch.empty(0))
        tokens = model.bridge(features)[0]
        at = start + 145 * number
        torch.testing.assert_close(embeds[at : at + 144], tokens, rtol=0, atol=2e-5)
        if separator is not None:
            assert torch.equal(embeds[at + 144], words[separator])


def test_plain_bin_files_load_without_unpickling_code(v1_folder: Path) -> None:
    expected = load(v1_folder).model.state_dict()
    weights = load_file(v1_folder / FIRST_SHARD) | load_file(v1_folder / SECOND_SHARD)
    for path in v1_folder.glob("model*"):
        path.unlink()
    torch.save(weights, v1_folder / "pytorch_model.bin")
    state = load(v1_folder).model.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in expected.items())


class RunsCode:
    """What a poisoned pickle looks like."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.write_text, (Path("ran"), "code ran")


def test_a_pickle_that_would_run_code_is_not_opened(
    v1_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in v1_folder.glob("model*"):
        path.unlink()
    (v1_folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": RunsCode()}, protocol=2))
    with pytest.raises(CheckpointError, match="somebody's code"):
        load(v1_folder)
    assert not (tmp_path / "ran").exists()


def rewrite(folder: Path, name: str, tensor: Tensor | None) -> None:
    """Puts `tensor` under `name` into the shard that has it, or the last one; None takes it out."""
    shard = next((s for s in (FIRST_SHARD, SECOND_SHARD) if name in load_file(folder / s)), SECOND_SHARD)
    weights = load_file(folder / shard)
    weights.pop(name, None)
    save_file(weights | ({} if tensor is None else {name: tensor}), folder / shard)


def test_missing_weights_are_named(v1_folder: Path) -> None:
    rewrite(v1_folder, "model.norm.weight", None)
    with pytest.raises(CheckpointError, match=r"missing: model\.norm\.weight\."):
        load(v1_folder)


def test_surplus_weights_are_named(v1_folder: Path) -> None:
    rewrite(v1_folder, "model.audio_tower.weight", torch.zeros(1))
    with pytest.raises(CheckpointError, match=r"model\.audio_tower\.weight"):
        load(v1_folder)


def test_a_weight_of_another_shape_is_named_with_both_shapes(v1_folder: Path) -> None:
    rewrite(v1_folder, "model.norm.weight", torch.zeros(33))
    with pytest.raises(CheckpointError, match=r"model\.norm\.weight has shape \(33,\).*\(32,\)"):
        load(v1_folder)


def test_nonsense_in_a_published_configuration_is_refused(v1_folder: Path) -> None:
    raw = json.loads((v1_folder / "config.json").read_text(encoding="utf-8"))
    (v1_folder / "config.json").write_text(json.dumps(raw | {"hidden_size": "wide"}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="cannot be understood"):
        load(v1_folder)


def test_missing_shards_are_named(v1_folder: Path) -> None:
    (v1_folder / SECOND_SHARD).unlink()
    with pytest.raises(CheckpointError, match=f"1 of 2 weight files are missing.*{SECOND_SHARD}"):
        load(v1_folder)


def test_a_truncated_shard_is_named(v1_folder: Path) -> None:
    whole = (v1_folder / FIRST_SHARD).read_bytes()
    (v1_folder / FIRST_SHARD).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match=f"{FIRST_SHARD} is not a whole safetensors file"):
        load(v1_folder)


def test_a_folder_without_config_or_weights_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"config\.json"):
        load(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llava"}', encoding="utf-8")
    with pytest.raises(FileMissingError, match="no model weights"):
        load(tmp_path)


def test_a_tower_saved_apart_is_taken_from_clips_own_folder(tmp_path: Path) -> None:
    clip, projector = clip_weights(VISION_DIM, layers=3), projector_v1_weights(VISION_DIM, DIM, QUERIES)
    folder = published_v1(tmp_path / "bare", {"vision_model.embeddings.class_embedding": torch.zeros(64)}, projector)
    rewrite(folder, "model.vision_tower.vision_tower.vision_model.embeddings.class_embedding", None)
    with pytest.raises(CheckpointError, match="lacks the vision tower's weights"):
        load(folder)
    (tmp_path / "clip").mkdir()
    save_file(clip | {"text_model.final_layer_norm.bias": torch.zeros(1)}, tmp_path / "clip" / "model.safetensors")
    loaded = load(folder, clip_folder=tmp_path / "clip")
    embedding = loaded.model.vision_tower.clip.embeddings.class_embedding
    assert torch.equal(embedding, clip["vision_model.embeddings.class_embedding"])


def test_a_tokenizer_model_file_keeps_the_space_before_a_text(tmp_path: Path) -> None:
    """Published Llama folders hold tokenizer.model and a model type that transformers does not know."""
    text = ["USER: What is the invoice total?", "The total is 12, the date is 30.", "assistant answers, user asks"]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text * 5),
        model_writer=model,
        vocab_size=300,
        model_type="bpe",
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=9,
    )
    (tmp_path / "tokenizer.model").write_bytes(model.getvalue())
    (tmp_path / "config.json").write_text('{"model_type": "llava_llama"}', encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "LlamaTokenizer"}', encoding="utf-8")
    tokenizer = published_tokenizer(tmp_path, "llama")
    reference = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    for part in ("The total is USER: ", "\nWhat is the date? assistant:"):
        assert tokenizer(part).input_ids == [1, *reference.encode(part)]


def test_another_projector_is_refused_by_its_name(tmp_path: Path) -> None:
    weights = llama_weights(DIM, 1, 64) | {"model.mm_projector.0.weight": torch.zeros(DIM, VISION_DIM)}
    write_folder(tmp_path, {"model_type": "llava", "mm_projector_type": "mlp2x_gelu"}, weights)
    with pytest.raises(CheckpointError, match="“mlp2x_gelu”"):
        load(tmp_path)


def test_an_unknown_bridge_in_a_saved_model_is_named(v1_folder: Path, tmp_path: Path) -> None:
    save(load(v1_folder), tmp_path / "own")
    config = tmp_path / "own" / "config.json"
    raw = json.loads(config.read_text(encoding="utf-8")) | {"bridge": "telepathy"}
    config.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(CheckpointError, match="“telepathy”"):
        load(tmp_path / "own")


def test_half_of_a_saved_model_is_refused(v1_folder: Path, tmp_path: Path) -> None:
    save(load(v1_folder), tmp_path / "own")
    weights = load_file(tmp_path / "own" / "model.safetensors")
    weights.pop("bridge.proj")
    save_file(weights, tmp_path / "own" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"bridge\.proj"):
        load(tmp_path / "own")


def test_a_tokenizer_without_the_separators_is_refused(v1_folder: Path) -> None:
    tokenizer = json.loads((v1_folder / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = {piece: number for piece, number in vocabulary.items() if number < 1000}
    (v1_folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(CheckpointError, match="no piece with id 29892"):
        load(v1_folder)


def test_a_folder_without_a_tokenizer_is_refused(v1_folder: Path) -> None:
    for path in v1_folder.glob("token*"):
        path.unlink()
    with pytest.raises(CheckpointError, match="tokenizer"):
        load(v1_folder)


def test_the_tiny_tokenizer_speaks_llamas_separators() -> None:
    assert tiny_tokenizer()(",\n", add_special_tokens=False).input_ids == [29892, 13]
