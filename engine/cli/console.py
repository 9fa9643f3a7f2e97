"""What the command line prints: results on standard output, progress and messages on standard error."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


@functools.cache
def errors() -> Console:
    """The console on standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


@functools.cache
def output() -> Console:
    """The console on standard output."""
    return Console(highlight=False, soft_wrap=True)


def print_error(message: str, hint: str = "") -> None:
    """One line: what happened and what to do."""
    errors().print(f"tessera: {message} {hint}".strip(), markup=False, style="red")


def print_notice(text: str) -> None:
    errors().print(text, markup=False, style="yellow")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on standard error that leaves no trace; nothing at all where that is not a terminal."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    console = errors()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress
