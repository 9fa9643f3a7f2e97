"""How fast this machine ran its self-test: kept in the state folder, for whatever estimates seconds. Light."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from engine.errors import OutputError
from engine.files import write_private
from engine.paths import state_dir
from engine.runtime.machine import Machine, Speed
from engine.slicing.cost import Rates

FILE_NAME = "speed.json"
MAX_MACHINES = 8
"""Machines that one state folder speaks of: a home folder may be shared by some."""

CPU = "cpu"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """What an engine reaches: its rates, its name, and the day on which it was measured, as in 2026-11-20."""

    rates: Rates
    engine: str
    day: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A self-test: of which machine (`key_of`), on which day (ISO), with how many threads, and what it found."""

    machine: str
    day: str
    threads: int
    speeds: tuple[Speed, ...]

    @property
    def cpu(self) -> Pace | None:
        """The fastest engine on the CPU; None where none ran."""
        return self._fastest(speed for speed in self.speeds if speed.device == CPU)

    @property
    def gpu(self) -> Pace | None:
        """The fastest engine on an accelerator; None where none ran."""
        return self._fastest(speed for speed in self.speeds if speed.device != CPU)

    def _fastest(self, speeds: Iterable[Speed]) -> Pace | None:
        ran = [speed for speed in speeds if speed.language_flops_per_s > 0 and speed.vision_flops_per_s > 0]
        if not ran:
            return None
        best = max(ran, key=lambda speed: speed.language_flops_per_s)
        return Pace(Rates(best.vision_flops_per_s, best.language_flops_per_s), best.engine, self.day)


def key_of(machine: Machine) -> str:
    """What figures hold for: this CPU with so many cores, these GPUs, and this torch."""
    cpu, torch = machine.cpu, machine.torch
    build = "none" if torch is None else f"{torch.version} ({torch.cuda or CPU})"
    gpus = ", ".join(gpu.name for gpu in machine.gpus) or "none"
    return f"{cpu.name}, {cpu.physical_cores or cpu.logical_cores} cores, GPU {gpus}, torch {build}"


def keep(machine: Machine, speeds: Iterable[Speed], threads: int, day: date | None = None) -> Measured:
    """Keep a self-test of `machine` in the place of its last one. Raises OutputError."""
    fresh = Measured(key_of(machine), (day or date.today()).isoformat(), threads, tuple(speeds))
    others = [one for one in _all() if one.machine != fresh.machine]
    try:
        write_private(_path(), json.dumps([asdict(one) for one in (fresh, *others)[:MAX_MACHINES]], indent=1))
    except OSError as error:
        raise OutputError(f"The self-test's figures cannot be kept: {error.strerror}.") from error
    return fresh


def kept(machine: Machine) -> Measured | None:
    """The last self-test of `machine`; None where there was none, or another CPU, GPU or torch was there then."""
    return next((one for one in _all() if one.machine == key_of(machine)), None)


def _all() -> list[Measured]:
    try:
        stored = json.loads(_path().read_text(encoding="utf-8"))
        return [Measured(**one | {"speeds": tuple(Speed(**speed) for speed in one["speeds"])}) for one in stored]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as error:
        _log.warning("the self-test's figures cannot be read: %s", error)
        return []


def _path() -> Path:
    return state_dir() / FILE_NAME
