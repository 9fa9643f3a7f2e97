"""Choosing among scored candidates: which say the same, which are rivals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from engine.readers.embedded.index import Floats

_PLAIN = re.compile(r"[\W_]+")


@lru_cache(maxsize=65536)
def plain(text: str) -> str:
    """A text as compared with others: letters and digits only, lower case."""
    return _PLAIN.sub("", text).casefold()


def rivals_of(texts: Sequence[str], logits: Floats, best: int, count: int = 12) -> list[int]:
    """The strongest candidates that say something else than `best`, best first, each text once."""
    own = plain(texts[best])
    seen = {own}
    rivals: list[int] = []
    for number in logits.argsort()[::-1]:
        text = plain(texts[number])
        if text in seen:
            continue
        seen.add(text)
        if not (own in text or text in own) or min(len(own), len(text)) < 3:
            rivals.append(int(number))
        if len(rivals) >= count:
            break
    return rivals
