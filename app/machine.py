"""What the window says of this machine: where models compute, in which precision, and what would make it faster."""

from __future__ import annotations

from dataclasses import dataclass

from app.model_words import device_text, size_text, tr
from engine.runtime.machine import cuda_notice
from engine.runtime.precision import Advice, Option, best_of
from engine.runtime.speeds import Measured, Pace, kept

__all__ = [
    "Advice",
    "MachineView",
    "Measured",
    "Pace",
    "look_at_machine",
    "look_at_speed",
    "option_in",
    "option_text",
    "recommended_in",
]


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
    # Imported in that thread: the window does without it while it begins.
    from engine.runtime.probe import probe_machine

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


def look_at_speed() -> Measured | None:
    """How fast this machine was in its last self-test; None where there was none. Runs outside the GUI thread."""
    from engine.runtime.probe import probe_machine

    return kept(probe_machine())


def recommended_in(advice: Advice | None) -> str:
    """The precision that is recommended for a model; empty while nobody knows."""
    return advice.recommended.precision.value if advice is not None and advice.recommended is not None else ""


def option_in(advice: Advice, precision: str) -> Option | None:
    """The option that a model would get in a precision: the first that is possible, else the first of all."""
    options = [option for option in advice.options if option.precision.value == precision]
    return next((option for option in options if option.possible), options[0] if options else None)


def option_text(advice: Advice, option: Option) -> str:
    """What a model needs in a precision, and what is in the way of it."""
    if option.lacking:
        return option.lacking
    text = tr("{size} on {device}").format(size=size_text(option.need.total), device=device_text(option.device))
    if option.short_bytes:
        short = size_text(option.short_bytes)
        return tr("{needs}, {short} more than is free").format(needs=text, short=short)
    return tr("{needs}, recommended").format(needs=text) if option == advice.recommended else text
