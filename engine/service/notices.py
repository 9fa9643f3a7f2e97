"""What is said when a worker died: the sentences, and where they go when nobody listens."""

from __future__ import annotations

import logging

from engine.service.messages import WorkerKind
from engine.service.requests import Notice

logger = logging.getLogger(__name__)

NAMES = {WorkerKind.RENDER: "page renderer", WorkerKind.READING: "reader", WorkerKind.DOWNLOAD: "downloader"}


def log_notice(notice: Notice) -> None:
    """The listener of a supervisor that was given none."""
    logger.warning("%s", notice.text)


def death_notice(kind: WorkerKind, *, restarted: bool) -> Notice:
    """What the user is told when a worker of `kind` died."""
    name = NAMES[kind]
    if restarted:
        return Notice(f"The {name} stopped and was started again; nothing answered so far is lost.", kind)
    return Notice(
        f"The {name} keeps stopping and was left off. Close the last document you opened, then restart Tessera.",
        kind,
        serious=True,
    )
