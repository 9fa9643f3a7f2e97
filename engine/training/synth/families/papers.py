"""First pages of scientific papers: title, authors, affiliations, abstract, keywords, two columns."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.layout import wrap
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft
from engine.training.synth.types import TextStyle

_TITLES = (
    "Learning {a} with {b}", "{a} and {b}: A Survey", "On the Limits of {a} for {b}", "A New Look at {a} in {b}",
    "{a} Without {b}",
)  # fmt: skip
_AREAS = (
    "Sparse Attention", "Graph Networks", "Speech Data", "Protein Folding", "Remote Sensing", "Small Samples",
    "Document Images", "Noisy Labels", "Robot Arms", "Soil Moisture", "Heart Rate Signals", "Question Answering",
)  # fmt: skip
_HEADINGS = ("1 Introduction", "2 Method", "I. INTRODUCTION", "Background")
_IN_ABSTRACT = ("study", "accuracy", "animal")
_IN_TEXT = ("training", "invention", "award", "visitors", "opening")


def paper(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """The first page."""
    canvas = Canvas(612, 792, rng, TextStyle(rng.choice(["tiro", "tiro", "helv"]), rng.uniform(8.5, 10)))
    draft = Draft(canvas, rng, loc, held)
    y = _title(draft)
    y = _authors(draft, y)
    y = _abstract(draft, y)
    _columns(draft, y + 16)
    if rng.random() < 0.4:
        canvas.write(306, 770, str(rng.randint(1, 900)), align="center")
    return draft


def _title(draft: Draft) -> float:
    rng, canvas = draft.rng, draft.canvas
    if rng.random() < 0.5:
        journal = f"Journal of {rng.choice(words.TOPICS)}"
        small = canvas.styled(size=8)
        draft.say("journal", journal, canvas.write(54, 36, journal, small))
        canvas.write(558, 36, f"Vol. {rng.randint(1, 80)}, No. {rng.randint(1, 12)}", small, "right")
    a, b = rng.sample(_AREAS, 2)
    title, big = rng.choice(_TITLES).format(a=a, b=b), canvas.styled(size=17, bold=True)
    span, y = canvas.write_lines(306, 78, wrap(canvas, title, 460, big), big, "center")
    draft.say("paper_title", title, span)
    return y + 6


def _authors(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    names = list(dict.fromkeys(v.person(rng, formal=0) for _ in range(rng.randint(1, 4))))
    canvas.new_block()
    span = canvas.write(306, y, ", ".join(names), canvas.styled(size=11), "center")
    draft.say("first_author", names[0], Span(span.page, span.words[: len(names[0].split())]))
    if len(names) > 1:
        draft.say("authors", ", ".join(names), span)
        draft.say("author_count", str(len(names)), span, "count")
    place = f"University of {rng.choice(words.CITIES['en'])}"
    draft.say("affiliation", place, canvas.write(306, y + 16, place, align="center"))
    mail = v.email(rng, place)
    span = canvas.write(306, y + 30, mail, canvas.styled(font="cour", size=8.5), "center")
    draft.say("author_email", mail, span)
    draft.hidden_fields |= {"email"}
    if rng.random() < 0.5:
        return y + 48
    day = v.write_date(draft.loc, v.draw_date(rng))
    lead = rng.choice(["Received:", "Accepted:", "Published:", "Submitted:"])
    canvas.new_block()
    left = 306 - canvas.width_of(f"{lead} {day}") / 2
    canvas.write(left, y + 48, lead)
    span = canvas.write(left + canvas.width_of(f"{lead} "), y + 48, day)
    draft.say("paper_date", day, span, "label", verb=lead.rstrip(":").lower())
    draft.hidden_fields |= {"form_date", "invoice_date", "receipt_date"}
    return y + 66


def _abstract(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    canvas.new_block()
    canvas.write(306, y + 8, rng.choice(["Abstract", "ABSTRACT", "Summary"]), canvas.styled(bold=True), "center")
    y = write_prose(draft, Area(90, y + 26, 432), draw_told(draft, rng.randint(1, 2), _IN_ABSTRACT), filler=2)
    if rng.random() < 0.6:
        keys = ", ".join(rng.sample([topic.lower() for topic in words.TOPICS], 3))
        lead, bold = rng.choice(["Keywords:", "Index terms:", "Key words:"]), canvas.styled(bold=True)
        canvas.new_block()
        canvas.write(90, y + 8, lead, bold)
        draft.say("keywords", keys, canvas.write(90 + canvas.width_of(lead + "  ", bold), y + 8, keys), "label")
        y += 22
    return y


def _columns(draft: Draft, y: float) -> None:
    rng, canvas = draft.rng, draft.canvas
    top = y
    told = draw_told(draft, 3, _IN_TEXT)
    for x in (54.0, 318.0):
        y = top
        canvas.new_block()
        canvas.write(x, y, rng.choice(_HEADINGS), canvas.styled(bold=True, size=11))
        y += 18
        while y < 700:
            part, told = told[:1], told[1:]
            y = write_prose(draft, Area(x, y, 240), part, filler=rng.randint(3, 6)) + 6
