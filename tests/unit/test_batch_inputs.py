from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.batch.documents import Source, find_documents
from engine.batch.questions import Question, read_questions
from engine.batch.scope import normal_scope, scope_pages
from engine.batch.tasks import ReaderId, Setting, Task, plan_tasks, run_id
from engine.errors import InputError, QuestionsFileError, UsageError
from engine.readers.types import ReaderChoice


def write(path: Path, data: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "question,id,document\r\nTotal?,a,in/x.pdf\r\nDate?,,\r\n",
        "\ufeffID;Question;Document\nA;Total?;in/x.pdf\n;Date?;\n\n;;\n".replace("A;", "a;"),
        "note\tdocument\tid\tquestion\n-\tin/x.pdf\ta\tTotal?\n\t\t\tDate?\n",
        '\n\nquestion,id,document\n"Total?","a",in/x.pdf\nDate?\n',
    ],
)
def test_tables_of_questions(tmp_path: Path, text: str) -> None:
    questions = read_questions(write(tmp_path / "q.csv", text))
    assert questions == (Question("a", "Total?", "in/x.pdf"), Question("2", "Date?"))


def test_quoted_cells_keep_separators_quotes_and_newlines(tmp_path: Path) -> None:
    path = write(tmp_path / "q.csv", 'id;question\n7;"What does ""net; gross""\nsay?"\n')
    assert read_questions(path) == (Question("7", 'What does "net; gross"\nsay?'),)


def test_a_single_column_needs_no_quotes_around_commas(tmp_path: Path) -> None:
    path = write(tmp_path / "q.csv", 'question\nWhat is due, and when?\nA; B\n"Quoted, too"\n')
    assert [each.text for each in read_questions(path)] == ["What is due, and when?", "A; B", "Quoted, too"]


def test_excel_unicode_text_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "q.txt", "Größe?\r\n\r\nDatum?\r\n".encode("utf-16"))
    assert read_questions(path) == (Question("1", "Größe?"), Question("2", "Datum?"))


