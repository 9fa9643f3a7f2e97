"""EntityGrid-QA: what its pages show, how an option is chosen by likelihood and by text, what seams cost."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.bench.entities import ENTITIES, EntityType, draw_entity
from engine.bench.entitygrid_qa import (
    CENTRE_POSITION,
    CUT_POSITIONS,
    GridItem,
    Side,
    Task,
    asked_with_options,
    base_of,
    grid_items,
    grid_page,
)
from engine.bench.entitygrid_test import ALL_TASKS, GridOutcome, Scoring, by_likelihood, grid_rows, named_option
from engine.bench.likelihood import ScoredPage
from engine.cli import main as cli
from engine.cli.bench_output import GRID_COLUMNS, grid_cells
from engine.errors import ExitCode, UsageError
from engine.runtime.decoder import Stretch
from engine.uhd.checkpoints import LoadedModel, save
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from tests.unit.bench_fakes import BarModels, barred_page
from tests.unit.sliced_models import sliced, tiny_loaded
from tests.unit.uhd_models import one_thread, tiny_config, tiny_tokenizer

__all__ = ["one_thread"]

ITEMS = tuple(grid_items(1, 5))
BASE = 336


def is_inked(page: Image.Image, box: tuple[int, int, int, int]) -> bool:
    return page.crop(box).convert("L").getextrema()[0] < 200


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_items_are_a_function_of_their_seed_and_sides_are_alike() -> None:
    assert tuple(grid_items(1, 5)) == ITEMS
    assert tuple(grid_items(2, 5)) != ITEMS
    for task in Task:
        sides = Counter(item.side for item in ITEMS if item.task is task)
        assert (sides[Side.INSIDE], sides[Side.CUT], sides[Side.CENTRE]) == (20, 20, 5)
    assert {item.kind for item in ITEMS} == set(EntityType)
    shown = {(item.scene, item.side): item.shown[0][0] for item in ITEMS if item.task is Task.RECOGNITION}
    assert all(shown[scene, Side.CUT] == shown[scene, Side.INSIDE] for scene in range(5))


def test_answers_follow_from_positions() -> None:
    for item in ITEMS:
        assert len(set(item.options)) == 4
        answer = item.options[item.answer]
        match item.task:
            case Task.RECOGNITION:
                assert answer == item.shown[0][0]
                assert set(item.options) <= set(ENTITIES[item.kind])
            case Task.COUNTING:
                assert int(answer) == sum(f"many {name} are" in item.question for name, _ in item.shown)
            case Task.POSITION:
                (row, col), (from_row, from_col) = (divmod(place - 1, 3) for place in item.positions)
                assert ("above" in answer, "below" in answer) == (row < from_row, row > from_row)
                assert ("left" in answer, "right" in answer) == (col < from_col, col > from_col)


def test_seams_cut_the_middle_row_and_column_and_nothing_else() -> None:
    for item in (item for item in ITEMS if item.task is Task.RECOGNITION):
        page = grid_page(item, BASE)
        assert page.size == (2 * BASE, 2 * BASE)
        (position,) = item.positions
        vertical = is_inked(page, (BASE - 8, 0, BASE + 8, 2 * BASE))
        horizontal = is_inked(page, (0, BASE - 8, 2 * BASE, BASE + 8))
        assert vertical == (position in (2, CENTRE_POSITION, 8))
        assert horizontal == (position in (4, CENTRE_POSITION, 6))
        assert (vertical or horizontal) == (position in (*CUT_POSITIONS, CENTRE_POSITION))


def test_every_entity_looks_like_itself_alone() -> None:
    drawn = {draw_entity(name, kind, 60).tobytes() for kind, names in ENTITIES.items() for name in names}
    assert len(drawn) == sum(map(len, ENTITIES.values()))


def test_pages_are_as_large_as_the_policy_needs() -> None:
    assert base_of("llava-uhd-v1") == 336
    assert base_of("deepseek-ocr-2") == 448
    with pytest.raises(UsageError, match="no square page into 2 x 2"):
        base_of("llava-1.5")


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("B", 1),
        ("(c).", 2),
        ("D. river", 3),
        ("apple", 0),
        ("It is a teddy bear.", 1),
        ("above and to the left of it", 2),
        ("above", 3),
        ("pineapple", None),
        ("apple or above", None),
        ("app le", None),
        ("", None),
    ],
)
def test_the_option_that_an_answer_names(text: str, option: int | None) -> None:
    assert named_option(text, ("apple", "teddy bear", "above and to the left", "above")) == option


def outcome(item: GridItem, right: bool) -> GridOutcome:
    return GridOutcome(item, "sliced", right, True)


def test_the_gap_is_what_is_lost_on_one_seam_with_the_centre_apart() -> None:
    rows = grid_rows([outcome(item, item.side in (Side.INSIDE, Side.CENTRE)) for item in ITEMS])
    assert [row.task for row in rows] == [*Task, ALL_TASKS]
    for row in rows:
        assert (row.gap.value, row.gap.interval, row.relative.value) == (1.0, (1.0, 1.0), 1.0)
        assert (row.centre_gap.value, row.silent.right) == (0.0, 0)
        assert row.sides[Side.CENTRE].value == 1.0
    recognition = rows[0].positions
    assert [recognition[position].value for position in range(1, 10)] == [1, 0, 1, 0, 1, 0, 1, 0, 1]
    assert all(len(cells) == len(GRID_COLUMNS) for cells in grid_cells("a", "letter", rows))


def test_a_model_that_is_wrong_everywhere_has_no_relative_gap() -> None:
    (row,) = grid_rows([outcome(item, False) for item in ITEMS if item.task is Task.COUNTING])
    assert (row.gap.value, row.relative.value) == (0.0, None)


def test_likelihood_is_that_of_the_models_own_forward() -> None:
    loaded = tiny_loaded()
    model, page, question = sliced(loaded), grid_page(ITEMS[0], BASE), "What is the total ?"
    scored = ScoredPage(model, page, "llava-uhd-v1")
    first, again = (scored.logprobs(question, ["12", "invoice total"]) for _ in range(2))
    assert first == again
    ids = torch.tensor(model.tokens("invoice total"))
    prompt = model.prompt(scored.plan, question)
    features = [
        model.encode(view, part) for view, part in zip(scored.plan.views, model.cut(page, scored.plan), strict=True)
    ]
    embeds = torch.cat([model.embed(scored.plan, prompt, features), model.decoder.embed(ids.tolist())])
    logits = model.decoder.logits([Stretch(embeds, torch.arange(len(embeds))[None])], None, len(ids) + 1)[0, :-1]
    expected = logits.log_softmax(-1).gather(-1, ids[:, None]).mean()
    assert first[1] == pytest.approx(float(expected), abs=1e-4)


def test_the_likeliest_wording_is_chosen_and_other_seams_are_refused() -> None:
    model, item = sliced(tiny_loaded()), ITEMS[0]
    page = grid_page(item, BASE)
    chosen = by_likelihood(model, "llava-uhd-v1", Scoring.OPTION)(item, page)
    found = ScoredPage(model, page, "llava-uhd-v1").logprobs(asked_with_options(item), item.options)
    assert chosen == found.index(max(found))
    with pytest.raises(UsageError, match="does not cut it into 2 x 2"):
        by_likelihood(model, "llava-uhd-v1", Scoring.LETTER)(item, page.resize((900, 300)))


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> None:
    """OCR that reads bars instead of words, for both benches."""
    for module in ("bench_seam", "bench_entitygrid"):
        monkeypatch.setattr(f"engine.cli.{module}.OcrModels", BarModels)


def test_the_command_asks_the_embedded_reader_in_each_mode(bars: None, tmp_path: Path) -> None:
    out, plot, saved = tmp_path / "grid.csv", tmp_path / "grid.png", tmp_path / "pages"
    arguments = ["--reader", "embedded", "--scenes", "1", "--task", "recognition", "--policy", "llava-uhd-v1"]
    modes = ["--mode", "whole", "--mode", "sliced"]
    files = ["-o", str(out), "--plot", str(plot), "--save", str(saved)]
    assert cli.run(["bench", "entitygrid", *arguments, *modes, *files]) == ExitCode.OK
    header, *rows = out.read_text().splitlines()
    assert header.split(",") == list(GRID_COLUMNS)
    assert [row.split(",")[:4] for row in rows] == [
        ["llava-uhd-v1", "answer", "recognition", mode] for mode in ("whole", "sliced")
    ]
    assert size_of(plot)[0] > 700
    lines = [json.loads(line) for line in (saved / "questions.jsonl").read_text().splitlines()]
    assert [line["positions"] for line in lines] == [[position] for position in range(1, 10)]
    assert size_of(saved / lines[0]["file"]) == (672, 672)


def test_the_command_asks_a_model_by_likelihood(tmp_path: Path) -> None:
    folder, out = tmp_path / "tiny", tmp_path / "grid.csv"
    config = tiny_config()
    model = UhdForConditionalGeneration(config).eval()
    save(LoadedModel(model, UhdProcessor.for_model(config, tiny_tokenizer())), folder)
    arguments = ["--reader", str(folder), "--precision", "fp32", "--scenes", "1", "--task", "recognition"]
    assert cli.run(["bench", "entitygrid", *arguments, "--policy", "llava-uhd-v1", "-o", str(out)]) == ExitCode.OK
    (row,) = out.read_text().splitlines()[1:]
    assert row.startswith("llava-uhd-v1,letter,recognition,as read,")


def test_the_seam_test_writes_table_csv_and_plot(
    bars: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, plot = tmp_path / "seam.csv", tmp_path / "seam.png"
    arguments = ["--reader", "embedded", "--policy", "llava-uhd-v1", "--pages", "1", "--mode", "sliced"]
    assert cli.run(["bench", "seam", *arguments, "-o", str(out), "--plot", str(plot)]) == ExitCode.OK
    assert "across seams" in capsys.readouterr().out
    rows = out.read_text().splitlines()
    assert [row.split(",")[:3] for row in rows[1:]] == [
        ["llava-uhd-v1", measure, "sliced"] for measure in ("words", "answers", "exact")
    ]
    assert size_of(plot)[1] > 100


def test_the_seam_test_reads_given_documents_and_asks_what_is_known_of_them(bars: None, tmp_path: Path) -> None:
    page, questions, out = tmp_path / "page.png", tmp_path / "qa.jsonl", tmp_path / "seam.csv"
    barred_page((296, 100, 100), (100, 200, 120)).pixels().save(page)
    questions.write_text(json.dumps({"file": "page.png", "question": "Which is it?", "answers": ["120"]}))
    arguments = ["--policy", "llava-uhd-v1", "--reader", "embedded", "--mode", "sliced", "-o", str(out)]
    assert cli.run(["bench", "seam", str(tmp_path), "--questions", str(questions), *arguments]) == ExitCode.OK
    rows = list(csv.DictReader(out.read_text().splitlines()))
    words = next(row for row in rows if row["measure"] == "words")
    assert (words["across_right"], words["across_count"]) == ("0", "1")
    assert (words["inside_right"], words["inside_count"]) == ("1", "1")
    assert {row["inside_count"] for row in rows if row["measure"] != "words"} == {"1"}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["entitygrid", "--policy", "llava-uhd"], ExitCode.USAGE, "no slicing policy"),
        (["entitygrid", "--policy", "llava-1.5"], ExitCode.USAGE, "no square page"),
        (["entitygrid", "--score", "letter", "--policy", "llava-uhd-v1"], ExitCode.USAGE, "no likelihood"),
        (["seam", "--policy", "a,llava-next"], ExitCode.USAGE, "no slicing policy"),
        (["seam", "--questions", "gone.jsonl"], ExitCode.INPUT, "no file gone.jsonl"),
        (["seam", "--policy", "llava-1.5", "--pages", "1"], ExitCode.INPUT, "Nothing was measured"),
        (["seam", "-o", "gone/seam.csv"], ExitCode.INPUT, "cannot be written"),
        (["seam", "--plot", "seam.txt"], ExitCode.INPUT, "no picture format"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["bench", *arguments, "--reader", "embedded"]) == code
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line


def test_an_unknown_reader_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bench", "seam", "--reader", "embeded", "--pages", "1"]) == ExitCode.USAGE
    assert "Did you mean embedded?" in capsys.readouterr().err
