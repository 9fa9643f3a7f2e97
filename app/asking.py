"""From a question in the box to the answer on the page: scope, evidence, and which answers came from a slice."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from app import wording
from app.answers import AnswerBook, AnswerRecord, Manner, Stage
from app.contributions import Shown, shown_of, shown_of_words
from app.documents import DocumentStore
from app.page_pane import PagePane
from app.panels.ask_panel import AskPanel, Scope
from app.panels.documents_panel import DocumentsPanel
from app.panels.message_bar import Message
from app.readers import ReaderShelf
from app.settings import BUDGET_S, POLICY, READER_INTRODUCED, Settings
from app.status_line import StatusLine
from engine.documents.types import DocumentInfo, PageRef
from engine.errors import TesseraError
from engine.evidence.types import Contribution, Evidence, EvidenceMethod
from engine.geometry import PageRect
from engine.readers.types import EMBEDDED, Answer, ReaderChoice


@dataclass(frozen=True, slots=True)
class AskParts:
    """The parts of the window that asking touches."""

    panel: AskPanel
    documents: DocumentsPanel
    pane: PagePane
    status: StatusLine
    shelf: ReaderShelf


class AskController(QObject):
    """Joins the ask panel, the answer book and the page."""

    def __init__(
        self, book: AnswerBook, store: DocumentStore, settings: Settings, parts: AskParts, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._book = book
        self._store = store
        self._settings = settings
        self._panel = parts.panel
        self._documents = parts.documents
        self._pane = parts.pane
        self._status = parts.status
        self._shelf = parts.shelf
        self.shown: int | None = None
        self.private_questions: set[str] = set()
        self._follow: int | None = None
        self._at: tuple[int, PageRect | None] | None = None
        self._connect()

    def ask(self) -> None:
        """Ask what stands in the question box."""
        self._panel.question.submit()

    def show_answer(self, number: int) -> None:
        """Put an answer's evidence on the page and go there."""
        record = self._book.record(number)
        if record is None or record.answer is None:
            return
        answer = record.answer
        self._set_shown(number)
        self._status.show_reader(wording.answer_summary(answer))
        evidence = answer.evidence
        if evidence is None:
            self._pane.show_evidence(None)
            return
        path = record.document.path
        info = self._store.document(path)
        if info is None or info.id != record.document:
            self._explain_missing(path, open_but_changed=info is not None)
            return
        self._go_to_evidence(info, answer, evidence, record.shown)

    def show_loose(self, answer: Answer, info: DocumentInfo, sha256: str) -> None:
        """Show the evidence of an answer that has no card: a row of a run."""
        self._set_shown(None)
        self._status.show_reader(wording.answer_summary(answer))
        if info.id.sha256 != sha256:
            self._explain_missing(info.id.path, open_but_changed=True)
        elif answer.evidence is None:
            self._pane.show_document(info.id.path)
            self._pane.show_evidence(None)
        else:
            self._go_to_evidence(info, answer, answer.evidence, shown_of(answer.evidence))

    def _go_to_evidence(self, info: DocumentInfo, answer: Answer, evidence: Evidence, shown: tuple[Shown, ...]) -> None:
        page = info.pages[evidence.page.index]
        turned = page.orientation != evidence.page.orientation
        self._pane.go_to(info.id.path, evidence.page.index, None if turned else evidence.box)
        self._pane.show_evidence(answer, shown)
        self._at = (evidence.page.index, evidence.box)

    def step(self, by: int) -> None:
        """Show the evidence of the next (1) or previous (-1) answer."""
        number = self._panel.answers.neighbour(by)
        if number is not None:
            self.show_answer(number)

    def copy(self, number: int | None = None) -> None:
        """Copy the text of an answer, of the one that is shown by default."""
        record = self._book.record(number if number is not None else self.shown or 0)
        if record is not None and record.answer is not None:
            QGuiApplication.clipboard().setText(wording.plain(record.answer.text))

    def put_away(self) -> None:
        """Take the evidence off the page."""
        self._set_shown(None)
        self._pane.show_evidence(None)
        self._panel.mark(frozenset(), "")

    def _connect(self) -> None:
        panel = self._panel
        panel.asked.connect(self._on_question_asked)
        panel.show_wanted.connect(self.show_answer)
        panel.copy_wanted.connect(self.copy)
        panel.again_wanted.connect(self._on_again_wanted)
        panel.page_wanted.connect(self._on_page_wanted)
        panel.slice_pointed.connect(self._on_slice_pointed)
        panel.filter_cleared.connect(self._on_filter_cleared)
        panel.words_selected.connect(self._on_words_selected)
        self._book.measured.connect(self._on_contribution_measured)
        self._book.changed.connect(self._on_record_changed)
        self._book.finished.connect(self._on_record_finished)
        self._book.removed.connect(self._on_record_removed)
        self._pane.slice_clicked.connect(self._on_slice_clicked)
        self._pane.place_changed.connect(self._on_place_changed)

    def _on_question_asked(self, question: str) -> None:
        try:
            targets = self._targets()
        except TesseraError as error:
            self._panel.say(str(error.info))
            return
        if not targets:
            self._panel.say(self.tr("Open a document first: there is nothing to ask about."))
            return
        self._introduce_reader()
        manner = Manner(self._settings.get(POLICY), self._shelf.choice(), self._settings.get(BUDGET_S) or None)
        for info, pages in targets:
            if info.protected:
                self.private_questions.add(question)
            number = self._book.ask(question, info, pages, manner)
            self._follow = number
        self._panel.question.accept(question)

    def ask_other(self, number: int, reader: ReaderChoice) -> None:
        """Put an answered question to another reader too."""
        budget = self._settings.get(BUDGET_S) or None
        self._take_again(number, self._book.ask_another(number, reader, budget))

    def ask_instead(self, number: int, reader: ReaderChoice) -> None:
        """Put a question that got no answer to another reader, in place of its record."""
        budget = self._settings.get(BUDGET_S) or None
        again = self._book.ask_another(number, reader, budget)
        self._take_again(number, again)
        if again is not None:
            self._book.remove(number)

    def _on_again_wanted(self, number: int) -> None:
        budget = self._settings.get(BUDGET_S) or None
        self._take_again(number, self._book.ask_again(number, budget))

    def _take_again(self, number: int, again: int | None) -> None:
        """Follow the new request `again` of the record `number`; say so where its document is not open."""
        record = self._book.record(number)
        if again is not None:
            self._follow = again
        elif record is not None:
            self._explain_missing(record.document.path, open_but_changed=False)

    def _targets(self) -> list[tuple[DocumentInfo, tuple[PageRef, ...]]]:
        """The documents and pages that the chosen scope means. Raises UsageError for a range that is none."""
        if self._panel.scope is Scope.SELECTED:
            paths = self._documents.selected_paths() or (self._pane.path,)
            infos = [info for path in paths if (info := self._store.document(path)) is not None]
            return [(info, info.pages) for info in infos]
        info = self._pane.document
        if info is None:
            return []
        match self._panel.scope:
            case Scope.PAGE:
                return [(info, (info.pages[self._pane.page],))]
            case Scope.RANGE:
                # Only this scope needs the room of batches; a window that never uses it never loads it.
                from engine.batch.scope import scope_pages

                pages = scope_pages(self._panel.range_text, len(info.pages))
                return [(info, tuple(info.pages[index] for index in pages))]
            case _:
                return [(info, info.pages)]

    def _introduce_reader(self) -> None:
        if self._settings.get(READER_INTRODUCED) or self._shelf.chosen != EMBEDDED.name:
            self._panel.say("")
            return
        self._settings.set(READER_INTRODUCED, True)
        self._panel.say(
            self.tr(
                "The embedded reader answers from printed words. It is not a language model: "
                "it finds answers, it does not write them."
            )
        )

    def _set_shown(self, number: int | None) -> None:
        self.shown = number
        self._at = None
        self._panel.answers.set_current(number)

    def _explain_missing(self, path: str, *, open_but_changed: bool) -> None:
        self._pane.show_evidence(None)
        name = path.replace("\\", "/").rsplit("/", 1)[-1]
        if open_but_changed:
            text = self.tr("{name} has changed since this answer was given; ask again.").format(name=name)
            self._pane.messages.show_message(Message(f"changed:{path}", text))
            return
        text = self.tr("{name} is not open.").format(name=name)
        action = (self.tr("Open it"), lambda: self._store.open(path))
        self._pane.messages.show_message(Message(f"missing:{path}", text, action=action))

    def _on_record_changed(self, number: int) -> None:
        record = self._book.record(number)
        if number == self.shown:
            self._show_marks(record)
        elif record is not None and record.stage is Stage.PROVISIONAL and _is_preview(record):
            self._show_if_followed(record)

    def _show_marks(self, record: AnswerRecord | None) -> None:
        if record is None:
            self._pane.show_evidence(None)
        else:
            self._pane.show_evidence(record.answer, record.shown)

    def _show_if_followed(self, record: AnswerRecord) -> None:
        """Show the newest question's answer, unless the user has gone to another document meanwhile."""
        evidence = record.answer.evidence if record.answer is not None else None
        if record.number != self._follow or record.document.path != self._pane.path:
            return
        there = evidence is not None and self._at == (evidence.page.index, evidence.box)
        if self.shown != record.number or not there:
            self.show_answer(record.number)

    def _on_contribution_measured(self, number: int) -> None:
        if number == self.shown:
            self._show_marks(self._book.record(number))

    def _on_words_selected(self, number: int, start: int, end: int) -> None:
        record = self._book.record(number)
        answer = record.answer if record is not None else None
        if record is None or answer is None or answer.evidence is None:
            return
        if number != self.shown:
            if start == end:
                return
            self.show_answer(number)
        of_words = shown_of_words(answer.evidence, start, end)
        if record.document.path == self._pane.path:
            self._pane.show_evidence(answer, of_words if of_words is not None else record.shown)

    def _on_record_finished(self, number: int) -> None:
        record = self._book.record(number)
        if record is None:
            return
        self._announce(record)
        if record.answer is None or record.stage is not Stage.DONE:
            return
        self._status.show_reader(wording.answer_summary(record.answer))
        self._show_if_followed(record)

    def _announce(self, record: AnswerRecord) -> None:
        """Let a screen reader say what became of a question."""
        wording.announce(self._panel, wording.spoken(record))

    def _on_record_removed(self, number: int) -> None:
        if number == self.shown:
            self.put_away()

    def _on_page_wanted(self, number: int, page: int) -> None:
        record = self._book.record(number)
        if record is not None:
            self._pane.go_to(record.document.path, page)

    def _on_slice_pointed(self, number: int, contribution: Contribution) -> None:
        record = self._book.record(number)
        if record is None or record.document.path != self._pane.path or self.shown != number:
            return
        self._pane.view.pulse_slice(contribution.page, contribution.row, contribution.col)

    def _on_slice_clicked(self, page: int, row: int | None, col: int | None) -> None:
        path = self._pane.path
        numbers = frozenset(each.number for each in self._book.records if each.came_from(path, page, row, col))
        self._panel.mark(numbers, self._slice_text(page, row, col, len(numbers)))

    def _slice_text(self, page: int, row: int | None, col: int | None, count: int) -> str:
        if row is None or col is None:
            place = self.tr("Page {page}").format(page=page + 1)
        else:
            place = self.tr("Page {page}, slice in row {row}, column {col}").format(
                page=page + 1, row=row + 1, col=col + 1
            )
        if count == 0:
            return self.tr("{place}: no answer came from here").format(place=place)
        if count == 1:
            return self.tr("{place}: 1 answer came from here").format(place=place)
        return self.tr("{place}: {count} answers came from here").format(place=place, count=count)

    def _on_filter_cleared(self) -> None:
        self._panel.mark(frozenset(), "")

    def _on_place_changed(self, path: str, page: int) -> None:
        del page
        record = self._book.record(self.shown) if self.shown is not None else None
        if record is not None and record.document.path != path:
            self._set_shown(None)


def _is_preview(record: AnswerRecord) -> bool:
    """Whether a model tells where it looked and goes on measuring."""
    evidence = record.answer.evidence if record.answer is not None else None
    return evidence is not None and evidence.method is EvidenceMethod.ATTENTION
