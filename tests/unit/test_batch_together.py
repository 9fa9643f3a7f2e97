"""Questions of a run that a model is asked together: which they are, and what becomes of errors among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engine.batch.control import RunControl
from engine.batch.executors import Done, Group, answer_group, asked_together
from engine.batch.tasks import ReaderId, Setting, Task
from engine.documents.types import DocumentInfo, PageRef
from engine.errors import CancelledError, ErrorInfo, FileDamagedError, UsageError, WorkerDiedError
from engine.readers.types import Answer, AnswerStatus, ReaderChoice
from tests.unit.batch_fakes import FakeAsker, make_task

MODEL = Setting(reader=ReaderId(ReaderChoice("some/model")))


def tasks_of(count: int, document: str = "/docs/a.pdf", setting: Setting = MODEL) -> tuple[Task, ...]:
    return tuple(
        replace(make_task(number, document, f"Question {number}?"), setting=setting) for number in range(count)
    )


@pytest.fixture
def document(tmp_path: Path) -> str:
    path = tmp_path / "a.pdf"
    path.write_text("a")
    return str(path)


def rows(asker: FakeAsker, tasks: Sequence[Task], control: RunControl | None = None) -> list[Done]:
    return list(answer_group(asker, Group(tasks[0].document, "", tuple(tasks)), control or RunControl()))


def numbers(tasks: Sequence[Task]) -> list[list[int]]:
    return [[task.number for task in each] for each in asked_together(tasks)]


def test_eight_questions_to_a_model_go_together() -> None:
    assert numbers(tasks_of(11)) == [list(range(8)), [8, 9, 10]]


@pytest.mark.parametrize("reader", ["embedded", "cascade", "cascade:some/model"])
def test_other_readers_are_asked_one_by_one(reader: str) -> None:
    assert numbers(tasks_of(3, setting=Setting(reader=ReaderId(ReaderChoice(reader))))) == [[0], [1], [2]]


def test_what_is_not_asked_or_asked_otherwise_stands_alone() -> None:
    first, second, third, fourth = tasks_of(4)
    second = replace(second, error=UsageError("No document.").info)
    fourth = replace(fourth, setting=replace(MODEL, scope="1"))
    assert numbers((first, second, third, fourth)) == [[0], [1], [2], [3]]
    assert numbers((first, third, fourth)) == [[0, 2], [3]]


def test_rows_are_those_of_questions_asked_alone(document: str) -> None:
    tasks = tasks_of(10, document)
    asker, alone = FakeAsker(), FakeAsker()
    together = rows(asker, tasks)
    assert asker.together == [list(range(8)), [8, 9]]
    assert together == [done for task in tasks for done in rows(alone, [task])]
    assert alone.together == []
    assert asker.opened == asker.closed == [document]


def test_an_error_of_one_question_is_in_its_row_alone(document: str) -> None:
    def before(path: str, question: str) -> None:
        if question == "Question 1?":
            raise UsageError("The question is a command.")

    made = rows(FakeAsker(before=before), tasks_of(3, document))
    assert [done.row.status is AnswerStatus.ERROR for done in made] == [False, True, False]
    assert made[1].row.error.startswith("The question is a command.")


def test_where_all_fail_the_rest_is_asked_one_by_one(document: str) -> None:
    """A question that kills the worker costs its own row, and those before it are not asked again."""

    def before(path: str, question: str) -> None:
        if question == "Question 2?":
            raise WorkerDiedError("The reading process stopped.")

    asker = FakeAsker(before=before)
    made = rows(asker, tasks_of(4, document))
    assert [done.task.number for done in made] == [0, 1, 2, 3]
    assert [done.row.status is AnswerStatus.ERROR for done in made] == [False, False, True, False]
    assert [question for _, question in asker.asked] == ["Question 0?", "Question 1?", "Question 3?"]


def test_what_a_new_worker_tells_again_is_one_row(document: str) -> None:
    class Twice(FakeAsker):
        def ask_many(
            self, document: DocumentInfo, pages: tuple[PageRef, ...], tasks: Sequence[Task]
        ) -> Iterator[tuple[Task, Answer | ErrorInfo]]:
            yield from list(super().ask_many(document, pages, tasks))[:1]
            yield from super().ask_many(document, pages, tasks)

    assert [done.task.number for done in rows(Twice(), tasks_of(3, document))] == [0, 1, 2]


def test_a_document_that_does_not_open_costs_each_row(document: str) -> None:
    asker = FakeAsker(failures={document: FileDamagedError("a.pdf is broken.")})
    made = rows(asker, tasks_of(3, document))
    assert {done.row.error.partition(".")[0] for done in made} == {"a"}
    assert asker.opened == [document]


def test_many_pages_are_asked_about_one_by_one(document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.batch.executors.MODEL_PAGES", 1)
    asker = FakeAsker()
    assert len(rows(asker, tasks_of(3, document))) == 3
    assert asker.together == []


def test_a_cancelled_run_keeps_the_rows_that_were_made(document: str) -> None:
    def before(path: str, question: str) -> None:
        if question == "Question 2?":
            raise CancelledError("The run was stopped.")

    made: list[int] = []

    def collect() -> None:
        group = Group(document, "", tasks_of(4, document))
        made.extend(done.task.number for done in answer_group(FakeAsker(before=before), group, RunControl()))

    with pytest.raises(CancelledError):
        collect()
    assert made == [0, 1]
