"""`tessera bench entitygrid`: EntityGrid-QA asked of a reader, and what the seams between four slices cost it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.bench.entities import EntityType
from engine.bench.entitygrid_qa import GridItem, Side, Task, base_of, grid_items, grid_page
from engine.bench.entitygrid_test import Choose, GridOutcome, Scoring, by_answer, by_likelihood, grid_rows, outcomes
from engine.bench.pages import BenchPage, PageShelf
from engine.bench.plot import PlotLine, draw_plot
from engine.bench.seam_test import AS_READ, answer_of
from engine.bench.slice_words import Mode, SliceReading, SliceWords, cut_of
from engine.cli.bench_options import mode_option, out_option, plot_option, threads_option
from engine.cli.bench_output import GRID_COLUMNS, check_outputs, grid_cells, print_grid, write_table
from engine.cli.console import progress_bar
from engine.cli.desk import save_picture
from engine.cli.options import policy_option, reader_options
from engine.errors import OutputError, UsageError
from engine.files import replaced
from engine.geometry import Size
from engine.ocr.models import OcrModels
from engine.ocr.recognizer import Recognizer
from engine.readers.names import EMBEDDED_NAME, is_cascade, model_behind
from engine.readers.opening import Readers
from engine.readers.revisions import model_revision
from engine.readers.types import Answer, ReaderChoice, Request
from engine.slicing.policies import plan

if TYPE_CHECKING:
    from engine.readers.sliced.protocol import SlicedModel

READ_BY_OCR = (EntityType.TEXT, EntityType.NUMBER)
SHOWN = (Side.INSIDE, Side.CUT, Side.CENTRE)


@dataclass(frozen=True, slots=True)
class GridChoice:
    """What is asked: `items` on pages for slices of `base_px`, by `policy`, chosen from by `scoring`."""

    items: tuple[GridItem, ...]
    base_px: int
    policy: str
    reader: ReaderChoice
    scoring: Scoring
    modes: tuple[Mode, ...]
    threads: int


@click.command("entitygrid")
@policy_option
@click.option("--scenes", default=15, show_default=True, type=click.IntRange(1, 100_000), help="29 questions each.")
@click.option(
    "--type", "types", multiple=True, type=click.Choice([each.value for each in EntityType]), help="Of entity."
)
@click.option(
    "--task", "tasks", multiple=True, type=click.Choice([each.value for each in Task]), help="Without it: all."
)
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--score",
    type=click.Choice([each.value for each in Scoring]),
    help="What chooses an option: the likeliest letter, the likeliest wording, or the text of the answer. "
    "Without it: letter for models, answer for readers that write no text of their own.",
)
@mode_option
@click.option("--save", type=click.Path(file_okay=False, path_type=Path), help="Write pages and questions here too.")
@threads_option
@out_option
@plot_option
@reader_options
def entitygrid(
    policy: str,
    scenes: int,
    types: tuple[str, ...],
    tasks: tuple[str, ...],
    seed: int,
    score: str | None,
    modes: tuple[Mode, ...],
    save: Path | None,
    threads: int,
    out: Path | None,
    plot: Path | None,
    reader: ReaderChoice,
) -> None:
    """Ask EntityGrid-QA: entities inside slices, and the same ones on the seams between them.

    The embedded reader reads words and numbers; without --type it is asked about these alone.
    """
    check_outputs(out, plot)
    extractive = reader.name == EMBEDDED_NAME
    kinds = tuple(map(EntityType, types)) or (READ_BY_OCR if extractive else tuple(EntityType))
    items = tuple(grid_items(seed, scenes, kinds, tuple(map(Task, tasks)) or tuple(Task)))
    scoring = _scoring(reader, score)
    choice = GridChoice(items, base_of(policy), policy, reader, scoring, modes, threads)
    if save is not None:
        _save(choice, save)
    found = _ask_all(choice)
    rows = grid_rows(found)
    title = f"EntityGrid-QA · {reader.name} · {policy} · {2 * choice.base_px} px pages · by {scoring.value}"
    print_grid(title, rows)
    if out is not None:
        write_table(out, GRID_COLUMNS, grid_cells(policy, scoring.value, rows))
    if plot is not None:
        lines = [PlotLine(f"{row.task} · {row.mode}", tuple(row.sides[side] for side in SHOWN)) for row in rows]
        save_picture(draw_plot(title, SHOWN, lines), plot)


def _scoring(reader: ReaderChoice, score: str | None) -> Scoring:
    """Raises UsageError where a reader has no likelihood, and what `model_behind` does for one that there is not."""
    writes = reader.name != EMBEDDED_NAME and not is_cascade(reader.name)
    if reader.name != EMBEDDED_NAME:
        model_behind(reader.name)
    if score is None:
        return Scoring.LETTER if writes else Scoring.ANSWER
    if Scoring(score) is not Scoring.ANSWER and not writes:
        raise UsageError(
            f"{reader.name} gives no likelihood of an option.", "Use --score answer, or name a model as the reader."
        )
    return Scoring(score)


def _ask_all(choice: GridChoice) -> list[GridOutcome]:
    found: list[GridOutcome] = []
    with progress_bar() as bar:
        for mode, choose in _ways(choice):
            task = bar.add_task(f"EntityGrid-QA, {mode}", total=len(choice.items))
            for each in outcomes(choice.items, mode, choose, lambda item: grid_page(item, choice.base_px)):
                found.append(each)
                bar.update(task, advance=1)
    return found


def _ways(choice: GridChoice) -> Iterator[tuple[str, Choose]]:
    """The modes in which the reader is asked, each with how it chooses. The embedded reader is shown a page as its mode
    reads it; a model gets the page."""
    if choice.scoring is not Scoring.ANSWER:
        yield AS_READ, by_likelihood(_open(choice.reader), choice.policy, choice.scoring)
        return
    extractive = choice.reader.name == EMBEDDED_NAME
    reading, shelf = SliceReading(Recognizer(OcrModels(choice.threads))), PageShelf()
    size = Size(2 * choice.base_px, 2 * choice.base_px)
    for mode in choice.modes if extractive else (Mode.WHOLE,):
        cut = cut_of(plan(choice.policy, size), mode)
        words = SliceWords(shelf, reading, cut)
        ask = _asker(Readers(partial(_same, words), shelf), shelf, choice)
        yield mode if extractive else AS_READ, by_answer(ask, listed=not extractive)


def _same(words: SliceWords) -> SliceWords:
    return words


def _asker(readers: Readers, shelf: PageShelf, choice: GridChoice) -> Callable[[BenchPage, str], Answer]:
    asked = replace(choice.reader, contributions=False)

    def ask(page: BenchPage, question: str) -> Answer:
        shelf.put(page)
        return answer_of(readers, Request(1, question, (page.ref,), choice.policy, asked))

    return ask


def _open(reader: ReaderChoice) -> SlicedModel:
    from engine.readers.sliced.opening import open_model

    folder = model_behind(reader.name)
    assert folder is not None  # a reader that has likelihoods is a model
    return open_model(folder, model_revision(folder), reader.precision)


def _save(choice: GridChoice, folder: Path) -> None:
    """Every page as PNG, and `questions.jsonl` beside them. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replaced(folder / "questions.jsonl") as file:
            for number, item in enumerate(choice.items):
                name = f"{number:05}.png"
                grid_page(item, choice.base_px).save(folder / name)
                file.write(json.dumps(_line(name, item)) + "\n")
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}.") from error


def _line(name: str, item: GridItem) -> dict[str, object]:
    return {
        "file": name,
        "page": 0,
        "question": item.question,
        "answers": [item.options[item.answer]],
        "options": list(item.options),
        "task": item.task,
        "side": item.side,
        "type": item.kind,
        "scene": item.scene,
        "positions": list(item.positions),
    }
