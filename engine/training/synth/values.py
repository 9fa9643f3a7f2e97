"""Typed values as documents print them: amounts, dates, codes, names, addresses, in the manner of one locale."""

from __future__ import annotations

import math
import random
import string
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from engine.training.synth import wordlists as words

LANGUAGES = ("en", "de", "fr", "es", "it", "nl")

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
_EN_CURRENCIES = ("$", "$", "$", "£", "RM", "RM ", "RM", "USD ", "€", "SGD ", "", "", "")
_EN_DATES = (
    "{d:02}/{m:02}/{y}", "{m:02}/{d:02}/{y}", "{d:02}-{m:02}-{y}", "{y}-{m:02}-{d:02}", "{mon} {d}, {y}",
    "{d} {mon} {y}", "{d:02}-{mon3}-{y}", "{m}/{d}/{yy:02}", "{d:02}.{m:02}.{y}", "{mon3} {d}, {y}", "{d} {mon3} {y}",
    "{d:02}/{m:02}/{yy:02}", "{MON3} {d:02}, {y}",
)  # fmt: skip
_EU_DATES = {
    "de": ("{d:02}.{m:02}.{y}", "{d}. {mon} {y}", "{d:02}.{m:02}.{yy:02}"),
    "fr": ("{d:02}/{m:02}/{y}", "{d} {mon} {y}"),
    "es": ("{d:02}/{m:02}/{y}", "{d} de {mon} de {y}"),
    "it": ("{d:02}/{m:02}/{y}", "{d} {mon} {y}"),
    "nl": ("{d:02}-{m:02}-{y}", "{d} {mon} {y}"),
}


@dataclass(frozen=True, slots=True)
class Locale:
    """How one document writes its values. `currency` carries its own spacing; it stands after the number if `after`."""

    language: str
    currency: str
    after: bool
    thousands: str
    decimal: str
    date_format: str
    upper: bool = False


def draw_locale(rng: random.Random, language: str) -> Locale:
    """A document's manner of writing."""
    if language == "en":
        currency = rng.choice(_EN_CURRENCIES)
        return Locale("en", currency, False, rng.choice([",", ",", ",", ""]), ".", rng.choice(_EN_DATES))
    after = rng.random() < 0.7
    currency = rng.choice([" €", " EUR", " €", ""]) if after else rng.choice(["€ ", "EUR ", "€"])
    return Locale(language, currency, after, rng.choice([".", ".", " ", ""]), ",", rng.choice(_EU_DATES[language]))


def number(loc: Locale, cents: int) -> str:
    """`cents` as a number with two decimals, without currency."""
    whole = f"{abs(cents) // 100:,}".replace(",", loc.thousands.strip())
    return f"{'-' if cents < 0 else ''}{whole}{loc.decimal}{abs(cents) % 100:02}"


def money(loc: Locale, cents: int) -> str:
    """`cents` with the document's currency."""
    plain = number(loc, cents)
    return f"{plain}{loc.currency}" if loc.after else f"{loc.currency}{plain}"


def accepted(text: str, loc: Locale) -> tuple[str, ...]:
    """The value as printed, then without its currency."""
    sign = loc.currency.strip()
    if sign and (text.startswith(sign) or text.endswith(sign)):
        bare = text.removeprefix(sign).removesuffix(sign).strip()
        return (text, bare)
    return (text,)


def integer(loc: Locale, value: int) -> str:
    return f"{value:,}".replace(",", loc.thousands.strip()) if value >= 1000 else str(value)


def amount_cents(rng: random.Random, low: int = 100, high: int = 500_000) -> int:
    """An amount; small ones are as common as large ones."""
    return round(10 ** rng.uniform(math.log10(low), math.log10(high)))


def draw_date(rng: random.Random, first: int = 1985, last: int = 2027) -> date:
    return date(first, 1, 1) + timedelta(days=rng.randrange((last - first + 1) * 365))


def write_date(loc: Locale, day: date, pattern: str | None = None) -> str:
    month = _MONTHS[loc.language].split()[day.month - 1]
    return (pattern or loc.date_format).format(
        d=day.day, m=day.month, y=day.year, yy=day.year % 100, mon=month, mon3=month[:3], MON3=month[:3].upper()
    )


def month_name(language: str, month: int) -> str:
    return _MONTHS[language].split()[month - 1]


