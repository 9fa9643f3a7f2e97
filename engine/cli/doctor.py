"""`tessera doctor`: what is installed, what it runs on, what is kept, and whether it works."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import click
from rich.table import Table

from engine import __version__
from engine.cli.console import output
from engine.cli.desk import open_desk
from engine.errors import ExitCode, TesseraError
from engine.models.installed import installed, models_dir
from engine.models.types import ModelFolder
from engine.paths import cache_dir, config_dir, log_dir, state_dir
from engine.readers.types import EMBEDDED
from engine.resources import resource_path
from engine.runtime.machine import Machine, Speed, cuda_notice
from engine.runtime.precision import best_of
from engine.runtime.probe import probe_machine
from engine.service.upkeep import cache_size
from engine.slicing.policies import DEFAULT_POLICY

PACKAGES = (
    "pyside6",
    "pymupdf",
    "torch",
    "transformers",
    "bitsandbytes",
    "accelerate",
    "optimum",
    "onnxruntime",
    "rapidocr",
    "pillow",
)
SELF_TEST_QUESTION = "What is the invoice total?"
# What is printed on the sample invoice; a test compares it with the sample's own answers.
SELF_TEST_ANSWER = "€2,967.13"
MEGABYTE, GIGABYTE, MILLION = 1_000_000, 1_000_000_000, 1_000_000
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The answer to a question about the sample invoice, or the problem that kept it away."""

    answer: str
    right: bool
    seconds: float
    problem: str = ""


@click.command("doctor")
@click.option(
    "--bench",
    is_flag=True,
    help="Also time small models with random weights, for half a minute. The figures are kept for the seconds of "
    "tessera slices --all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(bench: bool, as_json: bool) -> int:
    """Check the installation, and answer a question about the sample invoice."""
    machine = probe_machine()
    if as_json:
        return _as_json(machine, bench)
    table = Table(show_header=False, box=None)
    sections = (_versions(), _machine(machine), _models(installed()), _folders())
    for name, value in (row for section in sections for row in section.items()):
        table.add_row(name, value)
    output().print(table, markup=False)
    _announce(machine)
    if bench:
        _bench(lambda speed: output().print(_bench_line(speed), markup=False))
    found = _self_test()
    _say(found)
    return ExitCode.OK if found.right else ExitCode.INTERNAL


def _as_json(machine: Machine, bench: bool) -> int:
    notice = cuda_notice(machine)
    found, speeds = _self_test(), list[Speed]()
    if bench:
        _bench(speeds.append)
    report = {
        "versions": _versions(),
        "machine": asdict(machine),
        "recommended": best_of(machine),
        "notice": None if notice is None else asdict(notice),
        "models": [{**asdict(model), "path": str(model.path)} for model in installed()],
        "folders": _folders(),
        "bench": [asdict(speed) for speed in speeds] if bench else None,
        "self_test": asdict(found),
    }
    click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    return ExitCode.OK if found.right else ExitCode.INTERNAL


def _versions() -> dict[str, str]:
    rows = {"tessera": __version__, "python": f"{platform.python_version()} on {platform.platform()}"}
    for package in PACKAGES:
        try:
            rows[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            rows[package] = "missing: install Tessera again"
    return rows


def _machine(machine: Machine) -> dict[str, str]:
    cpu, ram = machine.cpu, machine.ram
    flags = ", ".join(cpu.flags.names) or "no AVX2"
    if cpu.flags.avx2 is None:
        flags = f"flags {UNKNOWN}"
    cores = UNKNOWN if cpu.physical_cores is None else str(cpu.physical_cores)
    return {
        "cpu": f"{cpu.name} ({flags})",
        "cores": f"{cores} physical, {cpu.logical_cores} logical",
        "memory": f"{_gigabytes(ram.free_bytes)} free of {_gigabytes(ram.total_bytes)}",
        "gpu": _gpu(machine),
        "torch runs on": _torch(machine),
        "recommended": best_of(machine),
    }


def _gpu(machine: Machine) -> str:
    if not machine.gpus:
        return "none: everything runs on the CPU, and the embedded reader needs no more"
    driver = f", driver {machine.driver}" if machine.driver else ""
    return (
        "; ".join(
            f"{gpu.name}, {_gigabytes(gpu.free_bytes)} free of {_gigabytes(gpu.total_bytes)}" for gpu in machine.gpus
        )
        + driver
    )


def _torch(machine: Machine) -> str:
    if machine.torch is None:
        return "missing: install Tessera again"
    if machine.torch.cuda is None:
        return "the CPU alone"
    return f"NVIDIA GPUs (CUDA {machine.torch.cuda}) and the CPU"


def _models(models: tuple[ModelFolder, ...]) -> dict[str, str]:
    names = [f"{model.name} ({model.problem or _gigabytes(model.size_bytes)})" for model in models]
    return {"models": "; ".join(names) or "none: tessera models list shows those that can be had"}


def _folders() -> dict[str, str]:
    return {
        "kept": f"{cache_size() / MEGABYTE:.1f} MB of words, views and int8 weights: tessera cache clear",
        "models in": str(models_dir()),
        "state": str(state_dir()),
        "settings": str(config_dir()),
        "cache": str(cache_dir()),
        "logs": str(log_dir()),
    }


def _announce(machine: Machine) -> None:
    notice = cuda_notice(machine)
    if notice is not None:
        output().print(f"{notice.message} This installs one that runs on it:", markup=False, style="yellow")
        output().print(notice.command, markup=False)


def _bench(on_speed: Callable[[Speed], None]) -> None:
    from engine.runtime.self_bench import measure_and_keep  # torch is imported for this alone

    measure_and_keep(on_speed)


def _bench_line(speed: Speed) -> str:
    said = speed.problem or (
        f"{speed.read_tokens_per_s:.0f} tokens/s read, {speed.written_tokens_per_s:.0f} tokens/s written"
    )
    return f"bench       {speed.engine}: {said} ({speed.parameters / MILLION:.0f} M parameters)"


def _self_test() -> SelfTest:
    began = time.perf_counter()
    try:
        with open_desk(str(resource_path("samples", "invoice.pdf")), None) as desk:
            answer = desk.ask(SELF_TEST_QUESTION, desk.pages("all"), DEFAULT_POLICY, EMBEDDED)
    except TesseraError as error:
        return SelfTest("", False, time.perf_counter() - began, str(error.info))
    return SelfTest(answer.text, answer.text == SELF_TEST_ANSWER, time.perf_counter() - began)


def _say(found: SelfTest) -> None:
    if found.problem:
        output().print(f"self-test   failed: {found.problem}", markup=False, style="red")
        return
    verdict = "right" if found.right else f"wrong, should be {SELF_TEST_ANSWER}"
    style = "green" if found.right else "red"
    output().print(f"self-test   {SELF_TEST_QUESTION} {found.answer} ({verdict}, {found.seconds:.1f} s)", style=style)


def _gigabytes(size_bytes: int | None) -> str:
    return UNKNOWN if size_bytes is None else f"{size_bytes / GIGABYTE:.1f} GB"
