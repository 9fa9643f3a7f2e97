"""From scores to a probability of being right, and from that to answered, unsure or not found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.readers.embedded.features import Fit
from engine.readers.embedded.index import Floats
from engine.readers.embedded.rank import Votes
from engine.readers.types import AnswerStatus

SIGNALS = (
    "share",
    "margin",
    "null",
    "logit",
    "cover_all",
    "missing",
    "label_best",
    "label_column",
    "label_row",
    "cover_near",
    "kind_fits",
    "kind_wrong",
    "kind_open",
    "rule",
    "fielded",
    "is_text",
    "in_sentence",
    "gain_table",
    "own_cover",
    "page_unsaid",
    "label_before",
    "label_left",
    "label_above",
    "top_fit_cover_all",
    "cover_table",
    "cover_sentence",
    "kind_rule",
    "exact_best",
    "exact_table",
    "alone_label_best",
    "alone_fit_label_best",
    "alone_fit_cover_table",
    "alone_fit_cover_sentence",
    "label_right",
    "top_label_best",
    "top_fit_cover_table",
    "numeric",
    "is_phrase",
    "is_name",
    "length",
    "agreement",
    "least_lead",
    "share_told",
    "share_figure",
    "lead_told",
    "meant_label_best",
    "meant_cover_all",
)
"""What the probability is made from: the ranker's own certainty first, then how well the question is accounted for."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`answered`: the least probability of an answer that is given as one; below `unsure` nothing is given."""

    answered: float
    unsure: float


def signals(fit: Fit, logits: Floats, best: int, rivals: Sequence[int], votes: Votes) -> Floats:
    """The signals of candidate `best`; `rivals` are the candidates that say something else, `votes` those for it."""
    peak = max(float(logits.max()), 0.0)
    shares = np.exp(logits - peak)
    null = math.exp(-peak)
    other = max((float(logits[r]) for r in rivals), default=-10.0)
    total = float(shares[best]) + sum(float(shares[r]) for r in rivals) + null
    row = fit.values[best]
    where = {name: column for column, name in enumerate(fit.names)}
    own = {
        "share": float(shares[best]) / total,
        "margin": min(max(float(logits[best]) - max(other, -10.0), -5.0), 10.0) / 10,
        "null": null / total,
        "logit": min(max(float(logits[best]), -10.0), 10.0) / 10,
        "agreement": votes.share,
        "least_lead": votes.least_lead / 10,
    }
    told, figure = row[where["in_sentence"]], row[where["numeric"]]
    own |= {
        "share_told": own["share"] * told,
        "share_figure": own["share"] * figure,
        "lead_told": votes.least_lead / 10 * told,
    }
    return np.asarray([own[name] if name in own else row[where[name]] for name in SIGNALS])


def probability(values: Floats, calibration: Mapping[str, Any]) -> float:
    """The probability that the answer with these signals is right; `calibration` names those it weighs."""
    weights = dict(zip(calibration["signals"], calibration["weights"], strict=True))
    return float(1 / (1 + np.exp(-(values @ [weights.get(name, 0.0) for name in SIGNALS] + calibration["bias"]))))


def thresholds(calibration: Mapping[str, Any]) -> Thresholds:
    return Thresholds(float(calibration["answered"]), float(calibration["unsure"]))


def status_of(probability_right: float, limits: Thresholds) -> AnswerStatus:
    if probability_right >= limits.answered:
        return AnswerStatus.ANSWERED
    return AnswerStatus.UNSURE if probability_right >= limits.unsure else AnswerStatus.NOT_FOUND


def expected_calibration_error(probabilities: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """The mean gap between stated probability and share right over equal bins, weighted by their sizes."""
    stated, truth = np.asarray(probabilities), np.asarray(right, dtype=np.float64)
    if not len(stated):
        return 0.0
    places = np.minimum((stated * bins).astype(int), bins - 1)
    gaps = [
        abs(stated[places == b].mean() - truth[places == b].mean()) * (places == b).sum()
        for b in range(bins)
        if (places == b).any()
    ]
    return float(sum(gaps) / len(stated))
