"""Trains and calibrates the embedded reader's ranker on generated and hand-made pages.

python -m engine.training.ranker --out resources/models/embedded_ranker.json --pages tests/unit/embedded_pages

makes the shipped weights. Its probabilities are calibrated on answers to questions of families and pages that the
networks which gave them had not seen: the held-out families, which no network ever sees, and the others in turn.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from engine.readers.embedded.calibrate import SIGNALS
from engine.readers.embedded.features import PRIOR
from engine.readers.embedded.index import Floats
from engine.readers.embedded.rank import ranker_from
from engine.training.ranker_calibration import Judged, calibration_of, judged
from engine.training.ranker_samples import Sample, kept, page_samples, samples
from engine.training.synth import HELD_OUT_FAMILIES, TRAIN_FAMILIES
from engine.training.synth.page_files import page_files

_LOG = logging.getLogger(__name__)
_BATCH, _RATE, _WITHHELD, _PRIOR_WITHHELD, _NEVER = 64, 4e-3, 0.05, 0.3, -1e9
_TURNS, _HAND_MADE = 3, 2.0
_SHARES = {"hand-made": 0.5, "paraphrased": 0.2, "written": 0.1, "held-out": 0.2}
"""What each sort of page counts for in calibration: how like real ones it is, and how like people's its questions."""

PARAPHRASED = "paraphrased"
"""The folder, among the hand-made pages, of those whose questions mostly share no word with the page's labels."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How the networks are trained: hidden units and epochs of each of `members` networks."""

    hidden: int = 48
    epochs: int = 8
    members: int = 4
    seed: int = 7


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
class _Data:
    """N questions with up to K candidates: features (N, K, F), priors (N, K), how good each candidate is (N, K; below
    0 where there is none), what each question counts for (N,)."""

    values: torch.Tensor
    prior: torch.Tensor
    gain: torch.Tensor
    weight: torch.Tensor


def train(found: Sequence[tuple[Sample, float]], effort: Effort) -> dict[str, Any]:
    """Fit networks so that right candidates, or the null answer, take the probability. Samples come with weights.
    Returns the JSON form of all networks together, each with its own output."""
    names = found[0][0].fit.names
    columns = [column for column, name in enumerate(names) if name != PRIOR]
    stacked = np.concatenate([sample.fit.values[:40:2, columns] for sample, _ in found])
    mean, scale = stacked.mean(axis=0), np.maximum(stacked.std(axis=0), 0.05)
    data = _data([pair for pair in found if pair[0].learnable], (mean, scale))
    networks = [_trained(data, replace(effort, seed=effort.seed + member)) for member in range(effort.members)]
    return _as_json(networks, [names[column] for column in columns], mean, scale)


def _data(found: Sequence[tuple[Sample, float]], standard: tuple[Floats, Floats]) -> _Data:
    names = found[0][0].fit.names
    prior = names.index(PRIOR)
    columns = [column for column in range(len(names)) if column != prior]
    count, most = len(found), max(len(sample.gain) for sample, _ in found)
    data = _Data(
        torch.zeros(count, most, len(columns)),
        torch.zeros(count, most),
        torch.full((count, most), -1.0),
        torch.tensor([weight for _, weight in found], dtype=torch.float32),
    )
    for row, (sample, _) in enumerate(found):
        here = len(sample.gain)
        data.values[row, :here] = torch.from_numpy((sample.fit.values[:, columns] - standard[0]) / standard[1])
        data.prior[row, :here] = torch.from_numpy(sample.fit.values[:, prior])
        data.gain[row, :here] = torch.from_numpy(sample.gain)
    return data


