"""`tessera bench`: measurements that the product makes of itself and of models."""

from __future__ import annotations

import click

from engine.cli.bench_ablation import ablation
from engine.cli.bench_entitygrid import entitygrid
from engine.cli.bench_seam import seam


@click.group("bench")
def command() -> None:
    """Measure what the seams between slices cost a reader, and whether bridges repair it."""


command.add_command(ablation)
command.add_command(seam)
command.add_command(entitygrid)
