"""The lab's table: every policy on one page, its columns and their order."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.geometry import PixelRect, Size
from engine.slicing.cost import Rates
from engine.slicing.figures import COLUMNS, PageFacts, all_figures, column_of, figures_of, sorted_figures, table
from engine.slicing.policies import policy_ids
from engine.slicing.words import index_words

WORDS = index_words([PixelRect(100 + 120 * (i % 9), 80 + 40 * (i // 9), 90, 18) for i in range(300)])
PAGE = PageFacts(Size(1240, 1754), 150.0, WORDS)


def test_every_policy_has_a_row_with_every_figure() -> None:
    rows = all_figures(PAGE, Rates(1e12, 1e12), gpu=Rates(1e13, 1e13))
    assert [row.chosen.id for row in rows] == list(policy_ids())
    for row in rows:
        empty = {column.key for column in COLUMNS if column.value(row) is None}
        without_shape = {"model", "vision_tflops", "language_tflops", "cache_mb", "seconds", "gpu_seconds"}
        assert empty in ({"refused"}, {"refused"} | without_shape), row.chosen.id
        assert all(column.text(row) for column in COLUMNS if column.key not in empty)


@given(
    st.builds(Size, st.integers(0, 100_000), st.integers(0, 100_000)),
    st.lists(st.builds(PixelRect, *[st.floats(0, 100_000)] * 4), max_size=5),
)
@settings(max_examples=40)
def test_a_page_of_any_size_has_figures_or_reasons(size: Size, boxes: list[PixelRect]) -> None:
    for row in all_figures(PageFacts(size, 72.0, index_words(boxes)), Rates(1e12, 1e12)):
        assert (row.plan is None) == (row.refused is not None)
        texts = [column.text(row) for column in COLUMNS]
        assert not {"inf", "nan", "-inf"} & set(texts)
        json.dumps(table([row], COLUMNS), allow_nan=False)


@pytest.mark.parametrize("size", [Size(1, 1), Size(1, 200), Size(100_000, 1), Size(1, 100_000), Size(100_000, 100_000)])
def test_extreme_pages_have_figures_or_reasons(size: Size) -> None:
    rows = all_figures(PageFacts(size, None, index_words([PixelRect(0, 0, 1, 1)])))
    assert sum(row.plan is not None for row in rows) > len(rows) / 2
    json.dumps(table(rows, COLUMNS), allow_nan=False)


def test_refused_policies_say_why() -> None:
    row = figures_of("qwen3-vl", PageFacts(Size(1, 1000)))
    assert row.plan is None
    assert row.refused is not None
    assert column_of("refused").text(row) == row.refused.message
    assert column_of("tokens").text(row) == ""


def test_seconds_need_rates() -> None:
    assert figures_of("minicpm-v-16x", PAGE).seconds is None
    slow, fast = (figures_of("minicpm-v-16x", PAGE, Rates(rate, rate)).seconds for rate in (1e11, 1e12))
    assert slow is not None
    assert fast is not None
    assert slow == pytest.approx(10 * fast)


def test_sorting_by_any_column_keeps_rows_without_a_value_last() -> None:
    rows = all_figures(PAGE)
    for column in COLUMNS:
        for key in (column.key, f"-{column.key}"):
            ordered = sorted_figures(rows, key)
            assert sorted(row.chosen.id for row in ordered) == sorted(policy_ids())
            values = [column.value(row) for row in ordered]
            known = [value for value in values if value is not None]
            assert values[: len(known)] == known
            assert known == sorted(known, reverse=key.startswith("-"))  # type: ignore[type-var]  # one type a column


def test_an_unknown_column_names_those_that_exist() -> None:
    with pytest.raises(UsageError) as caught:
        sorted_figures([], "speed")
    assert "tokens" in caught.value.hint


def test_table_is_raw_values() -> None:
    columns = [column_of("policy"), column_of("tokens"), column_of("dpi")]
    (row,) = table([figures_of("llava-uhd-v1", PAGE)], columns)
    assert row[:2] == ["llava-uhd-v1", 1008]
    assert isinstance(row[2], float)


def test_figures_import_nothing_heavy() -> None:
    heavy = ("numpy", "PIL", "torch", "transformers", "pymupdf", "PySide6", "click", "rich")
    code = f"import sys, engine.slicing.figures; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
