"""`python -m engine.training.nano`: ships what `tessera train nano` trained, measures it, and begins from it again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from engine.training.nano.evaluate import ask_pages
from engine.training.nano.made import ask_made
from engine.training.nano.shipping import (
    network_in,
    reader_model,
    report,
    trained,
    unpack,
    write_facts,
    write_model,
)
from engine.training.synth.fonts import read_fonts
from engine.training.synth.generate import HELD_OUT_FAMILIES

SEED = 4_000_001
MADE_FAMILIES = tuple(name for name in HELD_OUT_FAMILIES if name != "news")
"""A page of news holds a thousand words, which the network takes long for."""


@click.group()
def main() -> None:
    """Tessera-nano's weights: from a training to the program, and back."""


@main.command()
@click.argument("training", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path))
def ship(training: Path, folder: Path) -> None:
    """Write the model of TRAINING into a model folder."""
    write_model(trained(training), folder)


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--made", default=36, show_default=True, type=click.IntRange(1), help="Pages as the tower would give them."
)
@click.option("--drawn", default=26, show_default=True, type=click.IntRange(0), help="Pages that are drawn and read.")
@click.option("--pointing", default=1, show_default=True, type=click.IntRange(0), help="Right answers a page measured.")
@click.option("--results", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of figures.")
def measure(folder: Path, made: int, drawn: int, pointing: int, results: Path) -> None:
    """Ask the model in FOLDER about pages of families it never saw; write its facts there, and figures to a folder."""
    model, fonts = reader_model(folder), read_fonts()
    found = {
        "made": report(list(ask_made(network_in(folder), SEED, made, MADE_FAMILIES, pointing))),
        "drawn": report(list(ask_pages(model, SEED, drawn, fonts, pointing=pointing))),
    }
    results.mkdir(parents=True, exist_ok=True)
    (results / "nano.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_facts(folder, found["made"])
    for name, one in found.items():
        click.echo(json.dumps({"pages": name} | {key: one[key] for key in ("fields", "present", "absent", "pointing")}))


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", "training", required=True, type=click.Path(file_okay=False, path_type=Path))
def begin(folder: Path, training: Path) -> None:
    """Write the weights of a model FOLDER as a training, for `tessera train nano --from`."""
    unpack(folder, training)


if __name__ == "__main__":
    main()
