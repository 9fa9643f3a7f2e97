"""What it costs to spare a model slices or tokens. `python -m tests.bench.entitygrid_spared`

Trains the tiny LLaVA-UHD of the pointing test, then asks it about pages with an entity in every slice: whole, with the
best slices by words (the page's words name each slice's place, as the question does), and with a share of each slice's
tokens by each saliency. Says how often the answer is right, how often the contributions then point at the slice that
holds it, and what was fed.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

import click
import torch

from engine.bench.entitygrid import COL_NAMES, COLS, ROW_NAMES, ROWS, EntityPage, Kind, entity_page
from engine.documents.types import Word
from engine.kept_files import KeptFiles
from engine.readers.sliced.protocol import ModelCard
from engine.readers.sliced.reader import SlicedReader
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.types import Answer, AnswerReady, Failed, KeepBy, ReaderChoice, Request
from engine.readers.uhd import UhdSlicedModel
from engine.runtime.transformers_decoder import decoder_of
from tests.bench.entitygrid_model import TEST_SEED, trained
from tests.unit.sliced_models import Desk, printed

RESULTS = Path(__file__).parent / "results" / "entitygrid_spared.txt"
CARD = ModelCard("entitygrid", "seed 0", "fp32", "cpu")
WHOLE = ReaderChoice("tiny", max_tokens=4)
WAYS = {
    "everything": WHOLE,
    "best 2 of 4 slices": replace(WHOLE, best_slices=2),
    "best 1 of 4 slices": replace(WHOLE, best_slices=1),
    **{
        f"{share:.0%} of the tokens, {keep_by}": replace(WHOLE, keep_tokens=share, keep_by=keep_by)
        for share in (0.75, 0.5, 0.25)
        for keep_by in KeepBy
    },
}


@dataclass(frozen=True, slots=True)
class Case:
    page: EntityPage
    answer: Answer

    @property
    def right(self) -> bool:
        return self.answer.text == self.page.entity

    @property
    def points(self) -> bool:
        found = self.answer.evidence.contributions if self.answer.evidence is not None else ()
        return bool(found) and (found[0].row, found[0].col) == (self.page.row, self.page.col)

    @property
    def tokens(self) -> int:
        return sum(plan.tokens for _, plan in self.answer.plans)


def names(page: EntityPage) -> list[Word]:
    """The name of each slice's place, printed in it."""
    width, height = page.image.width / COLS, page.image.height / ROWS
    return [
        printed(text, col * width + 2, row * height + line * 16 + 2)
        for row in range(ROWS)
        for col in range(COLS)
        for line, text in enumerate((ROW_NAMES[row], COL_NAMES[col]))
    ]


def asked(model: UhdSlicedModel, choice: ReaderChoice, pages: int) -> list[Case]:
    """Each page asked anew: no cache on disk, no page held from before."""
    cases = []
    for number in range(pages):
        page = entity_page(TEST_SEED, number, Kind.CROWDED)
        desk = Desk([page.image], [names(page)])
        reader = SlicedReader(model, desk, desk, VisionCache(KeptFiles(Path("unused"), ".view", 0)))
        *_, last = reader.ask(Request(1, page.question, desk.refs, "llava-uhd-v1", choice, None, False))
        if isinstance(last, Failed):
            raise SystemExit(str(last.error))
        assert isinstance(last, AnswerReady)
        cases.append(Case(page, last.answer))
    return cases


def line(way: str, found: list[Case], cpu_s: float) -> str:
    right = [case for case in found if case.right]
    pointing = statistics.mean(case.points for case in right) if right else 0.0
    tokens = statistics.mean(case.tokens for case in found)
    return f"{way:32} {len(right) / len(found):10.3f} {pointing:10.3f} {tokens:10.1f} {1000 * cpu_s / len(found):10.0f}"


@click.command(help=__doc__)
@click.option("--minutes", default=8.0, show_default=True, help="CPU time of the training, one thread.")
@click.option("--pages", default=100, show_default=True, help="Pages asked each way.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=RESULTS)
def main(minutes: float, pages: int, out: Path) -> None:
    torch.set_num_threads(1)
    loaded = trained(minutes)
    model = UhdSlicedModel(loaded, decoder_of(loaded.model.language_model), CARD)
    lines = [
        f"{pages} unseen pages of {COLS * ROWS} slices; trained {minutes:g} CPU minutes on one thread",
        f"{'what the model was given':32} {'right':>10} {'pointing':>10} {'tokens':>10} {'CPU ms':>10}",
    ]
    print("\n".join(lines), flush=True)
    for way, choice in WAYS.items():
        began = time.process_time()
        lines.append(line(way, asked(model, choice, pages), time.process_time() - began))
        print(lines[-1], flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
