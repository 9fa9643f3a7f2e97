"""`tessera cache`: what is kept on this machine, words that OCR read, views that models saw, and int8 weights."""

from __future__ import annotations

import click

from engine.paths import cache_dir
from engine.service.upkeep import cache_size, clear_cache

MEGABYTE = 1_000_000


@click.group("cache")
def command() -> None:
    """Look at or clear what Tessera keeps of documents it has read."""


@command.command("clear")
def clear() -> None:
    """Delete words and views of all documents and int8 weights of models; they are made again when needed."""
    click.echo(f"Cleared {clear_cache() / MEGABYTE:.1f} MB.")


@command.command("size")
def size() -> None:
    """Say how much is kept, and where."""
    click.echo(f"{cache_size() / MEGABYTE:.1f} MB in {cache_dir()}")
