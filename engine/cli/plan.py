"""`tessera plan`: slice plans from sizes alone."""

from __future__ import annotations

import re

import click

from engine.cli.options import policy_option
from engine.errors import PlanRefusedError, UsageError
from engine.geometry import Size
from engine.slicing.plan import SlicePlan
from engine.slicing.policies import plan
from engine.slicing.serialize import plan_to_line, refusal_to_line


@click.command("plan")
@click.argument("sizes", nargs=-1, required=True)
@policy_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per size.")
def command(sizes: tuple[str, ...], policy: str, as_json: bool) -> None:
    """Print the slice plan of each page size, written WIDTHxHEIGHT in px, as in 1240x1754."""
    for size in [parse_size(text) for text in sizes]:
        try:
            page_plan = plan(policy, size)
        except PlanRefusedError as error:
            click.echo(refusal_to_line(size, error) if as_json else f"{size}: {error.info}")
        else:
            click.echo(plan_to_line(page_plan) if as_json else _summary(page_plan))


def parse_size(text: str) -> Size:
    """`1240x1754` → Size. Raises UsageError."""
    match = re.fullmatch(r"([0-9]{1,7})[x×X*]([0-9]{1,7})", text.strip())
    if match is None:
        raise UsageError(f"'{text}' is not a size.", "Write WIDTHxHEIGHT in px, as in 1240x1754.")
    return Size(int(match[1]), int(match[2]))


def _summary(page_plan: SlicePlan) -> str:
    grid = page_plan.grid
    sliced = f"{grid.cols} cols x {grid.rows} rows of {page_plan.slices[0].size}" if grid.cols else "not sliced"
    overview = page_plan.overview.size
    return (
        f"{page_plan.page}: {sliced}, overview {overview}, "
        f"{page_plan.tokens} visual tokens, {page_plan.sequence} positions"
    )
