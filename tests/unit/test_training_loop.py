"""Training: it goes on after any end as if none had been, and says what keeps it from going on."""

from __future__ import annotations

import csv
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.cli.main import run
from engine.errors import CheckpointError, DeviceError, OutputError, TesseraError, UsageError
from engine.training import checkpoint
from engine.training.checkpoint import load_progress
from engine.training.loop import Outcome, train
from engine.training.recipes import RECIPES
from engine.training.recipes.protocol import Stage
from tests.unit.training_recipes import (
    STEPS,
    SumRecipe,
    killed_between_checkpoints,
    killed_in_a_checkpoint,
    options,
    recipe,
)


@pytest.fixture(autouse=True)
def own_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def whole_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole") / "out"


@pytest.fixture(scope="module")
def whole(whole_out: Path) -> Outcome:
    """A training that nothing interrupts."""
    return train(recipe(), options(whole_out))


@pytest.fixture
def whole_curve(whole: Outcome, whole_out: Path) -> str:
    return (whole_out / "curves.csv").read_text()


def same(one: Outcome, other: Outcome) -> bool:
    weights, others = one.model.state_dict(), other.model.state_dict()
    return all(torch.equal(value, others[name]) for name, value in weights.items())


@pytest.mark.parametrize("die", [killed_between_checkpoints, killed_in_a_checkpoint])
def test_a_killed_training_repeats_every_loss_bit_for_bit(
    die: Callable[[Path], None], whole: Outcome, whole_curve: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    # Forked: a process of its own need not import torch anew.
    process = multiprocessing.get_context("fork").Process(target=die, args=(out,))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert 0 < load_progress(out).total < STEPS
    outcome = train(recipe(), options(out, resume=True))
    assert (out / "curves.csv").read_text() == whole_curve
    assert same(outcome, whole)
    assert outcome.evaluation == whole.evaluation


def test_sigterm_leaves_a_checkpoint_to_go_on_from(
    monkeypatch: pytest.MonkeyPatch, whole: Outcome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask_to_stop(stage: str, step: int) -> None:
        if (stage, step) == ("all", 5):
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setitem(RECIPES, "sum", "tests.unit.training_recipes:recipe")
    monkeypatch.setattr("tests.unit.training_recipes.recipe", lambda: SumRecipe(before=ask_to_stop))
    command = ["train", "sum", "--out", str(tmp_path / "out"), "--threads", "1"]
    assert run([*command, "--steps", str(STEPS)]) == 130
    assert "Give the same command with --resume" in capsys.readouterr().err
    assert load_progress(tmp_path / "out").total == 15
    monkeypatch.setattr("tests.unit.training_recipes.recipe", SumRecipe)
    assert run([*command, "--resume"]) == 0
    assert f"{STEPS} of {STEPS} steps" in capsys.readouterr().err
    with Image.open(tmp_path / "out" / "curves.png") as picture:
        assert picture.size == (960, 640)
    restored = recipe().model(0)
    checkpoint.load_weights(tmp_path / "out", restored)
    assert all(torch.equal(v, whole.model.state_dict()[n]) for n, v in restored.state_dict().items())


def test_batches_made_by_workers_are_the_same(whole: Outcome, tmp_path: Path) -> None:
    assert same(train(recipe(), options(tmp_path / "out", workers=1)), whole)


def test_minutes_become_steps_once_and_measuring_leaves_no_trace(whole: Outcome, tmp_path: Path) -> None:
    seconds = iter(range(1000))
    clock = {"steps": None, "minutes": 0.5, "clock": lambda: float(next(seconds))}
    outcome = train(recipe(), options(tmp_path / "out", **clock))
    assert [planned.steps for planned in outcome.progress.plan] == [10, 20]
    assert same(outcome, whole)


def test_one_stage_goes_on_from_the_weights_of_another_training(whole: Outcome, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train(recipe(), options(out, stage="last layer", steps=10))
    told: list[str] = []
    outcome = train(recipe(), options(out, resume=True, stage="all", steps=20), told.append)
    assert same(outcome, whole)
    begun = train(recipe(), options(tmp_path / "other", stage="last layer", steps=1, start=out))
    assert torch.equal(begun.model.state_dict()["0.weight"], outcome.model.state_dict()["0.weight"])


def test_another_stage_can_be_begun_before_one_has_ended(tmp_path: Path) -> None:
    out, steps = tmp_path / "out", iter(range(100))
    train(recipe(), options(out), stopped=lambda: next(steps) >= 4)
    told: list[str] = []
    outcome = train(recipe(), options(out, resume=True, stage="all", steps=3), told.append)
    assert told == ["The stage last layer is left at step 4 of 10, and what was planned after it."]
    assert [(planned.stage, planned.steps) for planned in outcome.progress.plan] == [("last layer", 4), ("all", 3)]


def test_what_is_not_as_it_was_is_said(tmp_path: Path) -> None:
    steps = iter(range(100))
    train(recipe(), options(tmp_path / "out"), stopped=lambda: next(steps) >= 4)
    told: list[str] = []
    resumed = options(tmp_path / "out", resume=True, threads=2)
    train(replace(recipe(), revision="2"), resumed, told.append)
    assert [line.split(":")[0] for line in told] == [
        "The training began with revision 1, and goes on with 2",
        "The training began with threads 1, and goes on with 2",
    ]


def test_the_rate_warms_up_and_falls() -> None:
    stage = Stage("one", learning_rate=1.0, warm_up=10, final_share=0.1)
    rates = [stage.rate(step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.1, abs=0.01)


def test_the_curve_has_a_row_for_each_step(whole: Outcome, whole_curve: str) -> None:
    rows = list(csv.DictReader(whole_curve.splitlines()))
    assert [int(row["total_step"]) for row in rows] == list(range(STEPS))
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert float(rows[3]["error"]) == pytest.approx(float(rows[3]["loss"]) ** 0.5)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({}, UsageError, "already holds a training"),
        ({"resume": True, "seed": 3}, UsageError, "has seed 0"),
        ({"resume": True, "stage": "third"}, UsageError, "has no stage third"),
        ({"resume": True, "device": "cuda"}, DeviceError, "no CUDA device"),
    ],
)
def test_a_training_in_the_way_is_said(
    given: dict[str, object], error: type[TesseraError], said: str, tmp_path: Path
) -> None:
    if torch.cuda.is_available() and "device" in given:
        pytest.skip("this machine has a CUDA device")
    train(recipe(), options(tmp_path / "out", steps=2))
    with pytest.raises(error, match=said):
        train(recipe(), options(tmp_path / "out", **given))


def test_a_folder_of_another_recipe_is_refused(tmp_path: Path) -> None:
    train(recipe(), options(tmp_path / "out", steps=2))
    with pytest.raises(UsageError, match="holds a training of sum, not product"):
        train(replace(recipe(), name="product"), options(tmp_path / "out", resume=True))


def test_without_a_length_nothing_begins(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="how long"):
        train(recipe(), options(tmp_path / "out", steps=None))
    with pytest.raises(UsageError, match="no training to resume"):
        train(recipe(), options(tmp_path / "out", resume=True))


@pytest.mark.parametrize("file", ["weights.safetensors", "training.json"])
def test_half_a_checkpoint_is_refused(file: str, tmp_path: Path) -> None:
    train(recipe(), options(tmp_path / "out", steps=2))
    path = tmp_path / "out" / "checkpoint" / file
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(CheckpointError, match="not whole"):
        train(recipe(), options(tmp_path / "out", resume=True))


def test_on_a_full_disk_the_checkpoint_before_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    train(recipe(), options(out, steps=2))
    before = load_progress(out)
    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OutputError, match="No space left"):
        train(recipe(), options(out, resume=True, stage="all", steps=2))
    assert load_progress(out) == before
    assert sorted(path.name for path in out.iterdir()) == ["checkpoint", "curves.csv", "curves.png"]


def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path) -> None:
    wild = replace(recipe(), stages=(Stage("all", learning_rate=1e30, warm_up=0),))
    with pytest.raises(TesseraError, match=r"is (nan|inf)"):
        train(wild, options(tmp_path / "out"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["soup", "--steps", "1"], "There is no recipe soup"),
        (["ranker", "--steps", "1"], "command of its own"),
        (["sum", "--steps", "1", "--minutes", "1"], "exclude each other"),
        (["sum", "--steps", "1", "--device", "tpu"], "no device to train on"),
    ],
)
def test_one_clear_line_for_what_cannot_be_meant(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", *arguments, "--out", str(tmp_path / "out")]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]
