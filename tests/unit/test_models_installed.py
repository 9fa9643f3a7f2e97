"""Finding models: what a name means, what is said of a missing or damaged one, and what import and removal touch."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import CheckpointError, FileMissingError, ModelMissingError
from engine.models import find
from engine.models.catalogue import Family, Precision, catalogue, entry, model_types, weight_bytes
from engine.models.installed import (
    IMPORTED,
    MANIFEST,
    folder_of,
    import_folder,
    installed,
    is_installed,
    models_dir,
    partial_folders,
    publish,
    remove,
)
from engine.models.types import InstalledFile, Manifest, is_hub_id
from tests.hub_server import safetensors

MODEL = "owner/model--with-dashes"
COMMIT = "a" * 40


def install(model: str = MODEL, revision: str = COMMIT) -> Path:
    partial = partial_folders(model) / revision
    partial.mkdir(parents=True)
    (partial / "config.json").write_bytes(b'{"model_type": "llava"}')
    manifest = Manifest(model, revision, "mit", (InstalledFile("config.json", 23, "00"),))
    return publish(partial, manifest).path


def own_folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llava"}')
    (folder / "model.safetensors").write_bytes(safetensors())
    return folder


def test_a_hub_id_that_is_not_installed_is_an_offer() -> None:
    with pytest.raises(ModelMissingError, match="owner/absent is not installed") as caught:
        find("owner/absent")
    assert "tessera models pull owner/absent" in caught.value.hint
    assert caught.value.info.code == "model-missing"
    assert not models_dir().exists()


def test_a_name_that_is_neither_folder_nor_id() -> None:
    with pytest.raises(FileMissingError, match="no model folder “/no/such/place”"):
        find("/no/such/place")


def test_an_installed_model_is_found_by_its_id_and_by_its_folder() -> None:
    path = install()
    model = find(MODEL)
    assert (model.name, model.path, model.revision, model.licence) == (MODEL, path, COMMIT, "mit")
    assert find(str(path)) == model
    assert installed() == (model,)
    assert is_installed(MODEL, COMMIT)
    assert not is_installed(MODEL, "b" * 40)


def test_a_folder_of_one_s_own_is_found_by_its_path(tmp_path: Path) -> None:
    folder = own_folder(tmp_path / "mine")
    model = find(str(folder))
    assert model.imported
    assert model.revision is None
    assert model.name == str(folder)


def test_an_installed_model_that_lost_a_file_says_which() -> None:
    (install() / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"lacks config\.json") as caught:
        find(MODEL)
    assert "tessera models pull" in caught.value.hint
    assert installed()[0].problem
    assert not is_installed(MODEL, COMMIT)


def test_an_installed_model_with_a_cut_file_says_which() -> None:
    (install() / "config.json").write_bytes(b"{}")
    with pytest.raises(CheckpointError, match=r"lacks 21 bytes of config\.json"):
        find(MODEL)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"$": "Manifest"}', '{"$": "Manifest", "id": "x", "files": 3}'])
def test_a_damaged_manifest_is_one_line(text: str) -> None:
    (install() / MANIFEST).write_text(text)
    with pytest.raises(CheckpointError, match="no readable manifest"):
        find(MODEL)
    assert installed()[0].name == MODEL


def test_what_lies_in_partial_is_no_model() -> None:
    (partial_folders(MODEL) / COMMIT).mkdir(parents=True)
    assert installed() == ()
    with pytest.raises(ModelMissingError):
        find(MODEL)


def test_a_newer_commit_takes_the_place_of_the_older() -> None:
    install()
    install(revision="b" * 40)
    assert find(MODEL).revision == "b" * 40
    assert len(installed()) == 1
    assert [path.name for path in models_dir().iterdir() if path.name.startswith(".removed")] == []


def test_a_folder_is_imported_once_and_stays_where_it_is(tmp_path: Path) -> None:
    folder = own_folder(tmp_path / "mine")
    import_folder(folder)
    import_folder(folder)
    assert [model.name for model in installed()] == [str(folder)]
    assert remove(str(folder)) == 0
    assert installed() == ()
    assert (folder / "model.safetensors").exists()


def test_an_imported_folder_that_is_gone_is_listed_as_such(tmp_path: Path) -> None:
    folder = own_folder(tmp_path / "mine")
    import_folder(folder)
    folder.rename(tmp_path / "elsewhere")
    assert installed()[0].problem == f"The folder {folder} is gone."


def test_a_folder_that_is_no_model_is_not_imported(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError):
        import_folder(tmp_path)
    assert installed() == ()


def test_a_damaged_list_of_imports_is_said() -> None:
    models_dir().mkdir(parents=True)
    (models_dir() / IMPORTED).write_text("{nonsense")
    with pytest.raises(CheckpointError, match="list of imported models"):
        installed()


def test_removal_frees_the_model_and_its_parts_and_nothing_else() -> None:
    install()
    install("owner/other")
    part = partial_folders(MODEL) / COMMIT / "x.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1000))
    assert remove(MODEL) > 1000
    assert [model.name for model in installed()] == ["owner/other"]
    assert not folder_of(MODEL).exists()
    with pytest.raises(ModelMissingError, match="no model"):
        remove(MODEL)


def test_a_folder_nobody_imported_is_never_removed(tmp_path: Path) -> None:
    folder = own_folder(tmp_path / "mine")
    with pytest.raises(ModelMissingError):
        remove(str(folder))
    assert folder.exists()


@pytest.mark.parametrize("name", ["owner", "../model", "owner/../x", "/owner/model", "a/b/c", "owner/.hidden", "o/m\n"])
def test_names_that_are_no_hub_ids(name: str) -> None:
    assert not is_hub_id(name)


def test_the_catalogue_names_each_model_once_and_offers_one_for_a_gpu_first() -> None:
    models = catalogue()
    assert len({model.id for model in models}) == len(models)
    assert all(is_hub_id(model.id) for model in models)
    assert [model.id for model in models if model.default_on == "gpu"] == [models[0].id]
    assert {model.family for model in models} >= {Family.UHD_V1, Family.UHD_V2, Family.NATIVE}
    assert entry(models[0].id) == models[0]
    assert entry("owner/absent") is None


def test_only_the_published_uhd_models_may_come_as_pickles() -> None:
    assert {model.family for model in catalogue() if model.may_hold_pickles} == {Family.UHD_V1, Family.UHD_V2}


def test_the_memory_of_weights_follows_the_published_counts() -> None:
    model = entry("openbmb/MiniCPM-V-4.6")
    assert model is not None
    sizes = {each: weight_bytes(each, model.parameters, model.kept_parameters) for each in Precision}
    assert sizes[Precision.BF16] == 2 * 1_300_700_000
    assert sizes[Precision.FP32] == 4 * 1_300_700_000
    assert sizes[Precision.NF4] == pytest.approx(2 * 802_600_000 + 498_100_000 * 4.127 / 8, abs=1)
    assert weight_bytes(Precision.NF4, 1000, None) is None
    assert weight_bytes(Precision.BF16, None) is None


def test_our_own_layout_and_the_adapters_kinds_are_known() -> None:
    assert "tessera_uhd" in model_types(Family.UHD)
    assert "minicpmv4_7" in model_types(Family.NATIVE)
