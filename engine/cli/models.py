"""`tessera models`: what is installed, what can be had, and getting, adding and removing one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from engine.cli.console import errors, output, print_notice
from engine.cli.desk import POLL_S, running_supervisor, wait
from engine.errors import CancelledError, UsageError
from engine.models.catalogue import CatalogueModel, Precision, catalogue, entry, weight_bytes
from engine.models.checks import check
from engine.models.installed import find, import_folder, installed, is_installed, remove
from engine.models.types import HubListing, ModelFolder, checked_hub_id
from engine.readers.types import Progress as WorkDone
from engine.runtime.precision import Advice
from engine.service.messages import ModelAdvised, ModelDescribed, ModelPulled
from engine.service.pending import Pending
from engine.service.supervisor import Supervisor

GIGABYTE = 1e9
UNKNOWN = "?"
SHORT_COMMIT = 8
STATES = {"gpu": "best on GPU"}


@click.group("models")
def command() -> None:
    """List, get, add and remove models. Only `pull` uses the network, and only when you start it."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_models(as_json: bool) -> None:
    """Show the installed models, and the published ones that can be had."""
    here = installed()
    names = {model.name for model in here}
    available = [model for model in catalogue() if model.id not in names]
    if as_json:
        click.echo(json.dumps({"installed": [_plain(model) for model in here], "available": _offers(available)}))
        return
    output().print(_table(here, available))
    if available:
        output().print(
            f"\nIn memory: the weights in bf16. {UNKNOWN}: unknown until asked; "
            "`tessera models pull ID` asks the hub and shows it before it downloads.",
            markup=False,
        )


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str, as_json: bool) -> None:
    """Say in which precisions this machine can run an installed model, what each needs, and which is best."""
    model = find(name)
    with running_supervisor() as supervisor:
        advised = wait(supervisor.advise(name))
    if not isinstance(advised, ModelAdvised):
        raise TypeError(f"asking for advice ended with {type(advised).__name__}")
    if as_json:
        click.echo(json.dumps(_plain(model) | {"advice": asdict(advised.advice)}))
        return
    output().print(f"{model.name} · {_gigabytes(model.size_bytes)} · {advised.advice.reason}", markup=False)
    output().print(_precisions(advised.advice))
    if advised.advice.hint:
        print_notice(advised.advice.hint)


@command.command("pull")
@click.argument("model_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask before the download.")
def pull(model_id: str, yes: bool) -> None:
    """Download a model of the hub, say openbmb/MiniCPM-V-4.6.

    Its size, licence and memory are shown first. A download that was stopped goes on where it ended.
    """
    checked_hub_id(model_id)
    with running_supervisor() as supervisor:
        described = wait(supervisor.describe_model(model_id))
        if not isinstance(described, ModelDescribed):
            raise TypeError(f"asking the hub ended with {type(described).__name__}")
        listing = described.listing
        _show(listing)
        if is_installed(listing.id, listing.revision):
            click.echo(f"{listing.id} is installed already.")
            return
        if not yes:
            _confirm()
        pulled = _pulled(supervisor, listing)
    click.echo(f"Installed {pulled.model} in {pulled.path}")


@command.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
def import_model(folder: Path) -> None:
    """Add a model folder of your own. It is checked and stays where it is."""
    for notice in check(folder.expanduser()).notices:
        print_notice(notice)
    model = import_folder(folder)
    click.echo(f"Added {model.name} ({_gigabytes(model.size_bytes)})")


@command.command("rm")
@click.argument("name")
def rm(name: str) -> None:
    """Delete an installed model and what downloads left of it, or forget an imported folder (its files stay)."""
    freed = remove(name)
    click.echo(f"Removed {name}; {_gigabytes(freed)} freed." if freed else f"Forgot {name}; its files stay.")


def _pulled(supervisor: Supervisor, listing: HubListing) -> ModelPulled:
    """Fetch what was agreed to, at the very commit that was shown. Ctrl+C stops it. Raises TesseraError."""
    pending = supervisor.pull_model(listing.id, listing.revision)
    with _download_bar() as bar:
        task = bar.add_task("", total=listing.size_bytes, completed=listing.here_bytes)

        def on_event(event: object) -> None:
            if isinstance(event, WorkDone):
                bar.update(task, description=event.text, completed=event.done)

        _follow(pending, on_event, listing.id)
    final = pending.result()
    if not isinstance(final, ModelPulled):
        raise TypeError(f"pulling ended with {type(final).__name__}")
    return final


