"""The characters that Tessera-nano reads and writes, and the fixed code of each among its visual tokens.

A code says what kind of character it is, which letter it is whatever its case and accent, and which variant. So
"É", "é" and "e" lie near each other, and a sum of probabilities times codes still tells which was the likeliest.
"""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from functools import cache

import torch
from torch import Tensor

ASCII = "".join(chr(code) for code in range(33, 127))
ACCENTED = "äöüßéèêëàâçîïôûùñáíóúìòÄÖÜÉÈÊÀÂÇÎÔÛÑÁÍÓÚÌÒåÅøØæÆœŒãõÃÕ"
SIGNS = "€£¥§°©®±²³µ½×·«»¿–—‘’“”•…‰†→"
SYMBOLS = ASCII + ACCENTED + SIGNS
"""In the order of their ids, which begin at 1; 0 is no character."""

KINDS = 8
LETTER = 16
VARIANT = 4
CODE = KINDS + LETTER + VARIANT
"""Channels of a character's code."""
_SEED = 20261120


def symbol_ids(text: str) -> list[int]:
    """The ids of the characters of `text`; those that are not among the symbols are left out."""
    known = _ids()
    return [known[character] for character in text if character in known]


@cache
def _ids() -> dict[str, int]:
    return {symbol: number for number, symbol in enumerate(SYMBOLS, start=1)}


@cache
def codes() -> Tensor:
    """[1 + symbols, CODE] fp32: the code of each id, 0 for no character."""
    rng = random.Random(_SEED)
    letters: dict[str, list[float]] = {}
    variants: Counter[tuple[object, ...]] = Counter()
    rows = [[0.0] * CODE]
    for symbol in SYMBOLS:
        base = unicodedata.normalize("NFD", symbol)[0].lower()
        if base not in letters:
            letters[base] = [rng.choice((-0.5, 0.5)) for _ in range(LETTER)]
        kind = _kind(symbol)
        number = variants[base, *kind]
        variants[base, *kind] += 1
        rows.append([*kind, *letters[base], *(float(number >> bit & 1) - 0.5 for bit in range(VARIANT))])
    return torch.tensor(rows)


def _kind(symbol: str) -> list[float]:
    """Digit, upper case, lower case, separator of numbers, currency, dash or slash, bracket or quote, another sign."""
    tests = (
        symbol.isdigit(),
        symbol.isupper(),
        symbol.islower(),
        symbol in ".,:;'",
        symbol in "$€£¥",
        symbol in "-–—/",
        symbol in '()[]{}"“”‘’«»',
    )
    return [*map(float, tests), float(not any(tests))]
