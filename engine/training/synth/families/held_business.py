"""Held-out business pages: utility bills, till slips in columns, delivery notes, pay slips."""

from __future__ import annotations

import random
from datetime import timedelta

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.layout import Column, PairStyle, even_columns, write_pair, write_row
from engine.training.synth.questions import Draft
from engine.training.synth.types import TextStyle


def _stacked(canvas: Canvas) -> PairStyle:
    """Small grey label over a larger value."""
    grey = canvas.styled(size=canvas.style.size * 0.8, colour=(0.4, 0.4, 0.4))
    return PairStyle("below", "", 0, grey, canvas.styled(bold=True))


def _pair(draft: Draft, at: tuple[float, float], key: str, text: str, style: PairStyle) -> None:
    label = draft.label(key)
    draft.add(key, text, write_pair(draft.canvas, at, label, text, style), label)


def bill(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """An energy, water or phone bill: a strip of stacked values on top, charges below, a slip to cut off."""
    canvas = Canvas(612, 792, rng, TextStyle("helv", rng.uniform(9, 10.5)))
    draft = Draft(canvas, rng, loc, held)
    name = f"{v.coined(rng)} {rng.choice(['Power', 'Water', 'Energy', 'Telecom', 'Gas'])}"
    draft.who = name
    canvas.shape(0, 0, 612, 50, fill=(0.85, 0.9, 0.95))
    draft.add("seller", name, canvas.write(576, 34, name, canvas.styled(size=17, bold=True), "right"), kind="position")
    day = v.draw_date(rng, 2008, 2026)
    due, total = v.write_date(loc, day + timedelta(days=21)), v.amount_cents(rng, 1500, 60_000)
    values = {
        "account_number": v.digits(rng, 10),
        "invoice_date": v.write_date(loc, day),
        "due_date": due,
        "period": f"{v.write_date(loc, day - timedelta(days=30))} - {v.write_date(loc, day)}",
    }
    style, x = _stacked(canvas), 40.0
    canvas.new_block()
    for key in rng.sample(sorted(values), 3):
        _pair(draft, (x, 80), key, values[key], style)
        x += 180
    person = v.person(rng, formal=0.1)
    canvas.write_lines(40, 136, [person, *v.address(rng, loc.language)])
    canvas.write_lines(400, 136, v.address(rng, loc.language))
    draft.hidden_fields |= {"buyer", "buyer_address", "seller_address", "account_holder", "to"}
    _charges(draft, total)
    canvas.shape(0, 640, 612, 640, stroke=(0.5, 0.5, 0.5))
    canvas.write(40, 670, v.digits(rng, 24), canvas.styled(font="cour"))
    canvas.write(40, 700, f"{due}    {v.money(loc, total)}")
    return draft


def _charges(draft: Draft, total: int) -> None:
    rng, canvas, loc = draft.rng, draft.canvas, draft.loc
    first = total * rng.randint(30, 60) // 100
    tax = total // rng.randint(6, 20)
    rows = [("opening_balance", v.amount_cents(rng, 1000, 40_000)), ("subtotal", first), ("tax", tax), ("total", total)]
    y = 240.0
    canvas.new_block()
    for key, cents in rows:
        label, text = draft.label(key), v.money(loc, cents)
        look = canvas.styled(bold=key == "total", size=canvas.style.size * (1.3 if key == "total" else 1))
        canvas.write(300, y, label, look)
        draft.add(key, text, canvas.write(572, y, text, look, "right"), label)
        canvas.shape(300, y + 5, 572, y + 5, stroke=(0.8, 0.8, 0.8))
        y += 24
    usage = f"{rng.randint(20, 2000)} {rng.choice(['kWh', 'm3', 'GB', 'minutes'])}"
    canvas.new_block()
    canvas.write(40, 240, rng.choice(["Usage", "Consumption", "Your usage"]), canvas.styled(bold=True))
    span = canvas.write(40, 262, usage, canvas.styled(size=15))
    draft.say("usage", usage, span, "label")


def slip(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A till slip with column headers, the total above the items or below, and facts in one line."""
    canvas = Canvas(300, 620, rng, TextStyle("helv", rng.uniform(8, 9.5)))
    draft = Draft(canvas, rng, loc, held)
    name = f"{v.coined(rng).upper()} {rng.choice(['MARKET', 'CAFE', 'GRILL', 'STORE'])}"
    draft.who = name
    draft.add("seller", name, canvas.write(20, 36, name, canvas.styled(bold=True, size=14)), kind="position")
    lines = v.address(rng, loc.language)
    span, y = canvas.write_lines(20, 52, lines)
    draft.add("seller_address", " ".join(lines), span, kind="position")
    day, number = v.write_date(loc, v.draw_date(rng, 2012, 2026)), v.code(rng)
    at = v.clock(rng)
    canvas.new_block()
    span = canvas.write(20, y + 8, f"{number} {day} {at}")
    cuts = (len(number.split()), len(number.split()) + len(day.split()))
    draft.add("receipt_number", number, Span(0, span.words[: cuts[0]]), kind="position")
    draft.add("receipt_date", day, Span(0, span.words[cuts[0] : cuts[1]]), kind="position")
    draft.add("time", at, Span(0, span.words[cuts[1] :]), kind="position")
    draft.hidden_fields |= {"invoice_number", "order_number"}
    total, y = _slip_items(draft, y + 36)
    canvas.new_block()
    label = draft.label("total")
    big = canvas.styled(bold=True, size=13)
    canvas.write(20, y, label, big)
    draft.add("total", v.money(loc, total), canvas.write(280, y, v.money(loc, total), big, "right"), label)
    y += 20
    for key, cents in (("tax", total // 11), ("cash", total + 500), ("change", 500)):
        label, text = draft.label(key), v.number(loc, cents)
        canvas.write(20, y, label)
        draft.add(key, text, canvas.write(150, y, text), label)
        y += 14
    return draft


def _slip_items(draft: Draft, y: float) -> tuple[int, float]:
    rng, canvas, loc = draft.rng, draft.canvas, draft.loc
    columns = [Column(20, 160), Column(165, 190, "center"), Column(195, 280, "right")]
    canvas.new_block()
    write_row(canvas, y, ["Item", "Qty", "Amt"], columns, canvas.styled(bold=True))
    total = 0
    for name in rng.sample(words.GOODS[loc.language], rng.randint(2, 8)):
        y += 14
        cents, count = v.amount_cents(rng, 90, 5000), rng.randint(1, 6)
        spans = write_row(canvas, y, [name, str(count), v.number(loc, cents)], columns, canvas.style)
        shown = canvas.text_of(spans[0])
        draft.say("slip_price", v.number(loc, cents), spans[2], "table", name=shown)
        draft.say("slip_quantity", str(count), spans[1], "table", name=shown)
        total += cents
    return total, y + 28


def delivery(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A delivery note: three address blocks side by side, a ruled strip of numbers, goods without prices."""
    canvas = Canvas(595, 842, rng, TextStyle("tiro", rng.uniform(9.5, 11)))
    draft = Draft(canvas, rng, loc, held)
    canvas.write(
        297,
        50,
        rng.choice(["DELIVERY NOTE", "PACKING LIST", "GOODS RECEIVED NOTE"]),
        canvas.styled(size=16, bold=True),
        "center",
    )
    x = 40.0
    for key in rng.sample(["seller", "buyer"], 2):
        name, label = v.company(rng, loc.language), draft.label(key)
        canvas.new_block()
        canvas.write(x, 84, label, canvas.styled(bold=True, size=8.5))
        span, _ = canvas.write_lines(x, 99, [name, *v.address(rng, loc.language)])
        draft.add(key, name, Span(0, span.words[: len(name.split())]), label)
        x += 270
    y = _strip(draft, 190)
    columns = [Column(40, 110), Column(116, 420), Column(426, 480, "right"), Column(486, 555, "right")]
    heads = ["Code", "Goods", "Pieces", "Weight"]
    write_row(canvas, y, heads, columns, canvas.styled(bold=True))
    for name in rng.sample(words.GOODS[loc.language], rng.randint(4, 12)):
        y += 19
        cells = [f"{v.letters(rng, 2)}{v.digits(rng, 4)}", name, str(rng.randint(1, 400)), f"{rng.randint(1, 90)} kg"]
        spans = write_row(canvas, y, cells, columns, canvas.style)
        for at, noun in ((0, "code"), (2, "number of pieces"), (3, "weight")):
            draft.say("goods_cell", cells[at], spans[at], "table", noun=noun, name=name)
    draft.hidden_fields |= {"item_count", "seller_address", "buyer_address"}
    return draft


def _strip(draft: Draft, y: float) -> float:
    """Ruled cells in a row, a label and under it the value in each."""
    rng, canvas, loc = draft.rng, draft.canvas, draft.loc
    made = {
        "order_number": v.code(rng),
        "delivery_date": v.write_date(loc, v.draw_date(rng)),
        "customer_number": v.code(rng),
        "salesperson": v.person(rng, formal=0),
        "phone": v.phone(rng),
    }
    keys = rng.sample(sorted(made), 4)
    style = _stacked(canvas)
    canvas.new_block()
    for number, key in enumerate(keys):
        x = 40 + number * 129
        canvas.shape(x - 4, y - 12, x + 125, y + 20, stroke=(0, 0, 0))
        _pair(draft, (x, y), key, made[key], style)
    return y + 48


def payslip(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A pay slip: person block, earnings and deductions side by side, net pay at the bottom."""
    canvas = Canvas(595, 420, rng, TextStyle(rng.choice(["cour", "helv"]), rng.uniform(8, 9.5)))
    draft = Draft(canvas, rng, loc, held)
    staff = v.company(rng)
    draft.say("employer", staff, canvas.write(40, 40, staff, canvas.styled(bold=True, size=13)))
    rows = (
        ("Employee", "employee", v.person(rng, formal=0)),
        ("Employee ID", "employee_id", v.digits(rng, 6)),
        ("Pay date", "pay_date", v.write_date(loc, v.draw_date(rng))),
        ("Department", "pay_department", rng.choice(words.DEPARTMENTS)),
    )
    for number, (label, key, text) in enumerate(rows):
        x, y = 40 + 270 * (number % 2), 66 + 16 * (number // 2)
        canvas.write(x, y, f"{label}:")
        draft.say(key, text, canvas.write(x + 90, y, text), "label")
    earned = _pay_lines(draft, 40, ("Basic pay", "Overtime", "Bonus", "Travel allowance"), 300_000)
    taken = _pay_lines(draft, 310, ("Income tax", "Pension", "Health insurance", "Union fee"), 20_000)
    bold, net = canvas.styled(bold=True, size=12), v.money(loc, earned - taken)
    canvas.write(310, 230, "Net pay", bold)
    draft.say("net_pay", net, canvas.write(555, 230, net, bold, "right"), "label")
    draft.hidden_fields |= {"account_holder", "department", "customer_number", "form_date", "seller"}
    draft.hidden_fields |= {"total", "tax", "salesperson", "cashier"}
    return draft


def _pay_lines(draft: Draft, left: float, names: tuple[str, ...], most: int) -> int:
    """A headed list of amounts; their sum in cents."""
    rng, canvas, loc = draft.rng, draft.canvas, draft.loc
    columns = even_columns(left, left + 245, 0.6, 1)
    canvas.new_block()
    canvas.write(left, 124, "Earnings" if left < 100 else "Deductions", canvas.styled(bold=True))
    total = 0
    for number, name in enumerate(names, start=1):
        cents = v.amount_cents(rng, 2000, most)
        text = v.number(loc, cents)
        span = write_row(canvas, 124 + 16 * number, [name, text], columns, canvas.style)[1]
        draft.say("pay_line", text, span, "label", label=name.lower())
        total += cents
    return total
