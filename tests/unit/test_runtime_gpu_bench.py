"""The GPU bench runs on machines that tests never see, so its steps are tried here on a tiny model and the CPU."""

from __future__ import annotations

import pytest
import torch

from engine.slicing.policies import plan
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.schema import SpatialSchema
from tests.bench import gpu


def test_every_step_of_the_gpu_bench_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "RUNS", 1)
    monkeypatch.setattr(gpu, "ANSWER", 3)
    monkeypatch.setattr(gpu, "QUESTIONS", 2)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    planned = SpatialSchema(gpu.QUERIES, False, 0, 0, 0).lay_out(plan(f"llava-uhd-v1:{gpu.CAP}", gpu.PAGE))
    model = UhdForConditionalGeneration(gpu.config_of(tiny=True)).eval()
    figures = gpu.Bench(model, torch.device("cpu"), planned).figures()
    assert figures
    assert all(value > 0 for value in figures.values())
    assert gpu.versions()["torch"] is not None
