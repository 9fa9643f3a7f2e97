"""`tessera open`: starts the window as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from engine.cli.options import policy_option
from engine.errors import FileMissingError, TesseraError


@click.command("open")
@click.argument("files", nargs=-1)
@policy_option
def command(files: tuple[str, ...], policy: str) -> int:
    """Open the window, with FILES in it."""
    paths = [str(Path(file).expanduser().absolute()) for file in files]
    for path in paths:
        if not Path(path).exists():
            raise FileMissingError(f"There is no file {path}.")
    arguments = ["--policy", policy, *paths]
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
