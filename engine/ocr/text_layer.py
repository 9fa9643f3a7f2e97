"""Whether a page's text layer can be trusted: does it say what a reader of the page would see?

Wrong layers come from fonts without a Unicode map (private-use or shifted letters), from old OCR, and from words
that lie off the page. The tests look at letters, not at a dictionary, so that they hold in any language; a page that
is too short to judge is given the benefit of the doubt.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby, pairwise

from engine.documents.types import PageText, Word
from engine.geometry import PageRect

MAX_BROKEN_SHARE = 0.05
MIN_READABLE_SHARE = 0.6
MIN_JUDGED_WORDS = 12
"""Fewer words than this of letters say too little about a font."""
MIN_JUDGED_LETTERS = 100
MIN_COMMON_SHARE = 0.42
MIN_ON_PAGE_SHARE = 0.7

_NUMBER = re.compile(r"[\W\d_]*\d[\W\d_]*(?:[^\W\d_]{1,4}\.?)?|[^\W\d_]{1,4}[\W_]*\d[\d.,' -]*", re.UNICODE)
_VOWELS = frozenset("aeiouyàáâãäåæèéêëìíîïòóôõöøœùúûüýÿąęėįųūőűıāēīō")
_MAX_CONSONANTS = 5
_BROKEN_CATEGORIES = frozenset({"Cc", "Cn", "Co", "Cs"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """`sane` says whether to use the layer; `reason` is a phrase for the user when it is not."""

    sane: bool
    reason: str = ""


def judge(text: PageText) -> Verdict:
    """Whether the words of `text` are usable. An empty layer is not, and says so."""
    words = [word.text for word in text.words if word.text.strip()]
    if not words:
        return Verdict(False, "the page has no text layer")
    if broken_share(words) > MAX_BROKEN_SHARE:
        return Verdict(False, "its text layer uses a font without readable letters")
    page = PageRect(0.0, 0.0, text.page.width, text.page.height)
    on_page = sum(word.box.area > 0 and page.contains(word.box.center) for word in text.words)
    if on_page < MIN_ON_PAGE_SHARE * len(text.words):
        return Verdict(False, "the words of its text layer do not lie on the page")
    if not _readable(words):
        return Verdict(False, "its text layer is scrambled")
    return Verdict(True)


def usable_words(text: PageText) -> list[Word]:
    """The words of a sane layer that lie on the page, each once (bold print is sometimes set twice)."""
    page = PageRect(0.0, 0.0, text.page.width, text.page.height)
    kept: dict[str, list[Word]] = {}
    result = []
    for word in text.words:
        if not word.text.strip() or word.box.area <= 0 or not page.contains(word.box.center):
            continue
        twins = kept.setdefault(word.text, [])
        if any(word.box.overlap_share(twin.box) > 0.7 for twin in twins):
            continue
        twins.append(word)
        result.append(word)
    return result


def broken_share(words: list[str]) -> float:
    """Share of characters with no meaning: replacement signs, private use, control characters, unassigned."""
    characters = "".join(words)
    broken = sum(c == "\ufffd" or unicodedata.category(c) in _BROKEN_CATEGORIES for c in characters)
    return broken / len(characters) if characters else 0.0


def common_letter_share(words: list[str]) -> float | None:
    """Share of the letters e a i n r t s o among the Latin letters, accents dropped; None for under 100 letters.

    It is 0.55–0.72 in European languages and falls to about a third when letters are swapped for others.
    """
    letters = [c for c in unicodedata.normalize("NFD", "".join(words).lower()) if "a" <= c <= "z"]
    if len(letters) < MIN_JUDGED_LETTERS:
        return None
    return sum(c in "eainrtso" for c in letters) / len(letters)


def looks_like_word(token: str) -> bool:
    """True for something a language might write: one script, sane capitals, speakable if in Latin letters.

    >>> looks_like_word("Invoice"), looks_like_word("Rechnungsbetrag,"), looks_like_word("7KLV")
    (True, True, False)
    """
    core = token.strip("\"'“”‘’«»„()[]{}<>.,;:!?…-–—*•·/&%#")
    if not core:
        return True
    parts = [part for part in re.split(r"[-'’/.&@_:,]", core) if part]
    return all(_speakable(part) for part in parts)


def _speakable(part: str) -> bool:
    if not part.isalpha():
        return all(unicodedata.category(c)[0] in "LM" for c in part)
    if len({_script(c) for c in part}) > 1:
        return False
    if _script(part[0]) != "LATIN":
        return True
    if not (part.islower() or part.isupper() or part.istitle() or _humps(part)):
        return False
    if len(part) <= 3 or (part.isupper() and len(part) <= 5):
        return True
    lower = unicodedata.normalize("NFC", part.lower())
    runs = [(vowel, len(list(run))) for vowel, run in groupby(lower, key=lambda c: c in _VOWELS)]
    has_vowel = any(vowel for vowel, _ in runs)
    return has_vowel and all(length <= _MAX_CONSONANTS for vowel, length in runs if not vowel)


def _humps(part: str) -> bool:
    """True for names such as McDonald, eBay or PayPal: at most two changes from small to capital."""
    rises = sum(a.islower() and b.isupper() for a, b in pairwise(part))
    return rises <= 2 and sum(c.isupper() for c in part) <= 3


def _script(character: str) -> str:
    name = unicodedata.name(character, "?").split(" ")[0]
    return "LATIN" if name in {"FULLWIDTH", "FEMININE", "MASCULINE", "MODIFIER"} else _JAPANESE.get(name, name)


_JAPANESE = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "KATAKANA-HIRAGANA": "CJK", "IDEOGRAPHIC": "CJK"}


def _readable(words: list[str]) -> bool:
    judged = [word for word in words if not _NUMBER.fullmatch(word) and len(word) > 1]
    if len(judged) < MIN_JUDGED_WORDS:
        return True
    common = common_letter_share(judged)
    if common is not None and common < MIN_COMMON_SHARE:
        return False
    good = sum(looks_like_word(word) for word in judged)
    return good >= MIN_READABLE_SHARE * len(judged)
