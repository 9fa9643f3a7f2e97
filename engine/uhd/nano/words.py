"""Words as the network takes them: up to 16 characters as symbol ids, and what of them can be compared.

Shapes: [..., words, SLOTS] symbol ids (long), 0 where a word has no more characters.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import normalize

from engine.uhd.symbols import SYMBOLS

SLOTS = 16
"""Characters of a visual token."""

GRAM_BUCKETS = 1024
WORD_BUCKETS = 8192
_BASE = 257
_LEADING = "([{\"'“‘«"
_TRAILING = ".,;:!?)]}\"'”’»"


def split_word(text: str) -> list[str]:
    """A word without the marks around it, which are tokens of their own, in pieces of at most SLOTS characters.

    >>> split_word("(Cambridge),")
    ['(', 'Cambridge', ')', ',']
    """
    start, end = 0, len(text)
    while start < end - 1 and text[start] in _LEADING:
        start += 1
    while end - 1 > start and text[end - 1] in _TRAILING:
        end -= 1
    core = text[start:end]
    pieces = [core[at : at + SLOTS] for at in range(0, len(core), SLOTS)]
    return [*text[:start], *pieces, *text[end:]]


@cache
def _folded(digits_alike: bool) -> Tensor:
    """[1 + symbols]: what an id counts as when words are compared: without case and accent."""
    numbers: dict[str, int] = {}
    rows = [0]
    for symbol in SYMBOLS:
        base = unicodedata.normalize("NFD", symbol)[0].lower()
        if digits_alike and base.isdigit():
            base = "0"
        rows.append(numbers.setdefault(base, len(numbers) + 1))
    return torch.tensor(rows)


def word_bucket(ids: Tensor) -> Tensor:
    """[..., words]: the bucket of each word's wording, all digits alike; 0 for no word."""
    folded = _folded(True).to(ids.device)[ids]
    total = torch.zeros_like(folded[..., 0])
    for slot in range(SLOTS):
        letter = folded[..., slot]
        total = torch.where(letter > 0, (total * _BASE + letter) % 1_000_003, total)
    return torch.where(ids[..., 0] > 0, total % (WORD_BUCKETS - 1) + 1, 0)


def gram_profile(ids: Tensor) -> Tensor:
    """[..., words, GRAM_BUCKETS] fp32 of length 1: how often each pair and triple of characters occurs in a word,
    its beginning and end counted as characters; 0 for no word."""
    folded = _folded(False).to(ids.device)[ids]
    edge = torch.full_like(folded[..., :1], _BASE - 1) * (ids[..., :1] > 0)
    ends = torch.zeros_like(edge)
    letters = torch.cat([edge, folded, ends], dim=-1)
    lengths = (ids > 0).sum(-1, keepdim=True)
    letters = letters.scatter(-1, lengths + 1, edge)
    first, second, third = letters[..., :-2], letters[..., 1:-1], letters[..., 2:]
    pairs = ((first * 31 + second) * 7919 + 1) % GRAM_BUCKETS
    triples = (((first * 31 + second) * 37 + third) * 6151 + 5) % GRAM_BUCKETS
    profile = torch.zeros(*ids.shape[:-1], GRAM_BUCKETS, device=ids.device)
    profile.scatter_add_(-1, pairs, ((first > 0) & (second > 0)).float())
    profile.scatter_add_(-1, triples, (third > 0).float())
    return normalize(profile, dim=-1)