def clock(rng: random.Random) -> str:
    hour, minute = rng.randrange(24), rng.randrange(60)
    if rng.random() < 0.4:
        return f"{(hour - 1) % 12 + 1}:{minute:02} {'AM' if hour < 12 else 'PM'}"
    return f"{hour:02}:{minute:02}" + (f":{rng.randrange(60):02}" if rng.random() < 0.3 else "")


def person(rng: random.Random, *, formal: float = 0.2) -> str:
    first, last = rng.choice(words.FIRST_NAMES), rng.choice(words.LAST_NAMES)
    draw = rng.random()
    if draw < formal:
        return f"{rng.choice(['Mr.', 'Ms.', 'Dr.', 'Mrs.', 'Prof.'])} {first} {last}"
    if draw < formal + 0.15:
        return f"{first[0]}. {rng.choice(string.ascii_uppercase)}. {last}"
    if draw < formal + 0.25:
        return f"{first} {rng.choice(string.ascii_uppercase)}. {last}"
    return f"{first} {last}"


def coined(rng: random.Random) -> str:
    """A name that no dictionary has."""
    return "".join(rng.choice(words.SYLLABLES) for _ in range(rng.randint(2, 3))).capitalize()


def company(rng: random.Random, language: str = "en") -> str:
    trade, form = rng.choice(words.TRADES[language]), rng.choice(words.COMPANY_FORMS[language])
    lead = rng.choice([rng.choice(words.BRAND_WORDS), coined(rng), rng.choice(words.LAST_NAMES)])
    if rng.random() < 0.2:
        lead = f"{lead} {rng.choice(words.BRAND_WORDS)}"
    return f"{lead} {trade} {form}" if rng.random() < 0.85 else f"{lead} {trade}"


def address(rng: random.Random, language: str = "en") -> list[str]:
    """Street, then postcode and city, sometimes a third line."""
    street, city = rng.choice(words.STREETS[language]), rng.choice(words.CITIES[language])
    if language in ("en", "fr"):
        first = f"{rng.choice(['', '', 'No. ', 'Lot '])}{rng.randint(1, 399)}{rng.choice(['', '', ','])} {street}"
    else:
        first = f"{street} {rng.randint(1, 199)}{rng.choice(['', '', 'a'])}"
    if rng.random() < 0.2:
        first = f"{rng.choice(['Suite', 'Unit', 'Floor'])} {rng.randint(1, 40)}, {first}"
    zipped = {"en": rng.randint(10000, 99999), "nl": f"{rng.randint(1000, 9999)} {letters(rng, 2)}"}.get(
        language, f"{rng.randint(1000, 99999):05}"
    )
    second = f"{city} {zipped}" if language == "en" and rng.random() < 0.6 else f"{zipped} {city}"
    lines = [first, second]
    if rng.random() < 0.35:
        lines.append(rng.choice(words.COUNTRIES[language]))
    return lines


def letters(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.ascii_uppercase) for _ in range(count))


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def code(rng: random.Random) -> str:
    """An identifier: digits, letters and separators in one of many patterns."""
    return rng.choice(
        (
            digits(rng, rng.randint(4, 10)),
            f"{letters(rng, rng.randint(1, 3))}-{digits(rng, rng.randint(3, 6))}",
            f"{letters(rng, 2)}{digits(rng, rng.randint(4, 8))}",
            f"{rng.randint(2008, 2026)}-{digits(rng, rng.randint(3, 5))}",
            f"{letters(rng, 3)}/{digits(rng, 2)}/{digits(rng, 4)}",
            f"{digits(rng, 3)}-{digits(rng, 2)}-{digits(rng, 4)}",
            f"#{digits(rng, rng.randint(3, 7))}",
        )
    )


def phone(rng: random.Random) -> str:
    a, b, c = digits(rng, 3), digits(rng, 3), digits(rng, 4)
    return rng.choice([f"({a}) {b}-{c}", f"{a}-{b}-{c}", f"+{rng.randint(1, 99)} {a} {b} {c}", f"0{a[:2]}-{b}{c}"])


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in folded if c.isascii() and c.isalnum())


def email(rng: random.Random, name: str) -> str:
    local = rng.choice(["info", "sales", "office", "billing", _plain(rng.choice(words.LAST_NAMES))])
    return f"{local}@{_plain(name)[:12]}.{rng.choice(['com', 'org', 'net', 'co.uk', 'de', 'example'])}"


