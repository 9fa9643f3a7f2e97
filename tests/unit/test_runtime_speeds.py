"""The self-test's figures as they are kept: for this machine alone, apart for CPU and GPU."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from engine.runtime.machine import Cpu, CpuFlags, Gpu, Machine, Ram, Speed, TorchBuild
from engine.runtime.speeds import FILE_NAME, MAX_MACHINES, keep, kept

MACHINE = Machine(Cpu("Some CPU", CpuFlags(), 4, 8), Ram(None, None), (), None, TorchBuild("2.13.0", None))
PLAIN = Speed("fp32 on the CPU", 1, 9.0, 9.0, language_flops_per_s=1e10, vision_flops_per_s=2e10)
QUICK = replace(PLAIN, engine="int8 on the CPU", language_flops_per_s=3e10)
GPU = replace(PLAIN, engine="bf16 on the RTX", device="cuda", language_flops_per_s=1e13)
FAILED = Speed("int8 on the CPU", 1, problem="No kernel.")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TESSERA_STATE_DIR", str(tmp_path))
    return tmp_path


def test_what_was_kept_is_found_again(state: Path) -> None:
    assert kept(MACHINE) is None
    made = keep(MACHINE, (PLAIN, QUICK, GPU), 2, date(2026, 11, 20))
    assert kept(MACHINE) == made
    assert (state / FILE_NAME).stat().st_mode & 0o077 == 0
    assert made.cpu is not None
    assert (made.cpu.engine, made.cpu.rates.language, made.cpu.day) == ("int8 on the CPU", 3e10, "2026-11-20")
    assert made.gpu is not None
    assert made.gpu.engine == "bf16 on the RTX"


def test_another_machine_has_its_own_figures() -> None:
    keep(MACHINE, (PLAIN,), 2)
    others = (
        replace(MACHINE, cpu=replace(MACHINE.cpu, physical_cores=2)),
        replace(MACHINE, gpus=(Gpu("RTX"),)),
        replace(MACHINE, torch=TorchBuild("2.14.0", None)),
    )
    assert [kept(other) for other in others] == [None] * 3
    keep(others[0], (QUICK,), 1)
    assert kept(MACHINE) is not None
    for cores in range(MAX_MACHINES):
        keep(replace(MACHINE, cpu=replace(MACHINE.cpu, physical_cores=100 + cores)), (PLAIN,), 1)
    assert kept(MACHINE) is None


def test_an_engine_that_did_not_run_gives_no_rates() -> None:
    made = keep(MACHINE, (FAILED,), 2)
    assert (made.cpu, made.gpu) == (None, None)


@pytest.mark.parametrize("text", ["", "[{}]", '{"a": 1}', '[{"machine": "a", "speeds": [{"x": 1}]}]'])
def test_a_damaged_file_is_as_none(state: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    (state / FILE_NAME).write_text(text, encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert kept(MACHINE) is None
    assert "cannot be read" in caplog.text
    keep(MACHINE, (PLAIN,), 2)
    assert kept(MACHINE) is not None
