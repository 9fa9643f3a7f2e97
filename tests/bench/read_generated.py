"""Reads generated documents with the embedded reader and prints how well, by family and by kind of question.

python tests/bench/read_generated.py --families held-out --count 20 --errors
python tests/bench/read_generated.py --pages tests/unit/embedded_pages/measuring

reads hand-made pages in place of generated ones.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from scoring import Outcome, points_at, table

from engine.bench.scores import anls, is_exact
from engine.documents.types import PageRef, PageWords
from engine.readers.embedded import EmbeddedReader
from engine.readers.types import Answer, AnswerReady, Failed, Request
from engine.training.grid_pages import read_page
from engine.training.synth import (
    HELD_OUT_FAMILIES,
    TRAIN_FAMILIES,
    SyntheticDocument,
    SyntheticQuestion,
    make_document,
)


class PageStore:
    """Words of pages that are already in memory."""

    def __init__(self, pages: tuple[PageWords, ...]) -> None:
        self._pages = {page.page.index: page for page in pages}

    def words(self, page: PageRef, *, keep_on_disk: bool = True) -> PageWords:
        return self._pages[page.index]

    def known(self, page: PageRef) -> PageWords | None:
        return self._pages.get(page.index)


def ask(reader: EmbeddedReader, document: SyntheticDocument, question: SyntheticQuestion) -> tuple[Answer, float]:
    """The reader's answer and the seconds it took."""
    request = Request(1, question.question, tuple(page.page for page in document.pages))
    start = time.perf_counter()
    for event in reader.ask(request):
        if isinstance(event, AnswerReady):
            return event.answer, time.perf_counter() - start
        if isinstance(event, Failed):
            raise RuntimeError(str(event.error))
    raise RuntimeError("the reader ended without an answer")


def outcome(document: SyntheticDocument, question: SyntheticQuestion, answer: Answer, seconds: float) -> Outcome:
    score = anls(answer.text, question.answers)
    pointing = None
    if score >= 0.8 and question.answer_box is not None:
        evidence = answer.evidence
        same_page = evidence is not None and evidence.page.index == question.page
        pointing = same_page and evidence is not None and points_at(evidence.box, question.answer_box)
    return Outcome(
        document.family,
        question.kind,
        question.question,
        question.answers,
        answer.text,
        str(answer.status),
        answer.confidence,
        score,
        is_exact(answer.text, question.answers),
        pointing,
        seconds,
    )


def near(document: SyntheticDocument, question: SyntheticQuestion) -> str:
    """The words around the gold box, for looking at what went wrong."""
    box = question.answer_box
    if box is None:
        return ""
    reach = 3 * box.height
    words = document.pages[question.page].words
    found = [w.text for w in words if box.y0 - reach < w.box.center.y < box.y1 + reach]
    return " ".join(found[:60])


def hand_made(folder: Path) -> Iterator[SyntheticDocument]:
    """The page files of a folder as documents, each a family of its own."""
    for path in sorted(folder.glob("*.txt")):
        page, asked = read_page(path)
        questions = tuple(SyntheticQuestion(a.question, a.golds, 0, None, "hand-made", bool(a.golds)) for a in asked)
        yield SyntheticDocument(path.stem, (page,), questions, ())


def documents(options: argparse.Namespace) -> Iterator[SyntheticDocument]:
    if options.pages is not None:
        yield from hand_made(options.pages)
        return
    known = {"train": TRAIN_FAMILIES, "held-out": HELD_OUT_FAMILIES, "all": (*TRAIN_FAMILIES, *HELD_OUT_FAMILIES)}
    for family in known.get(options.families) or options.families.split(","):
        for k in range(options.count):
            yield make_document(options.seed, k, family, noise=options.noise)


def show_error(document: SyntheticDocument, question: SyntheticQuestion, made: Outcome) -> None:
    print(f"[{made.family}/{made.kind}] {made.question}")
    print(f"    given {made.given!r} ({made.status} {made.confidence:.2f}), gold {made.golds}")
    if made.present:
        print(f"    near: {near(document, question)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", default="all", help="train, held-out, all, or names with commas")
    parser.add_argument("--count", type=int, default=10, help="documents for each family")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--noise", type=float, default=None, help="0 to 1; drawn for each document by default")
    parser.add_argument("--pages", type=Path, help="a folder of hand-made pages to read in place of generated ones")
    parser.add_argument("--errors", action="store_true", help="list wrong and wrongly confident answers")
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    for document in documents(options):
        reader = EmbeddedReader(PageStore(document.pages))
        for question in document.questions:
            made = outcome(document, question, *ask(reader, document, question))
            outcomes.append(made)
            wrong = not made.right if made.present else made.status == "answered"
            if options.errors and wrong:
                show_error(document, question, made)
    for by in (lambda o: o.family, lambda o: o.kind):
        print("\n".join(table(outcomes, by)), end="\n\n")


if __name__ == "__main__":
    main()
