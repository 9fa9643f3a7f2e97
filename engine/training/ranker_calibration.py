"""Turns what the ranker says about answers it has not learned from into probabilities of being right, and a limit."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from engine.readers.embedded.calibrate import SIGNALS, expected_calibration_error, probability, signals
from engine.readers.embedded.index import Floats
from engine.readers.embedded.rank import Ranker
from engine.readers.embedded.rivals import rivals_of
from engine.training.ranker_samples import Sample

_LOG = logging.getLogger(__name__)
_FOLDS, _UNSURE, _ABSENT = 8, 0.04, 0.15
_STEPS = (0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97)
_PULL = 1e-3


@dataclass(frozen=True, slots=True)
class Judged:
    """Best answers of N questions: signals (N, signals), whether right (N,), weights (N,), whether the page has an
    answer (N,), and the family each comes from."""

    rows: Floats
    right: Floats
    weights: Floats
    present: Floats
    families: tuple[str, ...]

    def __add__(self, other: Judged) -> Judged:
        return Judged(
            np.concatenate((self.rows, other.rows)),
            np.concatenate((self.right, other.right)),
            np.concatenate((self.weights, other.weights)),
            np.concatenate((self.present, other.present)),
            (*self.families, *other.families),
        )


def judged(ranker: Ranker, found: Sequence[Sample], share: float) -> Judged:
    """The ranker's best answers to samples that it has not learned from.

    Families weigh alike and all of them together `share`; questions without an answer weigh 15 % of a family.
    """
    rows, right = [], []
    for sample in found:
        logits = ranker.logits(sample.fit)
        best = int(logits.argmax())
        rivals = rivals_of(sample.texts, logits, best)
        rows.append(signals(sample.fit, logits, best, rivals, ranker.votes(sample.fit, sample.texts, best)))
        right.append(float(sample.gain[best] > 0))
    present = np.asarray([float(sample.present) for sample in found])
    families = tuple(sample.family for sample in found)
    often = Counter(zip(families, present, strict=True))
    parts = np.where(present > 0, 1 - _ABSENT, _ABSENT)
    weights = parts / np.asarray([often[pair] for pair in zip(families, present, strict=True)])
    return Judged(np.asarray(rows), np.asarray(right), share * weights / weights.sum(), present, families)


def calibration_of(found: Judged, precision: float) -> dict[str, Any]:
    """Logistic weights from signals to probability, and the least probability that reaches `precision`.

    The limit is set on probabilities that each family gets from the others: its own would flatter it.
    """
    made = _logistic(found.rows, found.right, found.weights)
    names = sorted(set(found.families))
    fold = np.asarray([names.index(family) % _FOLDS for family in found.families])
    unseen = np.zeros(len(found.rows))
    for number in range(_FOLDS):
        others = _logistic(*(part[fold != number] for part in (found.rows, found.right, found.weights)))
        unseen[fold == number] = [probability(row, others) for row in found.rows[fold == number]]
    limit = round(least_probability(unseen, found.right, found.weights, precision), 4)
    _log_curve(unseen, found, limit)
    return {**made, "answered": limit, "unsure": _UNSURE}


def _log_curve(stated: Floats, found: Judged, limit: float) -> None:
    """Say how sure unseen families are read: calibration error, and share and precision above each probability."""
    error = expected_calibration_error(stated.tolist(), (found.right > 0).tolist())
    _LOG.info("calibration error on unseen families %.3f; answered from %.3f", error, limit)
    present = found.weights * found.present
    for step in sorted((*_STEPS, limit)):
        sure = stated >= step
        share = float(present[sure].sum() / present.sum())
        right = float((found.right * found.weights)[sure].sum() / max(found.weights[sure].sum(), 1e-9))
        _LOG.info("  from %.3f: share %.3f, precision %.3f", step, share, right)


def _logistic(rows: Floats, right: Floats, weights: Floats) -> dict[str, Any]:
    """Logistic regression with a weak pull to zero, by L-BFGS."""
    inputs, target = torch.tensor(rows, dtype=torch.float32), torch.tensor(right, dtype=torch.float32)
    share = torch.tensor(weights / weights.mean(), dtype=torch.float32)
    torch.manual_seed(0)
    layer = nn.Linear(rows.shape[1], 1)
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=300)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(layer(inputs)[:, 0], target, share)
        loss = loss + _PULL * layer.weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]  # torch does not annotate it
    return {
        "signals": list(SIGNALS),
        "weights": [round(float(v), 4) for v in layer.weight.detach().numpy()[0]],
        "bias": round(float(layer.bias.detach()[0]), 4),
    }


def least_probability(stated: Floats, right: Floats, weights: Floats, precision: float) -> float:
    """The smallest threshold above which the weighted share right is at least `precision`."""
    order = np.argsort(-stated)
    shares = np.cumsum((right * weights)[order]) / np.cumsum(weights[order])
    enough = np.flatnonzero(shares >= precision)
    return float(stated[order[enough[-1]]]) if len(enough) else 1.0
