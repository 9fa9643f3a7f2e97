"""What a model folder must be to be used, and the one line that is said of one that is not."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path

import pytest

from engine.errors import CheckpointError, FileMissingError
from engine.models.checks import check
from tests.hub_server import safetensors

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
NATIVE = {"model_type": "llava"}
UHD = {"model_type": "llava_llama", "mm_projector_type": "adapt_spatial_resampler_v1", "mm_vision_tower": "openai/clip"}


def folder_with(folder: Path, config: dict[str, object], **files: bytes) -> Path:
    """`files` by name, with `__` for the dots."""
    (folder / "config.json").write_text(json.dumps(config))
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def sharded(folder: Path) -> Path:
    folder_with(folder, NATIVE, a__safetensors=safetensors(name="x"), b__safetensors=safetensors(name="y"))
    (folder / INDEX).write_text(json.dumps({"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}))
    return folder


def refused(folder: Path) -> str:
    with pytest.raises((CheckpointError, FileMissingError)) as caught:
        check(folder)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_whole_checkpoint_is_used(tmp_path: Path) -> None:
    checked = check(folder_with(tmp_path, NATIVE, model__safetensors=safetensors()))
    assert checked.model_type == "llava"
    assert checked.weights == (WEIGHTS,)
    assert checked.size_bytes == len(safetensors())
    assert not checked.published_uhd
    assert checked.notices == ()


def test_a_whole_sharded_checkpoint_is_used(tmp_path: Path) -> None:
    assert check(sharded(tmp_path)).weights == ("a.safetensors", "b.safetensors")


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    (sharded(tmp_path) / "b.safetensors").unlink()
    assert "1 of 2 weight files are missing" in refused(tmp_path)
    assert "b.safetensors" in refused(tmp_path)


def test_a_shard_without_its_tensors_is_named(tmp_path: Path) -> None:
    (sharded(tmp_path) / "b.safetensors").write_bytes(safetensors(name="z"))
    assert "lacks 1 tensors that the index names (y)" in refused(tmp_path)


def test_an_index_that_points_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    (sharded(tmp_path) / INDEX).write_text(json.dumps({"weight_map": {"x": "../a.safetensors"}}))
    assert "outside its folder" in refused(tmp_path)


@pytest.mark.parametrize("index", ["{}", '{"weight_map": []}', '{"weight_map": {}}'])
def test_an_index_that_says_nothing_is_refused(tmp_path: Path, index: str) -> None:
    (sharded(tmp_path) / INDEX).write_text(index)
    assert "does not say which file holds which weight" in refused(tmp_path)


@pytest.mark.parametrize("kept", [0, 4, 30, 100, 200_000])
def test_a_cut_weight_file_is_found_out(tmp_path: Path, kept: int) -> None:
    said = refused(folder_with(tmp_path, NATIVE, model__safetensors=safetensors()[:kept]))
    assert "is cut off" in said or "is no safetensors file" in said


def test_a_weight_file_with_a_tail_is_refused(tmp_path: Path) -> None:
    said = refused(folder_with(tmp_path, NATIVE, model__safetensors=safetensors() + b"tail"))
    assert "4 bytes longer" in said


@pytest.mark.parametrize(
    "header",
    [b"nonsense", b"[1, 2]", b'{"w": 3}', b'{"w": {"data_offsets": []}}', b'{"w": {"data_offsets": ["a", "b"]}}'],
)
def test_a_header_that_makes_no_sense_is_refused(tmp_path: Path, header: bytes) -> None:
    data = struct.pack("<Q", len(header)) + header + bytes(100)
    assert "header" in refused(folder_with(tmp_path, NATIVE, model__safetensors=data))


def test_a_header_of_absurd_length_is_not_read(tmp_path: Path) -> None:
    data = struct.pack("<Q", 1 << 62) + b"{}"
    assert "no safetensors file" in refused(folder_with(tmp_path, NATIVE, model__safetensors=data))


def test_code_in_the_folder_is_said_and_never_run(tmp_path: Path) -> None:
    config = {**NATIVE, "auto_map": {"AutoModel": "evil.Model"}}
    folder_with(tmp_path, config, model__safetensors=safetensors(), evil__py=b"raise SystemExit(1)")
    assert any("auto_map" in notice for notice in check(tmp_path).notices)


def test_pickles_of_a_published_uhd_model_are_used_and_said(tmp_path: Path) -> None:
    checked = check(folder_with(tmp_path, UHD, pytorch_model__bin=b"tensors"))
    assert checked.published_uhd
    assert any("plain tensors only" in notice for notice in checked.notices)


def test_pickles_of_any_other_model_are_refused_and_not_opened(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (tmp_path.joinpath("ran").touch, ())

    said = refused(folder_with(tmp_path, NATIVE, pytorch_model__bin=pickle.dumps(Bomb())))
    assert "pickle (pytorch_model.bin)" in said
    assert not (tmp_path / "ran").exists()


def test_safetensors_come_before_pickles(tmp_path: Path) -> None:
    folder_with(tmp_path, UHD, model__safetensors=safetensors(), pytorch_model__bin=b"tensors")
    assert check(tmp_path).weights == (WEIGHTS,)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (b"{", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"[]", "does not hold a JSON object"),
        (b"{}", "does not say what kind"),
        (b'{"model_type": 7}', "does not say what kind"),
        (b'{"model_type": "bert"}', "kind “bert”"),
    ],
)
def test_a_wrong_configuration_is_one_line(tmp_path: Path, config: bytes, message: str) -> None:
    folder_with(tmp_path, {}, config__json=config, model__safetensors=safetensors())
    assert message in refused(tmp_path)


def test_a_download_that_never_finished_is_known_for_what_it_is(tmp_path: Path) -> None:
    said = refused(folder_with(tmp_path, NATIVE, model__safetensors__part=b"half"))
    assert "never finished" in said


def test_folders_that_hold_no_model(tmp_path: Path) -> None:
    assert "no config.json" in refused(tmp_path)
    assert "There is no folder" in refused(tmp_path / "nowhere")
    assert "no model weights" in refused(folder_with(tmp_path, NATIVE))
