"""Loading model folders: every wrong one is one clear line, whatever transformers makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.errors import CheckpointError, FileMissingError
from engine.geometry import Size
from engine.readers.native.adapter import NativeModel
from tests.unit.native_models import CARD, FAMILIES, HYBRID, load_tiny, save_tiny


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folders: dict[str, Path] = {}

    def get(family: str) -> Path:
        if family not in folders:
            folders[family] = save_tiny(family, tmp_path_factory.mktemp(family))
        return folders[family]

    return get


def edited(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads((folder / name).read_text(encoding="utf-8"))
    change(data)
    (folder / name).write_text(json.dumps(data), encoding="utf-8")


def weights_edited(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def refused(folder: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        load_tiny(folder)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_model_is_loaded_by_its_type(saved: Callable[[str], Path], family: str) -> None:
    model = load_tiny(saved(family))
    assert isinstance(model, NativeModel)
    assert model.card == CARD
    assert model.attention
    assert not model._model.training
    assert model.decoder.dim == 32


def test_an_unknown_type_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "blip"}), encoding="utf-8")
    error = refused(tmp_path)
    assert "blip" in error.info.message
    assert all(family in error.info.hint for family in FAMILIES)


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"config\.json"):
        load_tiny(tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
def test_missing_weights_are_named(saved: Callable[[str], Path], tmp_path: Path, family: str) -> None:
    folder = copytree(saved(family), tmp_path / "half")
    names: list[str] = []

    def drop(tensors: dict[str, torch.Tensor]) -> None:
        names.append(next(name for name in sorted(tensors) if "vision" in name and name.endswith("weight")))
        del tensors[names[0]]

    weights_edited(folder, drop)
    assert names[0].rpartition(".")[0].rpartition(".")[2] in str(refused(folder))


def test_surplus_weights_are_named_but_dead_buffers_are_not(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copytree(saved("llava"), tmp_path / "more")
    dead = {"model.vision_tower.embeddings.position_ids": torch.ones(1), "mtp.fc.weight": torch.ones(1)}
    weights_edited(folder, lambda tensors: tensors.update(dead))
    load_tiny(folder)
    weights_edited(folder, lambda tensors: tensors.update({"model.second_head.weight": torch.ones(1)}))
    assert "second_head" in str(refused(folder))


def test_a_weight_of_another_shape_is_named(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copytree(saved("internvl"), tmp_path / "shape")
    name = "model.multi_modal_projector.linear_1.weight"

    def shrink(tensors: dict[str, torch.Tensor]) -> None:
        found = next(key for key in tensors if key.endswith("projector.linear_1.weight"))
        tensors[found] = torch.ones(3, 3)

    weights_edited(folder, shrink)
    message = str(refused(folder))
    assert name in message
    assert "(3, 3)" in message


def test_half_a_safetensors_file(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copytree(saved("llava"), tmp_path / "cut")
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    assert "not a whole safetensors file" in str(refused(folder))


def test_a_missing_shard(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copytree(saved("llava"), tmp_path / "shards")
    index = {"metadata": {}, "weight_map": {"lm_head.weight": "model-2.safetensors", "x": "model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    assert "1 of 2 weight files are missing" in str(refused(folder))


def test_pickled_weights_are_not_read(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copytree(saved("llava"), tmp_path / "pickle")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert "safetensors" in str(refused(folder))


@pytest.mark.parametrize(
    ("family", "key"),
    [
        ("minicpmv4_6", "image_token_id"),
        ("minicpmv4_7", "slice_start_id"),
        ("minicpmv4_7", "newline_id"),
        ("minicpm_ocr", "image_token_id"),
    ],
)
def test_a_config_without_a_needed_id_says_which(
    saved: Callable[[str], Path], tmp_path: Path, family: str, key: str
) -> None:
    folder = copytree(saved(family), tmp_path / "ids")
    edited(folder, "config.json", lambda config: config.pop(key))
    assert key in str(refused(folder))


@pytest.mark.parametrize("family", FAMILIES)
def test_an_image_token_that_config_and_tokenizer_see_differently(
    saved: Callable[[str], Path], tmp_path: Path, family: str
) -> None:
    folder = copytree(saved(family), tmp_path / "other")
    key = "image_token_index" if "llava" in family else "image_token_id"
    edited(folder, "config.json", lambda config: config.update({key: 3}))
    assert "expects 3" in str(refused(folder))


@pytest.mark.parametrize(("family", "token"), [("minicpmv4_6", "slice_end_token"), ("internvl", "start_image_token")])
def test_a_tokenizer_without_a_needed_token_says_which(
    saved: Callable[[str], Path], tmp_path: Path, family: str, token: str
) -> None:
    folder = copytree(saved(family), tmp_path / "token")

    def drop(settings: dict[str, Any]) -> None:
        settings.pop(token, None)
        for group in ("extra_special_tokens", "model_specific_special_tokens"):
            if isinstance(settings.get(group), dict):
                settings[group].pop(token, None)

    edited(folder, "tokenizer_config.json", drop)
    assert token in str(refused(folder))


def test_a_folder_without_tokenizer_or_chat_template(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copytree(saved("llava"), tmp_path / "bare")
    (folder / "chat_template.jinja").unlink()
    assert "no chat template" in str(refused(folder))
    for file in folder.glob("tokenizer*"):
        file.unlink()
    assert "no tokenizer" in str(refused(folder))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ messages[0].content[1].text }}", "0 times, not once"),
        ("<image><image>", "2 times, not once"),
        ("{% for %}<image>", "cannot be followed"),
    ],
)
def test_a_chat_template_that_does_not_show_the_page_once(
    saved: Callable[[str], Path], tmp_path: Path, template: str, said: str
) -> None:
    folder = copytree(saved("llava"), tmp_path / "template")
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    assert said in str(refused(folder))


@pytest.mark.parametrize("family", ["minicpmv4_6", "minicpmv4_7"])
def test_a_tokenizer_that_joins_the_newline_between_rows(
    saved: Callable[[str], Path], tmp_path: Path, family: str
) -> None:
    """Plans count one token between rows of slices; a tokenizer that drops it would shift every slice after it."""
    folder = copytree(saved(family), tmp_path / "newline")
    edited(
        folder,
        "tokenizer.json",
        lambda data: data.update({"normalizer": {"type": "Replace", "pattern": {"String": "\n"}, "content": ""}}),
    )
    assert "as its plan says" in str(refused(folder))


def test_the_older_file_of_a_chat_template_is_read(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copytree(saved("llava"), tmp_path / "old")
    template = (folder / "chat_template.jinja").read_text(encoding="utf-8")
    (folder / "chat_template.jinja").unlink()
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": template}), encoding="utf-8")
    old, new = load_tiny(folder), load_tiny(saved("llava"))
    plan = new.plan(Size(50, 50), new.own_policy)
    assert old.prompt(plan, "Who?").ids == new.prompt(plan, "Who?").ids


@pytest.mark.parametrize(
    ("family", "settings", "said"),
    [
        ("minicpmv4_7", {"scale_resolution": 896}, "896"),
        ("minicpmv4_6", {"slice_mode": False}, "slicing off"),
        ("minicpmv4_6", {"use_image_id": False}, "image ids off"),
        ("llava", {"crop_size": {"height": 224, "width": 224}}, "224"),
        ("llava_next", {"image_grid_pinpoints": [[336, 672]]}, "canvases"),
        ("internvl", {"size": {"height": 224, "width": 224}}, "224"),
    ],
)
def test_an_image_processor_that_does_not_fit_the_model(
    saved: Callable[[str], Path], tmp_path: Path, family: str, settings: dict[str, Any], said: str
) -> None:
    folder = copytree(saved(family), tmp_path / "images")
    edited(folder, "preprocessor_config.json", lambda data: data.update(settings))
    assert said in str(refused(folder))


@pytest.mark.parametrize("text", ["{", "[]", '{"model_type": "llava", "vision_config": 3}'])
def test_a_nonsensical_config(saved: Callable[[str], Path], tmp_path: Path, text: str) -> None:
    folder = copytree(saved("llava"), tmp_path / "nonsense")
    (folder / "config.json").write_text(text, encoding="utf-8")
    refused(folder)


def test_code_in_the_folder_is_never_run(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copytree(saved("llava"), tmp_path / "code")
    (folder / "evil.py").write_text("raise SystemExit('ran')\n", encoding="utf-8")
    edited(folder, "config.json", lambda config: config.update({"auto_map": {"AutoConfig": "evil.Evil"}}))
    edited(
        folder,
        "preprocessor_config.json",
        lambda config: config.update({"auto_map": {"AutoImageProcessor": "evil.Evil"}}),
    )
    load_tiny(folder)


def test_attention_previews_need_softmax_layers(saved: Callable[[str], Path], tmp_path: Path) -> None:
    assert HYBRID["num_hidden_layers"] == 4
    folder = copytree(saved("minicpmv4_6"), tmp_path / "linear")

    def all_linear(config: dict[str, Any]) -> None:
        text = config["text_config"]
        text.update({"num_hidden_layers": 3, "layer_types": ["linear_attention"] * 3})

    edited(folder, "config.json", all_linear)
    weights_edited(
        folder, lambda tensors: [tensors.pop(name) for name in list(tensors) if "language_model.layers.3." in name]
    )
    assert load_tiny(folder).attention is False


def test_the_types_of_readers_import_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, engine.readers.types, engine.readers.native\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'PIL', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
