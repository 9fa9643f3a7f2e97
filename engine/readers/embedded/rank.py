"""The ranker: a small network over the features of each candidate, against a null answer that stands for "not here".

Its weights are trained on generated pages by `python -m engine.training.ranker` and shipped as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from engine.readers.embedded.features import PRIOR, Fit
from engine.readers.embedded.index import Floats
from engine.readers.embedded.rivals import plain
from engine.resources import resource_path

WEIGHTS_FILE = "embedded_ranker.json"
_CLIP = 5.0


@dataclass(frozen=True, slots=True)
class Votes:
    """The share of the networks that put a candidate first, and the smallest lead any of them gives it over all that
    say something else, in nats, from -5 to 5."""

    share: float
    least_lead: float


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """Layers are (weights (inputs, outputs), bias (outputs,)) with ReLU between; the last gives one logit for each of
    the networks that were trained apart and are read together. The null answer's logit is 0. `revision` names the
    training run."""

    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    layers: tuple[tuple[Floats, Floats], ...]
    calibration: Mapping[str, Any]
    revision: str

    def logits(self, fit: Fit) -> Floats:
        """(K,) how much better than "not here" each candidate is, in nats: the mean of all networks."""
        return np.asarray(_each(self, fit).mean(axis=1))

    def votes(self, fit: Fit, texts: Sequence[str], number: int) -> Votes:
        """How far the networks, each for itself, agree on candidate `number` of those with `texts`."""
        each = _each(self, fit)
        own = plain(texts[number])
        saying = np.asarray([plain(text) == own for text in texts])
        others = np.where(saying[:, None], 0.0, each).max(axis=0)
        margins = np.minimum(each[saying].max(axis=0) - np.maximum(others, 0.0), _CLIP)
        return Votes(float((margins > 0).mean()), float(max(margins.min(), -_CLIP)))


@lru_cache(maxsize=8)
def _each(ranker: Ranker, fit: Fit) -> Floats:
    """(K, networks) what every network gives each candidate; asked again for each candidate of the same fit."""
    if not len(fit.values):
        return np.zeros((0, 1))
    where = {name: column for column, name in enumerate(fit.names)}
    flow = (fit.values[:, [where[name] for name in ranker.names]] - ranker.mean) / ranker.scale
    for weights, bias in ranker.layers[:-1]:
        flow = np.maximum(flow @ weights + bias, 0.0)
    weights, bias = ranker.layers[-1]
    return np.asarray(flow @ weights + bias + fit.values[:, where[PRIOR]][:, None])


def ranker_from(data: Mapping[str, Any]) -> Ranker:
    """A ranker from its JSON form."""
    return Ranker(
        tuple(data["names"]),
        np.asarray(data["mean"]),
        np.asarray(data["scale"]),
        tuple((np.asarray(layer["weights"]), np.asarray(layer["bias"])) for layer in data["layers"]),
        data["calibration"],
        data["revision"],
    )


@lru_cache(maxsize=1)
def shipped_ranker() -> Ranker:
    """The ranker that ships with Tessera."""
    return ranker_from(json.loads(resource_path("models", WEIGHTS_FILE).read_text(encoding="utf-8")))


def rules_alone() -> Ranker:
    """A ranker that has learned nothing: candidates stand by rules and labels alone. What training has to beat; its
    probabilities mean nothing."""
    nothing = np.zeros(0)
    layers = ((np.zeros((0, 1)), np.zeros(1)),)
    return Ranker((), nothing, nothing, layers, shipped_ranker().calibration, "rules alone")