def _follow(pending: Pending, on_event: Any, model_id: str) -> None:
    try:
        while not pending.wait(POLL_S, on_event):
            pass
    except KeyboardInterrupt:
        pending.cancel()
        raise CancelledError(
            "Stopped; what was fetched so far is kept.", f"Go on with: tessera models pull {model_id}"
        ) from None


@contextmanager
def _download_bar() -> Iterator[Progress]:
    """A bar on standard error; nothing at all where that is not a terminal."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors(), transient=True, disable=not errors().is_terminal) as bar:
        yield bar


def _show(listing: HubListing) -> None:
    """What the user agrees to."""
    here = f" ({_gigabytes(listing.here_bytes)} of it is here already)" if listing.here_bytes else ""
    known = entry(listing.id)
    parameters = (known.parameters if known else None) or listing.parameters
    lines = (
        f"{listing.id} at commit {listing.revision[:SHORT_COMMIT]}",
        f"  download  {_gigabytes(listing.size_bytes)}{here}",
        f"  licence   {listing.licence or (known.licence if known else None) or 'unknown: the hub names none'}",
        f"  memory    {_memory(parameters, known.kept_parameters if known else None) or 'unknown'}",
    )
    errors().print("\n".join(lines), markup=False)


def _confirm() -> None:
    """Raises CancelledError when the user says no, UsageError when nobody is there to be asked."""
    if not sys.stdin.isatty():
        raise UsageError("Nobody is there to confirm the download.", "Add --yes to download without being asked.")
    if not click.confirm("Download it?", default=True, err=True):
        raise CancelledError("Nothing was fetched.", "Pull it whenever you like.")


def _table(here: tuple[ModelFolder, ...], available: list[CatalogueModel]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("model", no_wrap=True, overflow="ignore")
    table.add_column("")
    for heading in ("size", "in memory", "licence"):
        table.add_column(heading, no_wrap=True)
    for model in here:
        known = entry(model.name)
        state = model.problem or ("your folder" if model.imported else "installed")
        memory = _bf16(known.parameters) if known else "unknown"
        table.add_row(model.name, state, _gigabytes(model.size_bytes), memory, model.licence or "unknown")
    for offer in available:
        size = f"~{_gigabytes(offer.download_bytes)}" if offer.download_bytes else UNKNOWN
        licence = offer.licence or UNKNOWN
        table.add_row(offer.id, STATES.get(offer.default_on, ""), size, _bf16(offer.parameters), licence)
    return table


def _precisions(advice: Advice) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("precision", "on", "needs", ""):
        table.add_column(heading)
    for option in advice.options:
        short = f"{_gigabytes(option.short_bytes)} too little memory is free" if option.short_bytes else ""
        state = option.lacking or short or ("recommended" if option == advice.recommended else "possible")
        state += f": {option.remark}" if option.remark else ""
        table.add_row(option.precision, option.device, _gigabytes(option.need.total), state)
    return table


def _bf16(parameters: int | None) -> str:
    size = weight_bytes(Precision.BF16, parameters)
    return UNKNOWN if size is None else _gigabytes(size)


def _memory(parameters: int | None, kept_parameters: int | None) -> str:
    """The memory of the weights at each precision for which it is known; empty where it is for none."""
    known = ((each, weight_bytes(each, parameters, kept_parameters)) for each in Precision)
    return " · ".join(f"{precision} {_gigabytes(size)}" for precision, size in known if size is not None)


def _offers(available: list[CatalogueModel]) -> list[dict[str, Any]]:
    return [
        asdict(offer)
        | {"memory_bytes": {each: weight_bytes(each, offer.parameters, offer.kept_parameters) for each in Precision}}
        for offer in available
    ]


def _plain(model: ModelFolder) -> dict[str, Any]:
    return asdict(model) | {"path": str(model.path)}


def _gigabytes(size_bytes: int) -> str:
    return f"{size_bytes / GIGABYTE:.2f} GB" if size_bytes >= GIGABYTE / 10 else f"{size_bytes / 1e6:.1f} MB"
