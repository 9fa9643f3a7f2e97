"""Page files: blanks are filled, sums add up, columns stand under each other, what is left out has no answer."""

from __future__ import annotations

import random

import pytest

from engine.documents.types import Word
from engine.errors import UsageError
from engine.training.synth.page_files import PageFile, chosen_wording, page_files, written
from engine.training.synth.questions import Draft, make_questions


def _draft(lines: str, asked: tuple[tuple[str, tuple[str, ...]], ...] = (), seed: int = 1) -> Draft:
    return written(random.Random(seed), PageFile("en", tuple(lines.strip("\n").split("\n")), asked))


def _words(draft: Draft) -> tuple[Word, ...]:
    return draft.canvas.finish("page.pdf")[0][0].words


def _cents(text: str) -> int:
    return int("".join(char for char in text if char.isdigit()))


@pytest.mark.parametrize("name", page_files())
def test_nothing_of_the_grammar_is_left_on_a_page_or_in_its_questions(name: str) -> None:
    draft = written(random.Random(name), page_files()[name])
    questions = make_questions(draft)
    assert len(questions) >= 9
    for text in (draft.canvas.all_text(), *(q.question for q in questions), *(a for q in questions for a in q.answers)):
        assert not set(text) & set("[]{}"), text


def test_one_of_several_wordings_is_chosen_inner_ones_first() -> None:
    found = {chosen_wording(random.Random(seed), "[a|b [c|d]] e") for seed in range(40)}
    assert found == {"a e", "b c e", "b d e"}


def test_a_named_value_is_printed_again_as_it_was() -> None:
    first, second = _words(_draft("{code:####.number}    {number}"))
    assert first.text == second.text
    assert first.text.isdigit()


def test_reckoned_amounts_follow_from_the_printed_ones() -> None:
    draft = _draft(
        "* {amount:1-90.price}\nSum  >{calc:sum(price).sum}\nTax  >{calc:pct(sum,10).tax}\nAll  >{calc:sum+tax.all}"
    )
    texts = [word.text for word in _words(draft)]
    prices = [_cents(text) for text in texts[: texts.index("Sum")]]
    total, tax, whole = (_cents(texts[texts.index(label) + 1]) for label in ("Sum", "Tax", "All"))
    assert len(prices) >= 2
    assert (total, tax, whole) == (sum(prices), round(sum(prices) / 10), sum(prices) + round(sum(prices) / 10))


def test_lines_of_as_many_cells_share_their_columns() -> None:
    draft = _draft("Short  Second\nA much longer cell  Below\nAlone\nX  Third")
    left = {word.text: word.box.x0 for word in _words(draft)}
    assert left["Second"] == left["Below"] == left["Third"]


def test_cells_at_the_right_end_flush() -> None:
    draft = _draft("Total due  >1.00\nAnother longer line of words here\nTax  >12,345.00")
    right = {word.text: word.box.x1 for word in _words(draft)}
    assert right["1.00"] == pytest.approx(right["12,345.00"])


def test_what_is_left_out_is_asked_for_without_an_answer() -> None:
    asked = (("What is the fax number?", ("{fax}",)), ("What is the phone number?", ("{tel}",)))
    drafts = [_draft("Phone  {phone.tel}\n?Fax  {phone.fax}", asked, seed) for seed in range(20)]
    for draft in drafts:
        printed = "Fax" in draft.canvas.all_text()
        assert ("What is the fax number?" in {text for text, _ in draft.absent}) is not printed
        assert len(draft.facts) == 1 + printed
    assert len({len(draft.facts) for draft in drafts}) == 2


def test_questions_about_repeated_lines_are_asked_of_single_ones() -> None:
    draft = _draft("* {coined.item}  {int:1-99.count}", (("How many {item@}?", ("{count@}",)),))
    texts = [word.text for word in _words(draft)]
    pairs = dict(zip(texts[::2], texts[1::2], strict=True))
    assert draft.facts
    for fact in draft.facts:
        name = fact.asks[0].removeprefix("How many ").rstrip("?")
        assert fact.answers[0] == pairs[name]
        assert draft.canvas.text_of(fact.span) == pairs[name]


def test_an_answer_with_words_beside_its_blank_spans_them() -> None:
    draft = _draft('"It lasts {int:2-9.years} years in all.', (("How long does it last?", ("{years} years",)),))
    assert draft.canvas.text_of(draft.facts[0].span).endswith("years")


def test_an_unknown_kind_of_blank_is_refused() -> None:
    with pytest.raises(UsageError, match="no blank"):
        _draft("{colour.paint}")
