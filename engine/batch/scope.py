"""The scope of a question as text: `all`, or 1-based pages such as `1-3`, `2`, `1,4-6` and `5-` (to the end).

Users count pages from 1; everything inside the engine counts from 0.
"""

from __future__ import annotations

import re

from engine.errors import UsageError

ALL = "all"

_PART = re.compile(r"(\d{1,9})(?:(-)(\d{1,9})?)?", re.ASCII)
_HINT = "Write pages as 1-3, 2, 1,4-6 or 5-, counted from 1, or 'all'."

Span = tuple[int, int | None]


def normal_scope(scope: str) -> str:
    """`scope` as keys and journals hold it: lower case, no blanks. Raises UsageError where it cannot be meant."""
    spans = _parse(scope)
    if spans is None:
        return ALL
    return ",".join(_span_text(first, last) for first, last in spans)


def scope_pages(scope: str, count: int, *, clip: bool = False) -> tuple[int, ...]:
    """The 0-based pages, ascending and each once, that `scope` means in a document of `count` pages.

    Pages the document does not have raise UsageError; with `clip` (documents of different lengths in one run) they
    are left out, and only a scope that leaves no page at all is an error.
    """
    spans = _parse(scope)
    if spans is None:
        return tuple(range(count))
    pages: set[int] = set()
    for first, last in spans:
        end = count if last is None else last
        if not clip and (end > count or first > count):
            raise UsageError(f"Pages {_span_text(first, last)} are asked for, but there {_have(count)}.", _HINT)
        pages.update(range(first - 1, min(end, count)))
    if not pages:
        raise UsageError(f"Pages {normal_scope(scope)} are asked for, but there {_have(count)}.", _HINT)
    return tuple(sorted(pages))


def _parse(scope: str) -> list[Span] | None:
    """1-based inclusive spans, None for all pages."""
    text = "".join(scope.split()).lower()
    if text in ("", ALL):
        return None
    return [_parse_part(part, scope) for part in text.split(",")]


def _parse_part(part: str, scope: str) -> Span:
    match = _PART.fullmatch(part)
    if match is None:
        raise UsageError(f"'{scope}' is not a range of pages.", _HINT)
    first = int(match[1])
    last = first if match[2] is None else int(match[3]) if match[3] else None
    if first < 1 or (last is not None and last < first):
        raise UsageError(f"'{scope}' is not a range of pages.", _HINT)
    return first, last


def _span_text(first: int, last: int | None) -> str:
    if last is None:
        return f"{first}-"
    return str(first) if first == last else f"{first}-{last}"


def _have(count: int) -> str:
    return "is one page" if count == 1 else f"are {count} pages"
