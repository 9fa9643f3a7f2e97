"""`letters`: words that a strip tower read become visual tokens as they are, in a fixed number for every view.

Nothing is learned: the resampler's windows are the words, and the tower's distributions over characters go through.
"""

from __future__ import annotations

import logging

import torch
from torch import Tensor

from engine.uhd.bridges.base import Bridge, ViewFeatures
from engine.uhd.nano.tokens import empty_token

_log = logging.getLogger(__name__)


class LettersBridge(Bridge):
    """Fills a view's words [1, words, width] up with empty tokens; words beyond `queries` are left out, and it says
    so in the log."""

    def __init__(self, queries: int) -> None:
        super().__init__()
        self._queries = queries

    def forward(self, views: ViewFeatures) -> Tensor:
        words = views.features[:, : self._queries]
        if (beyond := views.features.shape[1] - self._queries) > 0:
            _log.warning("a view has %d words more than its %d tokens", beyond, self._queries)
        empty = empty_token((views.pixels.shape[-1], views.pixels.shape[-2])).to(words)
        return torch.cat([words, empty.expand(len(words), self._queries - words.shape[1], -1)], dim=1)

    def reset_parameters(self) -> None:
        """There are none."""
