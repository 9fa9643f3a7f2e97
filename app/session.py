"""What comes back on the next start: documents, where each was left, questions and answers.

One JSON file in the state folder, replaced as a whole, with one backup: a crash while saving loses neither. Nothing
of password-protected documents gets here unless the user allowed it; passwords never do.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from app.answers import AnswerRecord
from engine.errors import OutputError
from engine.files import write_private
from engine.paths import state_dir
from engine.service.codec import CodecError, from_json, to_json

log = logging.getLogger(__name__)

FILE_NAME = "session.json"
VERSION = 1
MAX_ANSWERS = 500


@dataclass(frozen=True, slots=True)
class SavedPlace:
    """Where a document was left; see `app.page_view.sheet.ViewState`. `x`, `y` are page units."""

    page: int
    x: float
    y: float
    zoom: float
    mode: str
    rotation: int


@dataclass(frozen=True, slots=True)
class SavedDocument:
    """A document that was open; `place` is None where it was never looked at."""

    path: str
    place: SavedPlace | None


@dataclass(frozen=True, slots=True)
class Session:
    """All that is stored. `shown` is the path of the document that was in front; questions stand oldest first."""

    documents: tuple[SavedDocument, ...] = ()
    shown: str = ""
    questions: tuple[str, ...] = ()
    answers: tuple[AnswerRecord, ...] = ()
    version: int = VERSION


def session_path() -> Path:
    return state_dir() / FILE_NAME


def load_session(path: Path) -> Session | None:
    """The last session, from the backup if the file itself is broken; None where there is none."""
    for candidate in (path, path.with_name(f"{path.name}.bak")):
        try:
            session: Session = from_json(Session, candidate.read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, CodecError) as error:
            log.warning("The session in %s cannot be read: %s", candidate.name, error)
            continue
        if session.version == VERSION:
            return session
        log.warning("The session in %s is of another version of Tessera", candidate.name)
    return None


def save_session(path: Path, session: Session) -> None:
    """Replace the stored session. Raises OutputError."""
    try:
        write_private(path, to_json(session), backup=True)
    except OSError as error:
        raise OutputError(f"The session cannot be saved: {error.strerror}.") from error


def without_protected(session: Session, protected: frozenset[str], private_questions: frozenset[str]) -> Session:
    """The session without anything of the documents at the paths `protected`."""
    return Session(
        tuple(each for each in session.documents if each.path not in protected),
        session.shown if session.shown not in protected else "",
        tuple(each for each in session.questions if each not in private_questions),
        tuple(each for each in session.answers if not each.protected),
    )
