"""What of a page the seams of a plan cut, and which known words are read again: the rules of the seam test.

Boxes of words and answers are in page pixels.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from engine.documents.types import Word
from engine.evidence.anchors import anchor
from engine.geometry import PageRect, PixelRect
from engine.slicing.plan import SlicePlan
from engine.slicing.quality import detail_views, seams
from engine.slicing.words import SLACK, index_words

MIN_SHARED = 0.3
"""The share of the lower and narrower of two boxes from which a word read there may be the known one."""
MIN_OF_ANSWER = 0.5
"""A word belongs to an answer with this share of its area in the answer's box."""
MIN_CHARACTERS = 2
"""Words of fewer letters and digits are not looked for: a dot is found anywhere."""
_SHELF_PX = 48.0
_SIGNS = re.compile(r"[\W_]+")


class Seams:
    """The seams of one plan. A word is across them where one runs through it and no slice shows all of it."""

    def __init__(self, plan: SlicePlan) -> None:
        self.xs, self.ys = seams(plan)
        self._views = tuple(view.rect for view in detail_views(plan))

    def word(self, box: PageRect) -> bool | None:
        """Whether a word at `box` is across a seam; None where a crop leaves it out."""
        middle = box.center
        if not any(view.x <= middle.x <= view.right and view.y <= middle.y <= view.bottom for view in self._views):
            return None
        if not index_words([PixelRect(box.x0, box.y0, box.width, box.height)]).cut_by(self.xs, self.ys):
            return False
        slack = SLACK * box.height
        return not any(
            view.x <= box.x0 + slack
            and view.y <= box.y0 + slack
            and box.x1 - slack <= view.right
            and box.y1 - slack <= view.bottom
            for view in self._views
        )

    def answer(self, places: Sequence[Sequence[Word]]) -> bool | None:
        """Whether an answer is across: True where a seam cuts a word of it wherever it stands, False where none does
        anywhere, None where it stands both ways, in no slice, or nowhere."""
        sides = {_side([self.word(word.box) for word in place]) for place in places if place}
        return sides.pop() if len(sides) == 1 else None


def _side(words: Sequence[bool | None]) -> bool | None:
    return None if None in words else any(words)


def places_of(answers: Sequence[str], boxes: Sequence[PageRect], words: Sequence[Word]) -> list[list[Word]]:
    """The words of each place where an answer stands: those in its known boxes, else where the page says it."""
    if boxes:
        return [[word for word in words if word.box.overlap_share(box) >= MIN_OF_ANSWER] for box in boxes]
    found = (anchor(answer, words) for answer in answers)
    return [[words[number] for number in numbers] for numbers in found if numbers][:1]


def letters(text: str) -> str:
    """Letters and digits alone, in one case: what of a word has to be read."""
    return _SIGNS.sub("", text).casefold()


class ReadWords:
    """The words of one reading, by their place."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._shelves: dict[int, list[Word]] = defaultdict(list)
        for word in words:
            for shelf in _shelves(word.box):
                self._shelves[shelf].append(word)

    def has(self, known: Word) -> bool:
        """Whether `known` was read: in its place stands a word that holds all its letters and digits, in order."""
        wanted = letters(known.text)
        near = (word for shelf in _shelves(known.box) for word in self._shelves.get(shelf, ()))
        return any(wanted in letters(word.text) for word in near if _share_place(word.box, known.box))


def is_looked_for(word: Word) -> bool:
    return len(letters(word.text)) >= MIN_CHARACTERS


def _shelves(box: PageRect) -> range:
    return range(int(box.y0 // _SHELF_PX), int(box.y1 // _SHELF_PX) + 1)


def _share_place(one: PageRect, other: PageRect) -> bool:
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    high = min(one.y1, other.y1) - max(one.y0, other.y0)
    return wide >= MIN_SHARED * min(one.width, other.width) and high >= MIN_SHARED * min(one.height, other.height)
