"""Shop receipts: narrow, monospaced or small print, name on top, items, totals, payment."""

from __future__ import annotations

import random
from functools import partial

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.layout import wrap
from engine.training.synth.questions import Draft
from engine.training.synth.types import TextStyle

_GREETINGS = {
    "en": ("THANK YOU", "PLEASE COME AGAIN", "Goods sold are not returnable", "Thank you for shopping with us"),
    "de": ("Vielen Dank", "Auf Wiedersehen"),
    "fr": ("Merci de votre visite", "À bientôt"),
    "es": ("Gracias por su visita",),
    "it": ("Grazie e arrivederci",),
    "nl": ("Bedankt en tot ziens",),
}


class _Slip:
    """A receipt being printed: a draft, the pen's baseline and the paper's margins."""

    def __init__(self, rng: random.Random, loc: v.Locale, held: bool) -> None:
        self.rng, self.loc = rng, loc
        font = rng.choice(["cour", "cour", "helv"])
        size = rng.uniform(7.5, 10)
        width = rng.uniform(230, 330)
        self.canvas = Canvas(width, rng.uniform(640, 860), rng, TextStyle(font, size))
        self.draft = Draft(self.canvas, rng, loc, held)
        self.left = rng.uniform(8, 22)
        self.right = width - rng.uniform(8, 22)
        self.y = rng.uniform(20, 46)
        self.upper = rng.random() < 0.45
        self.lead = rng.uniform(1.2, 1.6)

    def case(self, text: str) -> str:
        return text.upper() if self.upper else text

    def down(self, lines: float = 1.0) -> None:
        self.y += self.canvas.style.size * self.lead * lines

    def centred(self, text: str, *, big: bool = False) -> Span:
        style = self.canvas.styled(size=self.canvas.style.size * 1.25, bold=True) if big else self.canvas.style
        span: Span | None = None
        for line in wrap(self.canvas, self.case(text), self.right - self.left, style):
            part = self.canvas.write((self.left + self.right) / 2, self.y, line, style, "center")
            span = part if span is None else span + part
            self.down(1.2 if big else 1)
        assert span is not None
        return span

    def pair(self, key: str, value: str, *, spread: bool = True, label: str = "") -> None:
        """A label at the left edge; its value at the right edge or straight after."""
        name = self.case(label or self.draft.label(key))
        mark = self.rng.choice([":", " :", "", ":"])
        value_text = self.case(value)
        if spread:
            self.canvas.write(self.left, self.y, name + mark)
            span = self.canvas.write(self.right, self.y, value_text, align="right")
        else:
            self.canvas.write(self.left, self.y, name + mark)
            start = self.left + self.canvas.width_of(name + mark + " ")
            span = self.canvas.write(start, self.y, value_text)
        self.draft.add(key, value_text, span, name)
        self.down()

    def rule(self) -> None:
        if self.rng.random() < 0.5:
            mark = self.rng.choice("-=-*")
            self.canvas.write(self.left, self.y, mark * int((self.right - self.left) / self.canvas.width_of(mark)))
        else:
            self.canvas.shape(self.left, self.y - 3, self.right, self.y - 3, stroke=(0, 0, 0))
        self.down()


