"""How fast the viewer is, side by side with the least it could cost. Prints ratios of medians; asserts nothing.

python tests/bench/viewer.py [--runs 7] [start | stall | tiles]

start: CPU seconds of the GUI process from its start to the window's first paint, over those of an empty PySide6 window.
stall: the longest the GUI thread is away while a page that takes over two seconds to draw is drawn, beside the same
       window at rest.
tiles: the render worker's CPU from a request to the bytes of a 512 x 512 px tile in the slot, over MuPDF alone drawing
       that tile from the same display list; and the latency through the supervisor.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
TILE_SIDE = 512
TILE_DPI = 300.0
POINTS_PER_INCH = 72.0
PHASE_S = 6.0

EMPTY_WINDOW = """
import sys, time
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        print(time.process_time(), flush=True)
        import os; os._exit(0)
application = QApplication(sys.argv)
window = Window()
window.resize(1360, 880)
window.show()
application.exec()
"""

TESSERA_WINDOW = """
import os, sys, time
from PySide6.QtWidgets import QApplication
from app import startup
def painted():
    print(time.process_time(), flush=True)
    os._exit(0)
real = startup.MainWindow
class Window(real):
    def __init__(self, *args):
        super().__init__(*args)
        self.painted.connect(painted)
startup.MainWindow = Window
startup.run([])
"""

STALL_WINDOW = """
import sys, time
from PySide6.QtCore import QElapsedTimer, Qt, QTimer
from app import startup
path, phase_s = sys.argv[1], float(sys.argv[2])
real = startup.MainWindow
gaps = {"rest": [], "drawing": []}
class Window(real):
    def __init__(self, *args):
        super().__init__(*args)
        self.painted.connect(lambda: QTimer.singleShot(2000, self.begin))
        self.last = None
        self.phase = "rest"
        self.ticker = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self.ticker.timeout.connect(self.tick)
    def begin(self):
        self.ticker.start(1)
        QTimer.singleShot(int(phase_s * 1000), self.draw)
    def draw(self):
        self.bench.store.open(path)
        QTimer.singleShot(1000, self.measure)
    def measure(self):
        self.phase, self.last = "drawing", None
        self.actions_by_key["zoom-in"].trigger()
        QTimer.singleShot(int(phase_s * 1000), self.report)
    def tick(self):
        now = time.perf_counter()
        if self.last is not None:
            gaps[self.phase].append((now - self.last) * 1000)
        self.last = now
    def report(self):
        print(max(gaps["rest"]), max(gaps["drawing"]), flush=True)
        self.close()
