"""Trains and calibrates the embedded reader's ranker on generated pages.

python -m engine.training.ranker --out resources/models/embedded_ranker.json --pages tests/unit/embedded_pages

makes the shipped weights. The network learns from the train families alone; its probabilities are calibrated on the
held-out families and on hand-made pages, which it has not seen.
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
from torch.nn.utils.rnn import pad_sequence

from engine.readers.embedded.calibrate import SIGNALS, expected_calibration_error, probability, signals
from engine.readers.embedded.features import PRIOR, Fit, fit
from engine.readers.embedded.index import Floats, PageIndex, build_index
from engine.readers.embedded.question import Shape, parse
from engine.readers.embedded.rank import Ranker, ranker_from
from engine.readers.embedded.rivals import rivals_of
from engine.training.grid_pages import Asked, read_page
from engine.training.synth import HELD_OUT_FAMILIES, TRAIN_FAMILIES, SyntheticQuestion, make_document

_LOG = logging.getLogger(__name__)
_RIGHT = 0.8
_LIKELY, _OTHERS = 110, 50
_BATCH, _RATE, _WITHHELD, _NEVER = 64, 4e-3, 0.05, -1e9
_FOLDS = 5
_PAGE_WEIGHT, _FOREIGN_QUESTIONS, _UNSURE = 3.0, 25, 0.04
_COMMON_FIELDS = frozenset(
    ("date", "company", "title", "address", "total", "phone", "time", "email", "to", "from", "author")
)
"""Fields that most pages have: another page's question for one is answered here too, only differently."""

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
    """Features of each candidate to one logit; some features are withheld in training, so that none is all-decisive."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.withheld = nn.Dropout(_WITHHELD)
        self.hidden = nn.Linear(inputs, hidden)
        self.output = nn.Linear(hidden, 1)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.output(self.hidden(self.withheld(values)).relu())
        return logits[..., 0]


@dataclass(frozen=True, slots=True)
class Effort:
    """How the network is trained: hidden units and epochs of each of `members` networks, whose mean is shipped."""

    hidden: int = 40
    epochs: int = 12
    members: int = 2
    seed: int = 7


def train(found: Sequence[Sample], effort: Effort) -> dict[str, Any]:
    """Fit networks so that right candidates, or the null answer, take the probability. Returns their mean's JSON form:
    the mean of networks with one hidden layer is one network with all their hidden units."""
    columns = [column for column, name in enumerate(found[0].fit.names) if name != PRIOR]
    stacked = np.concatenate([sample.fit.values[:60, columns] for sample in found])
    mean, scale = stacked.mean(axis=0), np.maximum(stacked.std(axis=0), 0.05)
    data = [
        (
            torch.tensor((s.fit.values[:, columns] - mean) / scale, dtype=torch.float32),
            torch.tensor(s.gain, dtype=torch.float32),
        )
        for s in found
        if not s.present or s.gain.max() > 0
    ]
    networks = [_trained(data, effort, effort.seed + member) for member in range(effort.members)]
    return _as_json(networks, [found[0].fit.names[column] for column in columns], mean, scale)


def _trained(data: Sequence[tuple[torch.Tensor, torch.Tensor]], effort: Effort, seed: int) -> Network:
    torch.manual_seed(seed)
    network = Network(data[0][0].shape[1], effort.hidden)
    steps = effort.epochs * (len(data) // _BATCH + 1)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=_RATE, total_steps=steps)
    order = list(range(len(data)))
    rng = random.Random(seed)
    for epoch in range(effort.epochs):
        rng.shuffle(order)
        total = 0.0
        for start in range(0, len(order), _BATCH):
            chosen = [data[i] for i in order[start : start + _BATCH]]
            loss = _loss(network, chosen)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(chosen)
        _LOG.info("seed %d, epoch %d: loss %.4f", seed, epoch, total / max(len(order), 1))
    return network.eval()


def _loss(network: Network, chosen: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
    """Mean negative log-share of the right candidates (weighted by their gain), or of the null answer."""
    values = pad_sequence([values for values, _ in chosen], batch_first=True)
    gain = pad_sequence([gain for _, gain in chosen], batch_first=True)
    there = pad_sequence([torch.ones(len(gain)) for _, gain in chosen], batch_first=True) > 0
    logits = network(values).masked_fill(~there, _NEVER)
    best = gain.max(dim=1, keepdim=True).values
    right = logits.masked_fill(~((gain > 0) & (gain >= best - 1e-6)), _NEVER).logsumexp(1)
    nearly = (logits + gain.clamp_min(1e-9).log()).masked_fill(gain <= 0, _NEVER).logsumexp(1)
    everything = torch.cat((logits, logits.new_zeros(len(chosen), 1)), 1).logsumexp(1)
    answered = torch.where(best[:, 0] > 0, 0.5 * (right + nearly), torch.zeros_like(right))
    return (everything - answered).mean()


def _as_json(networks: Sequence[Network], names: Sequence[str], mean: Floats, scale: Floats) -> dict[str, Any]:
    hidden = [network.hidden for network in networks]
    output = [network.output for network in networks]
    layers = [
        {
            "weights": _rounded(torch.cat([layer.weight for layer in hidden]).T),
            "bias": _rounded(torch.cat([layer.bias for layer in hidden])),
        },
        {
            "weights": _rounded(torch.cat([layer.weight for layer in output], 1).T / len(networks)),
            "bias": _rounded(torch.stack([layer.bias for layer in output]).mean(0)),
        },
    ]
    return {
        "names": list(names),
        "mean": [round(float(v), 5) for v in mean],
        "scale": [round(float(v), 5) for v in scale],
        "layers": layers,
        "calibration": {
            "signals": list(SIGNALS),
            "weights": [0.0] * len(SIGNALS),
            "bias": 0.0,
            "answered": 1.0,
            "unsure": 0.0,
        },
        "revision": "",
    }


def _rounded(values: torch.Tensor) -> list[Any]:
    made: list[Any] = np.round(values.detach().numpy().astype(float), 4).tolist()
    return made


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


def page_samples(folder: Path, seed: int) -> Iterator[tuple[Sample, float]]:
    """Questions of the hand-made pages in `folder`, and about each page questions of other pages that it does not
    answer, with the weight each has in calibration."""
    pages = [(path.stem, *read_page(path)) for path in sorted(folder.glob("*.txt"))]
    rng = random.Random(seed)
    for name, words, asked in pages:
        index = build_index(words)
        own = {parse(item.question).field for item in asked if item.golds}
        for item in asked:
            if parse(item.question).shape in _PLAIN_SHAPES:
                yield _asked_sample(item, index, name), _PAGE_WEIGHT
        others = [item for other, _, theirs in pages if other != name for item in theirs if item.golds]
        rng.shuffle(others)
        text = " ".join(word.text for word in words.words).casefold()
        foreign = [item for item in others if _is_foreign(item, own, text)]
        for item in foreign[:_FOREIGN_QUESTIONS]:
            yield _asked_sample(Asked(item.question, ()), index, name), 1.0


def _is_foreign(item: Asked, own: set[str], text: str) -> bool:
    """Whether another page's question has no answer here: its field is not asked here, its answers are not printed."""
    parsed = parse(item.question)
    common = parsed.field in _COMMON_FIELDS or (bool(parsed.field) and parsed.field in own)
    return parsed.shape in _PLAIN_SHAPES and not common and not any(gold.casefold() in text for gold in item.golds)


