"""What this machine has, without importing torch: cheap enough for the command line and the window's worker."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from engine.runtime.machine import Cpu, CpuFlags, Machine, Ram, TorchBuild
from engine.runtime.nvml import probe_gpus

# Numbers of IsProcessorFeaturePresent (winnt.h).
_WINDOWS_AVX2, _WINDOWS_AVX512 = 40, 41
_CUDA_LINE = re.compile(r"^cuda\b[^=]*=\s*['\"]([\d.]+)['\"]", re.MULTILINE)


def probe_machine() -> Machine:
    """This machine."""
    gpus, driver = probe_gpus()
    return Machine(probe_cpu(), probe_ram(), gpus, driver, probe_torch())


def probe_cpu(system: str = sys.platform, root: Path = Path("/")) -> Cpu:
    """The CPU. Linux states everything, macOS and Windows what their calls state."""
    logical = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    name = platform.processor() or platform.machine()
    if system == "linux":
        return _linux_cpu(root, logical)
    if system == "darwin":
        cores = _sysctl("hw.physicalcpu")
        return Cpu(_sysctl("machdep.cpu.brand_string") or name, _mac_flags(), int(cores) if cores else None, logical)
    if system == "win32":
        return Cpu(name, _windows_flags(), None, logical)
    return Cpu(name, CpuFlags(), None, logical)


def probe_ram(system: str = sys.platform, root: Path = Path("/")) -> Ram:
    """Main memory, within a container's limit on Linux."""
    if system == "linux":
        return _linux_ram(root)
    if system == "darwin":
        total = _sysctl("hw.memsize")
        return Ram(int(total) if total else None, None)
    if system == "win32":
        return _windows_ram()
    return Ram(None, None)


def probe_torch() -> TorchBuild | None:
    """The torch that is installed, read from its files."""
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return None
    plain, _, local = version.partition("+")
    if local == "cpu":
        return TorchBuild(plain, None)
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return None
    return TorchBuild(plain, _cuda_of(Path(found.origin).parent / "version.py"))


def _cuda_of(version_file: Path) -> str | None:
    try:
        stated = _CUDA_LINE.search(version_file.read_text(encoding="utf-8"))
    except OSError:
        return None
    return stated[1] if stated else None


def _linux_cpu(root: Path, logical: int) -> Cpu:
    text = _read(root / "proc/cpuinfo") or ""
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}
    name = fields.get("model name") or platform.machine()
    return Cpu(name, _linux_flags(fields.get("flags")), _linux_cores(root, text), logical)


def _linux_flags(stated: str | None) -> CpuFlags:
    if stated is None:
        # An ARM computer: it has none of these, whatever else it has.
        return CpuFlags(False, False, False, False, False)
    flags = set(stated.split())
    return CpuFlags(
        avx2="avx2" in flags,
        avx512={"avx512f", "avx512bw", "avx512vl", "avx512dq"} <= flags,
        vnni="avx512_vnni" in flags or "avx_vnni" in flags,
        avx512_bf16="avx512_bf16" in flags,
        amx="amx_tile" in flags and "amx_bf16" in flags,
    )


def _linux_cores(root: Path, cpuinfo: str) -> int | None:
    """Cores that this process may use: by the kernel's topology, else by what the CPU says."""
    allowed = os.sched_getaffinity(0) if root == Path("/") else None
    groups = set()
    for folder in (root / "sys/devices/system/cpu").glob("cpu[0-9]*"):
        siblings = _read(folder / "topology/core_cpus_list") or _read(folder / "topology/thread_siblings_list")
        if siblings and (allowed is None or int(folder.name[3:]) in allowed):
            groups.add(siblings.strip())
    if groups:
        return len(groups)
    pairs = re.findall(r"^physical id\s*:\s*(\d+)$.*?^core id\s*:\s*(\d+)$", cpuinfo, re.MULTILINE | re.DOTALL)
    return len(set(pairs)) or None


def _linux_ram(root: Path) -> Ram:
    text = _read(root / "proc/meminfo") or ""
    stated = {name: int(kilobytes) * 1024 for name, kilobytes in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}
    total, free = stated.get("MemTotal"), stated.get("MemAvailable")
    for limit, used in _container_limits(root):
        if total is None or limit < total:
            total = limit
        if free is None or limit - used < free:
            free = max(limit - used, 0)
    return Ram(total, free)


def _container_limits(root: Path) -> list[tuple[int, int]]:
    """(limit, used without what is only cached) in bytes, of every group of processes that this one is in."""
    found = []
    for line in (_read(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            base, limit_file, used_file, cached = "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            base, limit_file, used_file = "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
            cached = "total_inactive_file"
        else:
            continue
        top = root / base
        folder = top / group.lstrip("/")
        for one in (folder, *folder.parents):
            limit, used = _read(one / limit_file), _read(one / used_file)
            if limit and used and limit.strip().isdigit():
                spare = re.search(rf"^{cached} (\d+)$", _read(one / "memory.stat") or "", re.MULTILINE)
                found.append((int(limit), max(int(used) - int(spare[1] if spare else 0), 0)))
            if one == top:
                break
    return found


def _mac_flags() -> CpuFlags:
    def flag(name: str) -> bool:
        return _sysctl(f"hw.optional.{name}") == "1"

    return CpuFlags(flag("avx2_0"), flag("avx512bw"), flag("avx512vnni"), flag("avx512_bf16"), False)


def _sysctl(name: str) -> str | None:
    """A value that macOS states; None where it has none of that name."""
    done = subprocess.run(["/usr/sbin/sysctl", "-n", name], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def _windows_flags() -> CpuFlags:
    """Windows tells of AVX2 and AVX512; what is built on them is unknown."""
    present = getattr(ctypes, "windll").kernel32.IsProcessorFeaturePresent  # noqa: B009 - there on Windows alone
    return CpuFlags(avx2=bool(present(_WINDOWS_AVX2)), avx512=bool(present(_WINDOWS_AVX512)))


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX."""

    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("rest", ctypes.c_ulonglong * 5),
    )


def _windows_ram() -> Ram:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    windows = getattr(ctypes, "windll")  # noqa: B009 - there on Windows alone
    if not windows.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return Ram(None, None)
    return Ram(status.total, status.free)


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
