"""Readers by name, and revisions that tell one state of a model from another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import FileMissingError, ModelMissingError, UsageError
from engine.models.installed import import_folder
from engine.readers.names import default_reader, model_behind
from engine.readers.revisions import embedded_revision, reader_revision


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The smallest folder that passes for a model: a configuration and one weight."""
    path = tmp_path / "tiny"
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"model_type": "tessera_uhd"}))
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    return path


def test_without_a_model_the_embedded_reader_is_the_default(folder: Path) -> None:
    assert default_reader() == "embedded"
    import_folder(folder)
    assert default_reader() == "cascade"


def test_a_cascade_runs_the_model_named_or_the_first_installed(folder: Path) -> None:
    with pytest.raises(ModelMissingError):
        model_behind("cascade")
    named = model_behind(f"cascade:{folder}")
    import_folder(folder)
    assert model_behind("cascade") == named == model_behind(str(folder))
    assert model_behind("embedded") is None


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("no/such", ModelMissingError),
        ("./no-such", FileMissingError),
        ("embeded", UsageError),
        ("cascade:x", UsageError),
    ],
)
def test_a_reader_that_there_is_not_says_what_to_do(name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        reader_revision(name)


def test_a_changed_folder_has_another_revision(folder: Path) -> None:
    before = reader_revision(str(folder))
    assert reader_revision(str(folder)) == before
    (folder / "config.json").write_text(json.dumps({"model_type": "tessera_uhd", "queries": 9}))
    assert reader_revision(str(folder)) != before
    assert reader_revision(f"cascade:{folder}").startswith(embedded_revision() + ",")
