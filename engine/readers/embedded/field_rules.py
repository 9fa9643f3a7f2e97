"""What is known about common fields beyond their labels: shops print their name on top, totals are large amounts.

Each rule gives every candidate of a page a score of 0–1 for one field; scores depend on the page only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from engine.readers.embedded.candidates import Candidate, Form
from engine.readers.embedded.index import Floats, PageIndex
from engine.readers.embedded.layout import Layout
from engine.readers.embedded.patterns import COMPANY_SUFFIX, POSTCODE
from engine.readers.embedded.question import Question
from engine.readers.embedded.text import bare
from engine.readers.embedded.values import Kind, address_likeness, company_likeness, without_brackets
from engine.readers.embedded.wording import DOCUMENT_NOUNS, word_list

Rule = Callable[[PageIndex], Floats]

_GREETING = re.compile(
    r"invoice|receipt|tax|welcome|thank|copy|original|rechnung|facture|factura|fattura|factuur|tel\b|fax|page|date|www|@|gst|reg|"
    r"\bno\b|statement|order|bill\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\d[\d.,'’ ]*")


def rule_scores(field: str, index: PageIndex) -> Floats:
    """(K,) scores of the field's rule; zeros where the field has none."""
    rule = _RULES.get(field)
    return np.zeros(len(index.candidates)) if rule is None else rule(index)


def kind_rule_scores(question: Question, index: PageIndex) -> Floats:
    """(K,) scores of the rule for the kind of value a question asks for, where it names no field of its own."""
    if question.field or not question.kinds:
        return np.zeros(len(index.candidates))
    kind = max(question.kinds, key=lambda item: item[1])[0]
    rule = _KIND_RULES.get(kind)
    return np.zeros(len(index.candidates)) if rule is None else rule(index)


def amount_value(text: str) -> float | None:
    """The number an amount says, decimal comma or point; None where there is none."""
    match = _AMOUNT.search(text)
    if match is None:
        return None
    digits = match.group().strip(" .,'’")
    tail = re.search(r"[.,](\d{1,2})$", digits)
    whole = re.sub(r"\D", "", digits[: tail.start()] if tail else digits)
    return float(f"{whole or '0'}.{tail.group(1) if tail else '0'}")


def _company(index: PageIndex) -> Floats:
    """A name among the first lines: the higher, larger and more company-like, the better."""
    scores = np.zeros(len(index.candidates))
    layout = index.layout
    if not layout.segments:
        return scores
    top = layout.segments[0].y0
    span = max(layout.height, 1e-6)
    first = _first_name_row(index)
    for number, candidate in enumerate(index.candidates):
        if candidate.form not in (Form.SEGMENT, Form.BLOCK) or candidate.sentence >= 0 or len(candidate.tokens) > 10:
            continue
        segment = layout.segments[candidate.segment]
        text = candidate.text
        if _GREETING.search(text) or address_likeness(text) >= 0.5 or not _lettered(text):
            continue
        if POSTCODE.search(text) or (address_likeness(text) >= 0.3 and company_likeness(text) < 1.0):
            continue
        depth = (segment.y0 - top) / span
        score = 0.45 * company_likeness(text) + 0.35 * max(0.0, 1 - 6 * depth) + 0.2 * (segment.row == first)
        score += 0.1 * min(max(segment.height / layout.line_height - 1, 0), 1)
        scores[number] = score * (0.8 if candidate.form is Form.BLOCK and not _one_name(candidate, index) else 1.0)
    return np.clip(scores, 0, 1)


def _first_name_row(index: PageIndex) -> int:
    for segment in index.layout.segments:
        if _lettered(segment.text) and not _GREETING.search(segment.text):
            return segment.row
    return 0


def _one_name(candidate: Candidate, index: PageIndex) -> bool:
    """Whether a block of lines is one name that ran over: its suffix stands in the last line only."""
    last = index.layout.segment_of[candidate.tokens[-1]]
    line = index.layout.segments[last].text
    first = index.layout.segments[candidate.segment].text
    return COMPANY_SUFFIX.search(line) is not None and COMPANY_SUFFIX.search(first) is None


def _lettered(text: str) -> bool:
    letters = sum(char.isalpha() for char in text)
    return letters >= 3 and letters * 2 > len(text)


def _address(index: PageIndex) -> Floats:
    """The longest run of address-like lines, better near the top of the page."""
    scores = np.zeros(len(index.candidates))
    height = max(index.layout.height, 1e-6)
    for number, candidate in enumerate(index.candidates):
        if candidate.form not in (Form.SEGMENT, Form.BLOCK, Form.AFTER_LABEL) or candidate.kind is Kind.COMPANY:
            continue
        likeness = address_likeness(candidate.text)
        if likeness < 0.45:
            continue
        lines = _line_texts(candidate, index)
        own = [address_likeness(line) for line in lines]
        odd = sum(_not_address(line) for line in lines)
        top = index.layout.segments[candidate.segment].y0 / height
        whole = 0.15 * (len(lines) > 1) + 0.2 * (1 - _cut_short(candidate, index))
        scores[number] = max(0.0, 0.45 * likeness + whole + 0.15 * (1 - top) + 0.05 * (own[0] > 0.2) - 0.4 * odd)
    return np.clip(scores, 0, 1)


