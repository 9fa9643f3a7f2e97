"""`tessera open`: starts the window as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from engine.errors import FileMissingError, TesseraError
from engine.slicing.policies import parse_policy


@click.command("open")
@click.argument("files", nargs=-1)
@click.option("--policy", help="Slicing policy; without it, the one chosen last.")
def command(files: tuple[str, ...], policy: str | None) -> int:
    """Open the window, with FILES in it."""
    paths = [str(Path(file).expanduser().absolute()) for file in files]
    for path in paths:
        if not Path(path).exists():
            raise FileMissingError(f"There is no file {path}.")
    arguments = paths if policy is None else ["--policy", parse_policy(policy).id, *paths]
    ended = subprocess.run([*_window_command(), *arguments], check=False)
    if ended.returncode not in (0, 130):
        raise TesseraError(
            f"The window ended with code {ended.returncode}.",
            "On a machine without a screen use `tessera ask`; on Linux, install the system libraries the README names.",
        )
    return 0


def _window_command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, "--window"]
    return [sys.executable, "-m", "app"]
