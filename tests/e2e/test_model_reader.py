"""A model asked through the real workers: tokens, preview, contributions, memory of pages, errors, cancelling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.batch.control import RunControl
from engine.batch.documents import find_documents
from engine.batch.executors import LocalExecutor
from engine.batch.journal import Journal
from engine.batch.questions import Question
from engine.batch.run import Run
from engine.batch.service_asker import ServiceAsker
from engine.batch.table import Row
from engine.batch.tasks import ReaderId, Setting, plan_tasks
from engine.documents.types import DocumentInfo
from engine.evidence.types import EvidenceMethod
from engine.readers.types import (
    AnswerReady,
    AnswerStatus,
    ContributionFound,
    Failed,
    Preview,
    Progress,
    ReaderChoice,
    Token,
)
from engine.resources import resource_path
from engine.service.messages import DocumentOpened, ModelAdvised
from engine.service.supervisor import Supervisor
from engine.uhd.checkpoints import LoadedModel, save
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from tests.unit.uhd_models import tiny_config, tiny_tokenizer

PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of our own family with random weights: what it writes is nonsense, how it is run is not."""
    torch.manual_seed(0)
    config = tiny_config()
    model = UhdForConditionalGeneration(config).eval()
    path = tmp_path_factory.mktemp("models") / "tiny"
    save(LoadedModel(model, UhdProcessor.for_model(config, tiny_tokenizer())), path)
    return path


@pytest.fixture(scope="module")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """One for all tests here, because its reading worker imports torch; none of them depends on another."""
    root = tmp_path_factory.mktemp("tessera")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STATE", "CACHE", "CONFIG", "LOG", "DATA"):
            patch.setenv(f"TESSERA_{name}_DIR", str(root / name.lower()))
        running = Supervisor()
        running.warm_up()
        yield running
        running.close()


def invoice(supervisor: Supervisor) -> DocumentInfo:
    event = supervisor.open(str(resource_path("samples", "invoice.pdf"))).result(PATIENCE_S)
    assert isinstance(event, DocumentOpened)
    return event.document


def ask(supervisor: Supervisor, document: DocumentInfo, choice: ReaderChoice) -> list[object]:
    pending = supervisor.ask("What is the invoice total?", document.pages, policy="llava-uhd-v1", reader=choice)
    return list(pending.events(PATIENCE_S))


def test_a_model_streams_previews_and_measures(supervisor: Supervisor, folder: Path) -> None:
    document = invoice(supervisor)
    choice = ReaderChoice(str(folder), max_tokens=6)
    events = ask(supervisor, document, choice)
    ready = events[-1]
    assert isinstance(ready, AnswerReady), ready
    answer = ready.answer
    slices = len(answer.plans[0][1].slices)
    assert "".join(event.text for event in events if isinstance(event, Token)).strip() == answer.text
    previews = [event.answer.evidence for event in events if isinstance(event, Preview)]
    assert [evidence.method for evidence in previews if evidence] == [EvidenceMethod.ATTENTION]
    found = [event.contribution for event in events if isinstance(event, ContributionFound)]
    assert len(found) == slices > 1
    assert answer.evidence is not None
    assert answer.evidence.method is EvidenceMethod.HIDDEN_VIEWS
    assert set(answer.evidence.contributions) == set(found)
    assert answer.model == str(folder)
    assert answer.status is AnswerStatus.UNSURE
    # The second question pays for itself alone, and the same question gets the same answer and figures.
    again = ask(supervisor, document, choice)
    assert not [event for event in again if isinstance(event, Progress) and event.text.startswith("Slice")]
    repeated = again[-1]
    assert isinstance(repeated, AnswerReady)
    assert (repeated.answer.text, repeated.answer.evidence) == (answer.text, answer.evidence)