def _line_texts(candidate: Candidate, index: PageIndex) -> list[str]:
    texts: dict[int, list[str]] = {}
    for token in candidate.tokens:
        texts.setdefault(index.layout.segment_of[token], []).append(index.layout.tokens[token].text)
    return [" ".join(words) for words in texts.values()]


def _not_address(line: str) -> bool:
    """A line that belongs to a letterhead but not to its address: a name, a phone, a registration number."""
    plain = without_brackets(line)
    named = COMPANY_SUFFIX.search(plain) is not None and address_likeness(plain) < 0.5
    named = named or (plain != line and not plain.strip())
    return (
        named
        or re.search(r"\b(?:tel|fax|phone|gst|reg|co\.? ?no|vat|e-?mail|www|invoice|receipt)\b|[@#]", line, re.I)
        is not None
    )


def _cut_short(candidate: Candidate, index: PageIndex) -> float:
    """0–1: whether the line before or after in the same block would also be address."""
    layout = index.layout
    block = next((b for b in layout.blocks if candidate.segment in b), ())
    last = layout.segment_of[candidate.tokens[-1]]
    neighbours: list[str] = []
    if candidate.segment in block and block.index(candidate.segment) > 0:
        neighbours.append(layout.segments[block[block.index(candidate.segment) - 1]].text)
    if last in block and block.index(last) + 1 < len(block):
        neighbours.append(layout.segments[block[block.index(last) + 1]].text)
    cut = [address_likeness(text) >= 0.3 and not _not_address(text) and ":" not in text for text in neighbours]
    return float(any(cut))


def _date(index: PageIndex) -> Floats:
    """Full dates; earlier on the page is better, one that is alone is best."""
    scores = np.zeros(len(index.candidates))
    dates = [n for n, c in enumerate(index.candidates) if c.kind is Kind.DATE and sum(map(str.isdigit, c.text)) >= 4]
    distinct = {index.candidates[n].text for n in dates}
    seen: list[str] = []
    for number in dates:
        text = index.candidates[number].text
        if text not in seen:
            seen.append(text)
        score = 1.0 if len(distinct) == 1 else max(0.7 - 0.15 * seen.index(text), 0.2)
        scores[number] = score * (0.6 if index.candidates[number].sentence >= 0 else 1.0)
    return scores


def _total(index: PageIndex) -> Floats:
    """Amounts by size and place: the largest is likely, one printed twice more so, line items are not."""
    scores = np.zeros(len(index.candidates))
    amounts = {
        n: value
        for n, c in enumerate(index.candidates)
        if c.kind is Kind.AMOUNT and (value := amount_value(c.text)) is not None
    }
    if not amounts:
        return scores
    ordered = sorted(set(amounts.values()), reverse=True)
    height = max(index.layout.height, 1e-6)
    for number, value in amounts.items():
        rank = ordered.index(value)
        twice = sum(other == value for other in amounts.values()) > 1
        low = index.layout.segments[index.candidates[number].segment].y0 / height
        scores[number] = (0.55, 0.4, 0.25, 0.1)[min(rank, 3)] + 0.2 * twice + 0.25 * low
    return np.clip(scores, 0, 1)


def _title(index: PageIndex) -> Floats:
    """Large lines near the top, one or several of one size; capitals and lines of their own help."""
    scores = np.zeros(len(index.candidates))
    layout = index.layout
    if not layout.segments:
        return scores
    top, span = layout.segments[0].y0, max(layout.height, 1e-6)
    tallest = (
        max(s.height for s in layout.segments if _lettered(s.text))
        if any(_lettered(s.text) for s in layout.segments)
        else 1.0
    )
    for number, candidate in enumerate(index.candidates):
        if candidate.form not in (Form.SEGMENT, Form.BLOCK) or not _lettered(candidate.text):
            continue
        lines = {layout.segment_of[token] for token in candidate.tokens}
        heights = [layout.segments[line].height for line in lines]
        if max(heights) > 1.12 * min(heights) or len(candidate.tokens) > 25:
            continue
        segment = layout.segments[candidate.segment]
        depth = (segment.y0 - top) / span
        size = min(heights) / tallest
        alone = len(layout.rows[segment.row]) == 1
        whole = not _same_look_next(layout, lines)
        named = any(bare(word) in DOCUMENT_NOUNS | _TITLE_NOUNS for word in candidate.text.split())
        company = COMPANY_SUFFIX.search(candidate.text) is not None
        table = (
            re.match(r"(?:table|tab\.|figure|exhibit|tabelle|tableau|tabla|tabella)\s", candidate.text, re.I)
            is not None
        )
        score = (
            0.4 * size**2 + 0.3 * max(0.0, 1 - 4 * depth) + 0.1 * alone + 0.1 * candidate.text.isupper() + 0.1 * whole
        )
        scores[number] = min(max(score + 0.2 * table + 0.12 * named - 0.2 * company, 0.0), 1.0)
    return scores