def website(rng: random.Random, name: str) -> str:
    return (
        f"{rng.choice(['www.', 'www.', 'https://', ''])}{_plain(name)[:12]}.{rng.choice(['com', 'org', 'net', 'eu'])}"
    )


def percent(rng: random.Random, loc: Locale) -> str:
    if rng.random() < 0.5:
        return f"{rng.randint(1, 99)}{rng.choice(['%', '%', ' %'])}"
    return f"{rng.randint(0, 99)}{loc.decimal}{rng.randint(1, 9)}{rng.choice(['%', '%', ' %'])}"


def iban(rng: random.Random, language: str) -> str:
    country = {"en": "GB", "de": "DE", "fr": "FR", "es": "ES", "it": "IT", "nl": "NL"}[language]
    body = " ".join(digits(rng, 4) for _ in range(rng.randint(4, 5)))
    return f"{country}{digits(rng, 2)} {body} {digits(rng, 2)}"


def tax_id(rng: random.Random, language: str) -> str:
    prefix = {"en": rng.choice(["", "GB", "00"]), "de": "DE", "fr": "FR", "es": "B", "it": "IT", "nl": "NL"}[language]
    return f"{prefix}{digits(rng, rng.choice([8, 9, 12]))}"


def loosely(rng: random.Random, name: str) -> str:
    """An article's name as people recall it: in lower case, without its size or its last word, now and then plural."""
    parts = name.split()
    draw = rng.random()
    if draw < 0.12 and len(parts) > 2:
        return " ".join(parts[:-1])
    if draw < 0.24:
        return name.lower()
    if draw < 0.3 and len(parts) > 1 and parts[-1].isalpha() and parts[-1].islower() and not name.endswith("s"):
        return f"{name.lower()}s"
    return name


def office_phrase(rng: random.Random, low: int = 1, high: int = 3) -> str:
    """A label made of office words, capitalised as labels are."""
    chosen = rng.sample(words.OFFICE_WORDS, rng.randint(low, high))
    return rng.choice([" ".join(chosen).capitalize(), " ".join(chosen).title()])


def sentence(rng: random.Random) -> str:
    """A sentence that answers nothing, now and then with a value in it that nobody asks for."""
    draw = rng.random()
    if draw < 0.35:
        parts = rng.sample(words.FILLER, rng.choice([1, 1, 2]))
        return (" and ".join(parts) + ".").capitalize()
    noun, other, verb = rng.choice(words.OFFICE_WORDS), rng.choice(words.OFFICE_WORDS), rng.choice(words.VERBS)
    lead = rng.choice(words.OPENINGS)
    if draw < 0.5:
        value = rng.choice([str(rng.randint(2, 400)), str(rng.randint(1950, 2024)), f"{rng.randint(1, 99)}%"])
        return f"{lead} the {noun} {verb} the {other} ({value}) {rng.choice(words.ENDINGS)}."
    return f"{lead} the {noun} {verb} every {other} {rng.choice(words.ENDINGS)}."


def typed(rng: random.Random, kind: str, loc: Locale) -> str:
    """A value of a type: amount, number, date, time, code, person, company, phone, email, percent, city, text."""
    makers = {
        "amount": lambda: money(loc, amount_cents(rng)),
        "number": lambda: integer(loc, int(10 ** rng.uniform(0, 6))),
        "date": lambda: write_date(loc, draw_date(rng)),
        "time": lambda: clock(rng),
        "code": lambda: code(rng),
        "person": lambda: person(rng),
        "company": lambda: company(rng, loc.language),
        "phone": lambda: phone(rng),
        "email": lambda: email(rng, coined(rng)),
        "percent": lambda: percent(rng, loc),
        "city": lambda: rng.choice(words.CITIES[loc.language]),
        "address": lambda: ", ".join(address(rng, loc.language)),
        "title": lambda: rng.choice(words.JOB_TITLES),
        "department": lambda: rng.choice(words.DEPARTMENTS),
        "text": lambda: office_phrase(rng, 1, 4),
    }
    return makers[kind]()


VALUE_TYPES = (
    "amount", "number", "date", "time", "code", "person", "company", "phone", "email", "percent", "city", "title",
    "department", "text",
)  # fmt: skip
