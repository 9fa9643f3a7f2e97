"""Takes the README's screenshots of the real window, with real workers, on the sample documents.

xvfb-run -a -s "-screen 0 2400x1500x24" python tests/bench/screenshots.py resources/screenshots

Each picture is taken by a process of its own: theme and scale are chosen at start-up.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SAMPLES = REPOSITORY / "resources" / "samples"
QUESTIONS = ("What are the payment terms?", "When is the payment due?", "What is the invoice total?")
SHOTS = {
    "window-light": ("window", "light", "1"),
    "window-dark": ("window", "dark", "1"),
    "window-150": ("window", "light", "1.5"),
    "window-dark-150": ("window", "dark", "1.5"),
    "batch-light": ("batch", "light", "1"),
}
FOLDERS = ("STATE", "CACHE", "CONFIG", "LOG", "DATA")
STEP_MS = 150
MAX_STEPS = 1000


def take_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (kind, theme, scale) in SHOTS.items():
        with tempfile.TemporaryDirectory() as own:
            folders = {f"TESSERA_{each}_DIR": f"{own}/{each}" for each in FOLDERS}
            environment = {**os.environ, **folders, "QT_SCALE_FACTOR": scale, "PYTHONPATH": str(REPOSITORY)}
            command = [sys.executable, __file__, "--take", kind, theme, str(folder / f"{name}.png")]
            subprocess.run(command, env=environment, check=True, timeout=300)


def take(kind: str, theme: str, out: Path) -> None:
    """In the child: start the window, do what `kind` says, save the picture, leave."""
    import app  # noqa: F401 - first: it keeps constants alive on Python 3.11
    from app import startup
    from app.settings import CUDA_HINT_SEEN, READER_INTRODUCED, THEME, Settings

    settings = Settings()
    settings.set(THEME, theme)
    settings.set(READER_INTRODUCED, True)
    settings.set(CUDA_HINT_SEEN, True)
    director = Director(kind, out)
    startup.MainWindow = director.directed(startup.MainWindow)  # type: ignore[misc]
    startup.run([str(SAMPLES / "receipt.png"), str(SAMPLES / "report.pdf"), str(SAMPLES / "invoice.pdf")])


class Director:
    """Does one thing after the other, each as soon as the one before has shown its result."""

    def __init__(self, kind: str, out: Path) -> None:
        self.kind = kind
        self.out = out

    def directed(self, base: type) -> type:
        from PySide6.QtCore import QTimer

        director = self

        class Directed(base):  # type: ignore[misc]
            def __init__(self, *args: object) -> None:
                super().__init__(*args)
                self.resize(1440, 900)
                self.steps = director.batch(self) if director.kind == "batch" else director.window(self)
                self.count = 0
                self.clock = QTimer(self)
                self.clock.timeout.connect(self.step)
                self.begun.connect(lambda: self.clock.start(STEP_MS))

            def step(self) -> None:
                self.count += 1
                if self.count > MAX_STEPS:
                    sys.exit("the window did not get there")
                if next(self.steps, None) is None:
                    self.clock.stop()
                    self.close()

        return Directed

    def window(self, window):  # type: ignore[no-untyped-def]
        """Three questions to the invoice; the last answer's evidence on the page."""
        bench = window.bench
        while len(bench.store.documents) < len(list(SAMPLES.glob("*.p*"))):
            yield "opening"
        for number, question in enumerate(QUESTIONS, start=1):
            window.panel.question.setPlainText(question)
            window.panel.question.submit()
            while sum(record.answer is not None for record in bench.book.records) < number:
                yield "answering"
        window.actions_by_key["fit-page"].trigger()
        for _ in range(30):
            yield "settling"
        window.grab().save(str(self.out))

    def batch(self, window):  # type: ignore[no-untyped-def]
        """The sample questions asked of the sample documents."""
        from PySide6.QtWidgets import QApplication

        from app.batch.setup import BatchSetup
        from app.batch.window import BatchWindow

        window.actions_by_key["batch"].trigger()
        batch = next(each for each in QApplication.topLevelWidgets() if isinstance(each, BatchWindow))
        folder = Path(tempfile.gettempdir()) / "tessera-demo"
        shutil.copytree(SAMPLES, folder, dirs_exist_ok=True)
        questions, out = str(folder / "questions.csv"), str(folder / "answers.csv")
        for _ in range(5):
            yield "opening"
        batch.form.set_setup(BatchSetup((str(folder),), questions_file=questions, out=out))
        batch.start(fresh=True)
        while batch.runner.running:
            yield "running"
        for _ in range(5):
            yield "settling"
        batch.grab().save(str(self.out))
        shutil.rmtree(folder)


if __name__ == "__main__":
    if sys.argv[1] == "--take":
        take(sys.argv[2], sys.argv[3], Path(sys.argv[4]))
    else:
        take_all(Path(sys.argv[1]))
