"""A run with a fake asker in a process of its own, made to be killed: `batch_run_script.py ROOT`.

It asks the questions of ROOT/questions.csv of the files in ROOT/docs. Each row that was journalled is reported as a
line `row NUMBER`, then one line is read from stdin: the parent decides how far the run may go, so that a kill lands
in the midst of the work whatever the machine's speed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from engine.batch.documents import find_documents
from engine.batch.executors import LocalExecutor
from engine.batch.journal import Journal
from engine.batch.questions import read_questions
from engine.batch.run import Run, RunOptions
from engine.batch.table import Row
from engine.batch.tasks import Setting, Task, plan_tasks, run_id
from tests.unit.batch_fakes import FakeAsker


def on_row(task: Task, row: Row, resumed: bool) -> None:
    if not resumed:
        print("row", task.number, flush=True)
        if not sys.stdin.readline():
            os._exit(1)


def main() -> None:
    root = Path(sys.argv[1])
    tasks = plan_tasks(find_documents([root / "docs"]), read_questions(root / "questions.csv"), Setting(), root)
    out = root / "out.csv"
    with Journal(run_id(tasks, out)) as journal:
        result = Run(tasks, LocalExecutor(FakeAsker()), journal, out, RunOptions(on_row)).execute()
    print("done", result.counts.total, result.resumed, flush=True)


if __name__ == "__main__":
    main()
