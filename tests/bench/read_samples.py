"""Reads the real sample documents as a user would, through the worker processes, and prints how well, by kind.

python tests/bench/read_samples.py [--errors] [--samples FOLDER] [--json OUT]

Right = ANLS >= 0.8. Guesses count for ANLS; precision is of `answered` alone. Pointing is of right answers: the gold
centre inside `evidence_box` (at most four times the gold box), and inside the top slice, on sliced pages, with the
share a random slice would reach beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from absent import AbsentQuestion, choose_absent
from read_generated import PageStore
from scoring import points_at, shown_share

from engine.bench.scores import RIGHT, anls
from engine.documents.types import DocumentInfo, PageRef, PageWords
from engine.geometry import PageRect
from engine.readers.embedded import EmbeddedReader
from engine.readers.embedded.rank import rules_alone
from engine.readers.types import Answer, AnswerReady, PageRead, Request
from engine.service.messages import DocumentOpened
from engine.service.supervisor import Supervisor

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
POLICY = "minicpm-v-16x"
ABSENT_PER_DOCUMENT = 3
TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, its answer and how both compare with the gold."""

    id: str
    kind: str
    question: str
    golds: list[str]
    given: str
    status: str
    confidence: float
    anls: float
    box_hit: bool | None
    slice_hit: bool | None
    slices: int
    seconds: float

    @property
    def right(self) -> bool:
        return self.anls >= RIGHT


class Bench:
    """The samples opened once through one supervisor."""

    def __init__(self, folder: Path, supervisor: Supervisor) -> None:
        self.folder = folder
        self.supervisor = supervisor
        self.documents: dict[str, DocumentInfo] = {}
        self.texts: dict[str, str] = {}
        self.words: dict[PageRef, PageWords] = {}
        self.page_seconds: list[float] = []

    def open(self, file: str) -> DocumentInfo:
        if file not in self.documents:
            opened = self.supervisor.open(str(self.folder / file)).result(TIMEOUT_S)
            if not isinstance(opened, DocumentOpened):
                raise TypeError(f"{file} did not open")
            self.documents[file] = self._read(file, opened.document)
        return self.documents[file]

    def _read(self, file: str, document: DocumentInfo) -> DocumentInfo:
        words: list[str] = []
        for page in document.pages:
            began = time.perf_counter()
            read = self.supervisor.read(page).result(TIMEOUT_S)
            self.page_seconds.append(time.perf_counter() - began)
            if isinstance(read, PageRead):
                words += [word.text for word in read.words.words]
                self.words[page] = read.words
        self.texts[file] = " ".join(words)
        return document

    def ask(self, file: str, question: str) -> Answer:
        document = self.open(file)
        ready = self.supervisor.ask(question, document.pages, policy=POLICY).result(TIMEOUT_S)
        if not isinstance(ready, AnswerReady):
            raise TypeError(f"no answer to {question!r}")
        return ready.answer


def print_rules_alone(rows: list[dict[str, Any]], bench: Bench) -> None:
    """What rules and labels reach on the same words without the trained ranker; its first guess always counts."""
    readers: dict[str, EmbeddedReader] = {}
    scores = []
    for row in rows:
        pages = bench.open(row["file"]).pages
        store = PageStore(tuple(bench.words[page] for page in pages))
        reader = readers.setdefault(row["file"], EmbeddedReader(store, ranker=rules_alone()))
        last = list(reader.ask(Request(1, row["question"], pages)))[-1]
        if not isinstance(last, AnswerReady):
            raise TypeError(f"no answer to {row['question']!r}")
        guesses = [guess for guess in (last.answer.text, *(each.text for each in last.answer.alternatives)) if guess]
        scores.append(anls(guesses[0] if guesses else "", row["answers"]))
    print(f"\nrules alone, without the ranker: ANLS {statistics.mean(scores):.3f}")


def asked(row: dict[str, object], answer: Answer) -> Asked:
    golds = [str(gold) for gold in row["answers"]]  # type: ignore[attr-defined]
    score = anls(answer.text, golds)
    box_hit, slice_hit, slices = pointing(row, answer) if score >= RIGHT else (None, None, 0)
    return Asked(
        id=str(row["id"]),
        kind=str(row["kind"]),
        question=str(row["question"]),
        golds=golds,
        given=answer.text,
        status=answer.status.value,
        confidence=answer.confidence,
        anls=score,
        box_hit=box_hit,
        slice_hit=slice_hit,
        slices=slices,
        seconds=answer.seconds,
    )


