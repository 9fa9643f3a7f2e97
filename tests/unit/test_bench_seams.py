"""The seam test: what seams cut, what slice-wise reading loses and joining wins back, and how it is summed up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.bench.figures import gap_of
from engine.bench.pages import BenchPage, PageShelf
from engine.bench.scores import bootstrap
from engine.bench.seam_pages import generated_sheets
from engine.bench.seam_questions import read_questions
from engine.bench.seam_report import seam_rows
from engine.bench.seam_test import ANSWERS, AS_READ, EXACT, WORDS, Outcome, SeamQuestion, SeamTest, sheet_of
from engine.bench.seams import ReadWords, Seams, places_of
from engine.bench.slice_words import Cut, Mode, SliceReading, SliceWords, cut_of
from engine.documents.types import PageWords, Word, WordSource
from engine.errors import FileMissingError, InputError, QuestionsFileError
from engine.geometry import PageRect, Size
from engine.ocr.cache import WordCache
from engine.ocr.recognizer import Recognizer
from engine.readers.types import EMBEDDED, Answer, AnswerReady, AnswerStatus, Event, ReaderChoice, Request
from engine.slicing.policies import plan
from tests.unit.bench_fakes import BarModels, barred_page

FOUR = plan("llava-uhd-v1", Size(672, 672))
"""2 x 2 slices: seams at 336."""


def word(text: str, x: float, y: float, width: float = 60, height: float = 20) -> Word:
    return Word(text, PageRect(x, y, x + width, y + height), WordSource.OCR)


@pytest.mark.parametrize(
    ("box", "across"),
    [
        (PageRect(300, 100, 360, 120), True),
        (PageRect(100, 330, 160, 350), True),
        (PageRect(100, 100, 160, 120), False),
        (PageRect(276, 100, 337, 120), False),  # one pixel of a box is no ink
    ],
)
def test_a_word_is_across_where_a_seam_runs_through_it(box: PageRect, across: bool) -> None:
    assert Seams(FOUR).word(box) is across


def test_words_that_a_crop_leaves_out_are_on_no_side() -> None:
    seams = Seams(plan("llava-1.5-crop", Size(1000, 400)))
    assert seams.word(PageRect(10, 10, 60, 30)) is None
    assert seams.word(PageRect(480, 10, 520, 30)) is False


def test_an_answer_counts_where_it_stands_on_one_side_only() -> None:
    seams, cut, free = Seams(FOUR), [word("12.50", 310, 100)], [word("12.50", 100, 100)]
    assert seams.answer([cut]) is True
    assert seams.answer([cut, [word("12.50", 300, 400), free[0]]]) is True
    assert seams.answer([free, []]) is False
    assert seams.answer([cut, free]) is None
    assert seams.answer([]) is None


def test_places_of_an_answer_are_its_boxes_or_where_the_page_says_it() -> None:
    words = [word("Total", 10, 10), word("12.50", 100, 10), word("12.50", 100, 300)]
    assert places_of(["12.50"], [PageRect(95, 5, 170, 35)], words) == [[words[1]]]
    assert places_of(["12.50"], [], words) == [[words[1]]]
    assert places_of(["nowhere"], [], words) == []


def test_a_word_is_read_where_its_letters_stand_in_one_piece() -> None:
    read = ReadWords([word("Total:12.50", 10, 10, 120), word("in", 200, 10), word("voice", 260, 10)])
    assert read.has(word("Total", 10, 10, 50))
    assert read.has(word("12.50", 80, 10, 50))
    assert not read.has(word("invoice", 200, 10, 120))
    assert not read.has(word("Total", 10, 400, 50))


def test_cuts_that_are_alike_share_a_reading_and_others_do_not() -> None:
    other = plan("llava-next", Size(672, 672))
    assert cut_of(FOUR, Mode.SLICED).key == cut_of(other, Mode.SLICED).key
    assert len({cut_of(FOUR, mode).key for mode in Mode}) == len(Mode)
    unsliced = plan("llava-1.5", Size(672, 672))
    assert {cut_of(unsliced, mode).key for mode in Mode} == {cut_of(FOUR, Mode.WHOLE).key}
    small = cut_of(unsliced, Mode.SLICED, resized=True)
    assert small.scale == (0.5, 0.5)
    assert small.key != cut_of(unsliced, Mode.SLICED).key


@pytest.fixture
def models() -> BarModels:
    return BarModels()


@pytest.fixture
def reading(models: BarModels, tmp_path: Path) -> SliceReading:
    return SliceReading(Recognizer(models), WordCache(tmp_path / "words"))  # type: ignore[arg-type]  # a stand-in


def said(words: Sequence[Word]) -> list[tuple[str, int]]:
    return sorted((each.text, round(each.box.x0, -1)) for each in words)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Mode.WHOLE, [("100", 300), ("120", 100), ("40", 500)]),
        (Mode.SLICED, [("120", 100), ("40", 300), ("40", 500), ("60", 340)]),
        (Mode.MERGED, [("100", 300), ("120", 100), ("40", 500)]),
    ],
)
def test_slices_cut_what_is_printed_across_and_joining_makes_it_whole(
    reading: SliceReading, mode: Mode, expected: list[tuple[str, int]]
) -> None:
    page = barred_page((296, 100, 100), (100, 200, 120), (500, 450, 40))
    assert said(reading.words(page, cut_of(FOUR, mode)).words) == expected


def test_at_the_views_scale_boxes_stay_in_page_pixels(reading: SliceReading) -> None:
    page = barred_page((200, 400, 160))
    (found,) = reading.words(page, cut_of(plan("llava-1.5", Size(672, 672)), Mode.SLICED, resized=True)).words
    assert found.text == "80"
    assert [round(value, -1) for value in found.box.as_list()] == [200, 400, 360, 420]


def test_what_was_read_once_is_not_read_again(models: BarModels, reading: SliceReading, tmp_path: Path) -> None:
    page = barred_page((296, 100, 100))
    first = reading.words(page, cut_of(FOUR, Mode.SLICED))
    often = models.detections
    again = SliceReading(Recognizer(models), WordCache(tmp_path / "words"))  # type: ignore[arg-type]  # a stand-in
    assert again.words(page, cut_of(plan("llava-next", Size(672, 672)), Mode.SLICED)).words == first.words
    assert models.detections == often
    again.words(replace(page, keep=False), cut_of(FOUR, Mode.SLICED))
    again.words(barred_page((297, 100, 100)), cut_of(FOUR, Mode.SLICED))
    assert models.detections > often


def test_protected_pages_leave_nothing_on_the_disk(reading: SliceReading, tmp_path: Path) -> None:
    reading.words(replace(barred_page((296, 100, 100)), keep=False), cut_of(FOUR, Mode.SLICED))
    assert not list(tmp_path.rglob("*.json"))


def test_a_page_that_is_not_on_the_shelf_is_an_input_error(reading: SliceReading) -> None:
    with pytest.raises(InputError, match="not part of this run"):
        SliceWords(PageShelf(), reading, cut_of(FOUR, Mode.WHOLE)).words(barred_page().ref)


class TwoReadings(SliceReading):
    """Slices read but the first half of the total that stands across the seam; everything else reads as printed."""

    def words(self, page: BenchPage, cut: Cut) -> PageWords:
        total = [word("97.25", 310, 100)]
        if cut.mode is Mode.SLICED:
            total = [word("97", 310, 100, 25)]
        printed = [word("Total", 200, 100), *total, word("Date", 40, 400), word("12/03/2024", 120, 400, 100)]
        return PageWords(page.ref, tuple(replace(each, line=int(each.box.y0)) for each in printed))


def test_slices_cost_the_embedded_reader_what_stands_across_and_joining_wins_it_back() -> None:
    test = SeamTest(EMBEDDED, TwoReadings())
    questions = [
        SeamQuestion("What is the total?", ("97.25",), (PageRect(305, 95, 375, 125),)),
        SeamQuestion("What is the date?", ("12/03/2024",)),
        SeamQuestion("Who signed it?", ("nobody",)),
    ]
    page = barred_page()
    sheet = sheet_of("1", page, "llava-uhd-v1", questions, test.whole_words(page))
    found = list(test.run(sheet, tuple(Mode)))
    answers = {(each.mode, each.across): each.right for each in found if each.measure == ANSWERS}
    assert answers == {
        ("whole", True): True,
        ("whole", False): True,
        ("sliced", True): False,
        ("sliced", False): True,
        ("merged", True): True,
        ("merged", False): True,
    }
    words = [(each.mode, each.right) for each in found if each.measure == WORDS and each.across]
    assert words == [("whole", True), ("sliced", False), ("merged", True)]


class OtherSeams:
    """Stands in for Readers over a model: says the same of every page, which it read in one piece."""

    def __init__(self, *_: object) -> None:
        pass

    def ask(self, request: Request) -> Iterator[Event]:
        used = plan("llava-1.5", request.pages[0].native)
        given = answer(request, "97.25")
        yield AnswerReady(request.id, replace(given, plans=((0, used),)))


def answer(request: Request, text: str) -> Answer:
    pages = tuple(page.index for page in request.pages)
    status = AnswerStatus.UNSURE
    return Answer(text, status, 0.5, False, None, (), (), pages, pages, "model", "tiny", "1", "fp32", "cpu", None, 0.1)


def test_a_model_is_measured_by_the_seams_that_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.bench.seam_test.Readers", OtherSeams)
    test = SeamTest(ReaderChoice("tiny"), TwoReadings())
    page = barred_page()
    sheet = sheet_of("1", page, "llava-uhd-v1", [SeamQuestion("Total?", ("97.25",))], test.whole_words(page))
    found = list(test.run(sheet, tuple(Mode)))
    assert [(each.policy, each.mode, each.measure, each.across, each.right) for each in found] == [
        ("llava-1.5", AS_READ, ANSWERS, False, True),
        ("llava-1.5", AS_READ, EXACT, False, True),
    ]


def outcome(mode: Mode, group: int, across: bool, right: bool, policy: str = "a") -> Outcome:
    return Outcome(policy, mode, WORDS, str(group), f"{group}/{across}", across, right)


def test_rows_hold_shares_gap_and_what_a_mode_changes_against_the_whole_page() -> None:
    found = [outcome(Mode.WHOLE, group, across, True) for group in range(10) for across in (True, False)]
    found += [outcome(Mode.SLICED, group, True, group < 2) for group in range(10)]
    found += [outcome(Mode.SLICED, group, False, group < 8) for group in range(10)]
    whole, sliced = seam_rows(found)
    assert (whole.gap.value, whole.change.value) == (0.0, None)
    assert (sliced.across.right, sliced.across.count, sliced.inside.value) == (2, 10, 0.8)
    assert sliced.gap.value == pytest.approx(0.6)
    assert sliced.relative.value == pytest.approx(0.75)
    assert sliced.change.value == pytest.approx(-0.8)
    assert sliced.gap.interval is not None
    assert sliced.gap.interval[0] < 0.6 < sliced.gap.interval[1]
    assert seam_rows(found) == [whole, sliced]


def test_several_policies_are_also_taken_together_and_nothing_is_no_figure() -> None:
    found = [outcome(Mode.WHOLE, 1, True, True), outcome(Mode.WHOLE, 1, True, False, "b")]
    rows = seam_rows(found)
    assert [(row.policy, row.across.count) for row in rows] == [("a", 1), ("b", 1), ("all", 2)]
    assert rows[0].gap.value is None
    assert rows[0].inside.interval is None


def test_intervals_need_more_than_one_cluster_and_are_the_same_each_time() -> None:
    counts = np.array([[1.0, 4, 3, 4], [2, 4, 4, 4], [0, 4, 2, 4]])
    assert bootstrap(counts[:1], gap_of) is None
    assert bootstrap(counts, gap_of) == bootstrap(counts, gap_of)
    assert bootstrap(np.zeros((3, 4)), gap_of) is None


def test_generated_pages_show_the_same_words_and_questions_across_and_inside() -> None:
    made = generated_sheets("llava-uhd-v1", 1, 1)
    assert made is not None
    across, inside = made
    assert [each.text for each, _ in across.words] == [each.text for each, _ in inside.words]
    assert {side for _, side in across.words} == {True}
    assert {side for _, side in inside.words} == {False}
    assert [each.question for each, _ in across.questions] == [each.question for each, _ in inside.questions]
    assert across.page.ref.native == inside.page.ref.native
    assert generated_sheets("llava-uhd-v1", 1, 1) is not None
    assert generated_sheets("llava-1.5", 1, 1) is None


def test_questions_are_read_with_their_places(tmp_path: Path) -> None:
    rows = [
        {"file": "a.pdf", "page": 2, "question": "Total?", "answers": ["1", "2"], "answer_box": [1, 2, 3, 4]},
        {"file": "b.png", "question": "Date?", "answers": ["x"], "answer_boxes": [[0, 0, 1, 1], [2, 2, 3, 3]]},
    ]
    path = tmp_path / "qa.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    first, second = read_questions(path)
    assert (first.file, first.page, first.answers) == (tmp_path / "a.pdf", 2, ("1", "2"))
    assert first.boxes == (PageRect(1, 2, 3, 4),)
    assert (second.page, len(second.boxes)) == (0, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no question"),
        ("what?", "Line 1 of .* is no question"),
        ("[]", "Line 1 of .* is no question"),
        ('{"file": "a.pdf", "question": "?"}', "has no answers"),
        ('{"file": "a.pdf", "question": "?", "answers": []}', "there is no answer"),
        ('{"file": "a.pdf", "question": " ", "answers": ["1"]}', "is no text"),
        ('{"file": "a.pdf", "page": -1, "question": "?", "answers": ["1"]}', "is no page"),
        ('{"file": "a.pdf", "question": "?", "answers": ["1"], "answer_box": [1, 2]}', "is no question"),
    ],
)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "qa.jsonl"
    path.write_text(text)
    with pytest.raises(QuestionsFileError, match=message):
        read_questions(path)


def test_a_missing_file_of_questions_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match="There is no file"):
        read_questions(tmp_path / "gone.jsonl")
