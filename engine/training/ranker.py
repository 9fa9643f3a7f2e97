"""Trains and calibrates the embedded reader's ranker on generated pages.

`python -m engine.training.ranker --out resources/models/embedded_ranker.json` makes the shipped weights.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein
from torch import nn

from engine.readers.embedded.calibrate import SIGNALS, expected_calibration_error, probability, signals
from engine.readers.embedded.features import Fit, fit
from engine.readers.embedded.index import Floats, PageIndex, build_index
from engine.readers.embedded.question import Shape, parse
from engine.readers.embedded.rank import Ranker, ranker_from
from engine.readers.embedded.select import rivals_of
from engine.training.synth import TRAIN_FAMILIES, SyntheticQuestion, make_document

_LOG = logging.getLogger(__name__)
_RIGHT = 0.8
_LIKELY, _OTHERS = 110, 50
_PLAIN_SHAPES = (Shape.VALUE,)


@dataclass(frozen=True, slots=True)
class Sample:
    """One question on one page: features (K, F), how good each candidate is (K,), and whether any answer exists."""

    fit: Fit
    gain: Floats
    present: bool
    texts: tuple[str, ...]
    family: str


def similarity(given: str, golds: Sequence[str]) -> float:
    """The best normalised Levenshtein similarity to any gold answer, 0–1."""
    plain = " ".join(given.lower().split())
    return max((Levenshtein.normalized_similarity(plain, " ".join(g.lower().split())) for g in golds), default=0.0)


def samples(seed: int, count: int, families: Sequence[str]) -> Iterator[Sample]:
    """Questions of `count` generated documents, the families in turn; special shapes are left out."""
    for number in range(count):
        family = families[number % len(families)]
        document = make_document(seed, number, family)
        indices: dict[int, PageIndex] = {}
        for question in document.questions:
            parsed = parse(question.question)
            if parsed.shape not in _PLAIN_SHAPES:
                continue
            page = question.page if question.present else random.Random(number).randrange(len(document.pages))
            index = indices.get(page) or indices.setdefault(page, build_index(document.pages[page]))
            if index.candidates:
                yield _thinned(_sample(question, index, fit(parsed, index), family), random.Random(number))


def _thinned(sample: Sample, rng: random.Random) -> Sample:
    """The sample with its right candidates, those that fit best at first sight, and some of the others."""
    names = sample.fit.names
    sight = sum(sample.fit.values[:, names.index(name)] for name in ("label_best", "cover_all", "rule", "cover_near"))
    order = np.lexsort((-np.asarray(sight), -(sample.gain > 0).astype(float)))
    kept = np.sort(
        np.concatenate(
            (
                order[:_LIKELY],
                np.asarray(
                    rng.sample(list(order[_LIKELY:]), min(_OTHERS, max(len(order) - _LIKELY, 0))), dtype=np.int64
                ),
            )
        )
    )
    fitted = Fit(names, sample.fit.values[kept], sample.fit.match, sample.fit.union[:, :0])
    return Sample(fitted, sample.gain[kept], sample.present, tuple(sample.texts[n] for n in kept), sample.family)


def _sample(question: SyntheticQuestion, index: PageIndex, fitted: Fit, family: str) -> Sample:
    texts = tuple(candidate.text for candidate in index.candidates)
    gain = np.zeros(len(texts))
    if question.present:
        for number, candidate in enumerate(index.candidates):
            alike = similarity(candidate.text, question.answers)
            if alike >= _RIGHT and _at_gold(question, index, number):
                gain[number] = (alike - _RIGHT) / (1 - _RIGHT) * 0.95 + 0.05
    return Sample(fitted, gain, question.present, texts, family)


def _at_gold(question: SyntheticQuestion, index: PageIndex, number: int) -> bool:
    box = question.answer_box
    if box is None:
        return True
    words = [index.words.words[index.layout.tokens[t].word].box for t in index.candidates[number].tokens]
    return any(word.overlap_share(box) > 0.3 or box.contains(word.center) for word in words)


class Network(nn.Module):
    """Features of each candidate to one logit."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(values)
        return logits[:, 0]


def train(found: Sequence[Sample], *, hidden: int, epochs: int, seed: int) -> dict[str, Any]:
    """Fit the network so that right candidates, or the null answer, take the probability. Returns its JSON form."""
    torch.manual_seed(seed)
    stacked = np.concatenate([sample.fit.values for sample in found])
    mean, scale = stacked.mean(axis=0), np.maximum(stacked.std(axis=0), 0.05)
    data = [
        (torch.tensor((s.fit.values - mean) / scale, dtype=torch.float32), torch.tensor(s.gain, dtype=torch.float32))
        for s in found
        if not s.present or s.gain.max() > 0
    ]
    network = Network(stacked.shape[1], hidden)
    batch = 64
    steps = epochs * (len(data) // batch + 1)
    optimiser = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps)
    order = list(range(len(data)))
    rng = random.Random(seed)
    for epoch in range(epochs):
        rng.shuffle(order)
        total = 0.0
        for start in range(0, len(order), batch):
            chosen = [data[i] for i in order[start : start + batch]]
            loss = _loss(network, chosen)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += float(loss) * len(chosen)
        _LOG.info("epoch %d: loss %.4f", epoch, total / max(len(order), 1))
    return _as_json(network, found[0].fit.names, mean, scale)