def pointing(row: dict[str, object], answer: Answer) -> tuple[bool | None, bool | None, int]:
    """Box hit, top-slice hit (None on unsliced pages) and the number of slices; None where no gold box is known.

    Several places may hold the same answer; pointing at any of them counts."""
    boxes = row.get("answer_boxes") or ([row["answer_box"]] if row["answer_box"] else [])
    if not boxes:
        return None, None, 0
    golds = [PageRect(*box) for box in boxes]  # type: ignore[attr-defined]
    evidence = answer.evidence
    if evidence is None or evidence.page.index != row["page"]:
        return False, False, 0
    hit = any(points_at(evidence.box, gold) for gold in golds)
    slices = [each for each in evidence.contributions if each.row is not None]
    if not slices:
        return hit, None, 0
    return hit, any(slices[0].box.contains(gold.center) for gold in golds), _slice_count(answer, evidence.page)


def _slice_count(answer: Answer, page: PageRef) -> int:
    return next((len(plan.slices) for index, plan in answer.plans if index == page.index), 0)


def print_table(results: list[Asked], bench: Bench) -> None:
    head = f"{'kind':<14}{'n':>4}{'ANLS':>7}{'answered':>10}  {'precision of answered':<28}"
    print(f"{head}{'box':<28}{'top slice':<28}chance")
    kinds = [*sorted({each.kind for each in results}), "all"]
    for kind in kinds:
        group = [each for each in results if kind in (each.kind, "all")]
        answered = [each for each in group if each.status == "answered"]
        boxes = [each.box_hit for each in group if each.box_hit is not None]
        slices = [each for each in group if each.slice_hit is not None]
        chance = statistics.mean(1 / each.slices for each in slices if each.slices) if slices else 0.0
        print(
            f"{kind:<14}{len(group):>4}{statistics.mean(each.anls for each in group):>7.3f}"
            f"{len(answered) / len(group):>10.2f}  "
            f"{shown_share(sum(each.right for each in answered), len(answered)):<28}"
            f"{shown_share(sum(boxes), len(boxes)):<28}"
            f"{shown_share(sum(bool(each.slice_hit) for each in slices), len(slices)):<28}{chance:.2f}"
        )
    seconds = sorted(bench.page_seconds)
    print(f"\npages read: {len(seconds)}, median {statistics.median(seconds):.2f} s, slowest {seconds[-1]:.1f} s")
    print(f"seconds per question once read: median {statistics.median(each.seconds for each in results):.3f}")


def print_absent(bench: Bench, chosen: list[AbsentQuestion], *, errors: bool) -> None:
    answers = [(each, bench.ask(each.file, each.question)) for each in chosen]
    silent = [each for each, answer in answers if answer.status != "answered"]
    typed = [each for each, _ in answers if each.same_type]
    typed_silent = [each for each in silent if each.same_type]
    print(f"\nabsent answers: not `answered` {shown_share(len(silent), len(answers))}")
    print(f"  a value of the same type present: {shown_share(len(typed_silent), len(typed))}")
    if errors:
        for each, answer in answers:
            if answer.status == "answered":
                print(f"  wrongly answered: {each.file} | {each.question} -> {answer.text} ({answer.confidence:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--samples", type=Path, default=SAMPLES)
    parser.add_argument("--errors", action="store_true", help="list what was not right")
    parser.add_argument("--json", type=Path, help="write every question and answer here")
    options = parser.parse_args()
    if not options.samples.is_dir():
        sys.exit(f"There is no folder {options.samples}: the sample documents are kept outside the repository.")
    rows = [json.loads(line) for line in (options.samples / "qa.jsonl").read_text(encoding="utf-8").splitlines()]
    supervisor = Supervisor()
    try:
        bench = Bench(options.samples, supervisor)
        results = [asked(row, bench.ask(row["file"], row["question"])) for row in rows]
        print_table(results, bench)
        print_rules_alone(rows, bench)
        print_absent(bench, choose_absent(rows, bench.texts, ABSENT_PER_DOCUMENT), errors=options.errors)
    finally:
        supervisor.close()
    if options.errors:
        for each in results:
            if not each.right:
                print(f"{each.id}: {each.question} | {each.given!r} {each.status} {each.confidence:.2f} | {each.golds}")
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(each) for each in results], ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
