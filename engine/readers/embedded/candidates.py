"""Candidate answers of a page, made once: typed values, cells, what follows a label, blocks, names, sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.readers.embedded.layout import Layout, Segment, is_number_like
from engine.readers.embedded.text import has_digit
from engine.readers.embedded.values import (
    Kind,
    Run,
    Value,
    address_likeness,
    company_likeness,
    is_function_word,
    names,
    person_likeness,
    phrases,
    run_of,
    whole_values,
)
from engine.readers.embedded.wording import word_list

_MAX_LABEL_WORDS = 7
_MAX_BLOCK_LINES = 5
_MAX_TAIL_WORDS = 9


class Form(StrEnum):
    """How a candidate was cut out of the page."""

    VALUE = "value"
    SEGMENT = "segment"
    AFTER_LABEL = "after-label"
    TAIL = "tail"
    HEAD = "head"
    BRACKET = "bracket"
    BLOCK = "block"
    NAME = "name"
    PHRASE = "phrase"
    SENTENCE = "sentence"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible answer. `segment` is where it begins; `sentence` the sentence it stands in, or -1.

    `before` and `after` are the tokens of the same segment that stand between it and the previous or next value.
    """

    text: str
    tokens: tuple[int, ...]
    kind: Kind
    form: Form
    segment: int
    sentence: int = -1
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()


def candidates(layout: Layout, sentences: list[Run]) -> list[Candidate]:
    """All candidates of the page, without doubles."""
    found: dict[tuple[tuple[int, ...], str, Kind], Candidate] = {}
    sentence_of = {token: number for number, run in enumerate(sentences) for token in run.tokens}
    for candidate in _all(layout, sentences, sentence_of):
        found.setdefault((candidate.tokens, candidate.text, candidate.kind), candidate)
    return list(found.values())


def _all(layout: Layout, sentences: list[Run], sentence_of: dict[int, int]) -> Iterator[Candidate]:
    for segment in layout.segments:
        yield from _of_segment(layout, segment, sentence_of)
    for block in layout.blocks:
        yield from _of_block(layout, block, sentence_of)
    for row in layout.rows:
        yield from _torn_phones(layout, [layout.segments[i] for i in row])
    for number, sentence in enumerate(sentences):
        yield from _of_sentence(layout, sentence, number)


def _torn_phones(layout: Layout, row: Sequence[Segment]) -> Iterator[Candidate]:
    """Telephone numbers whose groups stand so far apart that they are segments of their own: "914 11 22 33"."""
    at = 0
    while at < len(row):
        end = at
        while end < len(row) and row[end].numeric and (end == at or _near(row[end - 1], row[end])):
            end += 1
        groups = row[at:end]
        if len(groups) >= _LEAST_GROUPS:
            run = run_of(layout.tokens, range(groups[0].start, groups[-1].end))
            if (
                _DIGIT_GROUPS.fullmatch(run.text)
                and _LEAST_DIGITS <= sum(c.isdigit() for c in run.text) <= _MOST_DIGITS
            ):
                before = tuple(range(row[at - 1].start, row[at - 1].end)) if at else ()
                yield Candidate(run.text, run.tokens, Kind.PHONE, Form.VALUE, groups[0].index, -1, before)
        at = max(end, at + 1)


_LEAST_GROUPS, _LEAST_DIGITS, _MOST_DIGITS = 3, 7, 13
_DIGIT_GROUPS = re.compile(r"\+?\(?\d{2,5}\)?(?:\s\d{2,4})+")


def _near(left: Segment, right: Segment) -> bool:
    return right.x0 - left.x1 < 1.5 * min(left.height, right.height)


def _of_segment(layout: Layout, segment: Segment, sentence_of: dict[int, int]) -> Iterator[Candidate]:
    indices = range(segment.start, segment.end)
    run = run_of(layout.tokens, indices)
    sentence = sentence_of.get(segment.start, -1)
    if sentence >= 0 and len(indices) > 4:
        yield from _after_labels(layout, segment, sentence)
        return
    for value in whole_values(run):
        tokens = run.covering(value.start, value.end)
        if _enumerates(layout, segment.start, segment.end, tokens):
            continue
        before, after = label_around(layout, segment, tokens)
        yield Candidate(value.text, tokens, value.kind, Form.VALUE, segment.index, sentence, before, after)
    yield from _whole(layout, tuple(indices), Form.SEGMENT, segment.index, sentence)
    bare_end = _before_bracket(layout, segment)
    if bare_end:
        yield from _whole(layout, tuple(range(segment.start, bare_end)), Form.SEGMENT, segment.index, sentence)
    if sentence < 0 and segment.end - segment.start <= _MAX_TAIL_WORDS and ":" not in segment.text:
        for cut in range(segment.start + 1, min(segment.end, segment.start + 5)):
            if is_function_word(layout.tokens[cut].text):
                continue
            tail = tuple(range(cut, segment.end))
            if _gloss(layout, tail):
                continue
            yield from _whole(layout, tail, Form.TAIL, segment.index, sentence, tuple(range(segment.start, cut)))
    yield from _after_labels(layout, segment, sentence)
    if sentence < 0:
        yield from _parts_of_line(layout, segment, run)


