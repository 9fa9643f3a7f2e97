"""Options that benches share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from engine.bench.slice_words import Mode
from engine.slicing.policies import parse_policy


def parse_policies(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG001 - click's signature
    """Each policy once, by its one spelling. Raises UsageError."""
    names = [name for value in values for name in value.split(",")]
    return tuple(dict.fromkeys(parse_policy(name).id for name in names))


def _modes(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[Mode, ...]:  # noqa: ARG001 - click's signature
    return tuple(dict.fromkeys(Mode(value) for value in values)) or tuple(Mode)


mode_option = click.option(
    "--mode",
    "modes",
    multiple=True,
    type=click.Choice([mode.value for mode in Mode]),
    callback=_modes,
    help="How the embedded reader reads: the whole page, slice by slice, or joined across seams. Without it: all.",
)
threads_option = click.option("--threads", default=2, show_default=True, type=click.IntRange(1, 64), help="Of OCR.")
out_option = click.option("-o", "--out", type=click.Path(path_type=Path), help="Write the figures to this CSV.")
plot_option = click.option("--plot", type=click.Path(path_type=Path), help="Write a plot of the figures to this PNG.")
