"""A run that is killed again and again ends with the table of one that was not."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.batch.csv_file import read_csv, write_csv
from engine.batch.table import COLUMNS, to_cells

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "tests" / "e2e" / "batch_run_script.py"
KILLS = 10
DOCUMENTS = 12
QUESTIONS = 5
ROWS = DOCUMENTS * QUESTIONS + 1


def set_up(root: Path) -> Path:
    (root / "docs").mkdir(parents=True)
    for number in range(DOCUMENTS):
        (root / "docs" / f"d{number}.pdf").write_text(f"document {number}")
    lines = [f"q{number},What is {number}?,\r\n" for number in range(QUESTIONS)]
    # A duplicate and a question of a document that is missing go through the kills as well.
    lines[1] = lines[0]
    (root / "questions.csv").write_text("".join(["id,question,document\r\n", *lines, "x,Lost?,gone.pdf\r\n"]))
    return root


@contextmanager
def running(root: Path, state: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "TESSERA_STATE_DIR": str(state), "PYTHONPATH": str(REPOSITORY)}
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] += os.pathsep + os.environ["PYTHONPATH"]
    process = subprocess.Popen(
        [sys.executable, SCRIPT, root], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def journalled(process: subprocess.Popen[str]) -> int:
    """The number of the next row that was journalled."""
    assert process.stdout is not None
    word, number = process.stdout.readline().split()
    assert word == "row"
    return int(number)


def run_and_kill(root: Path, state: Path, rows: int, *, in_mid_work: bool) -> list[int]:
    """Kills the run once `rows` more are journalled: while it waits, or while it is at the next one."""
    with running(root, state) as process:
        seen = []
        for number in range(rows):
            seen.append(journalled(process))
            if number < rows - 1 or in_mid_work:
                go_on(process)
        process.kill()
        assert process.wait() != 0
        assert process.stdout is not None
        seen.extend(int(line.split()[1]) for line in process.stdout if line.endswith("\n"))
    return seen


def run_to_the_end(root: Path, state: Path) -> tuple[list[int], list[str]]:
    seen = []
    with running(root, state) as process:
        assert process.stdout is not None
        for line in process.stdout:
            words = line.split()
            if words[0] == "done":
                assert process.wait() == 0
                return seen, words[1:]
            seen.append(int(words[1]))
            go_on(process)
    raise AssertionError("the run ended early")


def cells_but_seconds(path: Path) -> list[list[str]]:
    return [
        [cell for name, cell in zip(COLUMNS, to_cells(row), strict=True) if name != "seconds"] for row in read_csv(path)
    ]


def test_a_run_killed_at_ten_random_points_ends_like_an_uninterrupted_one(tmp_path: Path) -> None:
    root = set_up(tmp_path / "run")
    chance = random.Random(5)
    points = sorted(chance.sample(range(1, ROWS - KILLS), KILLS))
    seen: list[int] = []
    for point in points:
        left = point - len(seen)
        # Each kill in mid-work may let one row more through, so a point can be behind already.
        seen += run_and_kill(root, tmp_path / "a", max(left, 1), in_mid_work=chance.random() < 0.7)
        assert not (root / "out.csv").exists()
    last, (total, resumed) = run_to_the_end(root, tmp_path / "a")
    assert int(total) == ROWS
    assert int(resumed) >= len(seen)
    assert len(set(seen + last)) == len(seen + last), "a journalled row was asked again"
    after_kills = cells_but_seconds(root / "out.csv")

    (root / "out.csv").unlink()
    assert run_to_the_end(root, tmp_path / "b") == (list(range(ROWS)), [str(ROWS), "0"])
    assert after_kills == cells_but_seconds(root / "out.csv")
    assert len(after_kills) == ROWS


def test_a_kill_while_the_csv_is_written_leaves_the_old_one(tmp_path: Path) -> None:
    root = set_up(tmp_path / "run")
    run_to_the_end(root, tmp_path / "state")
    out = root / "out.csv"
    before = out.read_bytes()
    writer = (
        "import sys; from pathlib import Path; from engine.batch.csv_file import read_csv, write_csv\n"
        "def rows():\n"
        "    yield from read_csv(Path(sys.argv[1])) * 50\n"
        "    print('half', flush=True); sys.stdin.read()\n"
        "write_csv(Path(sys.argv[1]), rows())"
    )
    command = [sys.executable, "-c", writer, out]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=REPOSITORY, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"half"
        process.kill()
    assert out.read_bytes() == before
    write_csv(out, read_csv(out))
    assert out.read_bytes() == before
    assert [path.name for path in root.iterdir() if path.is_file()].count("out.csv") == 1
    assert not list(root.glob(".*.part"))
