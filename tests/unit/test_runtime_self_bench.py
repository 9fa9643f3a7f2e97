"""The speed test of `tessera doctor --bench`, on a model even smaller than its own."""

from __future__ import annotations

import pytest
import torch

from engine.runtime import self_bench

TINY = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2}

TINY_TOWER = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "image_size": 56}


def test_every_engine_of_this_machine_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_bench, "_SHAPE", self_bench._SHAPE | TINY)
    monkeypatch.setattr(self_bench, "_TOWER", self_bench._TOWER | TINY_TOWER)
    torch.set_num_threads(1)
    speeds = list(self_bench.measure())
    assert [speed.engine for speed in speeds[:3]] == ["fp32 on the CPU", "int8 on the CPU", "int4 on the CPU"]
    assert len(speeds) == 3 + torch.cuda.is_available()
    for speed in speeds:
        assert speed.problem or (speed.read_tokens_per_s > 0 and speed.written_tokens_per_s > 0)
        assert speed.parameters > 0
        # int4 reads as int8 does, whose rates stand for both.
        rated = speed.language_flops_per_s > 0 and speed.vision_flops_per_s > 0
        assert speed.problem or rated == (speed.engine != "int4 on the CPU")
