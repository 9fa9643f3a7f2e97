"""`tessera bench ablation`: do the published bridges do what they claim, at toy scale on this machine?"""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.console import output, print_notice
from engine.errors import ExitCode, UsageError


@click.command("ablation")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the ablation.")
@click.option("--minutes-each", type=click.FloatRange(0, min_open=True), help="CPU time of one variant.  [default: 4]")
@click.option("--steps-each", type=click.IntRange(2), help="The same in steps, to repeat an ablation exactly.")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1), help="Trainings of each variant.")
@click.option("--pages", default=200, show_default=True, type=click.IntRange(2), help="Test pages of a task and place.")
@click.option("--resume", is_flag=True, help="Go on with the ablation in --out.")
@click.option("--inside-only", is_flag=True, help="Train on entities that no slice border cuts.")
@click.option("--no-overview", is_flag=True, help="Show slices alone.")
@click.option("--positions", is_flag=True, help="Also ask where one entity is from another; takes long to learn.")
@click.option("--device", default="cpu", show_default=True, type=click.Choice(["cpu", "cuda"]))
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Of the CPU.")
def ablation(
    out: Path,
    minutes_each: float | None,
    steps_each: int | None,
    seeds: int,
    pages: int,
    resume: bool,
    inside_only: bool,
    no_overview: bool,
    positions: bool,
    device: str,
    threads: int,
) -> int:
    """Train five bridges on EntityGrid pages and compare what they read inside slices and on their borders.

    Ctrl+C and SIGTERM leave everything as it is; give the same command with --resume to go on. The table of what is
    done so far is written at every end.
    """
    if minutes_each and steps_each:
        raise UsageError("--minutes-each and --steps-each exclude each other.", "Give one of them.")
    from engine.bench.ablation import Setup, answers, begin, run
    from engine.bench.ablation_report import report, write_report
    from engine.training.loop import interruptible
    from engine.training.recipes.entity_pages import Where

    where = Where.INSIDE if inside_only else Where.ANYWHERE
    steps = steps_each or 0
    setup = Setup(seeds, pages, where, not no_overview, positions, device, threads, steps, steps * 8 // 5)
    with interruptible() as stopped:
        setup = begin(out, setup, None if steps_each else minutes_each or 4.0, resume=resume)
        done = run(out, setup, print_notice, stopped)
    found = answers(out, setup.seeds)
    if found:
        write_report(out, found, setup)
        output().print(report(found, setup), markup=False)
    if not done:
        print_notice("Stopped. Give the same command with --resume to go on.")
        return ExitCode.CANCELLED
    return ExitCode.OK
