"""The lab on the command line: its table, its CSV, its comparison, and what it refuses before any work is done."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from engine.cli import main as cli
from engine.cli.lab import (
    MEASURE,
    LabChoice,
    Speeds,
    check_choice,
    compare,
    comparison_line,
    figures_line,
    parse_pair,
    print_comparison,
    print_figures,
    side_by_side,
    speed_of,
    write_csv,
)
from engine.documents.types import DocumentId, PageRef
from engine.errors import OutputError, PlanRefusedError, UsageError
from engine.geometry import PixelRect, Size
from engine.runtime.machine import Speed
from engine.runtime.probe import probe_machine
from engine.runtime.speeds import keep
from engine.slicing.figures import COLUMNS, PageFacts, all_figures, sorted_figures
from engine.slicing.policies import policy_ids
from engine.slicing.words import index_words

PAGE = PageRef(DocumentId("a.pdf", "0"), 2, "3", 595, 842, Size(1240, 1754), 150.0)
FACTS = PageFacts(PAGE.native, 150.0, index_words([PixelRect(600, 100, 80, 20), PixelRect(100, 100, 80, 20)]))
NARROW = PageFacts(Size(1, 3000))
UNKNOWN = Speeds(None, None, "")


def test_table_has_a_line_per_policy_with_the_sorted_column_first(capsys: pytest.CaptureFixture[str]) -> None:
    print_figures(PAGE, sorted_figures(all_figures(FACTS), "-deviation"), "-deviation")
    title, blank, heading, *lines = capsys.readouterr().out.splitlines()
    assert (title, blank) == ("Page 3 · 1240x1754 px", "")
    assert heading.split()[:3] == ["policy", "deviation", "grid"]
    assert "seconds" not in heading
    assert sorted(line.split()[0] for line in lines) == sorted(policy_ids())
    deviations = [float(line.split()[1]) for line in lines]
    assert deviations == sorted(deviations, reverse=True)


def test_refused_policies_are_named_below_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_figures(PAGE, all_figures(NARROW), "policy")
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("qwen3-vl: A page of 1x3000 px is too long") for line in lines)


def test_csv_holds_every_figure_of_every_policy(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_csv(path, [(PAGE, all_figures(FACTS, speed_of(100.0).cpu)), (PAGE, all_figures(NARROW))])
    with path.open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    assert heading == ["page", *(column.key for column in COLUMNS)]
    assert len(rows) == 2 * len(policy_ids())
    row = dict(zip(heading, next(row for row in rows if row[1] == "llava-uhd-v1"), strict=True))
    assert (row["page"], row["grid"], row["tokens"], row["sequence"], row["cut"]) == ("3", "2x3", "1008", "1014", "1")
    assert float(row["seconds"]) > 0
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_csv_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_csv(tmp_path / "gone" / "table.csv", [])


def test_json_lines_are_raw_numbers() -> None:
    one, other = compare(FACTS, ("llava-next", "minicpm-v-16x:4"), UNKNOWN)
    line = json.loads(figures_line(PAGE, one))
    assert (line["page"], line["policy"], line["sequence"], line["refused"]) == (3, "llava-next", 2256, None)
    both = json.loads(comparison_line(PAGE, one, other))["compared"]
    assert [each["policy"] for each in both] == ["llava-next", "minicpm-v-16x:4"]


def test_comparison_says_what_the_second_has_more_of(capsys: pytest.CaptureFixture[str]) -> None:
    print_comparison(PAGE, *compare(FACTS, ("llava-uhd-v1", "llava-uhd-v2"), UNKNOWN))
    lines = {line.split("│")[1].strip(): line for line in capsys.readouterr().out.splitlines() if line.count("│") == 5}
    assert "+288" in lines["tokens"]
    assert "2x3" in lines["grid"]
    assert "2x4" in lines["grid"]


def test_comparison_picture_shows_the_page_twice() -> None:
    image = Image.new("RGB", (1240, 1754), "white")
    sheet = side_by_side(image, PAGE, compare(FACTS, ("llava-1.5", "xcomposer2-4khd"), UNKNOWN))
    assert sheet.width > 2 * image.width
    assert sheet.height > image.height
    middle = sheet.height // 2
    left, right = (sheet.crop((x, middle, x + 1, middle + 1)).getpixel((0, 0)) for x in (2, sheet.width - 3))
    assert left == right == (232, 232, 232)


def test_a_policy_that_refuses_the_page_cannot_be_compared() -> None:
    with pytest.raises(PlanRefusedError, match="qwen3-vl: A page of 1x3000"):
        compare(NARROW, ("minicpm-v-16x", "qwen3-vl"), UNKNOWN)


@pytest.mark.parametrize("text", ["", "llava-next", "llava-next,", "a,b,c", ","])
def test_a_comparison_needs_two_names(text: str) -> None:
    with pytest.raises(UsageError, match="does not name two policies"):
        parse_pair(text)


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"compare": "llava-next,slime"}, "--all and --compare"),
        ({"all_policies": False, "compare": "llava-next,slimy"}, "no slicing policy"),
        ({"sort": "speed"}, "no column"),
        ({"all_policies": False, "csv": Path("a.csv")}, "--csv"),
        ({"csv": Path("no/such/folder/a.csv")}, "no folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(choice: dict[str, object], says: str) -> None:
    fields = {"all_policies": True, "sort": "policy", "csv": None, "compare": None, "words": True, "gflops": None}
    with pytest.raises((UsageError, OutputError), match=says):
        check_choice(LabChoice(**(fields | choice)))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["plan", "100x100", "--policy", "slime:3"], "takes no cap of slices"),
        (["slices", "a.pdf", "--all", "--sort", "speed"], "no column"),
        (["slices", "a.pdf", "--all", "-o", "a.png"], "--csv"),
        (["slices", "a.pdf", "--all", "--gflops", "0"], "gflops"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize("policy", policy_ids())
def test_plan_accepts_every_policy(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["plan", "1240x1754", "--policy", policy, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["policy"] == policy


def test_seconds_are_this_machines_as_its_self_test_found_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TESSERA_STATE_DIR", str(tmp_path))
    assert speed_of(None) == Speeds(None, None, MEASURE)
    speeds = (
        Speed("int8 on the CPU", 74_000_000, 350.0, 25.0, language_flops_per_s=4e10, vision_flops_per_s=3e10),
        Speed(
            "bf16 on the RTX", 74_000_000, 9e3, 90.0, device="cuda", language_flops_per_s=4e12, vision_flops_per_s=3e12
        ),
    )
    keep(probe_machine(), speeds, 2, date(2026, 11, 20))
    found = speed_of(None)
    assert found.source.splitlines() == [
        "seconds: for int8 on the CPU, measured on 2026-11-20 by tessera doctor --bench",
        "GPU seconds: for bf16 on the RTX, measured on 2026-11-20 by tessera doctor --bench",
    ]
    rows = all_figures(FACTS, found.cpu, gpu=found.gpu)
    print_figures(PAGE, rows, "seconds")
    heading = capsys.readouterr().out.splitlines()[2]
    assert heading.split()[1] == "seconds"
    assert "GPU seconds" in heading
    known = [row for row in rows if row.cost is not None]
    assert all(row.gpu_seconds == pytest.approx(row.seconds / 100) for row in known)
