"""The seam test: what is printed across the seams of a policy against what is printed inside its slices.

EntityGrid-QA's comparison (see `entitygrid_qa`) on any page and under the seams that a policy really makes. Words
are looked for in what was read; questions are asked of the reader, and count as across where a seam cuts a word of
their answer. The embedded reader is asked in each `Mode` of reading, a model as it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.bench.pages import BenchPage, PageShelf
from engine.bench.scores import RIGHT, anls, is_exact
from engine.bench.seams import ReadWords, Seams, is_looked_for, places_of
from engine.bench.slice_words import WHOLE_PAGE, Cut, Mode, SliceReading, SliceWords, cut_of
from engine.documents.types import Word
from engine.geometry import PageRect
from engine.readers.names import EMBEDDED_NAME
from engine.readers.opening import Readers
from engine.readers.protocol import Reader
from engine.readers.types import Answer, AnswerReady, Failed, ReaderChoice, Request
from engine.service.pending import error_of
from engine.slicing.plan import SlicePlan
from engine.slicing.policies import plan as plan_of

AS_READ = "as read"
"""The mode of readers that cut pages themselves."""
WORDS, ANSWERS, EXACT = "words", "answers", "exact"
"""What is measured: known words found again; answers of ANLS ≥ 0.8, as for every reading bench; and equal answers."""


@dataclass(frozen=True, slots=True)
class SeamQuestion:
    """A question about one page, its accepted answers, and the boxes in page px of where they stand, if known."""

    question: str
    answers: tuple[str, ...]
    boxes: tuple[PageRect, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page under one policy. `group` is equal for sheets that are alike (placements of one page): they are drawn
    together when intervals are measured. `words` are looked for, each with whether it is across a seam (None where a
    crop leaves it out); `questions` carry the words of each place of their answer."""

    group: str
    page: BenchPage
    plan: SlicePlan
    words: tuple[tuple[Word, bool | None], ...]
    questions: tuple[tuple[SeamQuestion, tuple[tuple[Word, ...], ...]], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One word or question in one mode: whether it is across a seam, and whether it was read or answered rightly.
    `item` names it within the policy; the same item in another mode has the same name."""

    policy: str
    mode: str
    measure: str
    group: str
    item: str
    across: bool
    right: bool


def sheet_of(
    group: str, page: BenchPage, policy: str, questions: Sequence[SeamQuestion], known: Sequence[Word]
) -> Sheet:
    """`page` under `policy`; `known` are its words, in page px. Raises PlanRefusedError."""
    plan = plan_of(policy, page.ref.native)
    seams = Seams(plan)
    words = tuple((word, seams.word(word.box)) for word in known if is_looked_for(word))
    asked = tuple(
        (each, tuple(tuple(place) for place in places_of(each.answers, each.boxes, known))) for each in questions
    )
    return Sheet(group, page, plan, words, asked)


class SeamTest:
    """Asks one reader. `resized` reads slices at the scale of their views instead of at native resolution.

    Of a cascade only the model cuts pages; what the embedded reader adds to it is read from whole pages.
    """

    def __init__(self, choice: ReaderChoice, reading: SliceReading, *, resized: bool = False) -> None:
        self._choice = replace(choice, contributions=False)
        self._reading = reading
        self._resized = resized
        self._shelf = PageShelf()
        self._model = self._readers(WHOLE_PAGE)

    def run(self, sheet: Sheet, modes: Sequence[Mode]) -> Iterator[Outcome]:
        """What the reader makes of `sheet`: the embedded one in each of `modes`, others as they read. Raises
        TesseraError."""
        self._shelf.put(sheet.page)
        if self._choice.name != EMBEDDED_NAME:
            yield from self._outcomes_as_read(sheet)
            return
        for mode in modes:
            yield from self._outcomes(sheet, mode)

    def whole_words(self, page: BenchPage) -> tuple[Word, ...]:
        """The words of `page` as OCR reads it in one piece."""
        return self._reading.words(page, WHOLE_PAGE).words

    def _outcomes(self, sheet: Sheet, mode: Mode) -> Iterator[Outcome]:
        """Words and questions in one mode of reading."""
        cut = cut_of(sheet.plan, mode, resized=self._resized)
        read = ReadWords(self._reading.words(sheet.page, cut).words)
        for number, (word, across) in enumerate(sheet.words):
            if across is not None:
                yield _outcome(sheet, mode, WORDS, number, across=across, right=read.has(word))
        readers, seams = self._readers(cut), Seams(sheet.plan)
        for number, (asked, places) in enumerate(sheet.questions):
            across = seams.answer(places)
            if across is not None:
                given = self._ask(readers, sheet, asked.question).text
                yield from _answered(sheet, mode, number, given, across=across)

    def _outcomes_as_read(self, sheet: Sheet) -> Iterator[Outcome]:
        """Questions alone, for a model's words are not known; seams are those of the plan that it used."""
        for number, (asked, places) in enumerate(sheet.questions):
            answer = self._ask(self._model, sheet, asked.question)
            used = dict(answer.plans).get(sheet.page.ref.index, sheet.plan)
            across = Seams(used).answer(places)
            if across is not None:
                yield from _answered(replace(sheet, plan=used), AS_READ, number, answer.text, across=across)

    def _readers(self, cut: Cut) -> Readers:
        words = SliceWords(self._shelf, self._reading, cut)
        return Readers(lambda: words, self._shelf)

    def _ask(self, readers: Readers, sheet: Sheet, question: str) -> Answer:
        page = sheet.page
        return answer_of(
            readers, Request(1, question, (page.ref,), sheet.plan.policy, self._choice, keep_on_disk=page.keep)
        )


def answer_of(reader: Reader, request: Request) -> Answer:
    """The answer that the events of `request` end with. Raises TesseraError."""
    for event in reader.ask(request):
        match event:
            case AnswerReady(answer=answer):
                return answer
            case Failed():
                raise error_of(event)
    raise RuntimeError("a reader ended without an answer")


def _outcome(sheet: Sheet, mode: str, measure: str, number: int, *, across: bool, right: bool) -> Outcome:
    item = f"{sheet.page.ref.document.sha256}/{sheet.page.ref.index}/{number}"
    return Outcome(sheet.plan.policy, mode, measure, sheet.group, item, across, right)


def _answered(sheet: Sheet, mode: str, number: int, given: str, *, across: bool) -> Iterator[Outcome]:
    answers = sheet.questions[number][0].answers
    yield _outcome(sheet, mode, ANSWERS, number, across=across, right=anls(given, answers) >= RIGHT)
    yield _outcome(sheet, mode, EXACT, number, across=across, right=is_exact(given, answers))