def _trained(data: _Data, effort: Effort) -> Network:
    torch.manual_seed(effort.seed)
    network = Network(data.values.shape[2], effort.hidden)
    steps = effort.epochs * (len(data.values) // _BATCH + 1)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=_RATE, total_steps=steps)
    for epoch in range(effort.epochs):
        total = 0.0
        order = torch.randperm(len(data.values))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            loss = _loss(network, data, chosen)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(chosen)
        _LOG.info("seed %d, epoch %d: loss %.4f", effort.seed, epoch, total / len(data.values))
    return network.eval()


def _loss(network: Network, data: _Data, chosen: torch.Tensor) -> torch.Tensor:
    """Mean negative log-share of the right candidates (weighted by their gain), or of the null answer."""
    gain = data.gain[chosen]
    heard = (torch.rand(len(chosen), 1) >= _PRIOR_WITHHELD) * data.prior[chosen]
    logits = (network(data.values[chosen]) + heard).masked_fill(gain < 0, _NEVER)
    best = gain.max(dim=1, keepdim=True).values
    right = logits.masked_fill(~((gain > 0) & (gain >= best - 1e-6)), _NEVER).logsumexp(1)
    nearly = (logits + gain.clamp_min(1e-9).log()).masked_fill(gain <= 0, _NEVER).logsumexp(1)
    everything = torch.cat((logits, logits.new_zeros(len(chosen), 1)), 1).logsumexp(1)
    answered = torch.where(best[:, 0] > 0, 0.5 * (right + nearly), torch.zeros_like(right))
    weight = data.weight[chosen]
    return ((everything - answered) * weight).sum() / weight.sum()


def _as_json(networks: Sequence[Network], names: Sequence[str], mean: Floats, scale: Floats) -> dict[str, Any]:
    """All networks as one: their hidden units side by side, an output for each."""
    hidden, output = [network.hidden for network in networks], [network.output for network in networks]
    layers = [
        {
            "weights": _rounded(torch.cat([layer.weight for layer in hidden]).T),
            "bias": _rounded(torch.cat([layer.bias for layer in hidden])),
        },
        {
            "weights": _rounded(_block_diagonal([layer.weight for layer in output]).T),
            "bias": _rounded(torch.cat([layer.bias for layer in output])),
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


def _block_diagonal(rows: Sequence[torch.Tensor]) -> torch.Tensor:
    """(M, M · H): each of M rows (1, H) in a place of its own."""
    count, units = len(rows), rows[0].shape[1]
    placed = torch.zeros(count, count * units)
    for number, row in enumerate(rows):
        placed[number, number * units : (number + 1) * units] = row[0]
    return placed


def _rounded(values: torch.Tensor) -> list[Any]:
    made: list[Any] = np.round(values.detach().numpy().astype(float), 4).tolist()
    return made


@dataclass(frozen=True, slots=True)
class Material:
    """Samples by sort: generated by code, generated from page files, hand-made, hand-made with paraphrasing questions,
    and held out from all networks."""

    coded: list[Sample]
    written: list[Sample]
    hand_made: list[Sample]
    paraphrased: list[Sample]
    held_out: list[Sample]

    def learned(self) -> list[tuple[Sample, float]]:
        """What networks learn from, with weights."""
        generated = [(sample, 1.0) for sample in (*self.coded, *self.written)]
        return [*generated, *((sample, _HAND_MADE) for sample in (*self.hand_made, *self.paraphrased))]


def unseen(material: Material, effort: Effort) -> Judged:
    """Answers of networks to questions of families and pages that they have not seen, each in its turn."""
    families = sorted({sample.family for sample, _ in material.learned()})
    turn = {family: number % _TURNS for number, family in enumerate(families)}
    parts: list[Judged] = []
    for number in range(_TURNS):
        known = [pair for pair in material.learned() if turn[pair[0].family] != number]
        ranker = ranker_from(train(known, effort))
        for sort, found in (
            ("written", material.written),
            ("hand-made", material.hand_made),
            ("paraphrased", material.paraphrased),
        ):
            new = [sample for sample in found if turn[sample.family] == number]
            parts.append(judged(ranker, new, _SHARES[sort]))
        parts.append(judged(ranker, material.held_out[number::_TURNS], _SHARES["held-out"]))
    return sum(parts[1:], parts[0])


def gathered(options: argparse.Namespace) -> Material:
    """The samples of all sorts."""
    seed, count = options.seed, options.documents
    written = tuple(page_files())
    coded = tuple(family for family in TRAIN_FAMILIES if family not in written)
    return Material(
        kept(options.cache, f"coded-{seed}-{count}", lambda: samples(seed, count // 3, coded)),
        kept(options.cache, f"written-{seed}-{count}", lambda: samples(seed, count - count // 3, written)),
        kept(options.cache, f"hand-made-{seed}", lambda: page_samples(options.pages, seed)),
        kept(options.cache, f"paraphrased-{seed}", lambda: page_samples(options.pages / PARAPHRASED, seed)),
        kept(options.cache, f"held-out-{seed}-{count}", lambda: samples(seed + 14, count // 8, HELD_OUT_FAMILIES)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pages", type=Path, required=True, help="folder of hand-made pages")
    parser.add_argument("--documents", type=int, default=750)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--precision", type=float, default=0.95)
    parser.add_argument("--cache", type=Path, help="folder that keeps the samples for the next time")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    material = gathered(options)
    _LOG.info("%d questions to learn from", len(material.learned()))
    effort = Effort(seed=options.seed)
    data = train(material.learned(), effort)
    data["revision"] = f"{options.seed}.{options.documents}"
    data["calibration"] = calibration_of(unseen(material, effort), options.precision)
    options.out.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