_TITLE_NOUNS = word_list("title")


def _recipient(index: PageIndex) -> Floats:
    """Who is greeted ("Dear ..."), and the first line of an address block that is not the letterhead."""
    scores = np.zeros(len(index.candidates))
    layout = index.layout
    heads = {block[0]: block for block in layout.blocks if len(block) >= 2}
    for number, candidate in enumerate(index.candidates):
        first = candidate.tokens[0]
        if candidate.kind not in (Kind.PERSON, Kind.COMPANY, Kind.TEXT) or len(candidate.tokens) > 7:
            continue
        if first and layout.tokens[first - 1].norm in _GREETINGS and layout.segment_of[first - 1] == candidate.segment:
            scores[number] = 0.9
        block = heads.get(candidate.segment)
        if block and candidate.form is Form.SEGMENT and layout.segments[candidate.segment].row > 1:
            lines = [layout.segments[i].text for i in block[1:5]]
            likeness = max(address_likeness(line) for line in lines)
            scores[number] = max(scores[number], 0.8 * min(likeness + 0.2, 1.0) * (likeness >= 0.3))
    return scores


_GREETINGS = word_list("greeting")


def _sender(index: PageIndex) -> Floats:
    """Names in the last short lines of the page, best after a closing such as "Sincerely"."""
    scores = np.zeros(len(index.candidates))
    layout = index.layout
    closings = [s for s in layout.segments if _CLOSING.search(s.text)]
    for number, candidate in enumerate(index.candidates):
        segment = layout.segments[candidate.segment]
        if candidate.kind is not Kind.PERSON or candidate.sentence >= 0 or candidate.form is not Form.SEGMENT:
            continue
        after = any(0 < segment.y0 - c.y1 < 8 * layout.line_height for c in closings)
        scores[number] = 0.9 if after else 0.4 * segment.y0 / max(layout.height, 1e-6)
    return scores


_CLOSING = re.compile(
    r"sincerely|regards|truly|yours|faithfully|respectfully|cordially|gru(?:ss|ß)|hochachtungsvoll|cordialement|salutations|atentamente|saluti|"
    r"hoogachtend|groet",
    re.IGNORECASE,
)


def _same_look_next(layout: Layout, lines: set[int]) -> bool:
    """Whether the line above or below in the same block has the same height: the title then goes on."""
    block = next((b for b in layout.blocks if min(lines) in b), ())
    height = layout.segments[min(lines)].height
    beside = [i for i in block if i not in lines and (i + 1 in lines or i - 1 in lines)]
    return any(abs(layout.segments[i].height - height) < 0.08 * height for i in beside)


def _only_of(kind: Kind) -> Rule:
    """A rule for kinds that label themselves: every value of the kind, shared among the distinct ones."""

    def rule(index: PageIndex) -> Floats:
        found = [n for n, c in enumerate(index.candidates) if c.kind is kind]
        distinct = _distinct([index.candidates[n].text for n in found])
        scores = np.zeros(len(index.candidates))
        for place, number in enumerate(found):
            scores[number] = 1.0 / max(distinct, 1) + 0.05 / (1 + place)
        return np.clip(scores, 0, 1)

    return rule


def _distinct(texts: Sequence[str]) -> int:
    return len({re.sub(r"\W", "", text).casefold() for text in texts})


_RULES: dict[str, Rule] = {
    "company": _company,
    "address": _address,
    "date": _date,
    "total": _total,
    "title": _title,
    "to": _recipient,
    "customer": _recipient,
    "from": _sender,
    "signature": _sender,
    "time": _only_of(Kind.TIME),
    "email": _only_of(Kind.EMAIL),
    "website": _only_of(Kind.URL),
    "phone": _only_of(Kind.PHONE),
    "tax_rate": _only_of(Kind.PERCENT),
}

_KIND_RULES: dict[Kind, Rule] = {
    Kind.ADDRESS: _address,
    Kind.DATE: _date,
    Kind.COMPANY: _company,
    Kind.TIME: _only_of(Kind.TIME),
    Kind.EMAIL: _only_of(Kind.EMAIL),
    Kind.URL: _only_of(Kind.URL),
    Kind.PHONE: _only_of(Kind.PHONE),
    Kind.PERCENT: _only_of(Kind.PERCENT),
}
