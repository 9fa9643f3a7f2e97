"""Every message survives the wire; data that does not fit is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.documents.types import DocumentId, DocumentInfo, DocumentKind, PageRef, PageText, Word, WordSource
from engine.errors import ErrorInfo
from engine.geometry import PageRect, Size
from engine.readers.types import Failed, Progress, Request
from engine.service.codec import CodecError, from_json, to_json
from engine.service.messages import (
    Ask,
    Cancel,
    Command,
    DocumentOpened,
    Hello,
    NeedFailed,
    OpenDocument,
    Reply,
    TextReady,
    WorkerKind,
)

PAGE = PageRef(DocumentId("/a/ü.pdf", "ff"), 0, "iv", 595.0, 842.0, Size(1240, 1754), 150.0, 90)
WORD = Word("Total", PageRect(1.5, 2.0, 3.0, 4.25), WordSource.OCR, 0.5, 3, 1)


@pytest.mark.parametrize(
    "command",
    [
        Ask(Request(7, "What is “this”?", (PAGE,), budget_s=1.5)),
        Cancel(3),
        OpenDocument(1, "/a", None, 150.0),
        OpenDocument(1, "/a", "secret", 150.0),
        NeedFailed(2, Failed(1, ErrorInfo("code", "message", "hint", 3))),
    ],
)
def test_commands_survive_the_wire(command: Command) -> None:
    assert from_json(Command, to_json(command)) == command


@pytest.mark.parametrize(
    "reply",
    [
        Hello(WorkerKind.RENDER, 12),
        TextReady(1, PageText(PAGE, (WORD,), 0.25, (PageRect(0, 0, 1, 1),), 270)),
        DocumentOpened(1, DocumentInfo(PAGE.document, "ü.pdf", DocumentKind.PDF, (PAGE,), True, ("repaired",))),
        Progress(1, 2.0, 3.0, "Reading page 2 of 3"),
    ],
)
def test_replies_survive_the_wire(reply: Reply) -> None:
    assert from_json(Reply, to_json(reply)) == reply


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_text_and_number_survives(text: str, number: float) -> None:
    word = Word(text, PageRect(number, 0.0, number, 0.0), WordSource.TEXT)
    assert from_json(Word, to_json(word)) == word


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"$":"Nothing"}', '{"$":"Cancel"}', "nonsense"])
def test_what_is_no_command_is_refused(text: str) -> None:
    with pytest.raises(CodecError):
        from_json(Command, text)
