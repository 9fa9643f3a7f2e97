"""The bundle of packaging/: asked like the installed program where one was built, its recipe checked everywhere."""

from __future__ import annotations

import configparser
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import types
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from engine.cli.doctor import SELF_TEST_ANSWER, SELF_TEST_QUESTION
from engine.resources import resource_path

REPOSITORY = Path(__file__).parents[2]
PACKAGING = REPOSITORY / "packaging"
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
PATIENCE_S = 300.0


@pytest.fixture
def bundle() -> Path:
    """The bundle's program."""
    folder = Path(os.environ.get("TESSERA_BUNDLE", PACKAGING / "dist" / "tessera"))
    program = folder / ("tessera.exe" if sys.platform == "win32" else "tessera")
    if not program.is_file():
        pytest.skip(f"there is no bundle at {folder}; packaging/README.md says how to build one")
    return program


def ask(bundle: Path, sample: str, question: str, cwd: Path, *options: str) -> dict[str, Any]:
    """The bundle's answer, asked in a folder from which no module of ours can be imported."""
    done = subprocess.run(
        [bundle, "ask", resource_path("samples", sample), question, "--json", *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=cwd,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_bundle_answers_the_readmes_question(bundle: Path, tmp_path: Path) -> None:
    answer = ask(bundle, "invoice.pdf", SELF_TEST_QUESTION, tmp_path)
    assert (answer["answer"], answer["status"]) == (SELF_TEST_ANSWER, "answered")
    assert answer["slices"]


def test_a_bundle_reads_a_scan(bundle: Path, tmp_path: Path) -> None:
    golds = json.loads((REPOSITORY / "tests" / "golden" / "samples.json").read_text(encoding="utf-8"))
    gold = next(row for row in golds if row["document"] == "receipt.png" and "total" in row["question"].lower())
    assert ask(bundle, "receipt.png", gold["question"], tmp_path)["answer"] in gold["answers"]


def test_a_bundle_holds_the_reader_with_weights_of_our_own(bundle: Path, tmp_path: Path) -> None:
    answer = ask(bundle, "invoice.pdf", SELF_TEST_QUESTION, tmp_path, "--reader", "tessera-nano")
    assert answer["answer"]
    assert answer["slices"]


COLLECTED = [
    (name, name, "BINARY")
    for name in (
        "torch/lib/libtorch.so",
        "libtorch.so",
        "libicu.so",
        "torch/test/t",
        "torch/bin/b",
        "torch/bin/torch_shm_manager",
    )
]


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    """What the spec gives PyInstaller, whether that is installed or not."""
    given: dict[str, Any] = {}

    def analysis(scripts: list[str], **options: Any) -> types.SimpleNamespace:
        given.update(options, scripts=scripts)
        return types.SimpleNamespace(pure=[], scripts=[], binaries=COLLECTED, datas=[])

    hooks = types.ModuleType("PyInstaller.utils.hooks")
    hooks.__dict__.update(collect_data_files=lambda name: [(name, name)], copy_metadata=lambda name: [(name, "")])
    stand_ins = {name: types.ModuleType(name) for name in ("PyInstaller", "PyInstaller.utils")} | {
        hooks.__name__: hooks
    }
    kept = {name: sys.modules[name] for name in stand_ins if name in sys.modules}
    sys.modules.update(stand_ins)
    spec = PACKAGING / "tessera.spec"
    built = dict.fromkeys(("PYZ", "EXE"), lambda *parts, **options: None)
    built["COLLECT"] = lambda *parts, **options: given.update(shipped=[name for name, _, _ in parts[1]])
    try:
        code = compile(spec.read_text(encoding="utf-8"), str(spec), "exec")
        exec(code, {"SPECPATH": str(PACKAGING), "Analysis": analysis, **built})
    finally:
        for name in stand_ins:
            sys.modules.pop(name)
        sys.modules.update(kept)
    return given


def test_modules_imported_by_name_are_there(recipe: dict[str, Any]) -> None:
    hidden = recipe["hiddenimports"]
    for module in hidden:
        root, *rest = module.split(".")
        found = importlib.util.find_spec(root)
        assert found is not None, root
        assert found.origin is not None
        path = Path(found.origin).parent.joinpath(*rest)
        assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file(), module
    assert {"engine.cli.ask", "engine.service.worker", "app.startup", "rapidocr.inference_engine.onnxruntime"} <= {
        module.removesuffix(".main") for module in hidden
    }


def test_every_model_a_reader_loads_is_collected(recipe: dict[str, Any]) -> None:
    sources = (REPOSITORY / "engine" / "readers" / "native").glob("*.py")
    registered = {name for path in sources for name in re.findall(r'@register\("(\w+)"\)', path.read_text("utf-8"))}
    collected = {
        module.split(".")[2] for module in recipe["hiddenimports"] if module.startswith("transformers.models.")
    }
    assert registered
    assert registered <= collected
    assert {"llama", "qwen2", "qwen3", "qwen3_5", "clip", "auto"} <= collected


def test_nothing_of_ours_is_left_out(recipe: dict[str, Any]) -> None:
    excluded = set(recipe["excludes"])
    assert not excluded & {module.split(".")[0] for module in recipe["hiddenimports"]}
    assert not excluded & {
        "torch",
        "onnxruntime",
        "rapidocr",
        "pymupdf",
        "PIL",
        "numpy",
        "PySide6",
        "click",
        "rich",
        "onnx",
    }


def test_torch_is_shipped_once_and_without_its_tests(recipe: dict[str, Any]) -> None:
    assert recipe["shipped"] == ["torch/lib/libtorch.so", "libicu.so", "torch/bin/torch_shm_manager"]


def test_resources_lie_where_the_accessor_looks(recipe: dict[str, Any]) -> None:
    collected = {Path(place) / Path(source).name for source, place in recipe["datas"]}
    resources = REPOSITORY / "resources"
    files = [path.relative_to(resources) for path in resources.rglob("*") if path.is_file()]
    wanted = {
        Path("engine", "_resources", path) for path in files if len(path.parts) > 1 and path.parts[0] != "screenshots"
    }
    assert wanted
    assert wanted <= collected
    assert Path("engine", "training", "synth", "fonts.toml") in collected
    assert ("rapidocr", "rapidocr") in recipe["datas"]


def test_the_programs_entry_compiles() -> None:
    script = PACKAGING / "entry.py"
    compile(script.read_text(encoding="utf-8"), str(script), "exec")


def test_the_desktop_entry_starts_a_command_that_is_installed() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment,method-assign]  # keys are told apart by case
    entry.read(PACKAGING / "tessera.desktop", encoding="utf-8")
    given = entry["Desktop Entry"]
    program, command, files = given["Exec"].split()
    assert program == given["TryExec"]
    assert program in PROJECT["project"]["scripts"]
    assert (command, files) == ("open", "%F")
    assert importlib.util.find_spec("engine.cli.open_window") is not None
    assert resource_path("icons", f"{given['Icon']}.svg").is_file()
    assert f'setDesktopFileName("{given["Icon"]}")' in (REPOSITORY / "app" / "startup.py").read_text(encoding="utf-8")


def test_the_appstream_metadata_names_the_same_program() -> None:
    root = ElementTree.parse(PACKAGING / "tessera.metainfo.xml").getroot()
    assert root.findtext("id") == root.findtext("launchable") == "tessera.desktop"
    assert root.findtext("project_license") == PROJECT["project"]["license"]
    assert root.findtext("provides/binary") in PROJECT["project"]["scripts"]
    assert resource_path("icons", f"{root.findtext('icon')}.svg").is_file()
    release = root.find("releases/release")
    assert release is not None
    assert release.get("version") == PROJECT["project"]["version"]
