"""Encyclopedia-like pages: a title, paragraphs of facts, and a box of keys and values beside them."""

from __future__ import annotations

import random
from dataclasses import dataclass

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.layout import wrap
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle


@dataclass(frozen=True, slots=True)
class _Key:
    """A line of the box: its label, its value type, and questions with `{who}`."""

    label: str
    value: str
    asks: tuple[str, ...]
    held: tuple[str, ...]


_ORGANISATION = (
    _Key("Founded", "date", ("When was {who} founded?", "What year was {who} established?"), ("Since when does {who} exist?",)),
    _Key("Founder", "person", ("Who founded {who}?", "Who is the founder of {who}?"), ("Who started {who}?",)),
    _Key("Headquarters", "city", ("Where is the headquarters of {who}?", "Where is {who} headquartered?"), ("In which town does {who} sit?",)),
    _Key("Industry", "text", ("What industry is {who} in?", "In which industry does {who} work?"), ("What trade is {who} in?",)),
    _Key("Number of employees", "number", ("How many employees does {who} have?", "How many people work for {who}?"), ("How big is the staff of {who}?",)),
    _Key("Revenue", "amount", ("What is the revenue of {who}?", "How much revenue does {who} make?"), ("What are the takings of {who}?",)),
    _Key("Key people", "person", ("Who is the key person of {who}?", "Who are the key people of {who}?"), ("Who is important at {who}?",)),
    _Key("Website", "url", ("What is the website of {who}?",), ("Where is {who} on the web?",)),
)  # fmt: skip
_PERSON = (
    _Key("Born", "date", ("When was {who} born?", "What is the date of birth of {who}?"), ("On which day did the life of {who} begin?",)),
    _Key("Died", "date", ("When did {who} die?", "What is the date of death of {who}?"), ("On which day did {who} pass away?",)),
    _Key("Birthplace", "city", ("Where was {who} born?", "What is the birthplace of {who}?"), ("In which town did {who} come into the world?",)),
    _Key("Nationality", "nation", ("What is the nationality of {who}?", "Which country is {who} from?"), ("Of what land is {who} a citizen?",)),
    _Key("Occupation", "title", ("What is the occupation of {who}?", "What did {who} do for a living?"), ("How did {who} make money?",)),
    _Key("Spouse", "person", ("Who was {who} married to?", "Who is the spouse of {who}?"), ("Whom did {who} marry?",)),
    _Key("Children", "number", ("How many children does {who} have?", "How many children did {who} have?"), ("What is the count of {who}'s offspring?",)),
    _Key("Awards", "text", ("Which award did {who} win?", "What awards did {who} receive?"), ("With what was {who} decorated?",)),
)  # fmt: skip
_PLACE = (
    _Key("Country", "nation", ("In which country is {who}?", "Which country is {who} in?"), ("To what land does {who} belong?",)),
    _Key("Population", "number", ("What is the population of {who}?", "How many people live in {who}?"), ("How many residents has {who}?",)),
    _Key("Area", "area", ("What is the area of {who}?", "How large is {who}?"), ("How much ground does {who} take up?",)),
    _Key("Elevation", "length", ("What is the elevation of {who}?", "How high is {who}?"), ("How far above the sea is {who}?",)),
    _Key("Mayor", "person", ("Who is the mayor of {who}?",), ("Who governs {who}?",)),
    _Key("Postal code", "code", ("What is the postal code of {who}?",), ("What must be written on mail to {who}?",)),
    _Key("Time zone", "zone", ("What is the time zone of {who}?", "In which time zone is {who}?"), ("Which clock applies in {who}?",)),
    _Key("Area code", "number", ("What is the area code of {who}?",), ("Which digits reach a phone in {who}?",)),
)  # fmt: skip
_BOOK = (
    _Key("Author", "person", ("Who wrote {who}?", "Who is the author of {who}?"), ("Whose book is {who}?",)),
    _Key("Publisher", "company", ("Who published {who}?", "Who is the publisher of {who}?"), ("Which house brought out {who}?",)),
    _Key("Publication date", "date", ("When was {who} published?", "What is the publication date of {who}?"), ("On which day did {who} come out?",)),
    _Key("Pages", "number", ("How many pages does {who} have?",), ("How thick is {who}?",)),
    _Key("ISBN", "code", ("What is the ISBN of {who}?",), ("Under which number can one order {who}?",)),
    _Key("Language", "language", ("In which language is {who}?", "What language is {who} written in?"), ("In what tongue is {who}?",)),
    _Key("Genre", "text", ("What genre is {who}?", "What is the genre of {who}?"), ("What sort of book is {who}?",)),
)  # fmt: skip
_TONGUES = ("English", "French", "Dutch", "Polish", "Hindi", "Malay", "Portuguese", "Swedish")


