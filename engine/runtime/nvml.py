"""NVIDIA GPUs as their driver states them, through the driver's own library; neither torch nor a program is started."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.runtime.machine import Gpu

_LIBRARY = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
_TEXT_BYTES = 96


class _Memory(ctypes.Structure):
    """nvmlMemory_t."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def probe_gpus(load: Callable[[str], Any] = ctypes.CDLL, root: Path = Path("/")) -> tuple[tuple[Gpu, ...], str | None]:
    """The GPUs, and the driver's version (None without a driver). Where the library is missing, Linux's driver still
    names them."""
    try:
        library = load(_LIBRARY)
    except OSError:
        return _from_proc(root / "proc/driver/nvidia")
    if library.nvmlInit_v2() != 0:
        return _from_proc(root / "proc/driver/nvidia")
    try:
        count = ctypes.c_uint(0)
        library.nvmlDeviceGetCount_v2(ctypes.byref(count))
        gpus = tuple(gpu for index in range(count.value) if (gpu := _gpu(library, index)) is not None)
        return gpus, _text(library.nvmlSystemGetDriverVersion)
    finally:
        library.nvmlShutdown()


def _gpu(library: Any, index: int) -> Gpu | None:
    handle = ctypes.c_void_p()
    if library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)) != 0:
        return None
    memory, major, minor = _Memory(), ctypes.c_int(), ctypes.c_int()
    # A GPU that shares the computer's memory has none of its own to state.
    stated = library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == 0
    capable = library.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor)) == 0
    return Gpu(
        _text(library.nvmlDeviceGetName, handle) or "NVIDIA GPU",
        memory.total if stated else None,
        memory.free if stated else None,
        (major.value, minor.value) if capable else None,
    )


def _text(call: Callable[..., int], *arguments: Any) -> str | None:
    text = ctypes.create_string_buffer(_TEXT_BYTES)
    if call(*arguments, text, ctypes.c_uint(_TEXT_BYTES)) != 0:
        return None
    return text.value.decode(errors="replace")


def _from_proc(folder: Path) -> tuple[tuple[Gpu, ...], str | None]:
    gpus = []
    for file in sorted(folder.glob("gpus/*/information")):
        fields = dict(line.partition(":")[::2] for line in file.read_text(errors="replace").splitlines())
        gpus.append(Gpu(fields.get("Model", "").strip() or "NVIDIA GPU"))
    try:
        words = (folder / "version").read_text(errors="replace").split()
    except OSError:
        return tuple(gpus), None
    return tuple(gpus), next((word for word in words if word[:1].isdigit() and "." in word), None)
