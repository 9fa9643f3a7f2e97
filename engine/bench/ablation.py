"""The ablation: five bridges of the UHD family learn EntityGrid at toy scale, and answer the same unseen pages.

Every seed trains one tower that all its variants begin with, and every variant takes the same number of steps. Seeds
come one after another, so that what is there after any end is balanced over the variants.
"""

from __future__ import annotations

import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from torch import nn

from engine.errors import CheckpointError, OutputError, UsageError
from engine.files import replaced
from engine.training.checkpoint import has_checkpoint, load_progress
from engine.training.loop import Options, train
from engine.training.recipes import recipe_named
from engine.training.recipes.entity_pages import Where
from engine.training.recipes.entitygrid import ALL, EASY, GridRecipe, unseen_batch

VARIANTS = ("uhd", "restore", "mining", "restore-mining", "slime")
SELECTING = "slime"
SHARES = (1.0, 0.75, 0.5, 0.25)
"""Of SliME's selector, asked of the same model after training; the first keeps every token."""
PLACES = (Where.INNER, Where.CUT)

_SETUP, _ANSWERS, _TOWER, _LOCK = "ablation.json", "answers.csv", "tower", ".lock"
_TOWER_SHARE = 0.35
"""Of a variant's minutes, what the tower of a seed takes before."""
_CHUNK = 40
_COLUMNS = ("selection", "task", "where", "number", "right", "tokens")


@dataclass(frozen=True, slots=True)
class Setup:
    """What an ablation is of, fixed when it begins. `steps` are each variant's and `tower_steps` each tower's, `pages`
    the questions of each task and place; `where` entities stand in training; `overview` says whether there is one, and
    `positions` whether the task of positions is trained too."""

    seeds: int
    pages: int
    where: str
    overview: bool
    positions: bool
    device: str
    threads: int
    steps: int = 0
    tower_steps: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    variant: str
    seed: int


@dataclass(frozen=True, slots=True)
class Answered:
    """One question answered after training. `selection` is empty for the model as it was trained; else the share its
    selector was asked for, with “blind” where as many tokens were kept by chance. `tokens` are those kept of slices."""

    condition: Condition
    selection: str
    task: str
    where: str
    number: int
    right: bool
    tokens: int


def conditions(seeds: int) -> list[Condition]:
    """In the order in which they are trained."""
    return [Condition(variant, seed) for seed in range(seeds) for variant in VARIANTS]


def begin(out: Path, setup: Setup, minutes: float | None, *, resume: bool) -> Setup:
    """The setup of the ablation in `out`, kept there from its beginning; steps follow from `minutes` of the CPU's time
    for the plainest variant, unless `setup` holds them. Raises UsageError, CheckpointError, OutputError."""
    path = out / _SETUP
    if path.exists():
        if not resume:
            raise UsageError(f"{out} already holds an ablation.", "Go on with --resume, or choose another folder.")
        known = read_setup(out)
        asked = replace(setup, seeds=known.seeds, steps=known.steps, tower_steps=known.tower_steps)
        if replace(known, device=setup.device, threads=setup.threads) != asked:
            raise UsageError(f"The ablation in {out} is another one ({known}).", "Leave the options as they were.")
        return replace(known, seeds=setup.seeds)
    if resume:
        raise UsageError(f"There is no ablation to resume in {out}.", "Leave --resume out to begin one.")
    if minutes is not None:
        setup = replace(
            setup,
            steps=_steps_in(f"entitygrid-{VARIANTS[0]}", minutes, setup),
            tower_steps=_steps_in("entitygrid-tower", minutes * _TOWER_SHARE, setup),
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        with replaced(path) as file:
            file.write(json.dumps(asdict(setup), indent=1) + "\n")
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror or error}).") from error
    return setup


