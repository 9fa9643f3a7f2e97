"""The border of the window's process: a bug that nobody caught becomes one line, its traceback goes to the log."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

from engine.errors import internal_error

log = logging.getLogger(__name__)


def show_bugs() -> None:
    """An exception that nobody caught, in a slot or a thread, is shown as an internal error and logged."""
    sys.excepthook = _on_exception
    threading.excepthook = lambda arguments: _report(
        arguments.exc_type, arguments.exc_value or arguments.exc_type(), arguments.exc_traceback
    )


def _on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _report(kind, error, trace)


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.error("Nobody caught this", exc_info=(kind, error, trace))
    # Imported when there is something to report: the first paint does without it.
    from app.task import mailbox

    mailbox().failed.emit(internal_error(error))
