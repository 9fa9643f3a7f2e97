"""`python -m engine.training.nano`: ships what `tessera train nano` trained, measures it, and begins from it again."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import click

from engine.training.nano.evaluate import Asking, as_rows, ask_pages
from engine.training.nano.shipping import reader_model, report, trained, unpack, write_facts, write_model
from engine.training.synth.fonts import read_fonts
from engine.training.synth.generate import HELD_OUT_FAMILIES, TRAIN_FAMILIES

SEED = 4_000_001
_PLAN = ((HELD_OUT_FAMILIES, 1), (TRAIN_FAMILIES, 0))


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
    "--pages",
    default=26,
    show_default=True,
    type=click.IntRange(1),
    help="Of unseen families; as many more of seen ones.",
)
@click.option(
    "--results", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the figures."
)
@click.option(
    "--curves", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the training's curves."
)
def measure(folder: Path, pages: int, results: Path, curves: Path | None) -> None:
    """Ask the model in FOLDER about drawn pages; write its facts there, and the figures into another folder."""
    model, fonts = reader_model(folder), read_fonts()
    asked: dict[str, list[Asking]] = {"unseen": [], "seen": []}
    for name, (families, pointing) in zip(asked, _PLAN, strict=True):
        for asking in ask_pages(model, SEED, pages, fonts, families=families, pointing=pointing):
            asked[name].append(asking)
    results.mkdir(parents=True, exist_ok=True)
    found = {name: report(askings) for name, askings in asked.items()}
    (results / "nano.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    rows = as_rows(list(itertools.chain.from_iterable(asked.values())))
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (results / "nano_answers.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for suffix in ("csv", "png") if curves is not None else ():
        shutil.copyfile(curves / f"curves.{suffix}", results / f"nano_curves.{suffix}")
    write_facts(folder, found["unseen"])
    click.echo(
        json.dumps(
            {name: {key: value for key, value in one.items() if key != "families"} for name, one in found.items()}
        )
    )


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", "training", required=True, type=click.Path(file_okay=False, path_type=Path))
def begin(folder: Path, training: Path) -> None:
    """Write the weights of a model FOLDER as a training, for `tessera train nano --from`."""
    unpack(folder, training)


if __name__ == "__main__":
    main()
