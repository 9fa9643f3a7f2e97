"""Values for the blanks of page files, by kind; amounts may be reckoned from others, dates follow the page's day."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import timedelta

from engine.errors import UsageError
from engine.training.synth import values as v
from engine.training.synth import wordlists as words

_NAME = re.compile(r"\{(\w+)\}")
_TERM = re.compile(r"([+-]?)\s*(?:(sum|pct)\((\w+)(?:,(\d+))?\)|(\w+))")


class Blanks:
    """The values drawn for one page, by name. Names of repeated lines end in _ and the row's number."""

    def __init__(self, rng: random.Random, loc: v.Locale) -> None:
        self.rng, self.loc = rng, loc
        self.day = v.draw_date(rng, 1996, 2026)
        self._values: dict[str, str] = {}
        self._cents: dict[str, int] = {}
        self._kinds: dict[str, str] = {}

    def fill(self, kind: str, args: str, name: str, row: int | None) -> tuple[str, str]:
        """The text of a blank and the name it is remembered by ("" for none). A known name alone is printed again."""
        for known in (f"{kind}_{row}", kind):
            if known in self._values and not args and not name:
                return self._values[known], known
        own = f"{name}_{row}" if name and row else name
        cents = self._reckoned(args) if kind.startswith("calc") else self._drawn(args) if kind in _MONEY else None
        if cents is not None:
            text = (v.money if kind in ("money", "calcmoney") else v.number)(self.loc, cents)
        else:
            text = self._made(kind, args)
        if own:
            self._values[own] = text
            self._kinds[own] = _VALUE_KINDS.get(kind, "text")
            if cents is not None:
                self._cents[own] = cents
        return text, own

    def said(self, text: str) -> str | None:
        """`text` with `{name}` replaced by the values; None where one of them was not printed."""
        if any(name not in self._values for name in _NAME.findall(text)):
            return None
        return _NAME.sub(lambda found: self._values[found.group(1)], text)

    def kind(self, name: str) -> str:
        """The value type of a remembered value."""
        return self._kinds.get(name, "text")

    def _drawn(self, args: str) -> int:
        low, _, high = (args or "1-3000").partition("-")
        return v.amount_cents(self.rng, max(round(100 * float(low)), 5), round(100 * float(high)))

    def _reckoned(self, expression: str) -> int:
        """`a+b-c`, `sum(name)` over all rows, `pct(name,6)`: in cents. What was left out counts as nothing."""
        total = 0
        for sign, function, of, rate, plain in _TERM.findall(expression):
            if function == "sum":
                value = sum(c for name, c in self._cents.items() if re.fullmatch(rf"{of}_\d+", name))
            elif function == "pct":
                value = round(self._cents.get(of, 0) * int(rate) / 100)
            else:
                value = self._cents.get(plain, 0)
            total += -value if sign == "-" else value
        return total

    def _made(self, kind: str, args: str) -> str:
        if kind == "date" and args:
            low, _, high = args.partition("_")
            near = self.day + timedelta(days=self.rng.randint(int(low), int(high or low)))
            return v.write_date(self.loc, near)
        maker = _MAKERS.get(kind)
        if maker is None:
            raise UsageError(f"There is no blank of the kind {kind!r}.", f"Known: {', '.join(sorted(_MAKERS))}.")
        return maker(self, args)


def _int(b: Blanks, args: str) -> str:
    low, _, high = (args or "1-99").partition("-")
    return v.integer(b.loc, b.rng.randint(int(low), int(high)))


def _year(b: Blanks, args: str) -> str:
    low, _, high = (args or "1950-2025").partition("-")
    return str(b.rng.randint(int(low), int(high)))


def _decimal(b: Blanks, args: str) -> str:
    low, _, high = (args or "0-100").partition("-")
    return f"{b.rng.uniform(float(low), float(high)):.1f}".replace(".", b.loc.decimal)


def _place_line(b: Blanks, _: str) -> str:
    return v.address(b.rng, b.loc.language)[1]


def _code(b: Blanks, args: str) -> str:
    """`#` stands for a digit, `A` for a letter; without a pattern any code."""
    if not args:
        return v.code(b.rng)
    drawn = {"#": lambda: v.digits(b.rng, 1), "A": lambda: v.letters(b.rng, 1)}
    return "".join(drawn[c]() if c in drawn else c for c in args)


def _long_date(b: Blanks, _: str) -> str:
    return v.write_date(b.loc, v.draw_date(b.rng, 1900, 2025), "{d} {mon} {y}" if b.rng.random() < 0.5 else None)


_MONEY = frozenset(("amount", "money", "calc", "calcmoney"))
_MAKERS: dict[str, Callable[[Blanks, str], str]] = {
    "person": lambda b, _: v.person(b.rng, formal=0.08),
    "first": lambda b, _: b.rng.choice(words.FIRST_NAMES),
    "last": lambda b, _: b.rng.choice(words.LAST_NAMES),
    "company": lambda b, _: v.company(b.rng, b.loc.language),
    "city": lambda b, _: b.rng.choice(words.CITIES[b.loc.language]),
    "street": lambda b, _: v.address(b.rng, b.loc.language)[0],
    "town": _place_line,
    "nation": lambda b, _: b.rng.choice(words.NATIONS),
    "date": lambda b, _: v.write_date(b.loc, b.day),
    "past": _long_date,
    "year": _year,
    "time": lambda b, _: v.clock(b.rng),
    "code": _code,
    "int": _int,
    "decimal": _decimal,
    "percent": lambda b, _: v.percent(b.rng, b.loc),
    "phone": lambda b, _: v.phone(b.rng),
    "email": lambda b, _: v.email(b.rng, v.coined(b.rng)),
    "web": lambda b, _: v.website(b.rng, v.coined(b.rng)),
    "iban": lambda b, _: v.iban(b.rng, b.loc.language),
    "taxid": lambda b, _: v.tax_id(b.rng, b.loc.language),
    "pick": lambda b, args: b.rng.choice(args.split("/")).strip(),
    "coined": lambda b, _: v.coined(b.rng),
    "phrase": lambda b, _: v.office_phrase(b.rng),
    "sentence": lambda b, _: v.sentence(b.rng),
    "goods": lambda b, _: b.rng.choice(words.GOODS[b.loc.language]),
    "brand": lambda b, _: b.rng.choice(words.BRAND_WORDS),
    "job": lambda b, _: b.rng.choice(words.JOB_TITLES),
    "dept": lambda b, _: b.rng.choice(words.DEPARTMENTS),
    "topic": lambda b, _: b.rng.choice(words.TOPICS),
    "month": lambda b, _: v.month_name(b.loc.language, b.rng.randint(1, 12)),
}
_VALUE_KINDS = {
    "amount": "amount",
    "money": "amount",
    "calc": "amount",
    "calcmoney": "amount",
    "date": "date",
    "past": "date",
    "time": "time",
    "code": "code",
    "int": "number",
    "decimal": "number",
    "person": "person",
    "company": "company",
    "percent": "percent",
    "phone": "phone",
    "email": "email",
    "city": "city",
}
