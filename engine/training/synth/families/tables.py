"""Price and statistics tables: row labels × column headers, up to sixty rows, two-level headers, notes, page labels."""

from __future__ import annotations

import random
from dataclasses import dataclass

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.layout import Column, even_columns, write_row
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_MEASURES = (
    "Population", "Exports", "Imports", "Visitors", "Students", "Hospitals", "Births", "Deaths", "Passengers",
    "Vehicles", "Households", "Farms", "Accidents", "Schools", "Nurses", "Licences", "Employees", "Sales", "Orders",
    "Complaints", "Members", "Loans", "Patents", "Tests", "Arrivals", "Permits", "Awards", "Points", "Wins", "Losses",
    "Goals", "Medals",
)  # fmt: skip
_UNCOUNTED = (
    "Rainfall", "Revenue", "Income", "Area", "Output", "Share", "Price", "Cost", "Yield", "Rate", "Density", "Growth",
)  # fmt: skip
_ROW_HEADS = {
    "nation": "Country",
    "city": "City",
    "product": "Item",
    "company": "Company",
    "person": "Name",
    "month": "Month",
}
_NOUNS = {
    "nation": "countries",
    "city": "cities",
    "product": "items",
    "company": "companies",
    "person": "people",
    "month": "months",
}
_NOTES = (
    "Source: national statistical office.", "Note: figures may not add up because of rounding.", "* provisional",
    "n/a = not available", "All values are subject to revision.", "Data as of end of year.",
)  # fmt: skip


@dataclass(slots=True)
class _Grid:
    """What a table says: `groups` are headers over `heads` (with their spans in columns), or empty."""

    row_kind: str
    rows: list[str]
    heads: list[str]
    groups: list[tuple[str, int]]
    cells: list[list[str]]
    types: list[str]

    def head(self, column: int) -> str:
        """The column's full name: its group and its own header."""
        start = 0
        for name, count in self.groups:
            if start <= column < start + count:
                return f"{name} {self.heads[column]}"
            start += count
        return self.heads[column]


