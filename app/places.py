"""Back and forward among the places the user jumped from, as in a browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.page_view.sheet import ViewState

MAX_PLACES = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A view of a document."""

    path: str
    state: ViewState


class PlaceHistory:
    """Two stacks: places before this one and, after going back, those after it."""

    def __init__(self) -> None:
        self._before: list[Place] = []
        self._after: list[Place] = []

    @property
    def can_go_back(self) -> bool:
        return bool(self._before)

    @property
    def can_go_forward(self) -> bool:
        return bool(self._after)

    def jump(self, here: Place) -> None:
        """The user leaves `here` by a jump."""
        if not self._before or self._before[-1] != here:
            self._before = [*self._before, here][-MAX_PLACES:]
        self._after.clear()

    def back(self, here: Place) -> Place | None:
        """The place to go back to from `here`."""
        return self._move(self._before, self._after, here)

    def forward(self, here: Place) -> Place | None:
        return self._move(self._after, self._before, here)

    def keep_only(self, wanted: Callable[[Place], bool]) -> None:
        """Drop the places of documents that were closed."""
        self._before = [place for place in self._before if wanted(place)]
        self._after = [place for place in self._after if wanted(place)]

    @staticmethod
    def _move(source: list[Place], target: list[Place], here: Place) -> Place | None:
        if not source:
            return None
        target.append(here)
        return source.pop()
