"""Reports of several pages: cover, sections with headings, facts in sentences, a small table, running lines."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas
from engine.training.synth.families.tables import cell_asks
from engine.training.synth.layout import even_columns, write_row
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.sentences import Told, fact_names
from engine.training.synth.types import TextStyle

_SECTIONS = (
    "Introduction", "Background", "Methods", "Results", "Financial Overview", "Staff", "Outlook", "Risks",
    "Conclusions", "Governance", "Safety", "Customers", "Environment", "Recommendations",
)  # fmt: skip


def report(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One to five pages."""
    canvas = Canvas(595, 842, rng, TextStyle(rng.choice(["helv", "tiro"]), rng.uniform(9, 11)))
    draft = Draft(canvas, rng, loc, held)
    kind = rng.choice(["Report", "Review", "Assessment", "Study"])
    title = f"{rng.choice(words.TOPICS)} {kind} {rng.randint(1998, 2026)}"
    _cover(draft, title)
    names = rng.sample(_SECTIONS, rng.randint(3, 7))
    told = draw_told(draft, min(len(fact_names()), len(names) * 2))
    columns = rng.choice([1, 1, 2])
    y = _first_y(draft, title)
    for number, name in enumerate(names, start=1):
        part, told = told[:2], told[2:]
        y = _section(draft, f"{number}. {name}" if rng.random() < 0.7 else name, part, y, columns)
        if number == len(names) // 2 + 1:
            y = _table(draft, y)
        if y > canvas.height - 240 and number < len(names):
            canvas.add_page()
            y = _first_y(draft, title)
    return draft


def _cover(draft: Draft, title: str) -> None:
    """A cover page, for some reports; otherwise the title stands on the first page of text."""
    rng, canvas = draft.rng, draft.canvas
    canvas.new_block()
    if rng.random() < 0.4:
        draft.say("report_title", title, canvas.write(60, 80, title, canvas.styled(size=18, bold=True)))
        return
    name, author, day = v.company(rng), v.person(rng, formal=0), v.write_date(draft.loc, v.draw_date(rng))
    span = canvas.write(297, 260, title, canvas.styled(size=22, bold=True), "center")
    draft.say("report_title", title, span)
    canvas.new_block()
    draft.say("report_organisation", name, canvas.write(297, 320, name, canvas.styled(size=14), "center"))
    lead = rng.choice(["Prepared by", "Author:", "by"])
    x = 297 - canvas.width_of(f"{lead} {author}") / 2
    canvas.new_block()
    canvas.write(x, 352, lead)
    draft.say("report_author", author, canvas.write(x + canvas.width_of(lead + " "), 352, author))
    draft.say("report_date", day, canvas.write(297, 380, day, align="center"))
    draft.hidden_fields |= {"form_date", "invoice_date", "receipt_date", "requested_by", "from", "seller"}
    canvas.add_page()


def _first_y(draft: Draft, title: str) -> float:
    """The running lines of a page; its first baseline."""
    canvas = draft.canvas
    canvas.new_block()
    small = canvas.styled(size=7.5)
    canvas.write(60, 36, title, small)
    canvas.write(535, 820, f"{draft.rng.choice(['Page ', '', ''])}{canvas.page + 1}", small, "right")
    return 110.0 if canvas.page == 0 else 70.0


def _section(draft: Draft, heading: str, told: list[Told], y: float, columns: int) -> float:
    rng, canvas = draft.rng, draft.canvas
    canvas.new_block()
    canvas.write(60, y, heading, canvas.styled(size=14, bold=True))
    y += 22
    if columns == 2 and len(told) == 2:
        places = ((60.0, told[0]), (310.0, told[1]))
        bottoms = [write_prose(draft, Area(x, y, 225), [one], filler=rng.randint(2, 4)) for x, one in places]
        return max(bottoms) + 14
    if rng.random() < 0.3:
        sentence = v.sentence(rng)
        spans, y = canvas.paragraph(60, y, 475, sentence)
        draft.say("section", sentence, spans[""], "section", name=heading.split(". ")[-1])
        return y + 14
    for one in told:
        y = write_prose(draft, Area(60, y, 475), [one], filler=rng.randint(1, 4)) + 6
    return y + 10


def _table(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    heads = [str(year) for year in range(rng.randint(2000, 2019), 2024)][: rng.randint(2, 4)]
    columns = even_columns(60, 535, 0.36, len(heads))
    title = f"Table {rng.randint(1, 4)}. {rng.choice(['Spending', 'Headcount', 'Visits'])} by department"
    canvas.new_block()
    canvas.write(60, y + 4, title, canvas.styled(size=8.5))
    y += 22
    write_row(canvas, y, ["Department", *heads], columns, canvas.styled(bold=True))
    for row in rng.sample(words.DEPARTMENTS, rng.randint(3, 6)):
        y += canvas.style.size * 1.6
        cells = [v.typed(rng, "number", draft.loc) for _ in heads]
        spans = write_row(canvas, y, [row, *cells], columns, canvas.style)
        at = rng.randrange(len(heads))
        asks = cell_asks(row, heads[at], draft.held)
        draft.facts.append(Fact("cell", (cells[at],), spans[at + 1], "", "table", "number", asks))
    return y + 30
