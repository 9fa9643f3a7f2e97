"""What is shipped is what is there: every package is listed, every resource folder too, the walls are named."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_is_listed() -> None:
    found = {
        ".".join(init.parent.relative_to(REPOSITORY).parts)
        for root in ("app", "engine")
        for init in (REPOSITORY / root).rglob("__init__.py")
    }
    assert {*found, "engine._resources"} == set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_resource_folder_is_shipped_but_screenshots() -> None:
    folders = {path.name for path in (REPOSITORY / "resources").iterdir() if path.is_dir()}
    shipped = {name.split("/")[0] for name in PROJECT["tool"]["setuptools"]["package-data"]["engine._resources"]}
    assert folders - {"screenshots"} == shipped


def test_packaging_is_no_package() -> None:
    """It would shadow the library of that name."""
    assert not (REPOSITORY / "packaging" / "__init__.py").exists()


@pytest.mark.parametrize(
    "module",
    ["engine.service.supervisor", "engine.slicing.policies", "engine.batch.run", "engine.geometry", "engine.cli.plan"],
)
def test_light_modules_import_nothing_heavy(module: str) -> None:
    code = f"import {module}, sys; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("torch", "transformers", "pymupdf", "onnxruntime", "rapidocr", "numpy", "PIL", "PySide6"):
        assert f"'{heavy}'" not in loaded
