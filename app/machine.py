"""What the window says of this machine: where models compute, in which precision, and what would make it faster."""

from __future__ import annotations

from dataclasses import dataclass

from engine.runtime.machine import cuda_notice
from engine.runtime.precision import best_of
from engine.runtime.probe import probe_machine


@dataclass(frozen=True, slots=True)
class MachineView:
    """`device` as an answer names it; `advice` is the precision that is recommended here, in words.

    `cuda_hint` says that a GPU lies idle because the installed torch cannot use it; `cuda_command` changes that.
    """

    device: str = "cpu"
    device_name: str = ""
    advice: str = ""
    cuda_hint: str = ""
    cuda_command: str = ""


def look_at_machine() -> MachineView:
    """Look at GPU and CPU. Takes a moment: runs outside the GUI thread."""
    machine = probe_machine()
    notice = cuda_notice(machine)
    usable = bool(machine.gpus) and machine.torch is not None and machine.torch.cuda is not None
    return MachineView(
        device="cuda" if usable else "cpu",
        device_name=machine.gpus[0].name if usable else machine.cpu.name,
        advice=best_of(machine),
        cuda_hint=notice.message if notice is not None else "",
        cuda_command=notice.command if notice is not None else "",
    )
