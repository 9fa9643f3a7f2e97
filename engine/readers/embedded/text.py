"""What a word is to the embedded reader: folding, stems, scripts and similarity of single words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ARABIC_FORMS = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ـ": None, "ک": "ك", "ی": "ي"}
)
_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "−": "-"}
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_RTL = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_WORD = re.compile(r"[\w&]+(?:[.,:/'\-][\w&]+)*%?|%", re.UNICODE)
_DIGIT = re.compile(r"\d")
_ELISION = re.compile(r"^(?:d|l|qu|n|s|j|dell|all|nell|dall|sull|un)'(?=\w{2})")
_INNER = re.compile(r"[.\-']")
_SUFFIXES = ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "ed", "es", "s", "e")


def fold(text: str) -> str:
    """`text` in lower case, without accents and with one form of each quote, dash and Arabic letter."""
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", bare).translate(_ARABIC_FORMS)


@lru_cache(maxsize=65536)
def bare(word: str) -> str:
    """The folded word without punctuation around it, elided articles, a possessive 's, or hyphens between letters."""
    folded = fold(word).strip(" \t.,;:!?()[]{}<>\"'*|_#=~•·…-")
    folded = _ELISION.sub("", folded.replace("n°", "no").removesuffix("'s"))
    return folded if has_digit(folded) or "@" in folded else _INNER.sub("", folded)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A crude stem of a bare word: enough that 'patented' meets 'patent' and 'names' meets 'name'."""
    if word.startswith("ال") and len(word) > 4:
        word = word[2:]
    if not word.isalpha() or len(word) <= 3:
        return word
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            cut = word[: -len(suffix)]
            return cut + "y" if suffix in ("ies", "ied") else cut
    return word.removesuffix("y") if len(word) > 4 else word


def words_of(text: str) -> list[str]:
    """The words of a text, bare, in order; runs of Chinese or Japanese become pairs of characters."""
    found: list[str] = []
    for match in _WORD.finditer(text.translate(_QUOTES)):
        word = bare(match.group())
        if not word:
            continue
        if is_cjk(word):
            found.extend(_pairs(word))
        else:
            found.append(word)
    return found


def _pairs(word: str) -> list[str]:
    runs = re.findall(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+|[^\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+", word)
    pairs: list[str] = []
    for run in runs:
        if len(run) > 2 and is_cjk(run):
            pairs.extend(run[i : i + 2] for i in range(len(run) - 1))
        else:
            pairs.append(run)
    return pairs


def is_cjk(text: str) -> bool:
    return _CJK.search(text) is not None


def is_rtl(text: str) -> bool:
    return _RTL.search(text) is not None


def has_digit(text: str) -> bool:
    return _DIGIT.search(text) is not None


def joiner(left: str, right: str) -> str:
    """What stands between two neighbouring words when a line is written out: nothing between Chinese characters."""
    return "" if left and right and is_cjk(left[-1]) and is_cjk(right[0]) else " "
