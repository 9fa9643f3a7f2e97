"""From facts on the page to questions: phrasing, accepted answers, and questions whose answer is not there."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cache

from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.fields import ASKED, FIELDS, GENERIC_ASKS, GENERIC_HELD, TYPED_ASKS, TYPED_HELD
from engine.training.synth.types import SyntheticQuestion
from engine.training.synth.values import VALUE_TYPES, Locale, accepted, coined, office_phrase

_MAX_ASKED = 10
_NEEDLESS = ("in this document", "on this page", "in the given document", "as shown here", "according to the page")


@dataclass(slots=True)
class Fact:
    """Something a page says. `asks` (own phrasings) replace the catalogue's; `label` is the label as printed."""

    field: str
    answers: tuple[str, ...]
    span: Span
    label: str = ""
    kind: str = "label"
    value: str = ""
    asks: tuple[str, ...] = ()


@dataclass(slots=True)
class Draft:
    """A document being written: its canvas, its manner, and what it says so far.

    `held` documents are asked in the held-out phrasings. `absent` holds (question, value type) of things known not
    to be on the document; `closed` documents are asked for no other absent things. `who` names the main entity, for
    `{who}` in questions.
    """

    canvas: Canvas
    rng: random.Random
    loc: Locale
    held: bool = False
    facts: list[Fact] = field(default_factory=list)
    absent: list[tuple[str, str]] = field(default_factory=list)
    who: str = ""
    hidden_fields: set[str] = field(default_factory=set)
    closed: bool = False

    @property
    def language(self) -> str:
        return self.loc.language

    def label(self, key: str) -> str:
        """A printed label for a catalogue field in the document's language."""
        labels = FIELDS[key].labels
        return self.rng.choice(labels.get(self.language) or labels["en"])

    def add(self, key: str, text: str, span: Span, label: str = "", **more: object) -> None:
        """Remember a catalogue or free field with one printed value."""
        self.facts.append(Fact(key, accepted(text, self.loc), span, label, **more))  # type: ignore[arg-type]  # Fact checks

    def miss(self, key: str, label: str, value: str = "") -> None:
        """Remember that `label` is printed but has no value: asking for it has no answer."""
        kind = value or (FIELDS[key].value if key in FIELDS else "text")
        self.hidden_fields.add(key)
        self.absent.append((_phrase(self, "", label, kind), kind))

    def say(self, key: str, text: str, span: Span, kind: str = "position", **slots: str) -> None:
        """Remember something of `ASKED`, with the slots of its questions."""
        known = ASKED[key]
        asks = known.questions(held=self.held, **({"who": self.who} | slots))
        self.facts.append(Fact(key, accepted(text, self.loc), span, "", kind, known.value, asks))


