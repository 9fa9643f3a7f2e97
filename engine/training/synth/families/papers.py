"""First pages of scientific papers: title, authors, affiliations, abstract, keywords, two columns."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.layout import wrap
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_TITLES = (
    "Learning {a} with {b}",
    "{a} and {b}: A Survey",
    "On the Limits of {a} for {b}",
    "A New Look at {a} in {b}",
    "{a} Without {b}",
)
_AREAS = (
    "Sparse Attention",
    "Graph Networks",
    "Speech Data",
    "Protein Folding",
    "Remote Sensing",
    "Small Samples",
    "Document Images",
    "Noisy Labels",
    "Robot Arms",
    "Soil Moisture",
    "Heart Rate Signals",
    "Question Answering",
)
_IN_ABSTRACT = ("study", "accuracy", "animal")
_IN_TEXT = ("training", "invention", "award", "visitors", "opening")


def paper(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """The first page."""
    canvas = Canvas(612, 792, rng, TextStyle(rng.choice(["tiro", "tiro", "helv"]), rng.uniform(8.5, 10)))
    draft = Draft(canvas, rng, loc, held)
    y = _head(draft)
    y = _abstract(draft, y)
    _columns(draft, y + 16)
    if rng.random() < 0.4:
        canvas.write(306, 770, str(rng.randint(1, 900)), align="center")
    return draft


def _add(draft: Draft, key: str, text: str, span: Span, value: str, asks: str, held: str) -> None:
    chosen = tuple((held if draft.held else asks).split("|"))
    draft.facts.append(Fact(key, (text,), span, "", "position", value, chosen))


def _head(draft: Draft) -> float:
    rng, canvas = draft.rng, draft.canvas
    if rng.random() < 0.5:
        journal = f"Journal of {rng.choice(words.TOPICS)}"
        span = canvas.write(54, 36, journal, canvas.styled(size=8))
        canvas.write(558, 36, f"Vol. {rng.randint(1, 80)}, No. {rng.randint(1, 12)}", canvas.styled(size=8), "right")
        _add(
            draft,
            "journal",
            journal,
            span,
            "text",
            "In which journal was it published?|What is the name of the journal?|Which journal is it?",
            "What periodical is this from?",
        )
    a, b = rng.sample(_AREAS, 2)
    title = rng.choice(_TITLES).format(a=a, b=b)
    span, y = canvas.write_lines(
        306,
        78,
        wrap(canvas, title, 460, canvas.styled(size=17, bold=True)),
        canvas.styled(size=17, bold=True),
        "center",
    )
    _add(
        draft,
        "paper_title",
        title,
        span,
        "text",
        "What is the title of the paper?|What is the paper's title?|title?|What is the name of the article?",
        "How is the paper called?",
    )
    names = list(dict.fromkeys(v.person(rng, formal=0) for _ in range(rng.randint(1, 4))))
    canvas.new_block()
    span = canvas.write(306, y + 6, ", ".join(names), canvas.styled(size=11), "center")
    first = Span(span.page, span.words[: len(names[0].split())])
    _add(
        draft,
        "first_author",
        names[0],
        first,
        "person",
        "Who is the first author?|What is the name of the first author?",
        "Whose name stands first under the title?",
    )
    if len(names) > 1:
        _add(
            draft,
            "authors",
            ", ".join(names),
            span,
            "person",
            "Who are the authors?|Who wrote the paper?|What are the names of the authors?",
            "By whom is the paper?",
        )
        asks = "How many authors are there?|How many authors does the paper have?"
        draft.facts.append(
            Fact(
                "author_count",
                (str(len(names)),),
                span,
                "",
                "count",
                "number",
                tuple(asks.split("|")) if not draft.held else ("The number of authors",),
            )
        )
    place = f"University of {rng.choice(words.CITIES['en'])}"
    span = canvas.write(306, y + 22, place, align="center")
    _add(
        draft,
        "affiliation",
        place,
        span,
        "text",
        "What is the affiliation of the authors?|Which university are the authors from?|Which university is it?",
        "Where do the authors work?",
    )
    mail = v.email(rng, place)
    span = canvas.write(306, y + 36, mail, canvas.styled(font="cour", size=8.5), "center")
    _add(
        draft,
        "email",
        mail,
        span,
        "email",
        "What is the e-mail address of the author?|What is the email address?|email?",
        "Where can the author be written to?",
    )
    y += 54
    if rng.random() < 0.5:
        day = v.write_date(draft.loc, v.draw_date(rng))
        verb = rng.choice(["Received", "Accepted", "Published", "Submitted"])
        canvas.new_block()
        canvas.write(306 - canvas.width_of(f"{verb}: {day}") / 2, y, f"{verb}:")
        span = canvas.write(306 - canvas.width_of(f"{verb}: {day}") / 2 + canvas.width_of(f"{verb}: "), y, day)
        low = verb.lower()
        _add(
            draft,
            "paper_date",
            day,
            span,
            "date",
            f"When was the paper {low}?|On what date was it {low}?|What is the date the paper was {low}?",
            f"On which day was the text {low}?",
        )
        draft.hidden_fields |= {"form_date", "invoice_date", "receipt_date"}
        y += 18
    return y


def _abstract(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    canvas.new_block()
    canvas.write(306, y + 8, rng.choice(["Abstract", "ABSTRACT", "Summary"]), canvas.styled(bold=True), "center")
    y = write_prose(draft, Area(90, y + 26, 432), draw_told(draft, rng.randint(1, 2), _IN_ABSTRACT), filler=2)
    if rng.random() < 0.6:
        keys = ", ".join(rng.sample([w.lower() for w in words.TOPICS], 3))
        lead = rng.choice(["Keywords:", "Index terms:", "Key words:"])
        canvas.new_block()
        canvas.write(90, y + 8, lead, canvas.styled(bold=True))
        span = canvas.write(90 + canvas.width_of(lead + "  ", canvas.styled(bold=True)), y + 8, keys)
        _add(
            draft,
            "keywords",
            keys,
            span,
            "text",
            "What are the keywords?|keywords?|Which keywords are given?",
            "Under which terms can it be found?",
        )
        y += 22
    return y


def _columns(draft: Draft, y: float) -> None:
    rng, canvas = draft.rng, draft.canvas
    top = y
    told = draw_told(draft, 3, _IN_TEXT)
    for x in (54.0, 318.0):
        y = top
        canvas.new_block()
        canvas.write(
            x,
            y,
            rng.choice(["1 Introduction", "2 Method", "I. INTRODUCTION", "Background"]),
            canvas.styled(bold=True, size=11),
        )
        y += 18
        while y < 700:
            part, told = told[:1], told[1:]
            y = write_prose(draft, Area(x, y, 240), part, filler=rng.randint(3, 6)) + 6
