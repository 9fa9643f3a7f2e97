"""The cascade over fake readers: when it stops, what it pays, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from engine.documents.types import PageRef
from engine.errors import PageTimeoutError, TesseraError
from engine.geometry import Size
from engine.readers.cascade import CascadeReader, agree, steps
from engine.readers.types import (
    Answer,
    AnswerReady,
    AnswerStatus,
    Event,
    Failed,
    Preview,
    Progress,
    ReaderChoice,
    Request,
    Token,
)
from engine.slicing.policies import plan
from tests.unit.batch_fakes import make_answer, make_document

PAGE = make_document("/docs/a.pdf", "aa", pages=1).pages[0]
SURE, UNSURE = AnswerStatus.ANSWERED, AnswerStatus.UNSURE


def answer(text: str, status: AnswerStatus = UNSURE, confidence: float = 0.8) -> Answer:
    return replace(make_answer(PAGE, text, status), confidence=confidence)


@dataclass
class FakeReader:
    """Answers `texts` in turn by number of slices; keeps what it was asked."""

    texts: dict[int, Answer]
    error: TesseraError | None = None
    asked: list[Request] = field(default_factory=list)

    def ask(self, request: Request) -> Iterator[Event]:
        self.asked.append(request)
        yield Progress(request.id, 0, 1, "Reading")
        if self.error is not None:
            yield Failed(request.id, self.error.info)
            return
        cut = plan(request.policy, request.pages[0].native)
        found = self.texts.get(len(cut.slices)) or self.texts[0]
        yield Token(request.id, found.text)
        yield AnswerReady(request.id, replace(found, plans=((0, cut),)))


def run(embedded: FakeReader, model: FakeReader, choice: ReaderChoice | None = None, **fields: object) -> list[Event]:
    request = Request(1, "Total?", (PAGE,), "minicpm-v-16x", choice or ReaderChoice("cascade"))
    return list(CascadeReader(embedded, model).ask(replace(request, **fields)))  # type: ignore[arg-type]


def final(events: list[Event]) -> Answer:
    assert isinstance(events[-1], AnswerReady)
    return events[-1].answer


def test_the_model_is_not_asked_where_the_embedded_reader_is_sure() -> None:
    model = FakeReader({0: answer("13")})
    assert final(run(FakeReader({0: answer("12", SURE)}), model)).text == "12"
    assert not model.asked


def test_stops_at_the_first_step_that_agrees_with_what_was_answered_before() -> None:
    model = FakeReader({0: answer("€ 12")})
    result = final(run(FakeReader({0: answer("€12")}), model))
    assert result.text == "€ 12"
    counts = [len(plan(request.policy, PAGE.native).slices) for request in model.asked]
    assert counts == [2, 2]
    assert [request.reader.contributions for request in model.asked] == [False, True]


def test_goes_on_to_more_slices_until_two_steps_agree() -> None:
    model = FakeReader({2: answer("1"), 0: answer("13")})
    events = run(FakeReader({0: answer("12")}), model, policy="minicpm-v-16x")
    assert final(events).text == "13"
    counts = [len(plan(request.policy, PAGE.native).slices) for request in model.asked]
    assert counts == sorted(counts)
    assert final(events).alternatives[0].text == "12"
    assert [event.text for event in events if isinstance(event, Token)] == ["12", "13"]


def test_equal_guesses_without_confidence_do_not_agree() -> None:
    assert not agree(answer("12", confidence=0.2), answer("12"))
    assert not agree(answer(""), answer(""))
    assert agree(answer("12 €"), answer("12€"))


def test_max_slices_bounds_what_a_page_costs() -> None:
    model = FakeReader({0: answer("1"), 2: answer("2")})
    run(FakeReader({0: answer("3")}), model, ReaderChoice("cascade", max_slices=2))
    assert max(len(plan(request.policy, PAGE.native).slices) for request in model.asked) <= 2


def test_a_spent_budget_ends_the_steps_and_is_said() -> None:
    model = FakeReader({2: answer("1"), 0: answer("2")})
    result = final(run(FakeReader({0: answer("4")}), model, budget_s=0.0))
    assert result.text == "1"
    assert any("time" in notice for notice in result.notices)


def test_a_preview_shows_what_is_known_while_the_model_works() -> None:
    events = run(FakeReader({0: answer("4")}), FakeReader({0: answer("4")}))
    previews = [event.answer.text for event in events if isinstance(event, Preview)]
    assert previews == ["4"]


@pytest.mark.parametrize("failing", ["embedded", "model"])
def test_a_failing_reader_fails_the_question(failing: str) -> None:
    embedded, model = FakeReader({0: answer("4")}), FakeReader({0: answer("5")})
    (embedded if failing == "embedded" else model).error = PageTimeoutError("Page 1 takes too long.")
    events = run(embedded, model)
    assert isinstance(events[-1], Failed)
    assert events[-1].error.code == "page-timeout"


@pytest.mark.parametrize("size", [Size(300, 200), Size(1240, 1754), Size(4000, 800)])
def test_each_step_cuts_some_page_finer_than_the_step_before(size: Size) -> None:
    page: PageRef = replace(PAGE, native=size)
    counts = [len(plan(policy, size).slices) for policy in steps("minicpm-v-16x", (page,), None)]
    assert counts == sorted(set(counts))
    assert counts[-1] == len(plan("minicpm-v-16x", size).slices)
