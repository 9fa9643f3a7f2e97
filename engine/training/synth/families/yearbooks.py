"""Pages of statistical yearbooks: regions or sectors × measures × years, percent columns beside counts, footnotes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_COUNTED = (
    "cattle", "pigs", "sheep", "hospitals", "beds", "schools", "pupils", "teachers", "farms", "tractors", "births",
    "deaths", "marriages", "dwellings", "households", "companies", "vessels", "passengers", "accidents", "libraries",
    "books", "cinemas", "visitors", "telephones", "patients", "doctors", "students", "vehicles", "convictions",
    "guests",
)  # fmt: skip
_ROWS = {
    "Province": ("Alvera", "Borsk", "Carmont", "Dellin", "Estavia", "Fjelland", "Gorsk", "Halvia", "Imber", "Jorvik"),
    "Region": (
        "Lowlands",
        "Highlands",
        "Coast",
        "North East",
        "North West",
        "South",
        "Midlands",
        "Capital district",
        "Islands",
    ),
    "Sector": (
        "Agriculture",
        "Industry",
        "Construction",
        "Transport",
        "Trade",
        "Services",
        "Households",
        "Public sector",
    ),
    "Age group": ("0-14", "15-24", "25-34", "35-44", "45-54", "55-64", "65 and over"),
    "Country": words.NATIONS,
    "Town": words.CITIES["en"],
    "Subject": (
        "Law",
        "Medicine",
        "Religion",
        "History",
        "Fiction",
        "Technology",
        "Natural sciences",
        "Arts",
        "Languages",
    ),
}
_WHOLE = ("Total", "TOTAL", "All", "Whole country", "Total, all")
_SOURCES = ("Central Statistical Office", "National Board of Health", "Ministry of Education", "Census of Population")
_NOTES = ("Provisional figures", "Including the islands", "Excluding the capital", "Break in the series", "Estimated")
_MARKS = ("*", "(a)", "1)", "[1]", "¹", "(1)")


@dataclass(slots=True)
class _Column:
    """One column: its measure (or "%" of one), its year or part, both as printed over it."""

    measure: str
    year: str
    percent: bool = False
    cells: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Table:
    """`groups` are printed over `heads`; `tops` holds the number of columns under each group."""

    row_head: str
    rows: list[str]
    columns: list[_Column]
    groups: list[str]
    tops: list[int]
    heads: list[str]


def yearbook(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page with one table, or two under each other."""
    canvas = Canvas(595, 842, rng, TextStyle(rng.choice(["helv", "tiro"]), rng.uniform(7, 9)))
    draft = Draft(canvas, rng, loc, held)
    y = 60.0
    if rng.random() < 0.6:
        canvas.write(rng.choice([40.0, 300.0]), 28, rng.choice(words.TOPICS).upper(), canvas.styled(size=7))
        canvas.write(555, 28, str(rng.randint(10, 400)), canvas.styled(size=8), "right")
    measures = list(_COUNTED)
    rng.shuffle(measures)
    for number in range(rng.choice([1, 1, 2])):
        table = _draw(draft, [measures.pop() for _ in range(3)])
        y = _write(draft, table, y, number) + 26
    draft.absent += [(f"How many {measures[0]} were there in {rng.choice(table.rows)}?", "number")]
    if rng.random() < 0.6:
        name = rng.choice(_SOURCES)
        canvas.new_block()
        span = canvas.write(40, y, f"Source: {name}.", canvas.styled(size=canvas.style.size * 0.9))
        if rng.random() < 0.4:
            draft.say("source", f"{name}.", Span(span.page, span.words[1:]), "label")
    return draft