def test_a_damaged_model_is_one_line_and_the_embedded_reader_goes_on(
    supervisor: Supervisor, folder: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half"
    half.mkdir()
    for path in folder.iterdir():
        data = path.read_bytes()
        (half / path.name).write_bytes(data[: len(data) // 2] if path.suffix == ".safetensors" else data)
    document = invoice(supervisor)
    failed = ask(supervisor, document, ReaderChoice(str(half)))[-1]
    assert isinstance(failed, Failed)
    assert failed.error.code == "checkpoint"
    assert "\n" not in failed.error.message
    assert isinstance(ask(supervisor, document, ReaderChoice())[-1], AnswerReady)


def test_a_model_gives_up_at_once_when_it_is_cancelled(supervisor: Supervisor, folder: Path) -> None:
    document = invoice(supervisor)
    pending = supervisor.ask("What?", document.pages, policy="llava-uhd-v1", reader=ReaderChoice(str(folder)))
    events = pending.events(PATIENCE_S)
    while not isinstance(next(events), Token):
        pass
    pending.cancel()
    *_, last = events
    assert isinstance(last, Failed)
    assert last.error.code == "cancelled"
    # Not only the caller was told: the worker is free for the next question.
    assert isinstance(ask(supervisor, document, ReaderChoice())[-1], AnswerReady)


def test_a_cascade_asks_the_model_only_where_the_embedded_reader_is_not_sure(
    supervisor: Supervisor, folder: Path
) -> None:
    document = invoice(supervisor)
    choice = ReaderChoice(f"cascade:{folder}", max_tokens=4)
    sure = ask(supervisor, document, choice)[-1]
    assert isinstance(sure, AnswerReady)
    assert (sure.answer.reader, sure.answer.text) == ("embedded", "€2,967.13")
    pending = supervisor.ask("Who painted the ceiling?", document.pages, policy="llava-uhd-v1", reader=choice)
    ready = pending.result(PATIENCE_S)
    assert isinstance(ready, AnswerReady)
    assert ready.answer.model == str(folder)


def test_a_model_that_is_not_installed_is_an_offer(supervisor: Supervisor) -> None:
    failed = ask(supervisor, invoice(supervisor), ReaderChoice("no/such"))[-1]
    assert isinstance(failed, Failed)
    assert "tessera models pull no/such" in failed.error.hint


def test_what_a_model_needs_is_said_before_it_is_loaded(supervisor: Supervisor, folder: Path) -> None:
    advised = supervisor.advise(str(folder)).result(PATIENCE_S)
    assert isinstance(advised, ModelAdvised)
    assert advised.advice.recommended is not None
    assert advised.advice.recommended.need.total > 0
    assert {option.precision for option in advised.advice.options} >= {"int8", "fp32", "nf4"}


def test_a_run_asks_a_model_questions_together_and_its_table_is_that_of_questions_alone(
    supervisor: Supervisor, folder: Path, tmp_path: Path
) -> None:
    reader = ReaderId(ReaderChoice(str(folder), max_tokens=4, contributions=False))
    setting = Setting("1", "llava-uhd-v1", reader)
    texts = ("What is the invoice total?", "Who sent it?", "What is 12 ?")
    questions = tuple(Question(str(number), text) for number, text in enumerate(texts))
    sources = find_documents([str(resource_path("samples", "invoice.pdf"))])

    def table(name: str, asked: tuple[Question, ...]) -> list[Row]:
        tasks = plan_tasks(sources, asked, setting)
        asker = ServiceAsker(supervisor, RunControl())
        with Journal(name, tmp_path) as journal:
            run = Run(tasks, LocalExecutor(asker), journal, None)
            assert run.execute().counts.error == 0
            return [replace(row, seconds=None) for row in run.rows()]

    together = table("together", questions)
    alone = [row for number, question in enumerate(questions) for row in table(f"alone{number}", (question,))]
    for one, other in zip(together, alone, strict=True):
        assert one.confidence == pytest.approx(other.confidence, abs=2e-4)
        assert replace(one, confidence=None) == replace(other, confidence=None)


def test_questions_asked_together_are_cancelled_at_once(supervisor: Supervisor, folder: Path) -> None:
    document = invoice(supervisor)
    choice = ReaderChoice(str(folder), max_tokens=40)
    pending = supervisor.ask_many(("What is 12 ?",) * 8, document.pages[:1], policy="llava-uhd-v1", reader=choice)
    for event in pending.events(PATIENCE_S):
        if isinstance(event, Progress):
            pending.cancel()
    assert isinstance(event, Failed)
    assert event.error.code == "cancelled"
    ready = ask(supervisor, document, replace(choice, max_tokens=4, contributions=False))[-1]
    assert isinstance(ready, AnswerReady)
