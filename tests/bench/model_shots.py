"""Pictures of the window while a model answers, and of the dialog of models, on the sample invoice.

xvfb-run -a -s "-screen 0 2400x1500x24" python tests/bench/model_shots.py FOLDER

Documents and pixels are real; what the model says is staged here, event by event, so that every state can be caught.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
INVOICE = REPOSITORY / "resources" / "samples" / "invoice.pdf"
MODEL = "openbmb/MiniCPM-V-4.6"
LOOKS = {"light": ("light", "1"), "dark": ("dark", "1"), "light-150": ("light", "1.5")}
STEP_MS = 120
MAX_STEPS = 400
ANSWER = "€2,967.13 due by 3 April"


def take_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (theme, scale) in LOOKS.items():
        with tempfile.TemporaryDirectory() as own:
            names = ("STATE", "CACHE", "CONFIG", "LOG", "DATA")
            folders = {f"TESSERA_{each}_DIR": f"{own}/{each}" for each in names}
            environment = {**os.environ, **folders, "QT_SCALE_FACTOR": scale, "PYTHONPATH": str(REPOSITORY)}
            command = [sys.executable, __file__, "--take", theme, str(folder), name]
            subprocess.run(command, env=environment, check=True, timeout=300)


def install_model() -> None:
    """A model folder that looks installed; nothing ever loads it."""
    from engine.models.installed import folder_of, publish
    from engine.models.types import InstalledFile, Manifest

    partial = folder_of(MODEL).parent / ".partial" / "x" / "y"
    partial.mkdir(parents=True)
    (partial / "model.safetensors").write_bytes(b"\0" * 1000)
    publish(partial, Manifest(MODEL, "0" * 40, "apache-2.0", (InstalledFile("model.safetensors", 1000, ""),)))


def take(theme: str, folder: Path, name: str) -> None:
    """In the child: start the window over a staged service, walk through the states, leave."""
    import app  # noqa: F401 - first: it keeps constants alive on Python 3.11
    from app import startup
    from app.settings import READER_INTRODUCED, THEME, Settings

    install_model()
    settings = Settings()
    settings.set(THEME, theme)
    settings.set(READER_INTRODUCED, True)
    made = startup.make_supervisor
    stage = Stage()

    def staged(settings, relay):  # type: ignore[no-untyped-def]
        supervisor = made(settings, relay)
        stage.take_over(supervisor)
        return supervisor

    startup.make_supervisor = staged
    startup.MainWindow = directed(startup.MainWindow, stage, lambda step: str(folder / f"{step}-{name}.png"))  # type: ignore[misc]
    startup.run([str(INVOICE)])


class Stage:
    """Stands in for the reading worker's and the downloader's part of the supervisor."""

    def __init__(self) -> None:
        self.listener = None
        self.pages = ()
        self.contributions = ()

    def take_over(self, supervisor) -> None:  # type: ignore[no-untyped-def]
        supervisor.ask = self._ask
        supervisor.advise = self._advise
        supervisor.describe_model = self._listen
        supervisor.pull_model = self._listen

    def send(self, event) -> None:  # type: ignore[no-untyped-def]
        self.listener(event)

    def _ask(self, question, pages, *, listener, **how):  # type: ignore[no-untyped-def]
        del question, how
        self.pages = pages
        return self._listen("", listener=listener)

    def _advise(self, model, *, listener):  # type: ignore[no-untyped-def]
        from types import SimpleNamespace

        from engine.service.messages import ModelAdvised
        from tests.gui.model_fakes import make_advice

        listener(ModelAdvised(0, model, make_advice()))
        return SimpleNamespace(cancel=lambda: None)

    def _listen(self, *arguments, listener):  # type: ignore[no-untyped-def]
        from types import SimpleNamespace

        del arguments
        self.listener = listener
        return SimpleNamespace(cancel=lambda: None)

    def answer(self, method, status, contributions, gain=3.1):  # type: ignore[no-untyped-def]
        """What a model answers; the evidence is where the sample has the total."""
        from engine.evidence.types import AnswerPiece, Evidence
        from engine.readers.types import Answer
        from engine.slicing import policies

        page = self.pages[0]
        plan = policies.plan(policies.DEFAULT_POLICY, page.native)
        zeros = tuple(0.0 for _ in contributions)
        pieces = (
            AnswerPiece(0, 9, tuple(0.9 if number == 0 else 0.0 for number in range(len(contributions)))),
            AnswerPiece(10, len(ANSWER), tuple(0.7 if number == 1 else 0.0 for number in range(len(contributions)))),
        )
        evidence = Evidence(page, None, (), 0, contributions, gain, method, pieces if zeros else ())
        return Answer(
            ANSWER, status, 0.71, False, evidence, (), ((page.index, plan),), (0,), (0,), "model", MODEL, "0" * 40,
            "int8", "cpu", page.native, 4.2,
        )  # fmt: skip


def directed(base, stage: Stage, out):  # type: ignore[no-untyped-def]
    from PySide6.QtCore import QTimer

    class Directed(base):  # type: ignore[misc]
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)
            self.resize(1440, 900)
            self.steps = walk(self, stage, out)
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


def walk(window, stage: Stage, out):  # type: ignore[no-untyped-def]
    """Yields after each step, so that the window paints."""
    from engine.evidence.types import Contribution, EvidenceMethod
    from engine.readers.types import (
        AnswerReady,
        AnswerStatus,
        ContributionFound,
        Preview,
        Progress,
        Token,
    )
    from engine.slicing import policies

    def settle(picture=""):  # type: ignore[no-untyped-def]
        for _ in range(6):
            yield "settling"
        if picture:
            window.grab().save(out(picture))

    bench = window.bench
    while not bench.store.documents or len(bench.shelf.options()) < 3:
        yield "opening"
    bench.shelf.choose(MODEL)
    window.actions_by_key["fit-page"].trigger()
    yield from settle()
    window.panel.question.setPlainText("What is to be paid, and until when?")
    window.panel.question.submit()
    while stage.listener is None:
        yield "asking"
    stage.send(Progress(1, 3, 7, "Encoding slice 3 of 7"))
    for piece in ("€2,967", ".13", " due by"):
        stage.send(Token(1, piece))
    yield from settle("streaming")
    page = stage.pages[0]
    plan = policies.plan(policies.DEFAULT_POLICY, page.native)
    looked = [0.07, 0.04, 0.11, 0.05, 0.08, 0.22, 0.09, 0.34]
    attention = tuple(
        Contribution(page.index, view.row, view.col, page.to_units(view.rect), share, share)
        for view, share in zip(plan.slices, looked, strict=False)
    )
    stage.send(Preview(1, stage.answer(EvidenceMethod.ATTENTION, AnswerStatus.UNSURE, attention)))
    stage.send(Progress(1, 0, len(plan.slices), f"Hid slice 0 of {len(plan.slices)}"))
    yield from settle("preview")
    shares = [0.0, 0.0, 0.01, 0.0, 0.02, 0.31, 0.03, 0.74]
    joint = [replace(each, detail=share * 0.8, joint=share) for each, share in zip(attention, shares, strict=False)]
    for number in (7, 6, 5, 4):
        stage.send(ContributionFound(1, joint[number]))
    stage.send(Progress(1, 4, len(plan.slices), f"Hid slice 4 of {len(plan.slices)}"))
    yield from settle("contributions")
    best = tuple(sorted(joint, key=lambda each: -each.joint))
    stage.send(AnswerReady(1, stage.answer(EvidenceMethod.HIDDEN_VIEWS, AnswerStatus.ANSWERED, best)))
    yield from settle("answered")
    yield from words(window, settle)
    yield from readers(window, settle, out)
    yield from models(window, stage, settle, out)


def words(window, settle):  # type: ignore[no-untyped-def]
    """Some words of the answer selected."""
    from app.panels.answer_text import AnswerText

    card = window.panel.answers.card(window.bench.book.records[-1].number)
    text = next(each for each in card.findChildren(AnswerText) if each.isVisible())
    text.setSelection(10, 14)
    text.selected.emit(*text.selection())
    yield from settle("words")


def readers(window, settle, out):  # type: ignore[no-untyped-def]
    """The list of readers, and the window at its narrowest usual width."""
    box = window.toolbar.reader_box
    box.showPopup()
    yield from settle()
    box.view().window().grab().save(out("readers"))
    box.hidePopup()
    window.resize(1024, 700)
    yield from settle("narrow")
    window.resize(1440, 900)


def models(window, stage: Stage, settle, out):  # type: ignore[no-untyped-def]
    """The dialog: a model that can be had, what the hub says of it, and its download."""
    from app.machine import MachineView
    from app.model_dialog import ModelDialog
    from app.model_facts import Step
    from engine.models.types import HubFile, HubListing
    from engine.readers.types import Progress
    from engine.service.messages import ModelDescribed

    shelf = window.bench.shelf
    shelf.machine = MachineView(
        advice="int8 on the CPU (AVX2, AVX512, VNNI); fp32 for hybrid models",
        cuda_hint="This machine has an NVIDIA GPU (NVIDIA RTX 4000), but the torch installed runs on the CPU alone.",
        cuda_command="python -m pip install torch==2.13.0+cu130 --index-url https://download.pytorch.org/whl/cu130",
    )
    shelf.changed.emit()
    yield from settle("hint")
    window.frame.messages.clear()
    window.actions_by_key["get-model"].trigger()
    dialog = next(each for each in window.findChildren(ModelDialog))
    yield from settle()
    dialog.grab().save(out("models"))
    model = dialog.shown
    dialog.sheet.step_wanted.emit(Step.LOOK_UP)
    files = (HubFile("model.safetensors", 3_109_000_000, "0" * 64, None), HubFile("config.json", 2_000, None, "0"))
    listing = HubListing(model, "0" * 40, "apache-2.0", False, 1_554_900_000, files)
    stage.send(ModelDescribed(2, listing))
    yield from settle()
    dialog.sheet.step_wanted.emit(Step.DOWNLOAD)
    stage.send(ModelDescribed(3, listing))
    stage.send(Progress(3, 1_204_000_000, 3_109_002_000, "model.safetensors"))
    yield from settle()
    dialog.grab().save(out("download"))
    dialog.show_model(MODEL)
    yield from settle()
    dialog.grab().save(out("installed"))


if __name__ == "__main__":
    if sys.argv[1] == "--take":
        take(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        take_all(Path(sys.argv[1]))