_MOST_HEAD_WORDS = 8


def _parts_of_line(layout: Layout, segment: Segment, run: Run) -> Iterator[Candidate]:
    """What stands before a comma or a dash of a line, what stands in its brackets, and the phrases of a longer one."""
    words = [layout.tokens[index].text for index in range(segment.start, segment.end)]
    for offset, word in enumerate(words[:_MOST_HEAD_WORDS]):
        cut = segment.start + offset + 1
        if cut >= segment.end:
            break
        dashed = words[offset + 1] in _DASHES
        if (word.endswith((",", ";")) and not segment.numeric) or dashed:
            before = tuple(range(segment.start, cut))
            yield from _whole(layout, before, Form.HEAD, segment.index, -1, (), tuple(range(cut, segment.end)))
    for found in _BRACKETED.finditer(run.text):
        tokens = run.covering(found.start(1), found.end(1))
        text = found.group(1).strip()
        if tokens and len(tokens) < len(words) and any(char.isalnum() for char in text):
            yield Candidate(text, tokens, Kind.TEXT, Form.BRACKET, segment.index)
    if len(words) > 2 and any(is_function_word(word) for word in words[1:]):
        for value in phrases(run):
            tokens = run.covering(value.start, value.end)
            before, after = label_around(layout, segment, tokens)
            yield Candidate(value.text, tokens, Kind.TEXT, Form.PHRASE, segment.index, -1, before, after)


_DASHES = frozenset(("-", "–", "—", ">", "/"))
_BRACKETED = re.compile(r"[(\[]([^()\[\]]{1,60})[)\]]")


def _after_labels(layout: Layout, segment: Segment, sentence: int) -> Iterator[Candidate]:
    """What follows each label inside a segment; in running text only what follows a label that begins the line."""
    for cut in _label_ends(layout, segment):
        if sentence >= 0 and (cut > segment.start + 3 or not layout.tokens[segment.start].text[:1].isupper()):
            return
        tokens = tuple(range(cut, _value_end(layout, cut, segment.end)))
        before = tuple(range(max(segment.start, cut - _MAX_LABEL_WORDS), cut))
        yield from _whole(layout, tokens, Form.AFTER_LABEL, segment.index, sentence, before)


def _enumerates(layout: Layout, start: int, end: int, tokens: tuple[int, ...]) -> bool:
    """Whether the tokens number the line or sentence of words from `start` to `end`: "12.", "3)", or "2 Mix the"."""
    if len(tokens) != 1 or tokens[0] != start or start >= end - 1:
        return False
    text, following = layout.tokens[start].text, layout.tokens[start + 1].text
    if text[:-1].isdigit() and text[-1] in ".)":
        return True
    return text.isdigit() and len(text) <= 2 and end - start > 3 and following[:1].isupper() and following[1:].islower()


def _of_block(layout: Layout, block: tuple[int, ...], sentence_of: dict[int, int]) -> Iterator[Candidate]:
    """Two to five lines of one block together, when they are short enough to be a name or an address."""
    segments = [layout.segments[index] for index in block]
    for first in range(len(segments)):
        for last in range(first + 1, min(first + _MAX_BLOCK_LINES, len(segments))):
            lines = segments[first : last + 1]
            tokens = tuple(t for line in lines for t in range(line.start, line.end))
            if len(tokens) > 32 or lines[0].numeric or any(":" in line.text or line.numeric for line in lines[1:]):
                break
            skip = _leading_label(layout, lines[0])
            if skip and not _hangs(layout, lines, skip):
                break
            before = tuple(range(lines[0].start, lines[0].start + skip))
            sentence = sentence_of.get(lines[0].start, -1)
            yield from _whole(layout, tokens[skip:], Form.BLOCK, lines[0].index, sentence, before)


def _of_sentence(layout: Layout, sentence: Run, number: int) -> Iterator[Candidate]:
    segment = layout.segment_of[sentence.tokens[0]]
    yield Candidate(sentence.text, sentence.tokens, Kind.TEXT, Form.SENTENCE, segment, number)
    values = whole_values(sentence)
    for value in values:
        if _enumerates(layout, sentence.tokens[0], sentence.tokens[-1] + 1, sentence.covering(value.start, value.end)):
            continue
        yield _in_sentence(layout, sentence, number, value, Form.VALUE, value.kind)
    dates = [value for value in values if value.kind is Kind.DATE]
    for value in names(sentence):
        if any(date.start <= value.start and value.end <= date.end for date in dates):
            continue
        kind = Kind.PERSON if person_likeness(value.text) >= 1.0 else Kind.TEXT
        kind = Kind.COMPANY if company_likeness(value.text) >= 1.0 else kind
        yield _in_sentence(layout, sentence, number, value, Form.NAME, kind)
    for value in phrases(sentence):
        yield _in_sentence(layout, sentence, number, value, Form.PHRASE, Kind.TEXT)


