"""What `tessera doctor` says of made-up machines; the real one is asked in the tests of the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from engine.cli import doctor
from engine.cli.console import output
from engine.runtime.machine import Cpu, CpuFlags, Gpu, Machine, Ram, Speed, TorchBuild

CPU = Cpu("Some CPU", CpuFlags(True, True, True, False, False), 4, 8)
GPU = Gpu("RTX", 8_000_000_000, 7_500_000_000, (8, 6))
PLAIN = Machine(CPU, Ram(16_000_000_000, 9_000_000_000), (), None, TorchBuild("2.13.0", None))
UNUSED = Machine(CPU, Ram(None, None), (GPU,), "580.1", TorchBuild("2.13.0", None))
USED = Machine(CPU, Ram(None, None), (GPU,), "580.1", TorchBuild("2.13.0", "13.0"))
SPEEDS = (Speed("fp32 on the CPU", 74_000_000, 210.4, 31.2), Speed("int8 on the CPU", 74_000_000, problem="No kernel."))


@pytest.fixture(autouse=True)
def answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The self-test starts workers; here it has answered already."""
    answer = doctor.SelfTest(doctor.SELF_TEST_ANSWER, True, 0.5)
    monkeypatch.setattr(doctor, "_self_test", lambda: answer)
    monkeypatch.setattr(doctor, "_bench", lambda on_speed: list(map(on_speed, SPEEDS)))
    output.cache_clear()


def run(monkeypatch: pytest.MonkeyPatch, machine: Machine, *options: str) -> Result:
    monkeypatch.setattr(doctor, "probe_machine", lambda: machine)
    result = CliRunner(env={"COLUMNS": "200"}).invoke(doctor.command, options, standalone_mode=False)
    output.cache_clear()
    assert result.exception is None
    assert result.return_value == 0
    return result


def test_a_plain_machine_is_described_and_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    said = run(monkeypatch, PLAIN).output
    for line in (
        "Some CPU (AVX2, AVX512, VNNI)",
        "4 physical, 8 logical",
        "9.0 GB free of 16.0 GB",
        "none: everything runs on the CPU",
        "int8 on the CPU (AVX2, AVX512, VNNI)",
        "none: tessera models list",
        "self-test   What is the invoice total?",
    ):
        assert line in said
    assert "pip install" not in said
    assert "bench" not in said


def test_a_gpu_that_torch_cannot_use_comes_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    said = run(monkeypatch, UNUSED).output
    assert "RTX, 7.5 GB free of 8.0 GB, driver 580.1" in said
    assert "runs on the CPU alone. This installs one that runs on it:" in said
    assert "\npython -m pip install torch==2.13.0+cu130 --index-url https://download.pytorch.org/whl/cu130\n" in said
    assert "unknown free of unknown" in said


def test_a_gpu_in_use_is_recommended(monkeypatch: pytest.MonkeyPatch) -> None:
    said = run(monkeypatch, USED).output
    assert "NVIDIA GPUs (CUDA 13.0) and the CPU" in said
    assert "bf16 on the RTX" in said
    assert "pip install" not in said


def test_bench_lines_say_what_ran_and_what_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    said = run(monkeypatch, PLAIN, "--bench").output
    assert "bench       fp32 on the CPU: 210 tokens/s read, 31 tokens/s written (74 M parameters)" in said
    assert "bench       int8 on the CPU: No kernel. (74 M parameters)" in said


def test_json_holds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    report = json.loads(run(monkeypatch, UNUSED, "--json", "--bench").output)
    assert report["machine"]["gpus"][0]["name"] == "RTX"
    assert report["machine"]["cpu"]["flags"]["vnni"] is True
    assert report["notice"]["command"].startswith("python -m pip install torch==2.13.0+cu130")
    assert report["recommended"].startswith("int8 on the CPU")
    assert report["bench"][0]["engine"] == "fp32 on the CPU"
    assert report["self_test"]["right"] is True
    assert json.loads(run(monkeypatch, PLAIN, "--json").output)["bench"] is None


def test_doctor_imports_no_torch() -> None:
    script = "import sys, engine.cli.doctor; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