def make_questions(draft: Draft) -> tuple[SyntheticQuestion, ...]:
    """A varied handful of questions about the draft; about one in five has no answer there."""
    rng = draft.rng
    facts = list(draft.facts)
    rng.shuffle(facts)
    asked = [_ask(draft, fact) for fact in facts[:_MAX_ASKED]]
    asked += _absent(draft, max(2, len(asked) // 4))
    return tuple(asked)


def _ask(draft: Draft, fact: Fact) -> SyntheticQuestion:
    value = _value_of(fact)
    question = _phrase(draft, fact.field, fact.label, value, fact.asks)
    box = draft.canvas.box_of(fact.span)
    kind = "bare" if fact.kind == "label" and len(question.split()) <= 2 else fact.kind
    asked = typed_by_hand(draft.rng, question, draft.language)
    return SyntheticQuestion(asked, fact.answers, fact.span.page, box, kind, True, fact.field, value)


def typed_by_hand(rng: random.Random, question: str, language: str) -> str:
    """`question` as people type it: now and then in lower case, without its mark, with a slip or a needless phrase."""
    draw = rng.random()
    if draw < 0.06:
        return question.rstrip(" ?.")
    if draw < 0.12 and question[1:2].islower():
        return question[0].lower() + question[1:]
    if draw < 0.17 and language == "en" and question.endswith("?"):
        return f"{question[:-1]} {rng.choice(_NEEDLESS)}?"
    if draw < 0.19:
        at = rng.randrange(len(question) - 1)
        if question[at : at + 2].isalpha():
            return question[:at] + question[at + 1] + question[at] + question[at + 2 :]
    return question


def _value_of(fact: Fact) -> str:
    return fact.value or (FIELDS[fact.field].value if fact.field in FIELDS else "text")


def _phrase(draft: Draft, key: str, label: str, value: str, own: tuple[str, ...] = ()) -> str:
    rng, language = draft.rng, draft.language
    if own:
        return rng.choice(own)
    spec = FIELDS.get(key)
    pools: list[tuple[str, ...]] = []
    if spec is not None:
        known = _of(spec.held if draft.held else spec.asks, spec.asks, language)
        pools += [known] * 3 if known else []
    if label or not pools:
        pools += [(GENERIC_HELD if draft.held else GENERIC_ASKS)[language]] * 2
        typed = (TYPED_HELD if draft.held else TYPED_ASKS).get(value, ())
        pools += [typed] if typed and language == "en" and spec is None else []
    template = rng.choice(rng.choice(pools))
    if "{who}" in template and not draft.who:
        template = rng.choice([t for t in pools[-1] if "{who}" not in t] or ["{label}?"])
    return template.format(label=_spoken(rng, label or (draft.label(key) if spec else "")), who=draft.who)


def _of(first: dict[str, tuple[str, ...]], second: dict[str, tuple[str, ...]], language: str) -> tuple[str, ...]:
    return first.get(language) or second.get(language) or ()


def _spoken(rng: random.Random, label: str) -> str:
    """A label as people say it: without colon, often in lower case."""
    bare = label.rstrip(" :.").strip()
    draw = rng.random()
    if draw < 0.55 and not any(c.islower() for c in bare[1:3]) and len(bare) <= 4:
        return bare
    if draw < 0.5:
        return bare.lower()
    return bare.title() if draw < 0.6 else bare


def _absent(draft: Draft, count: int) -> list[SyntheticQuestion]:
    """Questions without an answer here, most of them for a type of value that is here."""
    rng = draft.rng
    made = [
        SyntheticQuestion(typed_by_hand(rng, text, draft.language), (), 0, None, "absent", False, "", value)
        for text, value in rng.sample(draft.absent, min(len(draft.absent), rng.randint(draft.closed, count)))
    ]
    if draft.closed:
        return made
    printed = f" {draft.canvas.all_text().lower()} "
    present = {fact.field for fact in draft.facts} | draft.hidden_fields
    types = {_value_of(fact) for fact in draft.facts}
    taken = {label for key in present if key in FIELDS for label in _names(key)}
    missing = [
        key
        for key in FIELDS
        if key not in present and not taken & _names(key) and not any(f" {label}" in printed for label in _names(key))
    ]
    close = [key for key in missing if FIELDS[key].value in types]
    while len(made) < count:
        if missing and rng.random() < 0.7:
            key = rng.choice(close if close and rng.random() < 0.8 else missing)
            text, value = _phrase(draft, key, draft.label(key), FIELDS[key].value), FIELDS[key].value
        else:
            common = sorted(types & set(VALUE_TYPES)) if rng.random() < 0.8 else []
            label, value = _foreign_label(draft, set(printed.split())), rng.choice(common or VALUE_TYPES)
            key, text = "", _phrase(draft, "", label, value)
        text = typed_by_hand(rng, text, draft.language)
        made.append(SyntheticQuestion(text, (), 0, None, "absent", False, key, value))
    return made


def _foreign_label(draft: Draft, printed: set[str]) -> str:
    """A label none of whose words the document prints."""
    while True:
        label = office_phrase(draft.rng, 1, 3) if draft.language == "en" else coined(draft.rng)
        if not printed & set(label.lower().split()):
            return label


@cache
def _names(key: str) -> frozenset[str]:
    """Every label of a field, without case and closing marks."""
    return frozenset(text.lower().rstrip(".:") for group in FIELDS[key].labels.values() for text in group)
