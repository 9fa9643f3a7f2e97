"""What holds for every test: Qt offscreen, no internet socket (child processes too), own folders for all state."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).parent / "guard"
REPOSITORY = Path(__file__).parent.parent
SAMPLES = REPOSITORY.parent / "shared" / "samples"

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")]))
if "_refuse" not in getattr(sys.modules.get("sitecustomize"), "__dict__", {}):
    sys.path.insert(0, str(GUARD))
    sys.modules.pop("sitecustomize", None)
    import sitecustomize  # noqa: F401 - installs the guard in this process

    sys.path.remove(str(GUARD))


def pytest_collection_finish() -> None:
    """Hundreds of thousands of objects of imported libraries never go away: no collection has to look at them again.

    The window's tests collect garbage and look through all objects after each test.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, state, cache and logs of a test stay in folders of its own."""
    root = tmp_path_factory.mktemp("tessera")
    for name in ("STATE", "CACHE", "CONFIG", "LOG", "DATA"):
        monkeypatch.setenv(f"TESSERA_{name}_DIR", str(root / name.lower()))


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """This test and its child processes may use sockets on 127.0.0.1, and no others; see tests/guard."""
    monkeypatch.setenv("TESSERA_TEST_LOOPBACK", "1")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real documents kept outside the repository; tests that need it are skipped where it is absent."""
    if not SAMPLES.is_dir():
        pytest.skip("the sample documents are not on this machine")
    return SAMPLES
