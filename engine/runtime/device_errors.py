"""What a device says when it cannot go on, in words for the user."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engine.errors import DeviceLostError, OutOfDeviceMemoryError

# How torch's CPU allocators say that the system gave them nothing (c10/core/impl/alloc_cpu.cpp, Linux and Windows).
_CPU_ALLOCATION = ("DefaultCPUAllocator", "not enough memory", "can't allocate memory")


@contextmanager
def device_errors(device: torch.device, doing: str) -> Iterator[None]:
    """Turns what torch raises when `device` runs out of memory or is lost while `doing` into errors for the user.

    Raises OutOfDeviceMemoryError, DeviceLostError.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory(device, doing, error) from error
    except torch.AcceleratorError as error:
        raise _lost(device, doing, error) from error
    except RuntimeError as error:
        text = str(error)
        if any(sign in text for sign in _CPU_ALLOCATION):
            raise _out_of_memory(device, doing, error) from error
        if device.type == "cuda" and ("CUDA error" in text or "CUBLAS_STATUS" in text or "cuDNN error" in text):
            raise _lost(device, doing, error) from error
        raise


def _out_of_memory(device: torch.device, doing: str, error: BaseException) -> OutOfDeviceMemoryError:
    # The frames that the error came through hold what filled the memory, for as long as the error is held.
    traceback.clear_frames(error.__traceback__)
    if device.type == "cuda":
        torch.cuda.empty_cache()
        return OutOfDeviceMemoryError(
            f"The GPU's memory was full while {doing}.",
            "Use fewer slices, load the model in nf4, or run it on the CPU; closing other programs that use the GPU "
            "helps too.",
        )
    return OutOfDeviceMemoryError(
        f"The computer's memory was full while {doing}.",
        "Use fewer slices, load the model in int8, or choose a smaller model; closing other programs helps too.",
    )


def _lost(device: torch.device, doing: str, error: RuntimeError) -> DeviceLostError:
    reason = str(error).strip().partition("\n")[0]
    return DeviceLostError(f"The device {device} was lost while {doing} ({reason}).")