def _draw(draft: Draft, measures: list[str]) -> _Table:
    rng = draft.rng
    row_head = rng.choice(sorted(_ROWS))
    known = _ROWS[row_head]
    rows = rng.sample(known, min(len(known), rng.randint(4, 12)))
    first, step = rng.randint(1950, 2012), rng.choice([1, 5, 10])
    years = [str(first + i * step) for i in range(rng.randint(2, 3))]
    used = measures[: rng.randint(1, 3)]
    form = rng.choice(["measures", "years", "shares", "plain", "series"])
    if form == "measures" and len(used) > 1:
        columns = [_Column(m, year) for m in used for year in years]
        table = _Table(
            row_head, rows, columns, [m.capitalize() for m in used], [len(years)] * len(used), years * len(used)
        )
    elif form == "years":
        columns = [_Column(m, year) for year in years for m in used]
        table = _Table(
            row_head, rows, columns, years, [len(used)] * len(years), [m.capitalize() for m in used] * len(years)
        )
    elif form == "shares":
        columns = [_Column(used[0], year, share) for year in years for share in (False, True)]
        unit = rng.choice([used[0].capitalize(), "Number", "No."])
        share = rng.choice(["%", "%", "per cent", "Share, %"])
        table = _Table(row_head, rows, columns, years, [2] * len(years), [unit, share] * len(years))
    elif form == "series":
        rows = [str(first + i) for i in range(rng.randint(5, 14))]
        columns = [_Column(m, "") for m in measures]
        table = _Table("Year", rows, columns, [], [], [m.capitalize() for m in measures])
    else:
        shares = [rng.random() < 0.3 for _ in measures]
        columns = [_Column(m, "", share) for m, share in zip(measures, shares, strict=True)]
        heads = [f"{m.capitalize()}{', %' if share else ''}" for m, share in zip(measures, shares, strict=True)]
        table = _Table(row_head, rows, columns, [], [], heads)
    for column in table.columns:
        high = rng.randint(2, 6)
        column.cells = [rng.randint(1, 999) if column.percent else rng.randint(1, 10**high) for _ in table.rows]
    return table


def _shown(draft: Draft, column: _Column, value: int) -> str:
    if column.percent:
        return f"{value / 10:.1f}".replace(".", draft.loc.decimal)
    return v.integer(draft.loc, value)


def _title(draft: Draft, table: _Table, y: float, number: int) -> float:
    rng, canvas = draft.rng, draft.canvas
    names = list(dict.fromkeys(column.measure for column in table.columns))
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    years = [column.year for column in table.columns if column.year]
    period = rng.choice([f", {years[0]}-{years[-1]}", f", {years[0]} and {years[-1]}", ""]) if years else ""
    text = f"{listed.capitalize()} by {table.row_head.lower()}{period}"
    lead = rng.choice([f"Table {rng.randint(1, 12)}.{number + 1}", f"TABLE {number + 1}.", f"{rng.randint(2, 40)}", ""])
    canvas.new_block()
    style = canvas.styled(bold=True, size=canvas.style.size * 1.2)
    span = canvas.write(40, y, f"{lead} {text}".strip(), style)
    if not number:
        draft.say("table_title", text, Span(span.page, span.words[len(lead.split()) :]))
    return y + style.size * 2


def _write(draft: Draft, table: _Table, y: float, number: int) -> float:
    """The table from `y`; the baseline below it."""
    rng, canvas = draft.rng, draft.canvas
    y = _title(draft, table, y, number)
    width = max(canvas.width_of(row) for row in [*table.rows, "Whole country (a)"]) + 14
    step = min((515 - width) / len(table.columns), 90.0)
    edges = [40 + width + step * (i + 1) for i in range(len(table.columns))]
    y = _head(draft, table, edges, step, y)
    lead = canvas.style.size * rng.uniform(1.35, 1.7)
    marked = (rng.randrange(len(table.rows)), rng.randrange(len(table.columns))) if rng.random() < 0.4 else None
    mark = rng.choice(_MARKS)
    spans: dict[tuple[int, int], Span] = {}
    for row, name in enumerate(table.rows):
        canvas.write(40, y, f"{name}{rng.choice([' ', ''])}{mark}" if marked == (row, 0) else name)
        for at, column in enumerate(table.columns):
            text = _shown(draft, column, column.cells[row])
            noted = marked == (row, at) and at > 0
            span = canvas.write(
                edges[at] + (canvas.width_of(mark) if noted else 0), y, text + mark * noted, align="right"
            )
            if not noted:
                spans[row, at] = span
        y += lead
    if rng.random() < 0.6 and table.row_head != "Year":
        y = _whole(draft, table, edges, y + rng.choice([0, lead * 0.6]))
    if marked is not None:
        y += 6
        canvas.write(40, y, f"{mark} {rng.choice(_NOTES)}.", canvas.styled(size=canvas.style.size * 0.9))
    _ask(draft, table, spans)
    return y + lead


