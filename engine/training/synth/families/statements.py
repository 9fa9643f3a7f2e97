"""Bank and card statements: holder and account block, balances, a table of dated transactions."""

from __future__ import annotations

import random
from datetime import date, timedelta

from engine.training.synth import values as v
from engine.training.synth.canvas import Canvas
from engine.training.synth.layout import Column, draw_pair_style, write_pair, write_row
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_BANK_WORDS = {"en": "Bank", "de": "Sparkasse", "fr": "Banque", "es": "Banco", "it": "Banca", "nl": "Bank"}
_HEADS = {
    "en": ("Date", "Description", "Amount", "Balance"),
    "de": ("Datum", "Verwendungszweck", "Betrag", "Saldo"),
    "fr": ("Date", "Libellé", "Montant", "Solde"),
    "es": ("Fecha", "Concepto", "Importe", "Saldo"),
    "it": ("Data", "Descrizione", "Importo", "Saldo"),
    "nl": ("Datum", "Omschrijving", "Bedrag", "Saldo"),
}
_PAID = {
    "en": (
        "How much was paid to {who}?",
        "What was the amount of the transaction with {who}?",
        "What is the amount for {who}?",
        "How much is the {who} transaction?",
    ),
    "de": ("Wie viel wurde an {who} gezahlt?",),
    "fr": ("Combien a été payé à {who} ?",),
    "es": ("¿Cuánto se pagó a {who}?",),
    "it": ("Quanto è stato pagato a {who}?",),
    "nl": ("Hoeveel is er aan {who} betaald?",),
}
_WHEN = {
    "en": (
        "When was {who} paid?",
        "On what date was the payment to {who}?",
        "What is the date of the {who} transaction?",
    ),
    "de": ("Wann wurde an {who} gezahlt?",),
    "fr": ("Quand {who} a-t-il été payé ?",),
    "es": ("¿Cuándo se pagó a {who}?",),
    "it": ("Quando è stato pagato {who}?",),
    "nl": ("Wanneer is {who} betaald?",),
}
_HELD_PAID = ("What went out to {who}?", "The entry {who}: which sum?")
_HELD_WHEN = ("On which day did {who} get money?",)


def statement(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page of an account."""
    canvas = Canvas(595, 842, rng, TextStyle(rng.choice(["helv", "cour", "helv"]), rng.uniform(8, 9.5)))
    draft = Draft(canvas, rng, loc, held)
    margin = rng.uniform(40, 60)
    name = f"{v.coined(rng)} {_BANK_WORDS[loc.language]}"
    draft.who = name
    canvas.new_block()
    canvas.write(margin, 56, name, canvas.styled(size=16, bold=True))
    if rng.random() < 0.5:
        canvas.write(margin, 72, ", ".join(v.address(rng, loc.language)))
    opening = v.amount_cents(rng, 10_000, 3_000_000)
    y = _holder(draft, margin)
    return _transactions(draft, margin, y + 20, opening)


def _holder(draft: Draft, margin: float) -> float:
    rng, canvas, loc = draft.rng, draft.canvas, draft.loc
    start = v.draw_date(rng, 2005, 2026)
    period = f"{v.write_date(loc, start)} - {v.write_date(loc, start + timedelta(days=30))}"
    made = {
        "account_holder": v.person(rng, formal=0.1),
        "account_number": v.digits(rng, rng.randint(7, 12)),
        "iban": v.iban(rng, loc.language),
        "period": period,
        "customer_number": v.code(rng),
    }
    keys = [
        "account_holder",
        "account_number",
        "period",
        *(k for k in ("iban", "customer_number") if rng.random() < 0.4),
    ]
    rng.shuffle(keys)
    style = draw_pair_style(rng, canvas, ("inline", "column", "column", "below"), rng.uniform(95, 130))
    x, y = rng.choice([margin, canvas.width / 2 - 30]), 104.0
    canvas.new_block()
    for key in keys:
        label = draft.label(key)
        draft.add(key, made[key], write_pair(canvas, (x, y), label, made[key], style), label)
        y += style.height
    return y


def _transactions(draft: Draft, margin: float, y: float, opening: int) -> Draft:
    rng, canvas, loc = draft.rng, draft.canvas, draft.loc
    right = canvas.width - margin
    wide = canvas.width_of(v.write_date(loc, date(2000, 9, 28))) + 12
    columns = [
        Column(margin, margin + wide),
        Column(margin + wide + 6, right - 160),
        Column(right - 160, right - 84, "right"),
        Column(right - 78, right, "right"),
    ]
    bold = canvas.styled(bold=True)
    _balance(draft, "opening_balance", opening, margin, right, y)
    y += 20
    canvas.new_block()
    write_row(canvas, y, list(_HEADS[loc.language]), columns, bold)
    day, balance = v.draw_date(rng, 2005, 2026), opening
    payees = list(dict.fromkeys(v.company(rng, loc.language) for _ in range(rng.randint(4, 16))))
    for payee in payees:
        y += canvas.style.size * 1.7
        day += timedelta(days=rng.randint(1, 3))
        change = v.amount_cents(rng, 300, 200_000) * rng.choice([-1, -1, 1])
        balance += change
        texts = [v.write_date(loc, day), payee, v.number(loc, change), v.number(loc, balance)]
        spans = write_row(canvas, y, texts, columns, canvas.style)
        if canvas.text_of(spans[1]) == payee:
            paid = _HELD_PAID if draft.held else _PAID[loc.language]
            when = _HELD_WHEN if draft.held else _WHEN[loc.language]
            amounts = (texts[2], texts[2].lstrip("-"))
            draft.facts.append(
                Fact("paid", amounts, spans[2], "", "table", "amount", tuple(t.format(who=payee) for t in paid))
            )
            draft.facts.append(
                Fact("paid_on", (texts[0],), spans[0], "", "table", "date", tuple(t.format(who=payee) for t in when))
            )
    y += 24
    _balance(draft, "closing_balance", balance, margin, right, y)
    other = v.company(rng, loc.language)
    if other not in payees:
        draft.absent.append((rng.choice(_PAID[loc.language]).format(who=other), "amount"))
    return draft


def _balance(draft: Draft, key: str, cents: int, left: float, right: float, y: float) -> None:
    canvas, label, text = draft.canvas, draft.label(key), v.money(draft.loc, cents)
    canvas.new_block()
    start = draft.rng.choice([left, right - 240])
    canvas.write(start, y, label, canvas.styled(bold=True))
    draft.add(key, text, canvas.write(right, y, text, canvas.styled(bold=True), "right"), label)
