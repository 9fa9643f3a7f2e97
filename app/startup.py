"""Starts the window: options, the application, theme, crash log, and the service behind everything."""

from __future__ import annotations

import faulthandler
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

from app.borders import show_bugs
from app.icons import icon
from app.main_window import MainWindow
from app.service import LazyService, Service
from app.settings import KEEP_PROTECTED, POLICY, THEME, VECTOR_DPI, Settings
from app.theme import Theme
from engine.errors import ExitCode, TesseraError
from engine.paths import log_dir, make_private

if TYPE_CHECKING:
    from app.stop_signals import StopSignals
    from engine.service.requests import Notice

log = logging.getLogger(__name__)

CRASH_FILE = "window-crash.log"
LOG_FILE = "window.log"
MAX_LOG_BYTES = 1 << 20


class NoticeRelay(QObject):
    """Carries the supervisor's notices to the GUI thread."""

    came = Signal(object)

    def post(self, notice: Notice) -> None:
        """Called on any thread."""
        self.came.emit(notice)


def run(arguments: Sequence[str]) -> int:
    """Run the window until it is closed; the exit code."""
    options = parse_arguments(arguments)
    crash_log, crashed = open_crash_log()
    application = QApplication([sys.argv[0]])
    application.setApplicationName("Tessera")
    application.setDesktopFileName("tessera")
    settings = Settings(application)
    if options.policy is not None:
        settings.set(POLICY, options.policy)
    theme = Theme(application, settings.get(THEME))
    application.setWindowIcon(icon("tessera"))
    relay = NoticeRelay(application)
    service = LazyService(lambda: make_supervisor(settings, relay))
    window = MainWindow(service, settings, theme, options.files)
    relay.came.connect(window.show_service_notice, Qt.ConnectionType.QueuedConnection)
    if crashed:
        text = window.tr("Tessera stopped unexpectedly. Documents and answers come back; {path} has the details.")
        window.show_notice(text.format(path=crashed))
    show_bugs()
    stopped = watch_signals(window)
    window.show()
    code = application.exec()
    window.deleteLater()
    close_crash_log(crash_log)
    return int(ExitCode.CANCELLED) if stopped() else code


def watch_signals(window: MainWindow) -> Callable[[], bool]:
    """Close the window when the process is asked to end; the function tells whether it was."""
    watching: list[StopSignals] = []

    def watch() -> None:
        from app.stop_signals import StopSignals

        watching.append(StopSignals(window.close, window))

    def stopped() -> bool:
        for each in watching:
            each.close()
        return any(each.came for each in watching)

    window.begun.connect(watch)
    return stopped


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """What the command line asks for."""

    files: tuple[str, ...] = ()
    policy: str | None = None


def parse_arguments(arguments: Sequence[str]) -> WindowOptions:
    """Leaves with exit code 2 on anything that is no option."""
    if not arguments:
        return WindowOptions()
    # Imported when there is something to parse: a window without arguments is painted sooner.
    import argparse

    from engine.slicing.policies import parse_policy

    parser = argparse.ArgumentParser(
        prog="tessera-window", description="See which slices of a page an answer came from."
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="PDFs and images to open")
    parser.add_argument("--policy", help="slicing policy, such as minicpm-v-16x or minicpm-v-16x:36")
    given = parser.parse_intermixed_args(list(arguments))
    try:
        policy = parse_policy(given.policy).id if given.policy is not None else None
    except TesseraError as error:
        parser.exit(int(ExitCode.USAGE), f"{error.info}\n")
    return WindowOptions(tuple(given.files), policy)


def make_supervisor(settings: Settings, relay: NoticeRelay) -> Service:
    """The supervisor with its workers warming up; imported only now, after the first paint."""
    from engine.service.requests import ServiceOptions
    from engine.service.supervisor import Supervisor

    options = ServiceOptions(vector_dpi=settings.get(VECTOR_DPI), keep_protected=settings.get(KEEP_PROTECTED))
    return Supervisor(relay.post, options)


def open_crash_log() -> tuple[TextIO | None, Path | None]:
    """Let a crash leave its traceback; also the kept log of an earlier crash, if there was one."""
    try:
        folder = make_private(log_dir())
        start_logging(folder / LOG_FILE)
        path = folder / CRASH_FILE
        crashed = keep_crash(path)
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        log.warning("No crash log can be kept: %s", error)
        return None, None
    faulthandler.enable(file)
    return file, crashed


def keep_crash(path: Path) -> Path | None:
    """The log of a crash, moved aside so that the next one has its own; None where there was none."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    kept = path.with_name(f"last-{path.name}")
    path.replace(kept)
    return kept


def close_crash_log(file: TextIO | None) -> None:
    """The window ended well."""
    if file is not None:
        faulthandler.disable()
        file.close()


def start_logging(path: Path) -> None:
    """Warnings go to the log folder; a log that grew too long starts anew."""
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.old"))
    logging.basicConfig(
        filename=path, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", encoding="utf-8"
    )
