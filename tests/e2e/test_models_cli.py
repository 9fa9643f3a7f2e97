"""`tessera models` against a hub on this machine: real processes, real sockets, killed and stopped half way."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.cli.main import run
from engine.errors import TesseraError
from engine.models.installed import find, installed, partial_folders
from engine.readers.types import Progress
from engine.service.messages import ModelDescribed, ModelPulled, WorkerKind
from engine.service.requests import Notice
from engine.service.supervisor import Supervisor
from tests.hub_server import COMMIT, MODEL, WEIGHTS, Conduct, Hub, running_hub, safetensors, tiny_model

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 120.0
HALF = 150_000


@pytest.fixture
def hub(loopback: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def notices() -> list[Notice]:
    return []


@pytest.fixture
def supervisor(hub: Hub, notices: list[Notice]) -> Iterator[Supervisor]:
    supervisor = Supervisor(notices.append)
    yield supervisor
    supervisor.close()


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "engine.cli.main", "models", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])}


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Tessera = Callable[..., Done]


@pytest.fixture
def tessera(capsys: pytest.CaptureFixture[str]) -> Tessera:
    """The command line in this process, which is quicker; its workers are real processes all the same."""

    def run_it(*arguments: str | Path) -> Done:
        code = run(["models", *map(str, arguments)])
        return Done(code, *capsys.readouterr())

    return run_it


def error_line(done: Done) -> str:
    lines = [line for line in done.stderr.strip().splitlines() if line.startswith("tessera:")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_a_model_is_pulled_listed_and_removed(hub: Hub, tessera: Tessera) -> None:
    done = tessera("pull", MODEL, "--yes")
    assert done.returncode == 0, done.stderr
    assert "licence   apache-2.0" in done.stderr
    assert "download  0.3 MB" in done.stderr
    assert (find(MODEL).path / WEIGHTS).read_bytes() == tiny_model()[WEIGHTS]

    again = tessera("pull", MODEL)
    assert again.returncode == 0, again.stderr
    assert "installed already" in again.stdout

    listed = json.loads(tessera("list", "--json").stdout)
    assert [model["name"] for model in listed["installed"]] == [MODEL]
    assert listed["installed"][0]["revision"] == COMMIT
    assert "openbmb/MiniCPM-V-4.7-1B" in [model["id"] for model in listed["available"]]
    assert MODEL in tessera("list").stdout

    assert tessera("rm", MODEL).returncode == 0
    assert installed() == ()
    gone = tessera("rm", MODEL)
    assert gone.returncode == 3
    assert "There is no model" in error_line(gone)


def test_nothing_is_fetched_unless_somebody_agrees(hub: Hub, tessera: Tessera) -> None:
    done = tessera("pull", MODEL)
    assert done.returncode == 2
    assert "--yes" in error_line(done)
    assert hub.asked_for("config.json") == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "code", "said"), [(b"n\n", 130, "Nothing was fetched."), (b"y\n", 0, "")])
def test_a_terminal_is_asked_after_size_licence_and_memory_were_shown(
    hub: Hub, answer: bytes, code: int, said: str
) -> None:
    ours, theirs = os.openpty()
    child = subprocess.Popen(
        command("pull", MODEL), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    os.write(ours, answer)
    _, shown = child.communicate(timeout=PATIENCE_S)
    os.close(ours)
    os.close(theirs)
    text = shown.decode()
    assert child.returncode == code, text
    assert text.index("licence") < text.index("memory") < text.index("Download it?")
    assert said in text
    assert len(installed()) == (code == 0)


def test_errors_are_one_line_with_their_exit_code(hub: Hub, tessera: Tessera) -> None:
    unknown = tessera("pull", "nobody/nothing", "--yes")
    assert unknown.returncode == 3
    assert "nobody/nothing" in error_line(unknown)
    hub.conducts[WEIGHTS] = [Conduct(body=safetensors(seed=9))]
    wrong = tessera("pull", MODEL, "--yes")
    assert wrong.returncode == 3
    assert "checksum" in error_line(wrong)
    assert tessera("pull", "no id").returncode == 2


def test_ctrl_c_stops_a_pull_that_can_go_on(hub: Hub, tessera: Tessera) -> None:
    release = threading.Event()
    hub.conducts[WEIGHTS] = [Conduct(cut_after=HALF, wait_for=release)]
    child = subprocess.Popen(
        command("pull", MODEL, "--yes"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        # Tests that run in the background of a shell inherit that Ctrl+C is ignored.
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert hub.reached_wait.wait(PATIENCE_S)
    wait_for_bytes(HALF)
    child.send_signal(signal.SIGINT)
    _, error = child.communicate(timeout=PATIENCE_S)
    release.set()
    assert child.returncode == 130
    assert f"Go on with: tessera models pull {MODEL}" in error
    done = tessera("pull", MODEL, "--yes")
    assert done.returncode == 0, done.stderr
    assert "is here already" in done.stderr
    assert hub.asked_for(WEIGHTS) == [None, f"bytes={HALF}-"]


def test_a_command_line_killed_half_way_leaves_nothing_in_the_way(hub: Hub, tessera: Tessera) -> None:
    release = threading.Event()
    hub.conducts[WEIGHTS] = [Conduct(cut_after=HALF, wait_for=release)]
    child = subprocess.Popen(
        command("pull", MODEL, "--yes"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    )
    assert hub.reached_wait.wait(PATIENCE_S)
    wait_for_bytes(HALF)
    child.kill()
    child.wait(PATIENCE_S)
    release.set()
    done = tessera("pull", MODEL, "--yes")
    assert done.returncode == 0, done.stderr
    assert hub.asked_for(WEIGHTS) == [None, f"bytes={HALF}-"]


def test_a_folder_of_one_s_own_is_linked_and_forgotten_but_never_deleted(tmp_path: Path, tessera: Tessera) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "llava"}')
    half = tessera("import", folder)
    assert half.returncode == 3
    assert "no model weights" in error_line(half)
    (folder / WEIGHTS).write_bytes(safetensors())
    assert tessera("import", folder).returncode == 0
    listed = json.loads(tessera("list", "--json").stdout)
    assert [(model["name"], model["imported"]) for model in listed["installed"]] == [(str(folder), True)]
    assert tessera("rm", folder).returncode == 0
    assert (folder / WEIGHTS).exists()
    assert installed() == ()


def test_a_worker_killed_half_way_goes_on_where_it_was(hub: Hub, supervisor: Supervisor, notices: list[Notice]) -> None:
    release = threading.Event()
    hub.conducts[WEIGHTS] = [Conduct(cut_after=HALF, wait_for=release)]
    pending = supervisor.pull_model(MODEL)
    assert hub.reached_wait.wait(PATIENCE_S)
    wait_for_bytes(HALF)
    pid = supervisor.worker_pid(WorkerKind.DOWNLOAD)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    pulled = pending.result(PATIENCE_S)
    release.set()
    assert isinstance(pulled, ModelPulled)
    assert hub.asked_for(WEIGHTS) == [None, f"bytes={HALF}-"]
    assert (Path(pulled.path) / WEIGHTS).read_bytes() == tiny_model()[WEIGHTS]
    assert find(MODEL).problem == ""
    assert not partial_folders(MODEL).exists()
    assert len(notices) == 1


def test_a_supervisor_that_closes_half_way_leaves_parts_and_no_model(hub: Hub) -> None:
    release = threading.Event()
    hub.conducts[WEIGHTS] = [Conduct(cut_after=HALF, wait_for=release)]
    supervisor = Supervisor()
    pending = supervisor.pull_model(MODEL)
    assert hub.reached_wait.wait(PATIENCE_S)
    wait_for_bytes(HALF)
    supervisor.close()
    release.set()
    with pytest.raises(TesseraError):
        pending.result(PATIENCE_S)
    assert installed() == ()
    with pytest.raises(TesseraError, match="is not installed"):
        find(MODEL)


def test_the_window_s_calls_describe_then_pull_the_commit_that_was_shown(hub: Hub, supervisor: Supervisor) -> None:
    described = supervisor.describe_model(MODEL).result(PATIENCE_S)
    assert isinstance(described, ModelDescribed)
    events = list(supervisor.pull_model(MODEL, described.listing.revision).events(PATIENCE_S))
    assert isinstance(events[0], ModelDescribed)
    assert isinstance(events[-1], ModelPulled)
    assert any(isinstance(event, Progress) for event in events)


def wait_for_bytes(count: int) -> None:
    """Until the worker has written what the hub sent it; the hub sends no more meanwhile."""
    part = partial_folders(MODEL) / COMMIT / f"{WEIGHTS}.part"
    poll = threading.Event()
    for _ in range(int(PATIENCE_S / 0.02)):
        if part.exists() and part.stat().st_size >= count:
            return
        poll.wait(0.02)
    raise AssertionError(f"only {part.stat().st_size if part.exists() else 0} bytes came")
