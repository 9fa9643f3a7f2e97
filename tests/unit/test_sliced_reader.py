"""The reader over a sliced model: events, held pages, pages chosen, statuses, cancelling."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine.errors import OutOfDeviceMemoryError, UsageError
from engine.evidence.types import EvidenceMethod
from engine.kept_files import KeptFiles
from engine.readers.sliced.answers import NO_DEPENDENCE
from engine.readers.sliced.reader import SlicedReader
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.sliced.writing import is_refusal
from engine.readers.types import (
    AllAnswered,
    Answer,
    AnswerReady,
    AnswerStatus,
    ContributionFound,
    Event,
    Failed,
    PageRead,
    Preview,
    Progress,
    QuestionAnswered,
    ReaderChoice,
    Request,
    Token,
)
from engine.readers.uhd import UhdSlicedModel
from engine.runtime.transformers_decoder import decoder_of
from tests.unit.sliced_models import CARD, Desk, printed, sliced, tiny_loaded
from tests.unit.uhd_models import one_thread

__all__ = ["one_thread"]

QUESTION = "What is the invoice total ?"
POLICY = "llava-uhd-v1"
WIDE = Image.effect_mandelbrot((700, 300), (-2, -1.5, 1, 1.5), 60).convert("RGB")
SMALL = Image.effect_mandelbrot((300, 200), (-2, -1.5, 1, 1.5), 60).convert("RGB")
MODEL = ReaderChoice("tiny", max_tokens=4)
QUICK = ReaderChoice("tiny", max_tokens=3, contributions=False)


@pytest.fixture
def model() -> UhdSlicedModel:
    return sliced(tiny_loaded())


@pytest.fixture
def cache(tmp_path: Path) -> VisionCache:
    return VisionCache(KeptFiles(tmp_path / "views", ".view", 10**8))


def asked(desk: Desk, reader: ReaderChoice = MODEL, **changes: object) -> Request:
    return replace(Request(7, QUESTION, desk.refs, POLICY, reader), **changes)


def answer_of(found: list[Event]) -> Answer:
    assert isinstance(found[-1], AnswerReady), found[-1]
    return found[-1].answer


def answered(model: UhdSlicedModel, desk: Desk, cache: VisionCache, request: Request) -> Answer:
    return answer_of(list(SlicedReader(model, desk, desk, cache).ask(request)))


def saying(text: str, model: UhdSlicedModel) -> None:
    """Makes the model write `text` whatever it sees."""
    ids = model._processor.tokenizer(text, add_special_tokens=False).input_ids
    decoder = model.decoder
    stream = decoder.stream

    def written(part, after, limit, stop):
        for number, step in enumerate(stream(part, after, len(ids), frozenset())):
            yield replace(step, token=ids[number])

    decoder.stream = written


def test_a_page_is_read_answered_previewed_and_explained_in_this_order(model, cache) -> None:
    desk = Desk([WIDE])
    found = list(SlicedReader(model, desk, desk, cache).ask(asked(desk)))
    kinds = [type(event) for event in found if not isinstance(event, Progress)]
    plan = model.plan(desk.refs[0].native, POLICY)
    tokens = [Token] * kinds.count(Token)
    assert kinds == [PageRead, *tokens, Preview, *[ContributionFound] * len(plan.slices), AnswerReady]
    assert tokens
    answer = answer_of(found)
    assert "".join(event.text for event in found if isinstance(event, Token)).strip() == answer.text
    assert answer.plans == ((0, plan),)
    assert (answer.model, answer.revision, answer.precision, answer.device) == ("tiny", "r1", "fp32", "cpu")
    assert (answer.pixels, answer.pages_read, answer.pages_asked) == (desk.refs[0].native, (0,), (0,))
    assert not answer.calibrated
    assert 0 < answer.confidence < 1
    said = [event.text for event in found if isinstance(event, Progress)]
    assert {"Slice 1 of 3", "Slice 2 of 3", "Overview, 3 of 3", "Hid slice 2 of 2"} <= set(said)


def test_contributions_replace_where_the_model_looked(model, cache) -> None:
    desk = Desk([WIDE])
    found = list(SlicedReader(model, desk, desk, cache).ask(asked(desk)))
    (preview,) = (event.answer for event in found if isinstance(event, Preview))
    answer = answer_of(found)
    assert preview.evidence.method is EvidenceMethod.ATTENTION
    assert answer.evidence.method is EvidenceMethod.HIDDEN_VIEWS
    assert preview.evidence.visual_gain == answer.evidence.visual_gain
    assert all(item.shown == item.joint for item in preview.evidence.contributions)
    arrived = [event.contribution for event in found if isinstance(event, ContributionFound)]
    assert sorted(arrived, key=lambda item: -item.joint) == list(answer.evidence.contributions)
    assert {(item.row, item.col) for item in arrived} == {(0, 0), (0, 1)}


def test_without_contributions_the_preview_is_the_answer(model, cache) -> None:
    desk = Desk([WIDE])
    found = list(SlicedReader(model, desk, desk, cache).ask(asked(desk, QUICK)))
    assert not any(isinstance(event, Preview | ContributionFound) for event in found)
    assert answer_of(found).evidence.method is EvidenceMethod.ATTENTION


def test_an_unsliced_page_has_one_contribution(model, cache) -> None:
    evidence = answered(model, Desk([SMALL]), cache, asked(Desk([SMALL]))).evidence
    (only,) = evidence.contributions
    assert (only.row, only.col) == (None, None)
    if evidence.visual_gain >= 0.5:
        assert only.joint == pytest.approx(1.0)


def test_transformers_own_decoder_gives_the_same_answer_and_evidence(model, cache, tmp_path: Path) -> None:
    desk = Desk([WIDE])
    loaded = tiny_loaded()
    other = UhdSlicedModel(loaded, decoder_of(loaded.model.language_model), CARD)
    first = answered(model, desk, cache, asked(desk))
    second = answered(other, desk, VisionCache(KeptFiles(tmp_path / "other", ".view", 10**8)), asked(desk))
    assert (first.text, first.status) == (second.text, second.status)
    assert first.confidence == pytest.approx(second.confidence, abs=1e-5)
    assert first.evidence.visual_gain == pytest.approx(second.evidence.visual_gain, abs=1e-3)
    for one, two in zip(first.evidence.contributions, second.evidence.contributions, strict=True):
        assert (one.row, one.col) == (two.row, two.col)
        assert (one.detail, one.joint) == pytest.approx((two.detail, two.joint), abs=1e-3)


def test_a_second_question_pays_for_the_question_alone(model, cache) -> None:
    desk = Desk([WIDE])
    reader = SlicedReader(model, desk, desk, cache)
    list(reader.ask(asked(desk, QUICK)))
    encoded, model.encode = [], lambda view, pixels: encoded.append(view)
    remembered = len(model.decoder.remembered)
    answer = answer_of(list(reader.ask(asked(desk, QUICK, question="What is 12 ?"))))
    assert answer.text
    assert desk.fetched == [0]
    assert encoded == []
    assert len(model.decoder.remembered) == remembered


def test_answers_are_bit_equal_however_the_page_came(model, cache, tmp_path: Path) -> None:
    desk = Desk([WIDE])
    reader = SlicedReader(model, desk, desk, cache)
    answers = [answer_of(list(reader.ask(asked(desk)))) for _ in range(2)]
    answers.append(answered(model, desk, VisionCache(KeptFiles(tmp_path / "views", ".view", 10**8)), asked(desk)))
    answers.append(answered(model, desk, cache, asked(desk, keep_on_disk=False)))
    assert len({(a.text, a.confidence, a.evidence.contributions, a.evidence.visual_gain) for a in answers}) == 1


QUESTIONS = (QUESTION, "What is 12 ?", "the invoice total")


def answers_of(found: list[Event]) -> dict[int, Answer | None]:
    return {event.number: event.answer for event in found if isinstance(event, QuestionAnswered)}


def without_seconds(answer: Answer) -> Answer:
    return replace(answer, seconds=0.0)


@pytest.mark.parametrize("pages", [1, 2])
def test_questions_answered_together_are_answered_as_alone(model, cache, pages: int) -> None:
    desk = Desk([WIDE, SMALL][:pages])
    reader = SlicedReader(model, desk, desk, cache)
    found = list(reader.ask_many(asked(desk, question=""), QUESTIONS))
    assert isinstance(found[-1], AllAnswered)
    assert model.decoder.together == [3] * pages
    assert {type(event) for event in found} == {Progress, PageRead, QuestionAnswered, AllAnswered}
    together = answers_of(found)
    assert list(together) == [0, 1, 2]
    for number, question in enumerate(QUESTIONS):
        alone = answer_of(list(reader.ask(asked(desk, question=question))))
        assert without_seconds(together[number]) == without_seconds(alone)


def test_questions_are_written_eight_at_a_time(model, cache) -> None:
    desk = Desk([SMALL])
    reader = SlicedReader(model, desk, desk, cache)
    found = list(reader.ask_many(asked(desk, QUICK), [f"What is {number} ?" for number in range(10)]))
    assert list(answers_of(found)) == list(range(10))
    assert model.decoder.together == [8, 2]


def test_questions_that_are_given_other_parts_of_a_page_are_written_alone(model, cache) -> None:
    desk = Desk([WIDE], [[printed("invoice", 20, 20), printed("12", 500, 100)]])
    reader = SlicedReader(model, desk, desk, cache)
    spared = replace(QUICK, best_slices=1)
    together = answers_of(list(reader.ask_many(asked(desk, spared), QUESTIONS)))
    assert model.decoder.together == [1, 1, 1]
    places = [[(view.row, view.col) for view in together[number].plans[0][1].slices] for number in range(3)]
    assert places == [[(0, 0)], [(0, 1)], [(0, 0)]]
    alone = answer_of(list(reader.ask(asked(desk, spared, question=QUESTIONS[1]))))
    assert without_seconds(together[1]) == without_seconds(alone)


def test_an_error_of_one_question_is_that_ones_alone(model, cache, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = model.prompt

    def refusing(plan, question):
        if question == QUESTIONS[1]:
            raise UsageError("The question is a command.")
        return prompt(plan, question)

    monkeypatch.setattr(model, "prompt", refusing)
    desk = Desk([WIDE])
    found = list(SlicedReader(model, desk, desk, cache).ask_many(asked(desk, QUICK), QUESTIONS))
    assert isinstance(found[-1], AllAnswered)
    errors = {event.number: event.error for event in found if isinstance(event, QuestionAnswered) and event.error}
    assert {number: error.message for number, error in errors.items()} == {1: "The question is a command."}
    assert {number for number, answer in answers_of(found).items() if answer is not None} == {0, 2}


def test_questions_that_memory_is_too_small_for_are_written_one_by_one(
    model, cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = model.decoder.stream_rows

    def small(parts, *rest):
        if len(parts) > 1:
            raise OutOfDeviceMemoryError("The GPU's memory was full.")
        return rows(parts, *rest)

    monkeypatch.setattr(model.decoder, "stream_rows", small)
    desk = Desk([WIDE])
    found = list(SlicedReader(model, desk, desk, cache).ask_many(asked(desk, QUICK), QUESTIONS))
    assert all(answers_of(found).values())
    assert len(answers_of(found)) == 3


def test_questions_asked_together_can_be_cancelled(model, cache) -> None:
    desk = Desk([WIDE])
    answered_: list[Event] = []
    reader = SlicedReader(model, desk, desk, cache, lambda: bool(answered_))
    for event in reader.ask_many(asked(desk), QUESTIONS):
        answered_ += [event] if isinstance(event, QuestionAnswered) else []
    assert len(answered_) == 1
    assert isinstance(event, Failed)
    assert event.error.code == "cancelled"


def test_more_pages_than_a_model_is_asked_about_are_not_asked_together(model, cache) -> None:
    desk = Desk([SMALL] * 4)
    (failed,) = SlicedReader(model, desk, desk, cache).ask_many(asked(desk), QUESTIONS)
    assert isinstance(failed, Failed)


def test_three_pages_are_asked_one_by_one_and_the_surest_answer_wins(model, cache) -> None:
    desk = Desk([WIDE, SMALL, WIDE.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
    found = list(SlicedReader(model, desk, desk, cache).ask(asked(desk, QUICK)))
    previews = [event.answer for event in found if isinstance(event, Preview)]
    answer = answer_of(found)
    assert len(previews) == 2
    assert all(preview.evidence is None for preview in previews)
    assert {page for page, _ in answer.plans} == {0, 1, 2}
    assert all(other.confidence <= answer.confidence for other in answer.alternatives)
    assert len(answer.alternatives) == 2
    assert any(isinstance(event, Progress) and event.text.startswith("Page 2: ") for event in found)


def test_of_many_pages_the_best_by_words_are_asked_and_named(model, cache) -> None:
    pages = [[printed("filler", 10, 10), printed("words", 80, 10)] for _ in range(6)]
    pages[4] = [printed("invoice", 10, 10), printed("total", 80, 10)]
    desk = Desk([SMALL] * 6, pages)
    answer = answered(model, desk, cache, asked(desk, QUICK))
    assert 4 in {page for page, _ in answer.plans}
    assert len(answer.plans) == 3
    assert answer.pages_read == (0, 1, 2, 3, 4, 5)
    assert answer.notices[0] == "Asked pages 1, 2 and 5 of 6."


def test_another_policy_is_announced(model, cache) -> None:
    desk = Desk([SMALL])
    answer = answered(model, desk, cache, asked(desk, QUICK, policy="minicpm-v-16x"))
    assert answer.notices[0] == "This model reads pages by llava-uhd-v1, not by the chosen minicpm-v-16x."
    assert answer.plans[0][1].policy == "llava-uhd-v1"


def test_an_answer_that_stands_on_the_page_and_depends_on_it_is_answered(model, cache) -> None:
    saying("invoice total", model)
    desk = Desk([WIDE], [[printed("The", 10, 10), printed("invoice", 40, 10), printed("total", 120, 10)]])
    answer = answered(model, desk, cache, asked(desk))
    assert [word.text for word in answer.evidence.words] == ["invoice", "total"]
    assert answer.evidence.box.x0 == 40.0
    depends = answer.evidence.visual_gain >= 0.5
    assert answer.status is (AnswerStatus.ANSWERED if depends else AnswerStatus.UNSURE)
    assert (NO_DEPENDENCE in answer.notices) is not depends
    assert [answer.text[piece.start : piece.end] for piece in answer.evidence.pieces] == ["invoice", "total"]


def test_an_answer_that_stands_nowhere_is_a_guess(model, cache) -> None:
    saying("12 30", model)
    desk = Desk([WIDE], [[printed("invoice", 40, 10)]])
    answer = answered(model, desk, cache, asked(desk, QUICK))
    assert (answer.status, answer.evidence.box) == (AnswerStatus.UNSURE, None)


def test_a_page_that_hides_nothing_says_so(model, cache) -> None:
    desk = Desk([Image.new("RGB", (700, 300), "white")])
    answer = answered(model, desk, cache, asked(desk))
    assert answer.evidence.visual_gain == pytest.approx(0.0, abs=1e-4)
    assert NO_DEPENDENCE in answer.notices
    assert answer.status is AnswerStatus.UNSURE


def test_a_refusal_is_not_found(model, cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "text", lambda ids: "unanswerable")
    desk = Desk([SMALL])
    answer = answered(model, desk, cache, asked(desk))
    assert (answer.status, answer.text, answer.evidence) == (AnswerStatus.NOT_FOUND, "", None)
    assert answer.plans


@pytest.mark.parametrize("looks", [1, 2, 4, 6, 8])
def test_cancelling_between_views_and_tokens_ends_the_question(model, cache, looks: int) -> None:
    desk = Desk([WIDE])
    left = iter([False] * looks)
    reader = SlicedReader(model, desk, desk, cache, lambda: next(left, True))
    last = list(reader.ask(asked(desk)))[-1]
    assert isinstance(last, Failed)
    assert last.error.code == "cancelled"


def test_a_model_that_is_asked_before_it_sees_the_page_answers_too(cache) -> None:
    desk = Desk([WIDE])
    model = sliced(tiny_loaded(prompt="USER: {question} <image> ASSISTANT:"))
    assert model.prompt(model.plan(desk.refs[0].native, POLICY), QUESTION).page_length == 0
    evidence = answered(model, desk, cache, asked(desk)).evidence
    assert evidence.method is EvidenceMethod.HIDDEN_VIEWS
    assert len(evidence.contributions) == 2
    assert model.decoder.remembered


def test_an_error_of_the_model_is_the_last_event(model, cache) -> None:
    desk = Desk([SMALL])
    last = list(SlicedReader(model, desk, desk, cache).ask(asked(desk, policy="no-such-policy")))[-1]
    assert isinstance(last, Failed)
    assert last.error.code == "usage"


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("unanswerable", True),
        ("Not mentioned in the document.", True),
        ("I'm sorry, I cannot read that.", True),
        ("The page does not mention a total.", True),
        ("N/A", True),
        ("42.00 EUR", False),
        ("Nothing Hill Ltd.", False),
        ("None of your business Inc.", False),
        ("Unknown Pleasures", False),
    ],
)
def test_refusals_are_told_from_answers(text: str, refuses: bool) -> None:
    assert is_refusal(text) is refuses
