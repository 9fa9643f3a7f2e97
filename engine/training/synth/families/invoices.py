"""Invoices: seller and bill-to blocks, a block of labelled numbers and dates, item table, totals, payment details."""

from __future__ import annotations

import random
from datetime import date, timedelta

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.layout import Column, Relation, draw_pair_style, even_columns, write_pair, write_row
from engine.training.synth.questions import Draft
from engine.training.synth.types import TextStyle

_TITLES = {
    "en": ("INVOICE", "Invoice", "TAX INVOICE", "Bill", "Commercial Invoice"),
    "de": ("Rechnung", "RECHNUNG"),
    "fr": ("FACTURE", "Facture"),
    "es": ("FACTURA", "Factura"),
    "it": ("FATTURA", "Fattura"),
    "nl": ("FACTUUR", "Factuur"),
}
_HEADS = {
    "en": (
        ("Description", "Item", "Product"),
        ("Qty", "Quantity"),
        ("Unit Price", "Rate", "Price"),
        ("Amount", "Line Total", "Total"),
    ),
    "de": (("Beschreibung", "Artikel"), ("Menge",), ("Einzelpreis",), ("Betrag", "Gesamtpreis")),
    "fr": (("Désignation",), ("Quantité", "Qté"), ("Prix unitaire",), ("Montant",)),
    "es": (("Descripción",), ("Cantidad",), ("Precio",), ("Importe",)),
    "it": (("Descrizione",), ("Quantità",), ("Prezzo",), ("Importo",)),
    "nl": (("Omschrijving",), ("Aantal",), ("Prijs",), ("Bedrag",)),
}
_META = (
    ("order_number", 0.5), ("customer_number", 0.4), ("due_date", 0.75), ("delivery_date", 0.3), ("terms", 0.35),
    ("salesperson", 0.3),
)  # fmt: skip
_TERMS = ("Net 30", "Net 14 days", "30 days", "Due on receipt", "COD", "2% 10, Net 30", "14 Tage netto")