def article(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page with the box on the right."""
    return _page(rng, loc, held, box_left=False)


def profile(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page with the keys above their values in a strip on the left, and short paragraphs."""
    return _page(rng, loc, held, box_left=True)


def _page(rng: random.Random, loc: v.Locale, held: bool, *, box_left: bool) -> Draft:
    canvas = Canvas(
        rng.choice([612.0, 960.0]),
        rng.choice([792.0, 1100.0]),
        rng,
        TextStyle(rng.choice(["helv", "tiro"]), rng.uniform(9, 12)),
    )
    draft = Draft(canvas, rng, loc, held)
    who, keys = _entity(rng)
    draft.who = who
    margin = rng.uniform(36, 60)
    canvas.new_block()
    span = canvas.write(margin, 60, who, canvas.styled(size=22))
    asks = (
        "What is the title of the article?",
        "What is the article about?",
        "Who or what is the page about?",
        "What is the title of this page?",
    )
    asks_held = ("What subject does the page treat?", "Which heading does the page have?")
    draft.facts.append(Fact("article_title", (who,), span, "", "position", "text", asks_held if held else asks))
    box_width = (canvas.width - 2 * margin) * rng.uniform(0.32, 0.42)
    text_width = canvas.width - 2 * margin - box_width - 24
    box_x, text_x = (margin, margin + box_width + 24) if box_left else (canvas.width - margin - box_width, margin)
    chosen = rng.sample(keys, rng.randint(4, len(keys)))
    if rng.random() < 0.5:
        _prose(draft, Area(text_x, 92, text_width))
        _box(draft, chosen, Area(box_x, 92, box_width), stacked=box_left)
    else:
        _box(draft, chosen, Area(box_x, 92, box_width), stacked=box_left)
        _prose(draft, Area(text_x, 92, text_width))
    for key in keys:
        if key not in chosen:
            draft.absent.append((rng.choice(key.held if held else key.asks).format(who=who), key.value))
    return draft


def _entity(rng: random.Random) -> tuple[str, tuple[_Key, ...]]:
    match rng.choice(["organisation", "person", "place", "book"]):
        case "organisation":
            return v.company(rng), _ORGANISATION
        case "person":
            return v.person(rng, formal=0), _PERSON
        case "place":
            return v.coined(rng), _PLACE
        case _:
            return f"The {rng.choice(words.BRAND_WORDS)} {rng.choice(words.OFFICE_WORDS).capitalize()}", _BOOK


def _box(draft: Draft, keys: list[_Key], area: Area, *, stacked: bool) -> None:
    rng, canvas = draft.rng, draft.canvas
    canvas.new_block()
    y = area.y
    if rng.random() < 0.5:
        canvas.write(area.x + area.width / 2, y, draft.who, canvas.styled(bold=True), "center")
        y += canvas.style.size * 1.8
    offset = 8 if stacked else area.width * rng.uniform(0.38, 0.5)
    top, bold = y - canvas.style.size, canvas.styled(bold=True)
    if not stacked:
        offset = max(offset, *(canvas.width_of(key.label, bold) + 10 for key in keys))
    for key in keys:
        text = _value(draft, key.value)
        if rng.random() < 0.25:
            text += f" [{rng.randint(1, 30)}]"
        canvas.write(area.x + 4, y, key.label, bold)
        y += canvas.style.size * 1.3 if stacked else 0
        span: Span | None = None
        for line in wrap(canvas, text, area.width - offset - 4, canvas.style):
            part = canvas.write(area.x + offset, y, line)
            span = part if span is None else span + part
            y += canvas.style.size * 1.25
        assert span is not None
        bare = text.split(" [")[0]
        if bare != text:
            span = Span(span.page, span.words[:-1])
        asks = (
            *(key.held if draft.held else key.asks),
            *(("What is the {label} of {who}?", "{label}?") if not draft.held else ("{label} of {who}",)),
        )
        asked = tuple(t.format(who=draft.who, label=key.label.lower()) for t in asks)
        draft.facts.append(
            Fact(f"box:{key.label}", v.accepted(bare, draft.loc), span, key.label, "label", key.value, asked)
        )
        y += canvas.style.size * 0.5
    canvas.shape(area.x - 2, top - 4, area.x + area.width, y, stroke=(0.6, 0.6, 0.6))


def _value(draft: Draft, kind: str) -> str:
    rng, loc = draft.rng, draft.loc
    match kind:
        case "nation":
            return rng.choice(words.NATIONS)
        case "area":
            return f"{v.typed(rng, 'number', loc)} km²"
        case "length":
            return f"{rng.randint(2, 4000)} m"
        case "zone":
            return f"UTC{rng.choice('+-')}{rng.randint(1, 11)}"
        case "language":
            return rng.choice(_TONGUES)
        case "url":
            return v.website(rng, draft.who)
        case "number":
            return v.integer(loc, round(10 ** rng.uniform(0.3, 5.5)))
        case _:
            return v.typed(rng, kind, loc)


def _prose(draft: Draft, area: Area) -> None:
    rng = draft.rng
    told = draw_told(draft, rng.randint(3, 7))
    y = area.y
    while told and y < draft.canvas.height - 120:
        part, told = told[:2], told[2:]
        if rng.random() < 0.3:
            draft.canvas.new_block()
            draft.canvas.write(area.x, y + 6, v.office_phrase(rng, 1, 2), draft.canvas.styled(bold=True, size=14))
            y += 28
        y = write_prose(draft, Area(area.x, y, area.width), part, filler=rng.randint(0, 2)) + 8
