"""What a machine is said to have, read from the files of made-up ones, and never with torch."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.runtime.machine import Cpu, CpuFlags, Gpu, Machine, Ram, TorchBuild, cuda_notice
from engine.runtime.nvml import probe_gpus
from engine.runtime.probe import _cuda_of, probe_cpu, probe_machine, probe_ram, probe_torch

CPUINFO = """processor\t: 0
model name\t: Some CPU
physical id\t: 0
core id\t\t: {0}
flags\t\t: fpu {1}

processor\t: 1
model name\t: Some CPU
physical id\t: 0
core id\t\t: 1
flags\t\t: fpu {1}
"""
AVX512 = "avx2 avx512f avx512bw avx512vl avx512dq"
MEMINFO = "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:    8000000 kB\n"
KB = 1024


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ("sse2", ()),
        ("avx2", ("AVX2",)),
        ("avx2 avx512f", ("AVX2",)),
        ("avx2 avx_vnni", ("AVX2", "VNNI")),
        (AVX512, ("AVX2", "AVX512")),
        (
            f"{AVX512} avx512_vnni avx512_bf16 amx_tile amx_bf16 amx_int8",
            ("AVX2", "AVX512", "VNNI", "AVX512_BF16", "AMX"),
        ),
    ],
)
def test_cpu_flags_are_those_of_the_kernel(tmp_path: Path, flags: str, names: tuple[str, ...]) -> None:
    cpu = probe_cpu("linux", written(tmp_path, {"proc/cpuinfo": CPUINFO.format(0, flags)}))
    assert cpu.name == "Some CPU"
    assert cpu.flags.names == names
    assert cpu.physical_cores == 2


def test_hyperthreads_are_counted_once(tmp_path: Path) -> None:
    topology = "sys/devices/system/cpu/cpu{}/topology/core_cpus_list"
    shared = written(tmp_path, {topology.format(index): f"{index % 2},{index % 2 + 2}\n" for index in range(4)})
    assert probe_cpu("linux", shared).physical_cores == 2
    assert probe_cpu("linux", written(tmp_path / "b", {"proc/cpuinfo": CPUINFO.format(1, "")})).physical_cores == 1


def test_an_arm_computer_has_none_of_the_flags(tmp_path: Path) -> None:
    flags = probe_cpu("linux", written(tmp_path, {"proc/cpuinfo": "Features\t: fp asimd\n"})).flags
    assert flags == CpuFlags(False, False, False, False, False)
    assert not flags.fast_int8


def test_an_unknown_system_says_that_it_does_not_know() -> None:
    cpu = probe_cpu("plan9")
    assert cpu.flags == CpuFlags()
    assert cpu.physical_cores is None
    assert cpu.logical_cores >= 1
    assert probe_ram("plan9") == Ram(None, None)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, Ram(16000000 * KB, 8000000 * KB)),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/memory.max": "4000000000\n",
                "sys/fs/cgroup/a/memory.current": "1500000000\n",
                "sys/fs/cgroup/a/memory.stat": "anon 5\ninactive_file 500000000\n",
                "sys/fs/cgroup/a/b/memory.max": "max\n",
                "sys/fs/cgroup/a/b/memory.current": "1\n",
            },
            Ram(4000000000, 3000000000),
        ),
        (
            {
                "proc/self/cgroup": "4:memory:/c\n0::/\n",
                "sys/fs/cgroup/memory/c/memory.limit_in_bytes": "2000000000\n",
                "sys/fs/cgroup/memory/c/memory.usage_in_bytes": "2500000000\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": "7000000000\n",
            },
            Ram(2000000000, 0),
        ),
    ],
    ids=["no container", "version 2", "version 1"],
)
def test_memory_is_what_the_container_allows(tmp_path: Path, files: dict[str, str], expected: Ram) -> None:
    assert probe_ram("linux", written(tmp_path, {"proc/meminfo": MEMINFO, **files})) == expected


class FakeDriver:
    """NVML of a machine with one GPU, or one that does not start."""

    def __init__(self, started: int = 0) -> None:
        self.started = started

    def nvmlInit_v2(self) -> int:  # noqa: N802 - the driver's name
        return self.started

    def nvmlShutdown(self) -> int:  # noqa: N802 - the driver's name
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802 - the driver's name
        count._obj.value = 1
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: Any, handle: Any) -> int:  # noqa: N802 - the driver's name
        handle._obj.value = 77
        return 0

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:  # noqa: N802 - the driver's name
        assert handle.value == 77
        memory._obj.total, memory._obj.free = 8_000_000_000, 7_000_000_000
        return 0

    def nvmlDeviceGetCudaComputeCapability(self, handle: Any, major: Any, minor: Any) -> int:  # noqa: N802 - as above
        major._obj.value, minor._obj.value = 8, 6
        return 0

    def nvmlDeviceGetName(self, handle: Any, text: Any, size: Any) -> int:  # noqa: N802 - the driver's name
        text.value = b"GeForce"
        return 0

    def nvmlSystemGetDriverVersion(self, text: Any, size: ctypes.c_uint) -> int:  # noqa: N802 - the driver's name
        assert size.value == len(text)
        text.value = b"580.65.06"
        return 0


def test_a_gpu_is_what_its_driver_states() -> None:
    gpus, driver = probe_gpus(lambda name: FakeDriver())
    assert gpus == (Gpu("GeForce", 8_000_000_000, 7_000_000_000, (8, 6)),)
    assert driver == "580.65.06"


def test_without_the_library_linux_still_names_the_gpu(tmp_path: Path) -> None:
    def missing(name: str) -> Any:
        raise OSError(name)

    assert probe_gpus(missing, tmp_path) == ((), None)
    written(
        tmp_path,
        {
            "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA T4\nIRQ: 1\n",
            "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May\n",
        },
    )
    expected = ((Gpu("NVIDIA T4"),), "535.183.01")
    assert probe_gpus(missing, tmp_path) == expected
    assert probe_gpus(lambda name: FakeDriver(started=9), tmp_path) == expected


def machine(gpus: tuple[Gpu, ...], driver: str | None, torch: TorchBuild | None) -> Machine:
    return Machine(Cpu("c", CpuFlags(), 2, 2), Ram(None, None), gpus, driver, torch)


CPU_BUILD = TorchBuild("2.13.0", None)


@pytest.mark.parametrize(
    ("gpus", "driver", "build"),
    [
        ((Gpu("A", capability=(8, 6)),), "580.65.06", "cu130"),
        ((Gpu("A"),), None, "cu130"),
        ((Gpu("A", capability=(8, 6)),), "535.183.01", "cu126"),
        ((Gpu("A", capability=(6, 1)),), "580.65.06", "cu126"),
    ],
)
def test_a_gpu_beside_a_cpu_torch_is_announced_with_one_command(
    gpus: tuple[Gpu, ...], driver: str | None, build: str
) -> None:
    notice = cuda_notice(machine(gpus, driver, CPU_BUILD))
    assert notice is not None
    assert "(A)" in notice.message
    assert notice.command == (
        f"python -m pip install torch==2.13.0+{build} --index-url https://download.pytorch.org/whl/{build}"
    )


@pytest.mark.parametrize(
    "found",
    [
        machine((), "580.1", CPU_BUILD),
        machine((Gpu("A"),), "580.1", TorchBuild("2.13.0", "13.0")),
        machine((Gpu("A"),), "580.1", None),
        machine((Gpu("A", capability=(3, 5)),), "470.1", CPU_BUILD),
    ],
    ids=["no gpu", "cuda build", "no torch", "a gpu that no build runs on"],
)
def test_nothing_is_announced_where_nothing_can_be_done(found: Machine) -> None:
    assert cuda_notice(found) is None


def test_the_build_of_torch_is_read_from_its_files(tmp_path: Path) -> None:
    build = probe_torch()
    assert build is not None
    assert "+" not in build.version
    lines = "__version__ = '2.13.0'\ncuda: Optional[str] = {}\nhip: Optional[str] = None\n"
    (tmp_path / "version.py").write_text(lines.format("'13.0'"))
    assert _cuda_of(tmp_path / "version.py") == "13.0"
    (tmp_path / "version.py").write_text(lines.format("None"))
    assert _cuda_of(tmp_path / "version.py") is None


def test_this_machine_is_probed_without_torch() -> None:
    assert probe_machine().cpu.logical_cores >= 1
    script = (
        "import sys; from engine.runtime.probe import probe_machine; probe_machine(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