def table(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page with a title, a table and notes."""
    landscape = rng.random() < 0.25
    width, height = (842.0, 595.0) if landscape else (595.0, 842.0)
    size = rng.uniform(6, 10)
    canvas = Canvas(width, height, rng, TextStyle(rng.choice(["helv", "helv", "tiro"]), size))
    draft = Draft(canvas, rng, loc, held)
    room = int((height - 170) / (size * 1.7))
    grid = _draw_grid(draft, min(room, rng.choice([5, 8, 12, 20, 30, 45, 60])))
    y = _title(draft, grid)
    spans, y = _write(draft, grid, y)
    _ask_cells(draft, grid, spans)
    _ask_whole(draft, grid, spans)
    _surround(draft, y)
    return draft


def _draw_grid(draft: Draft, row_count: int) -> _Grid:
    rng = draft.rng
    row_kind = rng.choice(sorted(_ROW_HEADS))
    rows = _rows(draft, row_kind, row_count)
    groups: list[tuple[str, int]] = []
    draw = rng.random()
    if draw < 0.35:
        first = rng.randint(1990, 2020)
        heads = [str(first + i) for i in range(rng.randint(3, 7))]
        types = ["number"] * len(heads)
    elif draw < 0.6:
        measures = rng.sample(_MEASURES, rng.randint(2, 3))
        parts = rng.choice([["Male", "Female", "Total"], ["2019", "2020"], ["Urban", "Rural"], ["Q1", "Q2", "Q3"]])
        groups = [(measure, len(parts)) for measure in measures]
        heads = parts * len(measures)
        types = ["number"] * len(heads)
    else:
        heads = rng.sample(_MEASURES + _UNCOUNTED, rng.randint(2, 6))
        types = [_column_type(rng, head) for head in heads]
    cells = [[_cell(draft, kind) for kind in types] for _ in rows]
    return _Grid(row_kind, rows, heads, groups, cells, types)


def _rows(draft: Draft, kind: str, count: int) -> list[str]:
    rng = draft.rng
    match kind:
        case "nation":
            return sorted(rng.sample(words.NATIONS, min(count, len(words.NATIONS))))
        case "city":
            return rng.sample(words.CITIES["en"] + words.CITIES["de"] + words.CITIES["it"], min(count, 50))
        case "product":
            return rng.sample(words.GOODS["en"], min(count, len(words.GOODS["en"])))
        case "month":
            return [v.month_name("en", month) for month in range(1, 13)][: max(count, 4)]
        case "person":
            return list(dict.fromkeys(v.person(rng, formal=0) for _ in range(count)))
        case _:
            return list(dict.fromkeys(v.company(rng) for _ in range(count)))


def _column_type(rng: random.Random, head: str) -> str:
    if head in ("Share", "Rate", "Growth"):
        return "percent"
    if head in ("Price", "Cost", "Revenue", "Income"):
        return rng.choice(["amount", "number"])
    return "number"


def _cell(draft: Draft, kind: str) -> str:
    rng, loc = draft.rng, draft.loc
    if rng.random() < 0.02:
        return rng.choice(["-", "n/a", "–"])
    if kind == "number" and rng.random() < 0.3:
        return f"{rng.randint(0, 400)}{loc.decimal}{rng.randint(0, 9)}"
    return v.typed(rng, kind, loc)


def _title(draft: Draft, grid: _Grid) -> float:
    rng, canvas = draft.rng, draft.canvas
    subject = rng.choice([grid.groups[0][0] if grid.groups else rng.choice(_MEASURES), rng.choice(words.TOPICS)])
    year = rng.randint(1995, 2025)
    number = f"Table {rng.randint(1, 30)}" + rng.choice(["", ".", f".{rng.randint(1, 9)}"])
    text = rng.choice(
        [
            f"{number} {subject} by {_ROW_HEADS[grid.row_kind].lower()}, {year}",
            f"{subject} {year}",
            f"{number}: {subject}",
        ]
    )
    y = rng.uniform(40, 70)
    canvas.new_block()
    style = canvas.styled(size=canvas.style.size * 1.4, bold=True)
    span = canvas.write(*rng.choice([(50.0, y), (80.0, y)]), text, style)
    draft.say("table_title", text, span)
    if rng.random() < 0.4:
        note = rng.choice(
            ["in thousands", "per 100,000 inhabitants", "million dollars", "excluding VAT", "prices per unit"]
        )
        canvas.write(50, y + style.size * 1.3, f"({note})", canvas.styled(size=canvas.style.size * 0.9))
    return y + style.size * 1.3 + 24


def _write(draft: Draft, grid: _Grid, y: float) -> tuple[list[list[Span]], float]:
    """Header and rows; spans of label and cells by row, and the next baseline."""
    rng, canvas = draft.rng, draft.canvas
    left, right = rng.uniform(36, 60), canvas.width - rng.uniform(36, 60)
    align = rng.choice(["right", "right", "center", "left"])
    longest = max(canvas.width_of(label) for label in grid.rows) / (right - left)
    share = min(0.45, max(rng.uniform(0.2, 0.36), longest + 0.02))
    columns = even_columns(left, right, share, len(grid.heads), align)  # type: ignore[arg-type]  # literals
    bold = canvas.styled(bold=rng.random() < 0.7)
    canvas.new_block()
    if grid.groups:
        start = 1
        for name, count in grid.groups:
            middle = (columns[start].left + columns[start + count - 1].right) / 2
            canvas.write(middle, y, name, bold, "center")
            start += count
        y += canvas.style.size * 1.5
    corner = _ROW_HEADS[grid.row_kind] if rng.random() < 0.8 else ""
    write_row(canvas, y, [corner, *grid.heads], columns, bold)
    ruled, striped = rng.random() < 0.4, rng.random() < 0.3
    lead = rng.uniform(1.4, 1.8)
    spans = []
    for number, (label, cells) in enumerate(zip(grid.rows, grid.cells, strict=True)):
        y += canvas.style.size * lead
        if number and number % 10 == 0 and rng.random() < 0.3:
            y += canvas.style.size
        if ruled:
            canvas.shape(left, y + 3, right, y + 3, stroke=(0.6, 0.6, 0.6))
        elif striped and number % 2:
            canvas.shape(left, y - canvas.style.size, right, y + 3, fill=(0.93, 0.94, 0.96))
        if rng.random() < 0.1:
            canvas.new_block()
        spans.append(write_row(canvas, y, [label, *cells], columns, canvas.style))
    if rng.random() < 0.3:
        y += canvas.style.size * (lead + 0.3)
        _total_row(draft, grid, y, columns)
    return spans, y + 26


def _total_row(draft: Draft, grid: _Grid, y: float, columns: list[Column]) -> None:
    canvas = draft.canvas
    cells = [_cell(draft, kind) for kind in grid.types]
    label = draft.rng.choice(["Total", "TOTAL", "All", "Sum"])
    spans = write_row(canvas, y, [label, *cells], columns, canvas.styled(bold=draft.rng.random() < 0.6))
    at = draft.rng.randrange(len(cells))
    if any(c.isdigit() for c in cells[at]):
        draft.say("total_row", cells[at], spans[at + 1], "table", head=grid.head(at).lower())


def _ask_cells(draft: Draft, grid: _Grid, spans: list[list[Span]]) -> None:
    rng = draft.rng
    for _ in range(9):
        row, column = rng.randrange(len(grid.rows)), rng.randrange(len(grid.heads))
        text = grid.cells[row][column]
        if text in ("-", "n/a", "–") or draft.canvas.text_of(spans[row][0]) != grid.rows[row]:
            continue
        asks = cell_asks(grid.rows[row], grid.head(column), draft.held)
        answers = v.accepted(text, draft.loc)
        draft.facts.append(Fact("cell", answers, spans[row][column + 1], "", "table", grid.types[column], asks))
    known = set(grid.rows)
    others = [name for name in _rows(draft, grid.row_kind, 60) if name not in known]
    for name in others[:2]:
        draft.absent.append((rng.choice(cell_asks(name, grid.head(0), draft.held)), grid.types[0]))


def cell_asks(row: str, head: str, held: bool) -> tuple[str, ...]:
    """Questions for the cell where a row and a column meet."""
    low = head.lower()
    parts = head.split()
    if held:
        return (f"Look up {row} under {head}", f"{row} / {head}", f"Which value does {row} show for {low}?")
    asks = [
        f"What is the {low} of {row}?",
        f"What is the {low} for {row}?",
        f"{low} of {row}?",
        f"What was the {head} in {row}?",
    ]
    if parts[-1].isdigit():
        measure = " ".join(parts[:-1]).lower()
        asks = [f"What was the value for {row} in {parts[-1]}?", f"What is the figure for {row} in {parts[-1]}?"]
        if measure:
            asks += [
                f"How many {measure} did {row} have in {parts[-1]}?",
                f"What were the {measure} of {row} in {parts[-1]}?",
            ]
    elif parts[0] in _MEASURES:
        tail = f" {' '.join(parts[1:]).lower()}" if len(parts) > 1 else ""
        asks += [
            f"How many{tail} {parts[0].lower()} did {row} have?",
            f"How many{tail} {parts[0].lower()} are there in {row}?",
        ]
    elif parts[0] in _UNCOUNTED:
        asks += [f"How much {low} did {row} have?", f"How high is the {low} of {row}?"]
    return tuple(asks)


def _ask_whole(draft: Draft, grid: _Grid, spans: list[list[Span]]) -> None:
    """How many rows; which row has the largest value."""
    rng = draft.rng
    labels = spans[0][0]
    for row in spans[1:]:
        labels = labels + row[0]
    name = _ROW_HEADS[grid.row_kind].lower()
    for key, at in (("first_row", 0), ("last_row", -1)):
        if rng.random() < 0.2:
            draft.say(key, draft.canvas.text_of(spans[at][0]), spans[at][0], name=name)
    if rng.random() < 0.3:
        draft.say("row_count", str(len(grid.rows)), labels, "count", noun=_NOUNS[grid.row_kind])
    column = rng.randrange(len(grid.heads))
    values = [_number_of(row[column], draft.loc) for row in grid.cells]
    best = max(values)
    if rng.random() < 0.3 and values.count(best) == 1 and best > 0:
        at = values.index(best)
        head = grid.head(column).lower()
        draft.say("highest", draft.canvas.text_of(spans[at][0]), spans[at][0], "table", name=name, head=head)


def _number_of(text: str, loc: v.Locale) -> float:
    bare = "".join(c for c in text if c.isdigit() or c == loc.decimal).replace(loc.decimal, ".").strip(".")
    return float(bare) if bare else -1.0


def _surround(draft: Draft, y: float) -> None:
    rng, canvas = draft.rng, draft.canvas
    if rng.random() < 0.6 and y < canvas.height - 50:
        canvas.new_block()
        canvas.write(50, y, rng.choice(_NOTES), canvas.styled(size=canvas.style.size * 0.85))
    label = rng.choice(
        [
            str(rng.randint(2, 300)),
            f"- {rng.randint(2, 99)} -",
            f"Page {rng.randint(1, 40)}",
            f"{v.letters(rng, 1)}-{rng.randint(1, 20)}",
        ]
    )
    canvas.new_block()
    canvas.write(canvas.width / 2, canvas.height - 24, label, align="center")
    if rng.random() < 0.3:
        canvas.write(50, 24, f"{rng.choice(words.TOPICS)} Report {rng.randint(1995, 2025)}", canvas.styled(size=7))
