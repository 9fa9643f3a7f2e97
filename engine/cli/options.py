"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable

import click

from engine.errors import UsageError
from engine.readers.names import default_reader
from engine.readers.types import EMBEDDED, KeepBy, ReaderChoice
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


PRECISIONS = ("auto", "int8", "int4", "fp32", "bf16", "nf4")
SHORTENING = (
    click.option(
        "--best-slices",
        type=click.IntRange(1, 100),
        help="Experimental, of a model: read the overview and so many slices of a page, those that the question is "
        "about by the words on them.",
    ),
    click.option(
        "--keep-tokens",
        type=click.FloatRange(0, 1, min_open=True),
        default=EMBEDDED.keep_tokens,
        show_default=True,
        help="Experimental, of a model: the share of each slice's visual tokens that it is given.",
    ),
    click.option(
        "--keep-by",
        type=click.Choice([by.value for by in KeepBy]),
        default=EMBEDDED.keep_by.value,
        show_default=True,
        help="Of --keep-tokens: keep those most like the question, the longest vectors, or every so many-th.",
    ),
    click.option(
        "--top-p",
        type=click.FloatRange(0, 1, min_open=True),
        help="Experimental but for SliME: its γ, the probability of the visual tokens that a question keeps of all "
        "slices; 1 keeps them all. Without it: the model's own.",
    ),
)
"""What a model may be spared of a page."""


def reader_options(command: Callable[..., object]) -> Callable[..., object]:
    """`--reader` and how a model is run; the command gets one `reader: ReaderChoice`."""
    options = (
        click.option(
            "--reader",
            default=None,
            help="embedded, cascade, cascade:MODEL, or a model by hub id or folder. "
            "Without it: the cascade once a model is installed, else embedded.",
        ),
        click.option(
            "--precision",
            default=EMBEDDED.precision,
            show_default=True,
            type=click.Choice(PRECISIONS),
            help="Of a model; auto is the one recommended for this machine.",
        ),
        click.option(
            "--max-tokens",
            default=EMBEDDED.max_tokens,
            show_default=True,
            type=click.IntRange(1, 4096),
            help="Length of a model's answer.",
        ),
        click.option(
            "--max-slices", type=click.IntRange(0, 100), help="Of the cascade: how many slices a page may cost."
        ),
        click.option(
            "--no-contributions", is_flag=True, help="Of a model: don't hide slices in turn, which costs time."
        ),
        *SHORTENING,
    )

    @functools.wraps(command)
    def with_choice(
        *args: object,
        reader: str | None,
        precision: str,
        max_tokens: int,
        max_slices: int | None,
        no_contributions: bool,
        best_slices: int | None,
        keep_tokens: float,
        keep_by: str,
        top_p: float | None,
        **kwargs: object,
    ) -> object:
        choice = ReaderChoice(
            reader or default_reader(),
            precision,
            max_tokens,
            not no_contributions,
            max_slices,
            best_slices,
            keep_tokens,
            KeepBy(keep_by),
            top_p,
        )
        return command(*args, reader=choice, **kwargs)

    wrapped: Callable[..., object] = with_choice
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


def service_options(dpi: float) -> ServiceOptions:
    return ServiceOptions(vector_dpi=dpi)