def _head(draft: Draft, table: _Table, edges: list[float], step: float, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    bold = canvas.styled(bold=rng.random() < 0.4)
    canvas.shape(40, y - 10, 555, y - 10, stroke=(0, 0, 0))
    canvas.new_block()
    start = 0
    for name, count in zip(table.groups, table.tops, strict=True):
        middle = (edges[start] - step + edges[start + count - 1]) / 2
        canvas.write(middle + rng.choice([0, 8]), y, name, bold, "center")
        start += count
    y += canvas.style.size * 1.5 if table.groups else 0
    if rng.random() < 0.85:
        canvas.write(40, y, table.row_head, bold)
    for head, edge in zip(table.heads, edges, strict=True):
        canvas.write(edge, y, head, bold if canvas.width_of(head, bold) < step else canvas.styled(size=6), "right")
    canvas.shape(40, y + 4, 555, y + 4, stroke=(0, 0, 0))
    return y + canvas.style.size * 2


def _whole(draft: Draft, table: _Table, edges: list[float], y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    name = rng.choice(_WHOLE)
    canvas.write(40, y, name, canvas.styled(bold=rng.random() < 0.5))
    for at, column in enumerate(table.columns):
        text = f"100{draft.loc.decimal}0" if column.percent else v.integer(draft.loc, sum(column.cells))
        span = canvas.write(edges[at], y, text, align="right")
        if not column.percent and rng.random() < 0.4:
            when = f" in {column.year}" if column.year else ""
            asks = (
                f"What was the total number of {column.measure}{when}?",
                f"How many {column.measure} were there in total{when}?",
                f"What is the total of {column.measure}{when}?",
                f"How many {column.measure} were counted altogether{when}?",
            )
            draft.facts.append(Fact("whole", (text,), span, "", "table", "number", asks))
    return y + canvas.style.size * 1.5


def _ask(draft: Draft, table: _Table, spans: dict[tuple[int, int], Span]) -> None:
    rng = draft.rng
    for row, at in rng.sample(sorted(spans), min(len(spans), 7)):
        column = table.columns[at]
        asks = _asks(table, table.rows[row], column)
        text = _shown(draft, column, column.cells[row])
        kind = "percent" if column.percent else "number"
        answers = (text, f"{text}%") if column.percent else (text,)
        draft.facts.append(Fact("stat", answers, spans[row, at], "", "table", kind, asks))
    column = rng.choice(table.columns)
    others = [name for name in _ROWS.get(table.row_head, ("1949", "2031")) if name not in table.rows]
    if others:
        draft.absent.append((rng.choice(_asks(table, rng.choice(others), column)), "number"))
    if column.year:
        later = _Column(column.measure, str(int(column.year) + rng.choice([3, 7, 11])), column.percent)
        draft.absent.append((rng.choice(_asks(table, rng.choice(table.rows), later)), "number"))


def _asks(table: _Table, row: str, column: _Column) -> tuple[str, ...]:
    """Questions for one cell, in prose: its row, its measure and its year."""
    when = f" in {column.year}" if column.year else ""
    where = f"for the age group {row}" if table.row_head == "Age group" else f"in {row}"
    name = column.measure
    if column.percent:
        return (
            f"What percentage of {name} was {where}{when}?",
            f"What share of {name} did {row} have{when}?",
            f"What was the share of {row}{when}?",
            f"What per cent of the {name} were {where}{when}?",
            f"What percentage of {name} belonged to {row}{when}?",
        )
    return (
        f"How many {name} were there {where}{when}?",
        f"What was the number of {name} {where}{when}?",
        f"How many {name} did {row} have{when}?",
        f"What is the value for {name} {where}{when}?",
        f"What is the figure of {name} for {row}{when}?",
        f"{name} {where}{when}?",
        f"According to the table, how many {name} were recorded {where}{when}?",
    )