def read_setup(out: Path) -> Setup:
    """Raises CheckpointError."""
    try:
        return Setup(**json.loads((out / _SETUP).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CheckpointError(f"{out / _SETUP} cannot be read ({error}).", "Begin in another folder.") from error


def run(out: Path, setup: Setup, notice: Callable[[str], None], stopped: Callable[[], bool]) -> bool:
    """Trains and asks whatever is not done yet; False if it was stopped before the end, or if other processes, which
    may work in the same folder, still are at some of it. Raises TesseraError."""
    elsewhere = False
    for condition in conditions(setup.seeds):
        if _answers_file(out, condition).exists():
            continue
        try:
            if not _done(out, condition, setup, notice, stopped):
                return False
        except Timeout:
            elsewhere = True
    return not elsewhere


def _done(
    out: Path, condition: Condition, setup: Setup, notice: Callable[[str], None], stopped: Callable[[], bool]
) -> bool:
    """False if it was stopped before its end. Raises Timeout where another process is at it."""
    folder, seed = _folder(out, condition), condition.seed
    folder.parent.mkdir(parents=True, exist_ok=True)
    tower = folder.parent / _TOWER
    with FileLock(tower.with_suffix(_LOCK), timeout=0):
        if _trained(tower, "entitygrid-tower", setup, setup.tower_steps, seed, None, stopped) is None:
            return False
    with FileLock(folder.with_suffix(_LOCK), timeout=0):
        if _answers_file(out, condition).exists():
            return True
        started = time.process_time()
        model = _trained(folder, f"entitygrid-{condition.variant}", setup, setup.steps, seed, tower, stopped)
        if model is None:
            return False
        spent = (time.process_time() - started) / 60
        notice(f"{condition.variant}, seed {seed}: trained, {spent:.1f} CPU minutes in this go.")
        _write_answers(_answers_file(out, condition), list(_asked(model, condition, setup)))
    return True


def answers(out: Path, seeds: int) -> list[Answered]:
    """What the conditions that are done have answered. Raises CheckpointError."""
    found = []
    for condition in conditions(seeds):
        path = _answers_file(out, condition)
        if path.exists():
            found += _read_answers(path, condition)
    return found


def recipe_of(variant: str, setup: Setup) -> GridRecipe:
    recipe = recipe_named(f"entitygrid-{variant}")
    if not isinstance(recipe, GridRecipe):
        raise UsageError(f"{variant} is no variant of the ablation.", f"They are {', '.join(VARIANTS)}.")
    tasks = ALL if setup.positions else EASY
    return replace(recipe, where=Where(setup.where), overview=setup.overview, tasks=tasks)


def _trained(
    folder: Path, name: str, setup: Setup, steps: int, seed: int, start: Path | None, stopped: Callable[[], bool]
) -> nn.Module | None:
    """The model in `folder` after all its steps; None if it was stopped before."""
    resume = has_checkpoint(folder)
    if start is None and resume and load_progress(folder).done:
        return nn.Identity()
    variant = name.removeprefix("entitygrid-")
    recipe = recipe_named(name) if start is None else recipe_of(variant, setup)
    options = Options(
        folder,
        steps=None if resume else steps,
        resume=resume,
        seed=seed,
        device=setup.device,
        threads=setup.threads,
        start=None if resume else start,
    )
    outcome = train(recipe, options, stopped=stopped)
    return outcome.model if outcome.progress.done else None


def _steps_in(name: str, minutes: float, setup: Setup) -> int:
    """How many steps of the recipe `name` take `minutes` of this process's CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        options = Options(
            Path(folder), minutes=minutes, device=setup.device, threads=setup.threads, clock=time.process_time
        )
        return train(recipe_named(name), options, stopped=lambda: True).progress.planned


def _asked(model: nn.Module, condition: Condition, setup: Setup) -> Iterator[Answered]:
    """Every test question, and for the selecting variant once more for each share, by the selector and by chance."""
    recipe = recipe_of(condition.variant, setup)
    selections: list[tuple[str, float | None, bool]] = [("", None, False)]
    if condition.variant == SELECTING:
        selections += [(f"{share:g}", share, False) for share in SHARES]
        selections += [(f"{share:g} blind", share, True) for share in SHARES[1:]]
    model.eval()
    torch.manual_seed(condition.seed)
    for task in dict.fromkeys(recipe.tasks):
        for where in PLACES:
            for start in range(0, setup.pages, _CHUNK):
                count = min(_CHUNK, setup.pages - start)
                made = unseen_batch(task, where, start, count)
                batch = {name: value.to(setup.device) for name, value in made.items()}
                with torch.no_grad():
                    features = recipe.features(model, batch)
                for selection, share, blind in selections:
                    with torch.no_grad():
                        logits, kept = recipe.answers(model, batch, features, share, blind=blind)
                    right = (logits.argmax(1) == batch["answers"]).tolist()
                    for offset in range(count):
                        number, tokens = start + offset, int(kept[offset])
                        yield Answered(condition, selection, task, where, number, right[offset], tokens)


def _folder(out: Path, condition: Condition) -> Path:
    return out / f"seed-{condition.seed}" / condition.variant


def _answers_file(out: Path, condition: Condition) -> Path:
    return _folder(out, condition) / _ANSWERS


def _write_answers(path: Path, found: list[Answered]) -> None:
    try:
        with replaced(path) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_COLUMNS)
            writer.writerows((a.selection, a.task, a.where, a.number, int(a.right), a.tokens) for a in found)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror or error}).") from error


def _read_answers(path: Path, condition: Condition) -> list[Answered]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                Answered(
                    condition,
                    row["selection"],
                    row["task"],
                    row["where"],
                    int(row["number"]),
                    row["right"] == "1",
                    int(row["tokens"]),
                )
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{path} cannot be read ({error}).", "Delete it; its condition is asked again."
        ) from error