def _in_sentence(layout: Layout, sentence: Run, number: int, value: Value, form: Form, kind: Kind) -> Candidate:
    tokens = sentence.covering(value.start, value.end)
    return Candidate(value.text, tokens, kind, form, layout.segment_of[tokens[0]], number)


def _whole(
    layout: Layout,
    tokens: tuple[int, ...],
    form: Form,
    segment: int,
    sentence: int,
    before: tuple[int, ...] = (),
    after: tuple[int, ...] = (),
) -> Iterator[Candidate]:
    """A stretch as free text, and as what it looks like."""
    text = trimmed(run_of(layout.tokens, tokens).text)
    if not any(char.isalnum() for char in text):
        return
    yield Candidate(text, tokens, Kind.TEXT, form, segment, sentence, before, after)
    if address_likeness(text) >= 0.5:
        yield Candidate(text, tokens, Kind.ADDRESS, form, segment, sentence, before, after)
    if form is not Form.BLOCK or len(tokens) <= 8:
        if company_likeness(text) >= 1.0:
            yield Candidate(text, tokens, Kind.COMPANY, form, segment, sentence, before, after)
        elif person_likeness(text) >= 1.0:
            yield Candidate(text, tokens, Kind.PERSON, form, segment, sentence, before, after)


def trimmed(text: str) -> str:
    """The text without the colon, dash or dots that lead to or follow a value."""
    text = _FOOTNOTE.sub("", text.strip(" :;,|_=-–—•·*#\t："))
    return text.rstrip(".") if text.endswith("..") else text


_FOOTNOTE = re.compile(r"(?<=\w)(?:\s?\[\w{1,3}\]|[¹³⁴-⁹])+$")


def label_around(layout: Layout, segment: Segment, tokens: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The tokens before and after a value in its segment, up to the previous and next value."""
    before: list[int] = []
    for index in range(tokens[0] - 1, max(segment.start, tokens[0] - _MAX_LABEL_WORDS) - 1, -1):
        if before and _ends_label(layout, index) and _ends_label(layout, before[0]):
            break
        if is_number_like(layout.tokens[index].text) and (before or index > segment.start):
            break
        before.insert(0, index)
    after: list[int] = []
    for index in range(tokens[-1] + 1, min(segment.end, tokens[-1] + 1 + _MAX_LABEL_WORDS)):
        if is_number_like(layout.tokens[index].text):
            break
        after.append(index)
    return tuple(before), tuple(after)


def _ends_label(layout: Layout, index: int) -> bool:
    return layout.tokens[index].text.endswith((":", "：", "#"))


def _label_ends(layout: Layout, segment: Segment) -> Iterable[int]:
    """Where a value may begin after a label's colon, inside the segment."""
    for index in range(segment.start, min(segment.end - 1, segment.start + 30)):
        text = layout.tokens[index].text
        if _ends_label(layout, index) or (text in ("-", "–", "=", "...", "....") and index > segment.start):
            yield index + 1


def _value_end(layout: Layout, start: int, end: int) -> int:
    """Where the value that begins at `start` ends: before the label of the next one."""
    for index in range(start + 1, end):
        if _ends_label(layout, index):
            return index
    return end


_SORTS = word_list("sorts")


def _gloss(layout: Layout, tokens: tuple[int, ...]) -> bool:
    """Whether a tail is the end of a label: a sort of value ("id"), words in brackets, or a piece of them."""
    if all(layout.tokens[t].norm in _SORTS for t in tokens):
        return True
    first, last = layout.tokens[tokens[0]].text, layout.tokens[tokens[-1]].text
    closes = last.rstrip(".,:;").endswith(")") and not any(has_digit(layout.tokens[t].text) for t in tokens)
    return closes and (first.startswith("(") or not any("(" in layout.tokens[t].text for t in tokens))


def _before_bracket(layout: Layout, segment: Segment) -> int:
    """Where a closing bracket at the segment's end begins ("ABC SDN BHD (123456-X)"); 0 without one."""
    if not layout.tokens[segment.end - 1].text.endswith(")"):
        return 0
    opening = [i for i in range(segment.start + 1, segment.end) if layout.tokens[i].text.startswith("(")]
    return opening[-1] if opening else 0


def _hangs(layout: Layout, lines: list[Segment], skip: int) -> bool:
    """Whether the lines below a labelled line go on with its value: they begin below it, or make an address with it."""
    value = layout.tokens[lines[0].start + skip]
    if all(line.x0 > value.x0 - 1.2 * line.height for line in lines[1:]):
        return True
    return address_likeness(" ".join(line.text for line in lines)) >= 0.5


def _leading_label(layout: Layout, line: Segment) -> int:
    """How many tokens of a block's first line are its label ("Address:")."""
    for offset, index in enumerate(range(line.start, min(line.end - 1, line.start + 5))):
        if _ends_label(layout, index):
            return offset + 1
    return 0
