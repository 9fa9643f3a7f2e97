"""Times our CPU engines beside transformers in fp32 on this CPU, with random weights of two published shapes.

python tests/bench/engine_speed.py --shapes 0.5B 1.2B --threads 1 2 --rounds 3

Each engine runs in a process of its own; rounds alternate between them, so that what else the machine does meets all
alike. Printed are medians of wall and of processor seconds (of all threads; with two, waiting counts), and the ratios
of medians against which the targets stand. The other engines' rows are printed where their packages are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "engine_speed.txt"
ENGINES = Path(__file__).with_name("engine_speed_engines.py")
SHAPES = ("0.5B", "1.2B")
# Task → what is timed.
TASKS = {
    "prefill": "600 tokens read",
    "decode": "one token after 600",
    "first": "first question: 600 in, 32 out",
    "next": "question 2..n: 24 in after 576 kept, 32 out",
    "batch": "the same, each of a batch of 8",
}
# Ratio → its task, the anchor's task, and the target.
TARGETS = {
    "first question": ("first", "first", 2.5),
    "question 2..n": ("next", "first", 6.0),
    "question in a batch of 8": ("batch", "first", 8.0),
}
# Milliseconds that one token after 600 is to take at most, of the smaller shape with two threads.
DECODE_AIM = ("0.5B", 2, 30.0)
ANCHOR, OURS = "transformers fp32", ("int8", "int4")


@dataclass(slots=True)
class Times:
    """Seconds that one task took, per round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


class Engine:
    """One engine in its process."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self._process = process
        self.loaded = self._answer()
        self.tasks: list[str] = self.loaded["tasks"]
        self.times = {task: Times() for task in self.tasks}

    def run(self, task: str) -> None:
        answer = self._ask(task)
        self.times[task].wall.append(answer["wall"])
        self.times[task].cpu.append(answer["cpu"])

    def memory(self) -> dict[str, float]:
        """Peak and present bytes."""
        return self._ask("memory")

    def _ask(self, line: str) -> dict:
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"an engine ended with {self._process.wait()}")
        return json.loads(line)


@contextmanager
def started(name: str, shape: str, threads: int, folder: Path) -> Iterator[Engine]:
    """The engine, loaded and warm."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, str(ENGINES), name, shape, str(threads), str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        try:
            yield Engine(name, process)
        finally:
            process.kill()


def measure(engines: Sequence[Engine], rounds: int, tasks: Sequence[str]) -> None:
    """Rounds of `tasks` of all engines, every other one backwards."""
    for number in range(rounds):
        for task in tasks:
            for engine in engines if number % 2 == 0 else reversed(engines):
                if task in engine.tasks:
                    engine.run(task)


def rows(engines: Sequence[Engine]) -> Iterator[str]:
    yield f"  {'':46}" + "".join(f"{engine.name:>26}" for engine in engines)
    for task, says in TASKS.items():
        cells = [_cell(engine.times[task]) if task in engine.tasks else "" for engine in engines]
        if not any(cells):
            continue
        yield f"  {says:46}" + "".join(f"{cell:>26}" for cell in cells)
    memories = [engine.memory() for engine in engines]
    yield f"  {'peak memory (of it mapped from files now), GB':46}" + "".join(
        f"{memory['peak'] / 1e9:>19.2f} ({memory['mapped'] / 1e9:.2f})" for memory in memories
    )
    yield f"  {'load, s':46}" + "".join(f"{engine.loaded['load']:>26.1f}" for engine in engines)


def _cell(times: Times) -> str:
    if not times.wall:
        return ""
    return f"{_seconds(statistics.median(times.wall))} (cpu {_seconds(statistics.median(times.cpu))})"


def _seconds(value: float) -> str:
    return f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.2f} s"


def ratios(engines: Sequence[Engine]) -> Iterator[str]:
    by_name = {engine.name: engine.times for engine in engines}
    for name, (says, (task, anchor_task, target)) in product(OURS, TARGETS.items()):
        ours, anchor = by_name[name][task], by_name[ANCHOR][anchor_task]
        if not (ours.wall and anchor.wall):
            continue
        wall, cpu = (
            statistics.median(getattr(anchor, clock)) / statistics.median(getattr(ours, clock))
            for clock in ("wall", "cpu")
        )
        met = "met" if wall >= target else "not met"
        yield f"  {name}, {says:26} {wall:5.2f} x fp32 (cpu {cpu:5.2f} x); target {target:.1f}: {met}"


def aims(engines: Sequence[Engine], shape: str, threads: int) -> Iterator[str]:
    if (shape, threads) != DECODE_AIM[:2]:
        return
    for engine in engines:
        if engine.name in OURS and (times := engine.times["decode"].wall):
            took = statistics.median(times) * 1e3
            met = "met" if took <= DECODE_AIM[2] else "not met"
            yield f"  {engine.name}, one token after 600: {took:.1f} ms; aim {DECODE_AIM[2]:.0f}: {met}"


def machine() -> str:
    flags = _cpu_text("flags").split()
    said = ", ".join(flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8") if flag in flags)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{_cpu_text('model name') or platform.processor()}; {os.cpu_count()} cores; {said}; load before {load}"


def _cpu_text(name: str) -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def bench(shape: str, threads: int, given: argparse.Namespace, folder: Path) -> Iterator[str]:
    """The lines of one table."""
    names, rounds = [ANCHOR, *OURS, *given.others], given.rounds
    yield f"{shape}, {threads} thread{'s' if threads > 1 else ''}, medians of {rounds} rounds; {machine()}"
    with ExitStack() as open_engines:
        engines = [open_engines.enter_context(started(name, shape, threads, folder)) for name in names]
        yield from (f"  {engine.name}: skipped, {engine.loaded['skipped']}" for engine in engines if not engine.tasks)
        engines = [engine for engine in engines if engine.tasks]
        measure(engines, rounds, given.tasks)
        yield from rows(engines)
        yield from ratios(engines)
        yield from aims(engines, shape, threads)
    yield ""


def prepare(shape: str, folder: Path) -> None:
    """Quantizes the shape's random weights into `folder`, unless it is there. Nobody counts the process's memory."""
    if folder.is_dir():
        return
    subprocess.run([sys.executable, str(ENGINES), "prepare", shape, "2", str(folder)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=SHAPES)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--others", nargs="*", default=["onnxruntime int4", "llama.cpp Q8_0", "llama.cpp Q4_0"])
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--append", action="store_true", help="keep the tables already in the results file")
    parser.add_argument("--folder", type=Path, help="keeps the quantized weights here, for the next run")
    given = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a" if given.append else "w") as file, tempfile.TemporaryDirectory() as parent:
        print(f"# {datetime.now(UTC):%d %b %Y}, {' '.join(sys.argv[1:])}", file=file)
        for shape in given.shapes:
            folder = (given.folder or Path(parent)) / shape
            prepare(shape, folder)
            for threads in given.threads:
                for line in bench(shape, threads, given, folder):
                    print(line, flush=True)
                    print(line, file=file, flush=True)


if __name__ == "__main__":
    main()
