"""Tasks: one row of a run each, and the key by which a row that is done is found again."""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.batch.documents import Source
from engine.batch.questions import Question
from engine.batch.scope import normal_scope
from engine.errors import ErrorInfo, FileMissingError, UsageError
from engine.readers.types import EMBEDDED, ReaderChoice


@dataclass(frozen=True, slots=True)
class ReaderId:
    """Which reader answers and how, its revision, and the resolution pages are rendered at (such as `150 dpi`): rows
    of another one are not taken over."""

    choice: ReaderChoice = EMBEDDED
    revision: str = ""
    resolution: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all questions of a run share. `scope` is text as in `engine.batch.scope`."""

    scope: str = "all"
    policy: str = "minicpm-v-16x"
    reader: ReaderId = ReaderId()


@dataclass(frozen=True, slots=True)
class Task:
    """One question asked of one document: row `number` (0-based) of the run's table.

    `document` is an absolute path. `occurrence` counts equal tasks before this one, so that duplicates keep their
    rows. A task with `error` is not asked: its row says why.
    """

    number: int
    document: str
    question_id: str
    question: str
    setting: Setting
    occurrence: int = 0
    error: ErrorInfo | None = None

    def key(self, sha256: str) -> str:
        """The key of this task's row for a document whose bytes have `sha256` (empty when it cannot be read)."""
        reader = self.setting.reader
        parts = [self.document, sha256, self.question_id, self.question, self.setting.scope]
        how = json.dumps(asdict(reader.choice))
        parts += [how, reader.revision, reader.resolution, self.setting.policy, str(self.occurrence)]
        # ASCII JSON keeps the parts apart and takes file names that are not valid Unicode.
        return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


def plan_tasks(
    sources: Sequence[Source], questions: Sequence[Question], setting: Setting, base: Path | None = None
) -> tuple[Task, ...]:
    """The tasks of a run in the order of its rows.

    Rows run document by document, each with its questions in their order. When every question names its document
    the table of questions already is the list of rows, and its order is kept. A question's `document` is found among
    `sources` by path or by the end of its path (`in/a.pdf`, `a.pdf`), else as a file relative to `base` (the folder
    of the questions file); a name that fits nothing, or two documents, becomes a row with an error. Raises UsageError
    for a scope that cannot be meant.
    """
    setting = Setting(normal_scope(setting.scope), setting.policy, setting.reader)
    named = {question.document: _named(question.document, sources, base) for question in questions if question.document}
    if questions and all(question.document for question in questions):
        pairs = [(named[question.document], question) for question in questions]
    else:
        pairs = list(_document_by_document(sources, questions, named))
    seen: Counter[tuple[str, str, str]] = Counter()
    tasks: list[Task] = []
    for number, (source, question) in enumerate(pairs):
        same = (source.path, question.id, question.text)
        tasks.append(Task(number, source.path, question.id, question.text, setting, seen[same], source.error))
        seen[same] += 1
    return tuple(tasks)


def run_id(tasks: Sequence[Task], out: Path | None) -> str:
    """The id of a run's journal: that of its output file, so that a run whose questions were corrected or extended
    keeps the answers it has, and two runs never write one file. A run without output is known by its tasks."""
    if out is not None:
        name: object = os.path.normcase(os.path.realpath(out))
    else:
        name = [task.key("") for task in tasks]
    return hashlib.sha256(json.dumps(name).encode("ascii")).hexdigest()[:32]


def _document_by_document(
    sources: Sequence[Source], questions: Sequence[Question], named: dict[str, Source]
) -> Iterator[tuple[Source, Question]]:
    listed = {source.path for source in sources}
    extra = {source.path: source for source in named.values() if source.path not in listed}
    first_of: set[str] = set()
    for source in (*sources, *extra.values()):
        is_first = source.path not in first_of
        first_of.add(source.path)
        for question in questions:
            if question.document:
                if is_first and named[question.document].path == source.path:
                    yield source, question
            elif source.path in listed:
                yield source, question


def _named(name: str, sources: Sequence[Source], base: Path | None) -> Source:
    path = Path(os.path.abspath((base or Path()) / name))  # noqa: PTH100 - resolve() would follow symbolic links
    wanted = _parts(name)
    matches = {source.path: source for source in sources if source.path == str(path)} or {
        source.path: source for source in sources if _parts(source.path)[-len(wanted) :] == wanted
    }
    if len(matches) > 1:
        error = UsageError(f"{len(matches)} documents are called {name}.", "Write more of the path in the column.")
        return Source(name, error.info)
    if matches:
        return next(iter(matches.values()))
    return Source(str(path), None if path.exists() else FileMissingError(f"There is no file {path}.").info)


def _parts(path: str) -> tuple[str, ...]:
    """The parts of a path, comparable across systems: a table may come from a machine with other separators."""
    text = unicodedata.normalize("NFC", path).replace("\\", "/")
    return tuple(os.path.normcase(part) for part in text.split("/") if part not in ("", "."))
