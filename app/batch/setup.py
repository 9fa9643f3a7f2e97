"""What a run is made of, as the user chose it; kept so that an unfinished run can be gone on with after a restart."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from engine.batch.documents import find_documents
from engine.batch.questions import Question, read_questions
from engine.batch.tasks import ReaderId, Setting, Task, plan_tasks
from engine.errors import OutputError, QuestionsFileError, UsageError
from engine.files import write_private
from engine.paths import state_dir
from engine.readers.revisions import reader_revision
from engine.readers.types import EMBEDDED, ReaderChoice
from engine.service.codec import CodecError, from_json, to_json

log = logging.getLogger(__name__)

FILE_NAME = "last-run.json"


@dataclass(frozen=True, slots=True)
class BatchSetup:
    """`documents` are files and folders; `questions_file` wins over `questions`, one a line. `dpi` is the native
    resolution of vector pages: part of what was read, so part of a row's key."""

    documents: tuple[str, ...] = ()
    questions: str = ""
    questions_file: str = ""
    scope: str = "all"
    policy: str = "minicpm-v-16x"
    out: str = ""
    dpi: float = 150.0
    reader: ReaderChoice = EMBEDDED
    finished: bool = True

    def tasks(self) -> tuple[Task, ...]:
        """The rows of the run. Raises TesseraError for whatever is missing or cannot be meant. Reads files."""
        if not self.out:
            raise UsageError("There is no file to write the answers to.", "Choose where the CSV goes.")
        if not self.documents:
            raise UsageError("There is no document to ask.", "Add files or a folder.")
        reader = ReaderId(self.reader, reader_revision(self.reader.name), f"{self.dpi:g} dpi")
        setting = Setting(self.scope or "all", self.policy, reader)
        return plan_tasks(find_documents(self.documents), self._questions(), setting, self._base())

    def _questions(self) -> tuple[Question, ...]:
        if self.questions_file:
            return read_questions(Path(self.questions_file))
        lines = [line.strip() for line in self.questions.splitlines() if line.strip()]
        if not lines:
            raise QuestionsFileError("There is no question.", "Write one a line, or choose a CSV or TXT of questions.")
        return tuple(Question(str(number), text) for number, text in enumerate(lines, start=1))

    def _base(self) -> Path | None:
        return Path(self.questions_file).absolute().parent if self.questions_file else None


def setup_path() -> Path:
    return state_dir() / FILE_NAME


def load_setup(path: Path) -> BatchSetup | None:
    """The last run's setup; None where there is none."""
    try:
        setup: BatchSetup = from_json(BatchSetup, path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, CodecError) as error:
        log.warning("The last run's setup cannot be read: %s", error)
        return None
    return setup


def save_setup(path: Path, setup: BatchSetup) -> None:
    """Raises OutputError."""
    try:
        write_private(path, to_json(setup))
    except OSError as error:
        raise OutputError(f"The run's setup cannot be kept: {error.strerror}.") from error
