"""The ranker: a small network over the features of each candidate, against a null answer that stands for "not here".

Its weights are trained on generated pages by `python -m engine.training.ranker` and shipped as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from engine.readers.embedded.features import PRIOR, Fit
from engine.readers.embedded.index import Floats
from engine.resources import resource_path

WEIGHTS_FILE = "embedded_ranker.json"


@dataclass(frozen=True, slots=True)
class Ranker:
    """Layers are (weights (inputs, outputs), bias (outputs,)) with ReLU between; the last gives one logit. The null
    answer's logit is 0. `revision` names the training run."""

    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    layers: tuple[tuple[Floats, Floats], ...]
    calibration: Mapping[str, Any]
    revision: str

    def logits(self, fit: Fit) -> Floats:
        """(K,) how much better than "not here" each candidate is, in nats."""
        if not len(fit.values):
            return np.zeros(0)
        where = {name: column for column, name in enumerate(fit.names)}
        flow = (fit.values[:, [where[name] for name in self.names]] - self.mean) / self.scale
        for weights, bias in self.layers[:-1]:
            flow = np.maximum(flow @ weights + bias, 0.0)
        weights, bias = self.layers[-1]
        return np.asarray((flow @ weights + bias)[:, 0] + fit.values[:, where[PRIOR]])


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