startup.MainWindow = Window
startup.run([])
"""


def run_script(code: str, *arguments: str) -> list[float]:
    """The numbers a script prints, run as a process of its own with folders of its own."""
    with tempfile.TemporaryDirectory() as folder:
        own = {f"TESSERA_{name}_DIR": folder for name in ("STATE", "CACHE", "CONFIG", "LOG")}
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, **own, "PYTHONPATH": str(REPOSITORY)}
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=90,
        )
    return [float(number) for number in done.stdout.split()]


def bench_start(runs: int) -> None:
    empty: list[float] = []
    full: list[float] = []
    for _ in range(runs):
        empty += run_script(EMPTY_WINDOW)
        full += run_script(TESSERA_WINDOW)
    base, ours = statistics.median(empty), statistics.median(full)
    print(f"start: empty window {base:.3f} s CPU, Tessera {ours:.3f} s CPU, ratio {ours / base:.2f} (aim <= 2.5)")


def bench_stall(runs: int) -> None:
    sys.path.insert(0, str(REPOSITORY / "tests"))
    from odd_files import slow_pdf

    with tempfile.TemporaryDirectory() as folder:
        path = slow_pdf(Path(folder)).path
        pairs = [run_script(STALL_WINDOW, str(path), str(PHASE_S)) for _ in range(runs)]
    rest, drawing = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"stall: longest gap at rest {rest:.1f} ms, drawing {drawing:.1f} ms, {drawing - rest:+.1f} ms (aim <= 16)")


def bench_tiles(runs: int) -> None:
    sys.path.insert(0, str(REPOSITORY / "tests"))
    from tile_pages import write_pages

    with tempfile.TemporaryDirectory() as folder:
        for kind, path in write_pages(Path(folder)).items():
            worker, raw = tile_costs(path, runs)
            print(
                f"tiles: {kind:<10} MuPDF {raw * 1000:7.2f} ms CPU, worker {worker * 1000:7.2f} ms CPU, "
                f"ratio {worker / raw:.2f} (aim <= 1.5), latency {tile_latency(path, runs) * 1000:.1f} ms"
            )


def tile_costs(path: Path, runs: int) -> tuple[float, float]:
    """Median CPU seconds of a tile: through the worker's own code into a slot, and MuPDF alone."""
    from engine.documents.mupdf import pymupdf
    from engine.service.messages import DocumentOpened, OpenDocument, RenderTile, TileReady
    from engine.service.render_worker import RenderWorker
    from engine.service.tiles import SLOT_BYTES

    class Slot:
        """A ring of one slot in this process."""

        memory = memoryview(bytearray(SLOT_BYTES))

        def slot(self, index: int) -> memoryview:
            return self.memory

    replies: list[object] = []
    worker = RenderWorker(Slot(), replies.append, lambda request: False)
    worker.handle(OpenDocument(1, str(path), None, 150.0))
    opened = replies[-1]
    assert isinstance(opened, DocumentOpened)
    page = opened.document.pages[0]
    scale = TILE_DPI / POINTS_PER_INCH
    x, y = TILE_SIDE, TILE_SIDE
    tile = RenderTile(2, page, scale, 0, x, y, TILE_SIDE, TILE_SIDE, 0)
    shown = pymupdf.open(path)[0].get_displaylist()
    clip = pymupdf.IRect(x, y, x + TILE_SIDE, y + TILE_SIDE)
    matrix = pymupdf.Matrix(scale, scale)

    def ours() -> None:
        worker.handle(tile)

    def alone() -> None:
        shown.get_pixmap(matrix=matrix, colorspace=pymupdf.csRGB, alpha=0, clip=pymupdf.Rect(clip) / scale)

    costs = interleaved(ours, alone, runs)
    assert isinstance(replies[-1], TileReady)
    return costs


def interleaved(first: Callable[[], None], second: Callable[[], None], runs: int) -> tuple[float, float]:
    """Median CPU seconds of each, run in turn after one warm-up."""
    first()
    second()
    costs: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs * 3):
        for call, spent in zip((first, second), costs, strict=True):
            began = time.process_time()
            call()
            spent.append(time.process_time() - began)
    return statistics.median(costs[0]), statistics.median(costs[1])


def tile_latency(path: Path, runs: int) -> float:
    """Median wall seconds from asking the supervisor for a tile to having its bytes."""
    from engine.service.messages import DocumentOpened
    from engine.service.requests import TileSpec
    from engine.service.supervisor import Supervisor

    supervisor = Supervisor()
    try:
        opened = supervisor.open(str(path)).result(60)
        assert isinstance(opened, DocumentOpened)
        spec = TileSpec(opened.document.pages[0], TILE_DPI / POINTS_PER_INCH, 0, 512, 512, TILE_SIDE, TILE_SIDE)
        supervisor.tile(spec).result(60)
        spent = []
        for _ in range(runs):
            began = time.perf_counter()
            supervisor.tile(spec).result(60)
            spent.append(time.perf_counter() - began)
    finally:
        supervisor.close()
    return statistics.median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast the viewer is.")
    parser.add_argument("parts", nargs="*", choices=["start", "stall", "tiles", []], help="what to measure; all")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    parts = {"start": bench_start, "stall": bench_stall, "tiles": bench_tiles}
    for name in options.parts or parts:
        parts[name](options.runs)


if __name__ == "__main__":
    main()
