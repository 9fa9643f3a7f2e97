"""The command line as a user meets it: answers, pictures, plans, exit codes, one line per error."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest
from PIL import Image

from engine.batch.table import COLUMNS
from engine.cli.doctor import SELF_TEST_ANSWER, SELF_TEST_QUESTION
from engine.resources import resource_path

REPOSITORY = Path(__file__).parents[2]
INVOICE = resource_path("samples", "invoice.pdf")
PATIENCE_S = 120.0
POLL_S = 0.05


def tessera(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process."""
    return subprocess.run(
        [sys.executable, "-m", "engine.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=cwd or REPOSITORY,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])},
        check=False,
    )


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def error_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of an error; no traceback reaches a user."""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_the_readme_s_first_command_answers_right_and_its_top_slice_holds_the_answer(tmp_path: Path) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert f'tessera ask resources/samples/invoice.pdf "{SELF_TEST_QUESTION}" --show answer.png' in readme
    picture = tmp_path / "answer.png"
    done = tessera("ask", INVOICE, SELF_TEST_QUESTION, "--show", picture, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    golds = json.loads((REPOSITORY / "tests/golden/samples.json").read_text(encoding="utf-8"))
    gold = next(each for each in golds if each["question"] == SELF_TEST_QUESTION)
    assert answer["answer"] == SELF_TEST_ANSWER == gold["answers"][0]
    assert answer["status"] == "answered"
    x0, y0, x1, y1 = answer["slices"][0]["box"]
    gx0, gy0, gx1, gy1 = gold["answer_box"]
    assert x0 <= (gx0 + gx1) / 2 <= x1
    assert y0 <= (gy0 + gy1) / 2 <= y1
    with Image.open(picture) as image:
        assert image.size == (1240, 1754)


def test_ask_prints_the_answer_its_status_and_what_was_read() -> None:
    done = tessera("ask", INVOICE, SELF_TEST_QUESTION)
    assert done.returncode == 0
    assert done.stdout.startswith(f"{SELF_TEST_ANSWER}\nanswered")
    assert "read 1240x1754 px, nothing downscaled" in done.stdout


def test_slices_prints_a_table_and_writes_pictures(tmp_path: Path) -> None:
    report = resource_path("samples", "report.pdf")
    done = tessera("slices", report, "--pages", "1-2", "-o", tmp_path / "page.png", "--policy", "llava-uhd-v1")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page-1.png", "page-2.png"]
    assert "2 x 3 slices" in done.stdout


def test_plan_prints_one_json_line_per_size_refusals_too() -> None:
    done = tessera("plan", "1240x1754", "1x6000", "--policy", "llava-uhd-v1-eval", "--json")
    assert done.returncode == 0
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["grid"] == {"cols": 2, "rows": 3}
    assert first["views"][-1]["kind"] == "overview"
    assert (second["width"], second["height"]) == (1, 6000)
    assert second["error"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["akk"], 2, "Did you mean 'ask'"),
        (["ask", INVOICE], 2, "QUESTION"),
        (["ask", INVOICE, " "], 2, "empty"),
        (["ask", INVOICE, "total?", "--polcy", "x"], 2, "--policy"),
        (["ask", INVOICE, "total?", "--policy", "minicpm-v-16"], 2, "minicpm-v-16x"),
        (["ask", INVOICE, "total?", "--pages", "3-9"], 2, "one page"),
        (["ask", "nowhere.pdf", "total?"], 3, "no file"),
        (["ask", INVOICE, "total?", "--show", "no/such/folder/a.png"], 3, "folder"),
        (["ask", INVOICE, "total?", "--show", "answer.docx"], 3, ".png"),
        (["plan", "12by4"], 2, "WIDTHxHEIGHT"),
        (["batch", INVOICE, "--questions", "none.csv", "-o", "out.csv"], 3, "none.csv"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_a_code(arguments: list[str | Path], code: int, says: str) -> None:
    done = tessera(*arguments)
    assert done.returncode == code
    assert says in error_line(done)


def test_batch_writes_rows_in_order_and_goes_on_past_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 nothing more")
    questions = tmp_path / "q.csv"
    questions.write_text("id,question\na,What is the invoice number?\nb,What is the name of the pilot?\n")
    out = tmp_path / "out.csv"
    done = tessera("batch", INVOICE, tmp_path / "broken.pdf", "--questions", questions, "-o", out)
    assert done.returncode == 4, done.stderr
    assert out.read_bytes().startswith(b"\xef\xbb\xbfdocument,")
    rows = read_rows(out)
    assert tuple(rows[0]) == COLUMNS
    assert [row["id"] for row in rows] == ["a", "b", "a", "b"]
    assert rows[0]["answer"] == "KO-2024-0318"
    assert rows[1]["status"] != "answered"
    assert [row["status"] for row in rows[2:]] == ["error", "error"]
    assert all(row["error"] for row in rows[2:])


def test_a_killed_batch_goes_on_where_it_was(tmp_path: Path) -> None:
    questions = tmp_path / "q.txt"
    questions.write_text("".join(f"What is the invoice {word}?\n" for word in ("number", "total", "date")) * 4)
    whole, resumed = tmp_path / "whole.csv", tmp_path / "resumed.csv"
    command = ["batch", INVOICE, "--questions", questions, "-o"]
    assert tessera(*command, whole).returncode == 0
    for wanted in (1, 4):
        _kill_after_rows([*command, resumed], wanted)
    done = tessera(*command, resumed)
    assert done.returncode == 0, done.stderr
    assert "from an earlier start" in done.stderr
    assert _without_seconds(resumed) == _without_seconds(whole)


def _kill_after_rows(arguments: list[str | Path], wanted: int) -> None:
    """Start a batch and kill -9 it as soon as one of the journals holds `wanted` rows more than before."""
    before = _journalled_rows()
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.cli.main", *map(str, arguments)],
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while _journalled_rows() < before + wanted:
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_S)
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait(PATIENCE_S)


def _journalled_rows() -> int:
    journals = (Path(os.environ["TESSERA_STATE_DIR"]) / "runs").glob("*.sqlite")
    return sum(_rows(path) for path in journals)


def _rows(journal: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as database:
            count: int = database.execute("SELECT count(*) FROM rows").fetchone()[0]
            return count
    except sqlite3.Error:
        return 0


def _without_seconds(path: Path) -> list[dict[str, str]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in read_rows(path)]


def test_doctor_says_what_is_here_and_tests_itself() -> None:
    done = tessera("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"self-test .* \(right, ", done.stdout.replace("\n", " "))
    assert "torch" in done.stdout


def test_cache_clear_says_how_much_went() -> None:
    done = tessera("cache", "clear")
    assert done.returncode == 0
    assert "Cleared 0.0 MB" in done.stdout