def invoice(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """An A4 or letter page in one of several arrangements."""
    canvas = Canvas(
        *rng.choice([(595.0, 842.0), (612.0, 792.0)]),
        rng,
        TextStyle(rng.choice(["helv", "helv", "tiro"]), rng.uniform(8.5, 10.5)),
    )
    draft = Draft(canvas, rng, loc, held)
    margin = rng.uniform(36, 64)
    y = _seller(draft, margin)
    y = _parties(draft, margin, y)
    total, y = _table(draft, margin, y + 18)
    y = _totals(draft, total, y + 8, canvas.width - margin)
    _payment(draft, margin, y + 26)
    return draft


def _seller(draft: Draft, margin: float) -> float:
    rng, canvas, language = draft.rng, draft.canvas, draft.language
    name = v.company(rng, language)
    draft.who = name
    big = canvas.styled(size=rng.uniform(13, 20), bold=True)
    title = rng.choice(_TITLES[language])
    swap = rng.random() < 0.3
    left, right = (title, name) if swap else (name, title)
    right_style = big if rng.random() < 0.6 else canvas.styled(size=12)
    y = margin + 16
    canvas.new_block()
    span = canvas.write(margin, y, left, big)
    other = canvas.write(canvas.width - margin, y + (22 if len(left + right) > 34 else 0), right, right_style, "right")
    draft.add("seller", name, other if swap else span, kind="position")
    address = v.address(rng, language)
    x, align = (canvas.width - margin, "right") if swap else (margin, "left")
    lines_span, bottom = canvas.write_lines(x, y + 46, address, align=align)  # type: ignore[arg-type]  # a literal
    draft.add("seller_address", " ".join(address), lines_span, kind="position")
    style = draw_pair_style(rng, canvas, ("inline", "glued"), 0)
    for key, chance in (("phone", 0.5), ("fax", 0.15), ("email", 0.4), ("tax_id", 0.4), ("website", 0.2)):
        if rng.random() < chance:
            label, text = draft.label(key), _contact(draft, key)
            draft.add(key, text, write_pair(canvas, (margin, bottom), label, text, style), label)
            bottom += style.height
    return bottom + 6


def _contact(draft: Draft, key: str) -> str:
    rng = draft.rng
    match key:
        case "email":
            return v.email(rng, draft.who)
        case "website":
            return v.website(rng, draft.who)
        case "tax_id":
            return v.tax_id(rng, draft.language)
        case _:
            return v.phone(rng)


def _parties(draft: Draft, margin: float, y: float) -> float:
    """Bill-to block and the block of labelled values, side by side in either order."""
    rng, canvas, language = draft.rng, draft.canvas, draft.language
    middle = canvas.width / 2 + rng.uniform(0, 40)
    meta_left = rng.random() < 0.3
    x_bill, x_meta = (middle, margin) if meta_left else (margin, middle)
    canvas.new_block()
    label = draft.label("buyer")
    canvas.write(x_bill, y + 16, label + rng.choice([":", ""]), canvas.styled(bold=rng.random() < 0.6))
    name = v.company(rng, language) if rng.random() < 0.6 else v.person(rng)
    lines = [name, *v.address(rng, language)]
    if rng.random() < 0.3:
        lines.insert(1, f"{rng.choice(['Attn:', 'c/o'])} {v.person(rng)}")
    span, bottom = canvas.write_lines(x_bill, y + 31, lines)
    count = len(name.split())
    draft.add("buyer", name, Span(span.page, span.words[:count]), label)
    if len(lines[1].split(":")) == 1 and not lines[1].startswith("c/o"):
        rest = Span(span.page, span.words[count:])
        draft.add("buyer_address", canvas.text_of(rest), rest, kind="section")
    return max(bottom, _meta(draft, x_meta, y + 16))


def _meta(draft: Draft, x: float, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    keys = ["invoice_number", "invoice_date"] + [key for key, chance in _META if rng.random() < chance]
    if rng.random() < 0.3:
        rng.shuffle(keys)
    day = v.draw_date(rng, 2005, 2026)
    relations: tuple[Relation, ...] = ("inline", "column", "right-aligned", "below", "glued", "above", "column")
    style = draw_pair_style(rng, canvas, relations, rng.uniform(90, 125))
    if style.relation == "right-aligned":
        style = draw_pair_style(rng, canvas, ("right-aligned",), 190)
    canvas.new_block()
    for key in keys:
        text = _meta_value(draft, key, day)
        label = draft.label(key)
        draft.add(key, text, write_pair(canvas, (x, y), label, text, style), label)
        y += style.height
    return y


def _meta_value(draft: Draft, key: str, day: date) -> str:
    rng = draft.rng
    match key:
        case "invoice_date":
            return v.write_date(draft.loc, day)
        case "due_date":
            return v.write_date(draft.loc, day + timedelta(days=rng.choice([7, 14, 30, 45, 60])))
        case "delivery_date":
            return v.write_date(draft.loc, day - timedelta(days=rng.randint(1, 9)))
        case "terms":
            return rng.choice(_TERMS)
        case "salesperson":
            return v.person(rng)
        case _:
            return v.code(rng)


def _table(draft: Draft, margin: float, y: float) -> tuple[int, float]:
    """Item rows; the sum in cents and the next baseline."""
    rng, canvas, loc = draft.rng, draft.canvas, draft.loc
    heads = [rng.choice(options) for options in _HEADS[loc.language]]
    columns = even_columns(margin, canvas.width - margin, rng.uniform(0.4, 0.55), 3)
    if rng.random() < 0.3:
        heads = [heads[1], heads[0], heads[2], heads[3]]
        first = columns[0]
        columns = [Column(first.left, first.left + 50), Column(first.left + 56, first.right + 40), *columns[2:]]
    bold = canvas.styled(bold=True)
    canvas.new_block()
    if rng.random() < 0.5:
        canvas.shape(margin - 4, y - 12, canvas.width - margin + 4, y + 5, fill=(0.88, 0.9, 0.93))
    write_row(canvas, y, heads, columns, bold)
    total = 0
    for name in rng.sample(words.GOODS[loc.language], rng.randint(2, 8)):
        y += canvas.style.size * rng.choice([1.7, 1.7, 2.2])
        quantity, price = rng.choice([1, 1, 2, 3, 4, 5, 10, 12, 25, 100]), v.amount_cents(rng, 150, 90_000)
        cells = {0: name, 1: str(quantity), 2: v.number(loc, price), 3: v.number(loc, quantity * price)}
        order = [1, 0, 2, 3] if heads[1] in _HEADS[loc.language][0] else [0, 1, 2, 3]
        spans = write_row(canvas, y, [cells[i] for i in order], columns, canvas.style)
        total += quantity * price
        for i, head in ((1, 1), (2, 2), (3, 3)):
            text = cells[i]
            asks = _cell_asks(draft, heads[order.index(head)], v.loosely(rng, name))
            draft.add(
                "cell", text, spans[order.index(i)], kind="table", value="number" if i == 1 else "amount", asks=asks
            )
    _absent_goods(draft, heads)
    return total, y + 14


def _cell_asks(draft: Draft, head: str, name: str) -> tuple[str, ...]:
    low = head.lower()
    match draft.language:
        case "de":
            return (f"Wie lautet {head} für {name}?", f"{head} von {name}?")
        case "fr":
            return (f"Quel est {low} de {name} ?", f"{head} pour {name} ?")
        case "es":
            return (f"¿Cuál es {low} de {name}?", f"¿{head} de {name}?")
        case "it":
            return (f"Qual è {low} di {name}?", f"{head} di {name}?")
        case "nl":
            return (f"Wat is {low} van {name}?", f"{head} van {name}?")
    if draft.held:
        return (f"For {name}, what {low} is listed?", f"{name} - {low}", f"Look up the {low} in the row {name}")
    asks = [f"What is the {low} of {name}?", f"What is the {low} for {name}?", f"{low} of {name}?"]
    if low in ("qty", "quantity"):
        asks += [f"How many {name} were ordered?", f"How many units of {name} were billed?"]
    if low in ("unit price", "price"):
        asks += [f"How much does one {name} cost?", f"What does {name} cost per unit?"]
    return tuple(asks)


def _absent_goods(draft: Draft, heads: list[str]) -> None:
    printed = draft.canvas.all_text()
    missing = [name for name in words.GOODS[draft.language] if name.split()[0] not in printed]
    for name in draft.rng.sample(missing, min(2, len(missing))):
        draft.absent.append((draft.rng.choice(_cell_asks(draft, heads[-1], name)), "amount"))


def _totals(draft: Draft, total: int, y: float, right: float) -> float:
    rng, canvas, loc = draft.rng, draft.canvas, draft.loc
    shown = v.money if rng.random() < 0.65 else v.number
    tax = total * rng.choice([0, 6, 8, 19, 20, 21]) // 100
    rows = [("subtotal", total)] if tax or rng.random() < 0.5 else []
    if rng.random() < 0.25:
        freight = rng.randint(300, 9000)
        rows.append(("shipping", freight))
        total += freight
    if rng.random() < 0.15:
        rows.append(("discount", -(total // 10)))
        total -= total // 10
    rows += [("tax", tax)] if tax else []
    rows.append(("total", total + tax))
    left = right - rng.uniform(150, 210)
    canvas.new_block()
    for key, cents in rows:
        style = canvas.styled(bold=key == "total" and rng.random() < 0.7)
        label, text = draft.label(key), shown(loc, cents)
        canvas.write(left, y, label + rng.choice(["", ":"]), style)
        draft.add(key, text, canvas.write(right, y, text, style, "right"), label)
        y += style.size * 1.55
    return y


def _payment(draft: Draft, margin: float, y: float) -> None:
    rng, canvas = draft.rng, draft.canvas
    style = draw_pair_style(rng, canvas, ("inline", "column"), 80)
    canvas.new_block()
    if rng.random() < 0.4:
        label, text = draft.label("iban"), v.iban(rng, draft.language)
        draft.add("iban", text, write_pair(canvas, (margin, y), label, text, style), label)
        y += style.height
    if rng.random() < 0.4:
        canvas.paragraph(margin, y + 8, canvas.width - 2 * margin, v.sentence(rng))
    if rng.random() < 0.2:
        canvas.write(
            canvas.width / 2, canvas.height - 30, f"{v.phone(rng)}   {v.website(rng, draft.who)}", align="center"
        )
        draft.hidden_fields |= {"phone", "website", "fax"}
