"""`tessera cache`: the words that OCR read, kept on this machine."""

from __future__ import annotations

import click

from engine.ocr.cache import WordCache

MEGABYTE = 1_000_000


@click.group("cache")
def command() -> None:
    """Look at or clear what Tessera keeps of documents it has read."""


@command.command("clear")
def clear() -> None:
    """Delete the words kept of all documents; they are read again when needed."""
    freed = WordCache().clear()
    click.echo(f"Cleared {freed / MEGABYTE:.1f} MB.")


@command.command("size")
def size() -> None:
    """Say how much is kept, and where."""
    cache = WordCache()
    click.echo(f"{cache.size() / MEGABYTE:.1f} MB in {cache.folder}")
