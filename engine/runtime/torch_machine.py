"""What torch says of the machine, in the process that has imported it anyway: its GPUs, and flags left unknown."""

from __future__ import annotations

from dataclasses import fields, replace

import torch

from engine.runtime.machine import CpuFlags, Gpu, Machine

# Names of torch.cpu.get_capabilities().
_TORCH_FLAGS = {
    "avx2": "avx2",
    "avx512": "avx512_bw",
    "vnni": "avx512_vnni",
    "avx512_bf16": "avx512_bf16",
    "amx": "amx_bf16",
}


def seen_by_torch(machine: Machine) -> Machine:
    """`machine` with the GPUs that torch can use, in torch's order, and with the CPU flags it did not state."""
    return replace(machine, gpus=cuda_gpus(), cpu=replace(machine.cpu, flags=_completed(machine.cpu.flags)))


def cuda_gpus() -> tuple[Gpu, ...]:
    """The GPUs by their CUDA index; empty where torch cannot use any."""
    if not torch.cuda.is_available():
        return ()
    gpus = []
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        # What torch holds for later counts as taken to the driver, and is free to torch.
        free += torch.cuda.memory_reserved(index) - torch.cuda.memory_allocated(index)
        gpus.append(Gpu(torch.cuda.get_device_name(index), total, free, torch.cuda.get_device_capability(index)))
    return tuple(gpus)


def _completed(flags: CpuFlags) -> CpuFlags:
    stated = torch.cpu.get_capabilities()
    unknown = [field.name for field in fields(flags) if getattr(flags, field.name) is None]
    return replace(flags, **{name: bool(stated.get(_TORCH_FLAGS[name], False)) for name in unknown})
