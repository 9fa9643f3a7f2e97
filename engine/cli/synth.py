"""`tessera synth`: generated documents with words, questions, answers and evidence boxes."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.console import errors, progress_bar
from engine.cli.options import dpi_option
from engine.errors import OutputError, UsageError
from engine.training.synth.fonts import DEFAULT_TABLE, read_fonts
from engine.training.synth.generate import HELD_OUT_FAMILIES, TRAIN_FAMILIES
from engine.training.synth.pixels import CLEAN, FORMATS, SetOptions, write_set
from engine.training.synth.pixels_looks import LOOKS

GROUPS = {"train": TRAIN_FAMILIES, "held-out": HELD_OUT_FAMILIES}
# Half of the documents are clean where nothing is said.
DEFAULT_LOOKS = (CLEAN, CLEAN, CLEAN, "scan", "fax", "photo")


@click.command("synth")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder to write.")
@click.option("--count", default=20, show_default=True, type=click.IntRange(min=1), help="How many documents.")
@click.option("--seed", default=0, show_default=True, type=int)
@click.option("--first", default=0, show_default=True, type=click.IntRange(min=0), help="Number of the first document.")
@click.option(
    "--families", default="train", show_default=True, help="Families of documents or train, held-out; with commas."
)
@click.option("--clean", is_flag=True, help="Only clean pages.")
@click.option(
    "--noise", "looks", multiple=True, type=click.Choice(list(LOOKS)), help="Only pages with these flaws; repeatable."
)
@click.option("--format", "file_format", default="png", show_default=True, type=click.Choice(FORMATS))
@dpi_option
@click.option("--fonts", type=click.Path(dir_okay=False, path_type=Path), help="TOML of pinned fonts to draw with.")
def command(
    out: Path,
    count: int,
    seed: int,
    first: int,
    families: str,
    clean: bool,
    looks: tuple[str, ...],
    file_format: str,
    dpi: float,
    fonts: Path | None,
) -> None:
    """Write generated documents to a folder, with words.jsonl and qa.jsonl.

    Document k of a seed is the same wherever and however often it is made.
    """
    if clean and looks:
        raise UsageError("--clean and --noise exclude each other.", "Give one of them; without both, half is clean.")
    chosen = (CLEAN,) if clean else looks or DEFAULT_LOOKS
    options = SetOptions(seed, _families(families), chosen, file_format, dpi)
    pinned = read_fonts(fonts or DEFAULT_TABLE)
    pinned.check()
    _check_empty(out)
    questions = 0
    try:
        with progress_bar() as bar:
            line = bar.add_task("Writing", total=count)
            for _, asked in write_set(options, range(first, first + count), out, pinned):
                questions += asked
                bar.update(line, advance=1)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}.") from error
    errors().print(f"{count} documents and {questions} questions in {out}.", markup=False)


def _families(given: str) -> tuple[str, ...]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    found = [family for name in names for family in GROUPS.get(name, (name,))]
    unknown = [name for name in found if name not in (*TRAIN_FAMILIES, *HELD_OUT_FAMILIES)]
    if unknown or not found:
        raise UsageError(
            f"There is no family of documents named {unknown[0]!r}." if unknown else "No family is named.",
            f"There are {', '.join((*GROUPS, *TRAIN_FAMILIES, *HELD_OUT_FAMILIES))}.",
        )
    return tuple(dict.fromkeys(found))


def _check_empty(out: Path) -> None:
    """Files of another set would be taken for this one's."""
    try:
        occupied = out.is_dir() and any(out.iterdir())
    except OSError as error:
        raise OutputError(f"{out} cannot be read: {error.strerror}.") from error
    if occupied:
        raise OutputError(f"{out} is not empty.", "Choose another folder, or empty it first.")