def receipt(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A supermarket or restaurant slip."""
    slip = _Slip(rng, loc, held)
    _header(slip)
    _meta(slip)
    total = _items(slip)
    _totals(slip, total)
    _footer(slip, total)
    slip.canvas.height = slip.y + rng.uniform(4, 60)
    slip.draft.hidden_fields |= {"buyer", "phone", "website", "tax_id", "receipt_number", "invoice_number", "time"}
    return slip.draft


def _header(slip: _Slip) -> None:
    rng, draft, language = slip.rng, slip.draft, slip.loc.language
    slip.canvas.new_block()
    name = v.company(rng, language)
    draft.who = slip.case(name)
    draft.add("seller", slip.case(name), slip.centred(name, big=rng.random() < 0.6), kind="position")
    if rng.random() < 0.4 and language == "en":
        slip.pair("tax_id", v.tax_id(rng, language), spread=False)
    lines = v.address(rng, language)
    span = slip.centred(lines[0] + rng.choice([",", ""]))
    for line in lines[1:]:
        span = span + slip.centred(line)
    printed = slip.canvas.text_of(span)
    draft.add("seller_address", printed, span, kind="position")
    if rng.random() < 0.6:
        slip.pair("phone", v.phone(rng), spread=False)
    if rng.random() < 0.3:
        slip.pair("fax", v.phone(rng), spread=False)


def _meta(slip: _Slip) -> None:
    rng = slip.rng
    slip.canvas.new_block()
    if rng.random() < 0.4:
        slip.centred(rng.choice(["TAX INVOICE", "RECEIPT", "CASH BILL", "SIMPLIFIED TAX INVOICE"]))
    day = v.write_date(slip.loc, v.draw_date(rng, 2012, 2026))
    spread = rng.random() < 0.3
    pairs = [("receipt_number", v.code(rng))]
    if rng.random() < 0.35:
        clock = v.clock(rng)
        span = slip.canvas.write(slip.left, slip.y, f"{day} {clock}")
        cut = len(day.split())
        slip.draft.add("receipt_date", day, Span(span.page, span.words[:cut]), kind="position")
        slip.draft.add("time", clock, Span(span.page, span.words[cut:]), kind="position")
        slip.down()
    else:
        pairs.append(("receipt_date", day))
        pairs += [("time", v.clock(rng))] * (rng.random() < 0.5)
    pairs += [("cashier", rng.choice(words.FIRST_NAMES))] * (rng.random() < 0.5)
    pairs += [("table_number", str(rng.randint(1, 60)))] * (rng.random() < 0.25)
    rng.shuffle(pairs)
    for key, text in pairs:
        slip.pair(key, text, spread=spread)
    slip.rule()


def _items(slip: _Slip) -> int:
    """Item lines; the sum in cents."""
    rng, canvas, loc = slip.rng, slip.canvas, slip.loc
    canvas.new_block()
    two_lines, total, count = rng.random() < 0.4, 0, 0
    spans: list[Span] = []
    goods = rng.sample(words.GOODS[loc.language], rng.randint(1, 9))
    for name in goods:
        quantity, price = rng.choice([1, 1, 1, 2, 3, 5]), v.amount_cents(rng, 80, 9000)
        line_total = quantity * price
        text = slip.case(name)
        if two_lines:
            name_span = canvas.write(slip.left, slip.y, text)
            slip.down()
            canvas.write(slip.left, slip.y, f"{v.digits(rng, 8)} {quantity} x {v.number(loc, price)}")
        else:
            lead = f"{quantity} " if rng.random() < 0.7 else ""
            name_span = canvas.write(slip.left, slip.y, lead + text)
            name_span = Span(name_span.page, name_span.words[len(lead.split()) :])
        span = canvas.write(slip.right, slip.y, v.number(loc, line_total), align="right")
        if quantity == 1 or not two_lines:
            asks = _price_asks(loc.language, v.loosely(rng, slip.case(name)), slip.draft.held)
            slip.draft.add("item_price", v.number(loc, line_total), span, name, kind="table", value="amount", asks=asks)
        total, count = total + line_total, count + quantity
        slip.down()
        spans.append(name_span)
    for key, at in (("first_item", 0), ("last_item", -1)):
        if rng.random() < 0.3:
            slip.draft.say(key, canvas.text_of(spans[at]), spans[at])
    if rng.random() < 0.3:
        slip.pair("item_count", str(count))
    for name in words.GOODS[loc.language]:
        if name not in goods and len(slip.draft.absent) < 2 and rng.random() < 0.1:
            slip.draft.absent.append((rng.choice(_price_asks(loc.language, name, slip.draft.held)), "amount"))
    slip.rule()
    return total


def _price_asks(language: str, name: str, held: bool) -> tuple[str, ...]:
    if language == "de":
        return (f"Was kostet {name}?", f"Wie viel kostet {name}?")
    if language == "fr":
        return (f"Combien coûte {name} ?", f"Quel est le prix de {name} ?")
    if language == "es":
        return (f"¿Cuánto cuesta {name}?", f"¿Cuál es el precio de {name}?")
    if language == "it":
        return (f"Quanto costa {name}?", f"Qual è il prezzo di {name}?")
    if language == "nl":
        return (f"Hoeveel kost {name}?", f"Wat is de prijs van {name}?")
    if held:
        return (f"What did they charge for {name}?", f"{name}: how much was it?", f"Cost of {name}")
    return (
        f"How much does {name} cost?", f"What is the price of {name}?", f"price of {name.lower()}?",
        f"What is the amount for {name}?", f"How much was paid for {name.lower()}?", f"How much is the {name}?",
    )  # fmt: skip


def _totals(slip: _Slip, total: int) -> None:
    rng, loc = slip.rng, slip.loc
    slip.canvas.new_block()
    shown = partial(v.money if rng.random() < 0.5 else v.number, loc)
    tax = total * rng.choice([0, 6, 7, 19, 20]) // 100
    if rng.random() < 0.6:
        slip.pair("subtotal", shown(total))
        if rng.random() < 0.2:
            cut = total // 20
            slip.pair("discount", v.number(loc, -cut) if rng.random() < 0.6 else shown(cut))
            total -= cut
    if tax:
        slip.pair("tax", shown(tax))
    due = total + tax
    if rng.random() < 0.3 and loc.language == "en":
        rounded = round(due / 5) * 5
        slip.pair("rounding", v.number(loc, rounded - due))
        due = rounded
    if rng.random() < 0.25:
        slip.canvas.style = slip.canvas.styled(bold=True)
    slip.pair("total", shown(due))
    slip.canvas.style = slip.canvas.styled(bold=False)
    draw = rng.random()
    if draw < 0.6:
        given = (due // 1000 + rng.randint(1, 5)) * 1000 if rng.random() < 0.7 else due
        slip.pair("cash", shown(given))
        slip.pair("change", shown(given - due))
    elif draw < 0.85:
        slip.pair("payment_method", rng.choice(["VISA", "MASTERCARD", "Debit Card", "AMEX", "E-Wallet"]))


def _tax_summary(slip: _Slip, total: int) -> None:
    """A small table of tax rates under the totals, which repeats amounts and says "total" again."""
    canvas, loc = slip.canvas, slip.loc
    middle = (slip.left + slip.right) / 2 + 14
    slip.rule()
    for cells in (("GST Summary", "Amount", "Tax"), ("SR @ 6%", v.number(loc, total), v.number(loc, total * 6 // 100))):
        canvas.write(slip.left, slip.y, cells[0])
        base = canvas.write(middle, slip.y, cells[1], align="right")
        canvas.write(slip.right, slip.y, cells[2], align="right")
        slip.down()
    slip.draft.say("tax_base", v.number(loc, total), base, "table")
    slip.draft.hidden_fields |= {"tax", "tax_rate", "subtotal"}


def _footer(slip: _Slip, total: int) -> None:
    rng = slip.rng
    if slip.loc.language == "en" and rng.random() < 0.25:
        _tax_summary(slip, total)
    if slip.loc.language == "en" and rng.random() < 0.15:
        saved = v.money(slip.loc, rng.randint(20, 900))
        slip.canvas.write(slip.left, slip.y, slip.case(rng.choice(["Total Savings", "You saved", "Total Discount"])))
        slip.draft.say("saving", saved, slip.canvas.write(slip.right, slip.y, saved, align="right"), "label")
        slip.draft.hidden_fields.add("discount")
        slip.down()
    slip.rule()
    slip.canvas.new_block()
    for text in rng.sample(_GREETINGS[slip.loc.language], rng.randint(0, 1)):
        slip.centred(text)
    if rng.random() < 0.3:
        slip.centred(v.digits(rng, 12))
    if rng.random() < 0.25:
        slip.pair("website", v.website(rng, slip.draft.who), spread=False)
