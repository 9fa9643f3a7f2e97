"""The slicing lab as a user meets it: every policy on a document's page, and two of them in one picture."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

from engine.resources import resource_path
from engine.slicing.policies import policy_ids

REPOSITORY = Path(__file__).parents[2]
INVOICE = resource_path("samples", "invoice.pdf")
PATIENCE_S = 120.0


def slices(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "engine.cli.main", "slices", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])},
        check=False,
    )


def test_all_policies_with_what_becomes_of_the_pages_words(tmp_path: Path) -> None:
    table = tmp_path / "policies.csv"
    done = slices(INVOICE, "--all", "--sort", "-cut", "--csv", table)
    assert done.returncode == 0, done.stderr
    assert "words cut" in done.stdout
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["policy"] for row in rows) == sorted(policy_ids())
    cut = [int(row["cut"]) for row in rows]
    assert cut == sorted(cut, reverse=True)
    by_policy = {row["policy"]: row for row in rows}
    assert int(by_policy["llava-uhd-v1"]["cut"]) > 0
    assert int(by_policy["qwen3-vl"]["cut"]) == 0
    assert float(by_policy["blip-2"]["illegible"]) > float(by_policy["minicpm-v-16x"]["illegible"])


def test_two_policies_in_one_picture(tmp_path: Path) -> None:
    done = slices(INVOICE, "--compare", "llava-next,minicpm-v-16x:4", "--no-words", "-o", tmp_path / "pair.png")
    assert done.returncode == 0, done.stderr
    assert "minicpm-v-16x:4" in done.stdout
    assert "words cut" not in done.stdout
    with Image.open(tmp_path / "pair.png") as picture:
        assert picture.width > 2 * 1240
