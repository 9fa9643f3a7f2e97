"""Reports of several pages: cover, contents, sections with headings, facts in sentences, a small table, running lines."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.families.tables import cell_asks
from engine.training.synth.layout import even_columns, write_row
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.sentences import Told, fact_names
from engine.training.synth.types import TextStyle

_SECTIONS = (
    "Introduction",
    "Background",
    "Methods",
    "Results",
    "Financial Overview",
    "Staff",
    "Outlook",
    "Risks",
    "Conclusions",
    "Governance",
    "Safety",
    "Customers",
    "Environment",
    "Recommendations",
)


def report(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """Two to five pages."""
    canvas = Canvas(595, 842, rng, TextStyle(rng.choice(["helv", "tiro"]), rng.uniform(9, 11)))
    draft = Draft(canvas, rng, loc, held)
    title = f"{rng.choice(words.TOPICS)} {rng.choice(['Report', 'Review', 'Assessment', 'Study'])} {rng.randint(1998, 2026)}"
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


def _add(draft: Draft, key: str, text: str, span: Span, value: str, asks: str, held: str) -> None:
    chosen = tuple((held if draft.held else asks).split("|"))
    draft.facts.append(Fact(key, (text,), span, "", "position", value, chosen))


def _cover(draft: Draft, title: str) -> None:
    """A cover page, for some reports; otherwise the title stands on the first page of text."""
    rng, canvas = draft.rng, draft.canvas
    canvas.new_block()
    if rng.random() < 0.4:
        span = canvas.write(60, 80, title, canvas.styled(size=18, bold=True))
        _add(
            draft,
            "report_title",
            title,
            span,
            "text",
            "What is the title of the report?|What is the report about?|title?|What is the title of the document?",
            "How is the report called?",
        )
        return
    name, author, day = v.company(rng), v.person(rng, formal=0), v.write_date(draft.loc, v.draw_date(rng))
    span = canvas.write(297, 260, title, canvas.styled(size=22, bold=True), "center")
    _add(
        draft,
        "report_title",
        title,
        span,
        "text",
        "What is the title of the report?|What is the title on the cover?|title?|What is the title of the document?",
        "How is the report called?",
    )
    canvas.new_block()
    span = canvas.write(297, 320, name, canvas.styled(size=14), "center")
    _add(
        draft,
        "report_org",
        name,
        span,
        "company",
        "Which organization published the report?|Who published the report?|Which company is the report from?",
        "Whose report is it?",
    )
    lead = rng.choice(["Prepared by", "Author:", "by"])
    x = 297 - canvas.width_of(f"{lead} {author}") / 2
    canvas.new_block()
    canvas.write(x, 352, lead)
    span = canvas.write(x + canvas.width_of(lead + " "), 352, author)
    _add(
        draft,
        "report_author",
        author,
        span,
        "person",
        "Who wrote the report?|Who is the author of the report?|Who prepared the report?",
        "Whose work is the report?",
    )
    span = canvas.write(297, 380, day, align="center")
    _add(
        draft,
        "report_date",
        day,
        span,
        "date",
        "When was the report published?|What is the date of the report?|What is the date on the cover?",
        "On which day did the report appear?",
    )
    draft.hidden_fields |= {"form_date", "invoice_date", "receipt_date", "requested_by", "from", "seller"}
    canvas.add_page()


def _first_y(draft: Draft, title: str) -> float:
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
        bottoms = [
            write_prose(draft, Area(x, y, 225), [one], filler=rng.randint(2, 4))
            for x, one in ((60.0, told[0]), (310.0, told[1]))
        ]
        return max(bottoms) + 14
    if rng.random() < 0.3:
        sentence = v.sentence(rng)
        spans, y = canvas.paragraph(60, y, 475, sentence)
        name = heading.split(". ")[-1]
        asks = (
            f"What does the section {name} say?",
            f'What is written in the section "{name}"?',
            f"What does section {heading.split('.')[0]} say?" if ". " in heading else f"What is said under {name}?",
        )
        held = (f"Read me the section {name}.", f"What stands under the heading {name}?")
        draft.facts.append(
            Fact("section", (sentence,), spans[""], heading, "section", "text", held if draft.held else asks)
        )
        return y + 14
    for one in told:
        y = write_prose(draft, Area(60, y, 475), [one], filler=rng.randint(1, 4)) + 6
    return y + 10


def _table(draft: Draft, y: float) -> float:
    rng, canvas, loc = draft.rng, draft.canvas, draft.loc
    heads = [str(year) for year in range(rng.randint(2000, 2019), 2024)][: rng.randint(2, 4)]
    rows = rng.sample(words.DEPARTMENTS, rng.randint(3, 6))
    columns = even_columns(60, 535, 0.36, len(heads))
    canvas.new_block()
    canvas.write(
        60,
        y + 4,
        f"Table {rng.randint(1, 4)}. {rng.choice(['Spending', 'Headcount', 'Visits'])} by department",
        canvas.styled(size=8.5),
    )
    y += 22
    write_row(canvas, y, ["Department", *heads], columns, canvas.styled(bold=True))
    for row in rows:
        y += canvas.style.size * 1.6
        cells = [v.typed(rng, "number", loc) for _ in heads]
        spans = write_row(canvas, y, [row, *cells], columns, canvas.style)
        at = rng.randrange(len(heads))
        draft.facts.append(
            Fact("cell", (cells[at],), spans[at + 1], "", "table", "number", cell_asks(row, heads[at], draft.held))
        )
    return y + 30
