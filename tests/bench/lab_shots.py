"""Pictures of the slicing lab over the real window with real workers, and how long a step of its slider takes.

xvfb-run -a -s "-screen 0 2400x1500x24" python tests/bench/lab_shots.py FOLDER

Each picture is taken by a process of its own: theme and scale are chosen at start-up. Looked at, not asserted on.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SAMPLES = REPOSITORY / "resources" / "samples"
SHOTS = (("light", "1"), ("dark", "1"), ("light", "1.5"))
FOLDERS = ("STATE", "CACHE", "CONFIG", "LOG", "DATA")
STEP_MS = 100
MAX_STEPS = 900
DRAGS = 120


def take_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for theme, scale in SHOTS:
        with tempfile.TemporaryDirectory() as own:
            folders = {f"TESSERA_{each}_DIR": f"{own}/{each}" for each in FOLDERS}
            environment = {**os.environ, **folders, "QT_SCALE_FACTOR": scale, "PYTHONPATH": str(REPOSITORY)}
            command = [sys.executable, __file__, "--take", theme, str(folder), scale]
            subprocess.run(command, env=environment, check=True, timeout=300)


def take(theme: str, folder: Path, scale: str) -> None:
    """In the child."""
    import app  # noqa: F401 - first: it keeps constants alive on Python 3.11
    from app import startup
    from app.settings import CUDA_HINT_SEEN, READER_INTRODUCED, THEME, Settings

    settings = Settings()
    settings.set(THEME, theme)
    settings.set(READER_INTRODUCED, True)
    settings.set(CUDA_HINT_SEEN, True)
    suffix = theme if scale == "1" else f"{theme}-{round(float(scale) * 100)}"
    startup.MainWindow = directed(startup.MainWindow, lambda name: str(folder / f"lab-{name}-{suffix}.png"))  # type: ignore[misc]
    startup.run([str(SAMPLES / "invoice.pdf")])


def directed(base, out):  # type: ignore[no-untyped-def]
    from PySide6.QtCore import QTimer

    class Directed(base):  # type: ignore[misc]
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)
            self.steps = walk(self, out)
            self.count = 0
            self.clock = QTimer(self)
            self.clock.timeout.connect(self.step)
            self.begun.connect(lambda: self.clock.start(STEP_MS))

        def step(self) -> None:
            self.count += 1
            if self.count > MAX_STEPS:
                sys.exit("the lab did not get there")
            if next(self.steps, None) is None:
                self.clock.stop()
                self.close()

    return Directed


def walk(window, out):  # type: ignore[no-untyped-def]
    """Yields after each step, so that the windows paint."""
    from app.lab.compare_view import CompareMode
    from app.lab.window import LabWindow

    bench = window.bench
    while not bench.pane.path or not bench.store.read_count(bench.pane.path):
        yield "opening"
    window.actions_by_key["lab"].trigger()
    lab = next(each for each in window.findChildren(LabWindow))
    while lab.image is None or None in lab.pair:
        yield "rendering"

    def settle(picture=""):  # type: ignore[no-untyped-def]
        for _ in range(5):
            yield "settling"
        if picture:
            lab.grab().save(out(picture))

    yield from settle("side")
    word = max(bench.store.index(bench.pane.path, 0).words.words, key=lambda each: each.box.width)
    lab.compare_panel.view.point_clicked.emit(word.box.center)
    yield from settle("word")
    lab.compare_panel.show_mode(CompareMode.SLIDER)
    view = lab.compare_panel.view
    view.set_scale(1.0)
    yield from settle("slider")
    times = []
    for step in range(DRAGS):
        begun = time.perf_counter()
        view.set_split(0.1 + 0.8 * step / DRAGS)
        view.repaint()
        times.append((time.perf_counter() - begun) * 1000)
    print(f"slider {view.width()}x{view.height()}: median {statistics.median(times):.2f} ms, most {max(times):.2f} ms")
    for scale in (0.5, 0.7, 1.0, 1.5):
        begun = time.perf_counter()
        view.set_scale(scale)
        view.repaint()
        print(f"drawing both pictures at {scale:.0%}: {(time.perf_counter() - begun) * 1000:.1f} ms")
    lab.tabs.setCurrentWidget(lab.views)
    lab.views.list.setCurrentRow(1)
    yield from settle("views")


if __name__ == "__main__":
    if sys.argv[1] == "--take":
        take(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        take_all(Path(sys.argv[1]))
