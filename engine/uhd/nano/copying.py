"""An answer as text: the pointing network's choices walked character by character.

Probabilities are exact: those of all ways to copy the characters so far are carried along (a forward pass through a
hidden Markov model whose states are characters of the page), so any text has a probability, also one that hides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.uhd.nano.tokens import END, SPACE, VOCABULARY
from engine.uhd.symbols import symbol_ids

ABSENT = "not found"
"""What is written where the answer is not on the page."""
SMOOTHED = 1e-3
"""The share of each step's probability that all characters share."""
PRUNED = 1e-7

_NOWHERE = -1
"""The word that stands for ABSENT."""
State = tuple[int, int]
"""A word and how many of its characters are written; −1 of them where the space before it is."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Probabilities of one question. `start` [words + 1], last that there is no answer; `follow` [words, words + 1],
    last the end; `glue` [words, words] bool: whether a word goes on without a space; `words` are the symbol ids."""

    start: Tensor
    follow: Tensor
    glue: Tensor
    words: tuple[tuple[int, ...], ...]


class CopyWalk:
    """The ways in which the characters so far were copied, with the probability of each."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._absent = tuple(SPACE if one == " " else symbol_ids(one)[0] for one in ABSENT)
        starts = choices.start.tolist()
        self._states: dict[State, float] = {}
        self._fresh = {(word, 0): share for word, share in enumerate(starts[:-1]) if share > PRUNED}
        self._fresh[_NOWHERE, 0] = starts[-1]

    def logprobs(self) -> Tensor:
        """[VOCABULARY] fp32: natural logarithms of the next character's probabilities."""
        found = torch.zeros(VOCABULARY, dtype=torch.float64)
        for symbol, states in self._onward().items():
            found[symbol] = sum(states.values())
        total = float(found.sum())
        uniform = 1.0 / VOCABULARY
        # Text that cannot have been copied goes on with anything.
        spread = found / total if total > 0 else torch.full_like(found, uniform)
        return ((1 - SMOOTHED) * spread + SMOOTHED * uniform).log().float()

    def advance(self, symbol: int) -> None:
        """The character `symbol` is written."""
        states = self._onward().get(symbol, {})
        total = sum(states.values())
        self._states = {state: share / total for state, share in states.items() if share > PRUNED * total}
        self._fresh = {}

    def _onward(self) -> Mapping[int, dict[State, float]]:
        """Per character that may come the states it leads to, with their probabilities."""
        onward: dict[int, dict[State, float]] = {}
        steps = [(self._letters(word)[0], (word, 1), share) for (word, _), share in self._fresh.items()]
        steps += [step for state, share in self._states.items() for step in self._steps(state, share)]
        for symbol, state, share in steps:
            states = onward.setdefault(symbol, {})
            states[state] = states.get(state, 0.0) + share
        return onward

    def _steps(self, state: State, share: float) -> Iterator[tuple[int, State, float]]:
        """Characters that may follow a state, the states they lead to, and the probability of each."""
        word, written = state
        letters = self._letters(word)
        if written < len(letters):
            at = max(written, 0)
            yield letters[at], (word, at + 1), share
        elif word == _NOWHERE:
            yield END, state, share
        else:
            *others, end = self._choices.follow[word].tolist()
            yield END, state, share * end
            for other, chance in enumerate(others):
                if chance > PRUNED and bool(self._choices.glue[word, other]):
                    yield self._letters(other)[0], (other, 1), share * chance
                elif chance > PRUNED:
                    yield SPACE, (other, -1), share * chance

    def _letters(self, word: int) -> tuple[int, ...]:
        return self._absent if word == _NOWHERE else self._choices.words[word]