def _loss(network: Network, chosen: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
    """Mean negative log-share of the right candidates (weighted by their gain), or of the null answer."""
    logits = network(torch.cat([values for values, _ in chosen]))
    losses = []
    for part, (_, gain) in zip(logits.split([len(gain) for _, gain in chosen]), chosen, strict=True):
        all_in = torch.logsumexp(torch.cat((part, part.new_zeros(1))), 0)
        if float(gain.max()) > 0:
            sure = gain >= float(gain.max()) - 1e-6
            good = torch.logsumexp(part[sure], 0)
            nearly = torch.logsumexp(part[gain > 0] + torch.log(gain[gain > 0]), 0)
            losses.append(all_in - 0.5 * (good + nearly))
        else:
            losses.append(all_in)
    return torch.stack(losses).mean()


def _as_json(network: Network, names: Sequence[str], mean: Floats, scale: Floats) -> dict[str, Any]:
    layers = []
    for layer in network.layers:
        if isinstance(layer, nn.Linear):
            weights = layer.weight.detach().numpy().T
            layers.append(
                {
                    "weights": [[round(float(v), 4) for v in row] for row in weights],
                    "bias": [round(float(v), 4) for v in layer.bias.detach().numpy()],
                }
            )
    return {
        "names": list(names),
        "mean": [round(float(v), 5) for v in mean],
        "scale": [round(float(v), 5) for v in scale],
        "layers": layers,
        "calibration": {"weights": [0.0] * len(SIGNALS), "bias": 0.0, "answered": 1.0, "unsure": 0.0},
        "revision": "",
    }


def judged(ranker: Ranker, found: Sequence[Sample]) -> tuple[Floats, Floats, Floats]:
    """Signals (N, signals) of the best candidate of every sample, whether it is right (N,), and its similarity."""
    rows, right, gains = [], [], []
    for sample in found:
        logits = ranker.logits(sample.fit)
        best = int(logits.argmax())
        rows.append(signals(sample.fit, logits, best, rivals_of(sample.texts, logits, best)))
        gains.append(float(sample.gain[best]))
        right.append(float(sample.gain[best] > 0))
    return np.asarray(rows), np.asarray(right), np.asarray(gains)


def calibrate(ranker: Ranker, found: Sequence[Sample], precision: float) -> dict[str, Any]:
    """Logistic weights from signals to probability, and the least probability that reaches `precision`."""
    rows, right, _ = judged(ranker, found)
    inputs = torch.tensor(rows, dtype=torch.float32)
    target = torch.tensor(right, dtype=torch.float32)
    layer = nn.Linear(rows.shape[1], 1)
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=200)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(layer(inputs)[:, 0], target)
        loss = loss + 1e-3 * layer.weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    made = {
        "weights": [round(float(v), 4) for v in layer.weight.detach().numpy()[0]],
        "bias": round(float(layer.bias.detach()[0]), 4),
    }
    stated = np.asarray([probability(row, made) for row in rows])
    made["answered"] = round(least_probability(stated, right, precision), 4)
    made["unsure"] = 0.12
    _LOG.info(
        "calibration error %.3f, answered %.3f at precision %.3f",
        expected_calibration_error(stated.tolist(), (right > 0).tolist()),
        float((stated >= made["answered"]).mean()),
        float(right[stated >= made["answered"]].mean()),
    )
    return made


def least_probability(stated: Floats, right: Floats, precision: float) -> float:
    """The smallest threshold above which the share right is at least `precision`."""
    order = np.argsort(-stated)
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(shares >= precision)
    return float(stated[order[enough[-1]]]) if len(enough) else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=24)
    parser.add_argument("--precision", type=float, default=0.98)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    found = list(samples(options.seed, options.documents, TRAIN_FAMILIES))
    _LOG.info("%d questions, %d within reach", len(found), sum(s.gain.max() > 0 for s in found if s.present))
    data = train(found, hidden=options.hidden, epochs=options.epochs, seed=options.seed)
    data["revision"] = f"seed {options.seed}, {options.documents} documents"
    fresh = list(samples(options.seed + 1, options.documents // 4, TRAIN_FAMILIES))
    data["calibration"] = calibrate(ranker_from(data), fresh, options.precision)
    options.out.write_text(json.dumps(data, indent=None, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