def _asked_sample(item: Asked, index: PageIndex, name: str) -> Sample:
    texts = tuple(candidate.text for candidate in index.candidates)
    alike = [similarity(text, item.golds) for text in texts]
    gain = np.asarray([(a - _RIGHT) / (1 - _RIGHT) * 0.95 + 0.05 if a >= _RIGHT else 0.0 for a in alike])
    return Sample(fit(parse(item.question), index), gain, bool(item.golds), texts, name)


def calibrate(ranker: Ranker, found: Sequence[tuple[Sample, float]], precision: float) -> dict[str, Any]:
    """Logistic weights from signals to probability, and the least probability that reaches `precision`."""
    rows, right, _ = judged(ranker, [sample for sample, _ in found])
    weights = np.asarray([weight for _, weight in found])
    return calibration_of(rows, right, weights, [sample.family for sample, _ in found], precision)


def calibration_of(
    rows: Floats, right: Floats, weights: Floats, families: Sequence[str], precision: float
) -> dict[str, Any]:
    """The calibration of judged answers: signals (N, signals), whether right (N,), weights (N,), each one's family.

    The limit is set on probabilities that each family gets from the others: its own would flatter it.
    """
    made = _logistic(rows, right, weights)
    stated = np.asarray([probability(row, made) for row in rows])
    names = sorted(set(families))
    fold = np.asarray([names.index(family) % _FOLDS for family in families])
    unseen = np.zeros(len(rows))
    for number in range(_FOLDS):
        others = _logistic(*(part[fold != number] for part in (rows, right, weights)))
        unseen[fold == number] = [probability(row, others) for row in rows[fold == number]]
    limits = {"answered": round(least_probability(unseen, right, weights, precision), 4), "unsure": _UNSURE}
    sure = stated >= limits["answered"]
    _LOG.info(
        "calibration error %.3f; answered from %.3f: share %.3f, precision %.3f",
        expected_calibration_error(stated.tolist(), (right > 0).tolist()),
        limits["answered"],
        float(sure.mean()),
        float(right[sure].mean()),
    )
    return {**made, **limits}


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
        loss = loss + 1e-3 * layer.weight.square().sum()
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pages", type=Path, required=True, help="folder of hand-made pages, for calibration only")
    parser.add_argument("--documents", type=int, default=900)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--precision", type=float, default=0.95)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    found = list(samples(options.seed, options.documents, TRAIN_FAMILIES))
    _LOG.info("%d questions, %d within reach", len(found), sum(s.gain.max() > 0 for s in found if s.present))
    data = train(found, Effort(seed=options.seed))
    data["revision"] = f"{options.seed}.{options.documents}"
    held = [(sample, 1.0) for sample in samples(options.seed + 14, options.documents // 5, HELD_OUT_FAMILIES)]
    known = [*held, *page_samples(options.pages, options.seed)]
    data["calibration"] = calibrate(ranker_from(data), known, options.precision)
    options.out.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