def test_duplicate_questions_stay(tmp_path: Path) -> None:
    assert len(read_questions(write(tmp_path / "q.txt", "Total?\nTotal?\n"))) == 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no column named 'question'"),
        (b"What is the total?\n", "no column named 'question'"),
        (b"frage,id\nx,1\n", "no column named 'question'"),
        (b"question,question\nx,1\n", "more than one column"),
        (b"question,id\n", "holds no question"),
        (b"question,id\nx,1\n,2\n", "line 3: the question is missing"),
        (b"id,question\n1,What is due, and when?\n", "line 2: there are more cells"),
        (b'id,question\n1,"never closed\n', "broken"),
        (b"question\n\xff\xfea\n".replace(b"\xff\xfe", b"\xe4"), "not UTF-8"),
        (b"question\n\0\n", "not a text file"),
        (b"PK\x03\x04rest", "spreadsheet"),
    ],
)
def test_question_files_that_cannot_be_used(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(QuestionsFileError, match=says) as caught:
        read_questions(write(tmp_path / "q.csv", data))
    assert caught.value.hint


def test_a_missing_question_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(QuestionsFileError, match="There is no file"):
        read_questions(tmp_path / "q.csv")
    with pytest.raises(QuestionsFileError, match="cannot be read"):
        read_questions(tmp_path)


def test_folders_are_searched_in_natural_order(tmp_path: Path) -> None:
    for name in ("p10.pdf", "P2.PNG", "sub/a.tiff", "p1.webp", "notes.txt", ".hidden.pdf", ".git/x.pdf", "~$p1.pdf"):
        write(tmp_path / name, "x")
    found = [Path(source.path).relative_to(tmp_path).as_posix() for source in find_documents([tmp_path])]
    assert found == ["p1.webp", "P2.PNG", "p10.pdf", "sub/a.tiff"]


def test_patterns_files_and_duplicates_keep_their_order(tmp_path: Path) -> None:
    b, a2, a10 = (write(tmp_path / name, "x") for name in ("b.dat", "a2.pdf", "a10.pdf"))
    found = find_documents([b, str(tmp_path / "a*.pdf"), b])
    assert found == tuple(Source(str(path)) for path in (b, a2, a10, b))


def test_a_name_with_brackets_is_a_file_before_it_is_a_pattern(tmp_path: Path) -> None:
    path = write(tmp_path / "a[1].pdf", "x")
    assert find_documents([path]) == (Source(str(path)),)


def test_relative_names_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.pdf", "x")
    monkeypatch.chdir(tmp_path)
    assert find_documents(["a.pdf"]) == (Source(os.fspath(Path.cwd() / "a.pdf")),)


def test_what_is_missing_becomes_a_source_with_an_error(tmp_path: Path) -> None:
    good = write(tmp_path / "a.pdf", "x")
    (tmp_path / "empty").mkdir()
    found = find_documents([tmp_path / "no.pdf", good, tmp_path / "empty", str(tmp_path / "*.gif")])
    assert [source.error.code if source.error else "" for source in found] == ["file-missing", "", "input", "input"]
    assert len(find_documents([tmp_path / "no.pdf"])) == 1


def test_nothing_found_is_an_error(tmp_path: Path) -> None:
    for names in ([], [tmp_path], [str(tmp_path / "*.pdf")]):
        with pytest.raises(InputError, match="No document found"):
            find_documents(names)


@pytest.mark.parametrize(
    ("scope", "count", "pages"),
    [
        ("all", 3, (0, 1, 2)),
        ("", 2, (0, 1)),
        ("1-3", 3, (0, 1, 2)),
        (" 2 ", 3, (1,)),
        ("3, 1-2,2", 3, (0, 1, 2)),
        ("2-", 4, (1, 2, 3)),
    ],
)
def test_scopes(scope: str, count: int, pages: tuple[int, ...]) -> None:
    assert scope_pages(scope, count) == pages


@pytest.mark.parametrize("scope", ["0", "3-1", "a", "1-2-3", "-3", "1,,2", "1.5", "²"])
def test_scopes_that_cannot_be_meant(scope: str) -> None:
    with pytest.raises(UsageError, match="not a range"):
        normal_scope(scope)


def test_pages_beyond_the_end() -> None:
    with pytest.raises(UsageError, match="there are 2 pages"):
        scope_pages("1-3", 2)
    assert scope_pages("1-3,7,9-", 2, clip=True) == (0, 1)
    with pytest.raises(UsageError, match="there is one page"):
        scope_pages("2-", 1, clip=True)
    assert scope_pages("1-999999999", 1, clip=True) == (0,)


def sources(*names: str) -> tuple[Source, ...]:
    return tuple(Source(f"/docs/{name}") for name in names)


def pairs(tasks: tuple[Task, ...]) -> list[tuple[str, str]]:
    return [(task.document.removeprefix("/docs/"), task.question_id) for task in tasks]


def test_rows_run_document_by_document() -> None:
    tasks = plan_tasks(sources("b.pdf", "a.pdf"), (Question("1", "x"), Question("2", "y")), Setting(" 1 - 3"))
    assert pairs(tasks) == [("b.pdf", "1"), ("b.pdf", "2"), ("a.pdf", "1"), ("a.pdf", "2")]
    assert [task.number for task in tasks] == [0, 1, 2, 3]
    assert tasks[0].setting.scope == "1-3"


def test_a_table_that_names_every_document_keeps_its_order() -> None:
    questions = (Question("1", "x", "in\\b.pdf"), Question("2", "y", "a.pdf"), Question("3", "x", "/docs/in/b.pdf"))
    assert pairs(plan_tasks(sources("a.pdf", "in/b.pdf"), questions, Setting())) == [
        ("in/b.pdf", "1"),
        ("a.pdf", "2"),
        ("in/b.pdf", "3"),
    ]


def test_a_question_of_one_document_is_asked_of_that_one_only() -> None:
    questions = (Question("1", "x"), Question("2", "y", "b.pdf"))
    assert pairs(plan_tasks(sources("a.pdf", "b.pdf"), questions, Setting())) == [
        ("a.pdf", "1"),
        ("b.pdf", "1"),
        ("b.pdf", "2"),
    ]


def test_a_named_document_may_lie_beside_the_questions(tmp_path: Path) -> None:
    path = write(tmp_path / "more" / "c.pdf", "x")
    questions = (Question("1", "x"), Question("2", "y", "more/c.pdf"))
    tasks = plan_tasks(sources("a.pdf"), questions, Setting(), tmp_path)
    assert pairs(tasks) == [("a.pdf", "1"), (str(path), "2")]


def test_a_named_document_that_is_missing_or_ambiguous_becomes_an_error_row(tmp_path: Path) -> None:
    questions = (Question("1", "x", "zzz.pdf"), Question("2", "x", "a.pdf"))
    missing, ambiguous = plan_tasks(sources("in/a.pdf", "out/a.pdf"), questions, Setting(), tmp_path)
    assert missing.error is not None
    assert "There is no file" in missing.error.message
    assert ambiguous.error is not None
    assert "2 documents are called a.pdf" in ambiguous.error.message


def test_keys_tell_apart_what_must_not_be_taken_over() -> None:
    (task,) = plan_tasks(sources("a.pdf"), (Question("1", "x"),), Setting())
    in_bf16 = ReaderId(ReaderChoice(precision="bf16"))
    variants = [
        task.key("aa"),
        task.key("bb"),
        plan_tasks(sources("b.pdf"), (Question("1", "x"),), Setting())[0].key("aa"),
        plan_tasks(sources("a.pdf"), (Question("2", "x"),), Setting())[0].key("aa"),
        plan_tasks(sources("a.pdf"), (Question("1", "y"),), Setting())[0].key("aa"),
        plan_tasks(sources("a.pdf"), (Question("1", "x"),), Setting(scope="1"))[0].key("aa"),
        plan_tasks(sources("a.pdf"), (Question("1", "x"),), Setting(policy="llava-uhd-v1"))[0].key("aa"),
        plan_tasks(sources("a.pdf"), (Question("1", "x"),), Setting(reader=ReaderId(revision="2")))[0].key("aa"),
        plan_tasks(sources("a.pdf"), (Question("1", "x"),), Setting(reader=in_bf16))[0].key("aa"),
        *(each.key("aa") for each in plan_tasks(sources("a.pdf", "a.pdf"), (Question("1", "x"),), Setting())[1:]),
    ]
    assert len(set(variants)) == len(variants)


def test_a_run_is_known_by_its_output_or_by_its_tasks(tmp_path: Path) -> None:
    one = plan_tasks(sources("a.pdf"), (Question("1", "x"),), Setting())
    two = plan_tasks(sources("b\udce9.pdf"), (Question("1", "x"),), Setting())
    assert run_id(one, tmp_path / "o.csv") == run_id(two, tmp_path / "." / "o.csv") != run_id(one, tmp_path / "p.csv")
    assert run_id(one, None) == run_id(one, None) != run_id(two, None)
