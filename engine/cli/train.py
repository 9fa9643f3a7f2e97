"""`tessera train`: trains a recipe, resumably; what a kill leaves is gone on with by the same command and --resume."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from engine.cli.console import errors, output, print_notice
from engine.errors import ExitCode, OutputError, UsageError
from engine.files import replaced

EVALUATION = "evaluation.json"
_DEVICE = re.compile(r"cpu|cuda(:\d+)?")


def _device(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001 - click's signature
    if value is not None and not _DEVICE.fullmatch(value):
        raise UsageError(f"--device {value} is no device to train on.", "Give cpu or cuda.")
    return value


@click.command("train")
@click.argument("recipe")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the training.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="How long, planned on this machine's speed.")
@click.option("--steps", type=click.IntRange(1), help="How long, in steps of all stages together.")
@click.option("--stage", help="This stage alone, from the weights that are there.")
@click.option("--resume", is_flag=True, help="Go on with the training in --out.")
@click.option("--from", "start", type=click.Path(path_type=Path), help="Begin with the weights of another training.")
@click.option("--seed", type=click.IntRange(0), help="[default: 0]")
@click.option("--device", callback=_device, help="cpu or cuda.  [default: cpu, or what it was]")
@click.option("--threads", type=click.IntRange(1), help="Of the CPU; the numbers depend on it.")
@click.option("--workers", default=0, show_default=True, type=click.IntRange(0), help="Processes that make batches.")
@click.option("--stop-after", type=click.FloatRange(0), help="Leave after so many minutes, to --resume later.")
def command(
    recipe: str,
    out: Path,
    minutes: float | None,
    steps: int | None,
    stage: str | None,
    resume: bool,
    start: Path | None,
    seed: int | None,
    device: str | None,
    threads: int | None,
    workers: int,
    stop_after: float | None,
) -> int:
    """Train RECIPE into a folder: checkpoints every two minutes, curves as CSV and PNG, and what it reached.

    Ctrl+C and SIGTERM leave a checkpoint. Give the same command with --resume to go on.
    """
    if minutes and steps:
        raise UsageError("--minutes and --steps exclude each other.", "Give one of them.")
    from engine.training.loop import Options, interruptible, train
    from engine.training.recipes import recipe_named

    stop_after_s = None if stop_after is None else 60 * stop_after
    options = Options(
        out, steps, minutes, stage, resume, seed, device, threads, workers, start=start, stop_after_s=stop_after_s
    )
    with interruptible() as stopped:
        outcome = train(recipe_named(recipe), options, print_notice, stopped)
    progress = outcome.progress
    errors().print(f"{progress.total} of {progress.planned} steps of {recipe} in {out}.", markup=False)
    if outcome.evaluation is None:
        print_notice("Stopped. Give the same command with --resume to go on.")
        return ExitCode.CANCELLED
    _keep(out / EVALUATION, dict(outcome.evaluation))
    for name, value in outcome.evaluation.items():
        output().print(f"{name:32} {value:.4f}", markup=False)
    return ExitCode.OK


def _keep(path: Path, evaluation: dict[str, float]) -> None:
    try:
        with replaced(path) as file:
            file.write(json.dumps(evaluation, indent=1) + "\n")
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror or error}).") from error
