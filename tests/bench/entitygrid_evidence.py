"""Do contributions point at the evidence? `python -m tests.bench.entitygrid_evidence`

Trains a tiny LLaVA-UHD on EntityGrid pages, asks it about pages it never saw through the reader of the product, and
says over its right answers: how often the slice that contributes most is the one that holds the entity, how often the
preview's and a random slice is, and what slices without evidence contribute.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import torch

from engine.bench.entitygrid import COLS, ROWS, EntityPage, Kind, entity_page
from engine.evidence.types import Contribution
from engine.kept_files import KeptFiles
from engine.readers.sliced.protocol import ModelCard
from engine.readers.sliced.reader import SlicedReader
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.types import Answer, AnswerReady, Failed, Preview, ReaderChoice, Request
from engine.readers.uhd import UhdSlicedModel
from engine.runtime.transformers_decoder import decoder_of
from engine.uhd.checkpoints import LoadedModel
from tests.bench.entitygrid_model import TEST_SEED, trained
from tests.unit.sliced_models import Desk

RESULTS = Path(__file__).parent / "results" / "entitygrid_evidence.txt"
CARD = ModelCard("entitygrid", "seed 0", "fp32", "cpu")
REPEATED = 40


@dataclass(frozen=True, slots=True)
class Case:
    """A page, its final answer with contributions, and where the model looked."""

    page: EntityPage
    answer: Answer
    looked: tuple[Contribution, ...]

    @property
    def contributions(self) -> tuple[Contribution, ...]:
        assert self.answer.evidence is not None
        return self.answer.evidence.contributions

    @property
    def right(self) -> bool:
        return self.answer.text == self.page.entity

    def points(self, found: tuple[Contribution, ...]) -> bool:
        return bool(found) and (found[0].row, found[0].col) == (self.page.row, self.page.col)


def cases(loaded: LoadedModel, pages: int, kind: Kind) -> Iterator[Case]:
    """Each page asked anew: no cache on disk, no page held from before."""
    model = UhdSlicedModel(loaded, decoder_of(loaded.model.language_model), CARD)
    for number in range(pages):
        page = entity_page(TEST_SEED, number, kind)
        desk = Desk([page.image])
        reader = SlicedReader(model, desk, desk, VisionCache(KeptFiles(Path("unused"), ".view", 0)))
        request = Request(1, page.question, desk.refs, "llava-uhd-v1", ReaderChoice("tiny", max_tokens=4), None, False)
        looked: tuple[Contribution, ...] = ()
        for event in reader.ask(request):
            match event:
                case Preview(answer=answer) if answer.evidence is not None:
                    looked = answer.evidence.contributions
                case AnswerReady(answer=answer):
                    yield Case(page, answer, looked)
                case Failed(error=error):
                    raise SystemExit(str(error))


TITLES = {
    Kind.ALONE: "one entity on the page, “What is printed any where ?”",
    Kind.CROWDED: "an entity in every slice, “What is printed top left ?”",
}


def report(kind: Kind, found: list[Case], repeated: list[Case], seconds: float) -> str:
    rng = random.Random(0)
    right = [case for case in found if case.right and case.answer.evidence is not None]
    held, others = [], []
    for case in right:
        for item in case.contributions:
            (held if (item.row, item.col) == (case.page.row, case.page.col) else others).append(item)
    empty = [abs(item.joint) for item in others]
    detail = [abs(item.detail) for item in others]
    gains = [case.answer.evidence.visual_gain for case in right if case.answer.evidence is not None]
    chance = [rng.randrange(COLS * ROWS) == case.page.row * COLS + case.page.col for case in right]
    equal = all(one.answer.evidence == two.answer.evidence for one, two in zip(found, repeated, strict=False))
    return "\n".join(
        [
            f"{TITLES[kind]}: {len(found)} unseen pages of {COLS * ROWS} slices, {len(right)} answered rightly",
            f"pointing, contributions (joint)          {_share(case.points(case.contributions) for case in right)}",
            f"pointing, detail alone                   {_share(case.points(_by_detail(case)) for case in right)}",
            f"pointing, attention preview              {_share(case.points(case.looked) for case in right)}",
            f"pointing, a random slice                 {_share(chance)}",
            f"contribution of the slice with evidence  mean {statistics.mean(i.joint for i in held):.3f}"
            f" (detail alone {statistics.mean(i.detail for i in held):.3f})",
            f"contribution of slices without evidence  mean |joint| {100 * statistics.mean(empty):.2f} %"
            f" (detail alone {100 * statistics.mean(detail):.2f} %), median {100 * statistics.median(empty):.3f} %,"
            f" under 2 %: {_share(value < 0.02 for value in empty)}",
            f"visual gain                              median {statistics.median(gains):.2f} nats",
            f"evidence bit-equal when asked again      {'yes' if equal else 'NO'} ({len(repeated)} pages)",
            f"seconds per page, evidence included      {seconds / len(found):.2f} (one thread)",
        ]
    )


def _by_detail(case: Case) -> tuple[Contribution, ...]:
    return tuple(sorted(case.contributions, key=lambda item: -item.detail))


def _share(hits: Iterator[bool] | list[bool]) -> str:
    values = list(hits)
    return f"{sum(values) / max(len(values), 1):.3f}"


@click.command(help=__doc__)
@click.option("--minutes", default=8.0, show_default=True, help="CPU time of the training, one thread.")
@click.option("--pages", default=200, show_default=True, help="Pages asked afterwards.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=RESULTS)
def main(minutes: float, pages: int, out: Path) -> None:
    torch.set_num_threads(1)
    loaded = trained(minutes)
    parts = [f"EntityGrid evidence, over right answers; trained {minutes:g} CPU minutes on one thread"]
    for kind in TITLES:
        began = time.perf_counter()
        found = list(cases(loaded, pages, kind))
        seconds = time.perf_counter() - began
        parts.append(report(kind, found, list(cases(loaded, min(REPEATED, pages), kind)), seconds))
        print(parts[-1], flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
