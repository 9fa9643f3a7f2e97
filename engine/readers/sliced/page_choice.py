"""Which pages of a document a model is asked about: a model's time goes to the best few by BM25 over their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.documents.types import PageWords
from engine.readers.embedded.labels import match_words
from engine.readers.embedded.pages import term_scores
from engine.readers.embedded.question import parse
from engine.readers.types import MODEL_PAGES


def best_pages(question: str, pages: Sequence[PageWords], count: int = MODEL_PAGES) -> tuple[PageWords, ...]:
    """All of `pages` where they are at most `count`, else the best by BM25, best first; a tie is the earlier page's."""
    if len(pages) <= count:
        return tuple(pages)
    counts = [Counter(term for word in page.words for term in match_words(word.text)) for page in pages]
    scores = term_scores(parse(question), counts)
    order = sorted(range(len(pages)), key=lambda number: (-scores[number], pages[number].page.index))
    return tuple(pages[number] for number in order[:count])


def chosen_notice(chosen: Sequence[PageWords], asked: int) -> str:
    """“Asked pages 2, 5 and 7 of 60.”: which pages the model saw, by their 1-based numbers."""
    numbers = [str(number) for number in sorted(page.page.index + 1 for page in chosen)]
    if len(numbers) == 1:
        return f"Asked page {numbers[0]} of {asked}."
    return f"Asked pages {', '.join(numbers[:-1])} and {numbers[-1]} of {asked}."
