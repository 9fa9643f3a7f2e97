"""Options that several commands share."""

from __future__ import annotations

import click

from engine.errors import UsageError
from engine.service.requests import ServiceOptions
from engine.slicing.policies import DEFAULT_POLICY, parse_policy

MIN_DPI, MAX_DPI = 36.0, 1200.0


def _policy(context: click.Context, parameter: click.Parameter, value: str) -> str:  # noqa: ARG001 - click's signature
    return parse_policy(value).id


def _dpi(context: click.Context, parameter: click.Parameter, value: float) -> float:  # noqa: ARG001 - click's signature
    if not MIN_DPI <= value <= MAX_DPI:
        raise UsageError(f"--dpi {value:g} is out of range.", f"Give a number from {MIN_DPI:g} to {MAX_DPI:g}.")
    return value


policy_option = click.option(
    "--policy",
    default=DEFAULT_POLICY,
    show_default=True,
    callback=_policy,
    help="Slicing policy; add :N for another cap of slices, as in minicpm-v-16x:36.",
)
pages_option = click.option("--pages", default="all", show_default=True, help="Pages, counted from 1: 1-3, 2, 5-.")
password_option = click.option("--password", help="Password of a protected PDF.")
dpi_option = click.option(
    "--dpi", default=150.0, show_default=True, callback=_dpi, help="Native resolution of pages without an own one."
)


def service_options(dpi: float) -> ServiceOptions:
    return ServiceOptions(vector_dpi=dpi)
