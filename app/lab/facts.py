"""What the lab knows of the page it is about, and the figures of all policies on it. Owns no widget."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from app.documents import DocumentStore
from app.machine import Measured
from engine.documents.types import PageRef, Word
from engine.geometry import PagePoint
from engine.slicing.figures import Figures, PageFacts, figures_of
from engine.slicing.policies import policy_ids
from engine.slicing.words import index_words

YIELD_S = 0.0005
CLICK_SLACK = 0.35
"""The share of a word's height by which a click may miss it."""


@dataclass(frozen=True, slots=True)
class LabPage:
    """A page as it is shown, and its words in page units; None while they are not read."""

    page: PageRef
    words: tuple[Word, ...] | None

    def word_at(self, point: PagePoint) -> Word | None:
        """The word at a point (page units), the smallest one where boxes overlap."""
        hits = [word for word in self.words or () if _near(word, point)]
        return min(hits, key=lambda word: (not word.box.contains(point), word.box.area), default=None)


def lab_page(store: DocumentStore, path: str, index: int) -> LabPage | None:
    """The page of an open document with the words that the store has of it."""
    page = store.page(path, index)
    if page is None:
        return None
    known = store.index(path, index)
    return LabPage(page, known.words.words if known is not None else None)


def figures_on(lab: LabPage, chosen: Iterable[str], speed: Measured | None = None) -> tuple[Figures, ...]:
    """The figures of every policy and of those of `chosen` that have a cap of their own (`id:N`), with seconds
    where this machine's `speed` is known.

    Runs outside the GUI thread: a page of thousands of words takes some milliseconds.
    """
    page = lab.page
    words = None if lab.words is None else index_words(page.to_px(word.box) for word in lab.words)
    facts, found = PageFacts(page.native, page.native_dpi, words), []
    cpu, gpu = (None, None) if speed is None else (speed.cpu, speed.gpu)
    rates = [None if pace is None else pace.rates for pace in (cpu, gpu)]
    for policy in dict.fromkeys((*policy_ids(), *chosen)):
        found.append(figures_of(policy, facts, *rates))
        # Between two policies the window may have the lock of Python's threads, else it would wait at every step.
        time.sleep(YIELD_S)
    return tuple(found)


def _near(word: Word, point: PagePoint) -> bool:
    box, slack = word.box, CLICK_SLACK * word.box.height
    return box.x0 - slack <= point.x <= box.x1 + slack and box.y0 - slack <= point.y <= box.y1 + slack
