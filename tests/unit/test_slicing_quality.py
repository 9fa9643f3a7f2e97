"""How legible plans keep a page, and what becomes of its words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.geometry import PixelRect, Size
from engine.slicing.plan import SlicePlan
from engine.slicing.policies import plan, policies
from engine.slicing.quality import LEGIBLE_PX, detail_views, deviation, quality_of, seams, word_quality
from engine.slicing.words import SLACK, index_words

A4 = Size(1240, 1754)
BOXES = st.builds(
    PixelRect,
    st.floats(0, 1200),
    st.floats(0, 1700),
    st.floats(0, 400),
    st.floats(0, 90),
)


def test_resolution_is_that_of_the_slices() -> None:
    made = plan("llava-uhd-v1", A4)
    quality = quality_of(made, 150.0)
    assert made.slices[0].size == Size(336, 322)
    assert quality.scale == pytest.approx(min(336 / 620, 322 / (1754 / 3)))
    assert quality.dpi == pytest.approx(150 * quality.scale)
    assert quality.glyph_px == pytest.approx(LEGIBLE_PX / quality.scale)
    assert quality.words is None


def test_resolution_of_an_unsliced_page_is_that_of_the_overview() -> None:
    quality = quality_of(plan("qwen3-vl", A4))
    assert quality.dpi is None
    assert quality.scale == pytest.approx(1, abs=0.02)
    assert quality_of(plan("cogvlm", A4)).scale == pytest.approx(490 / 1754)


def test_distortion_is_the_stretch_of_one_side() -> None:
    assert quality_of(plan("qwen-vl", Size(500, 1000))).distortion == pytest.approx(2)
    assert quality_of(plan("llava-1.5", Size(500, 1000))).distortion == pytest.approx(1)


def test_padding_waste() -> None:
    assert quality_of(plan("llava-1.5", Size(500, 1000))).padding == pytest.approx(0.5)
    assert quality_of(plan("minicpm-v-16x", A4)).padding == 0


def test_deviation_is_the_papers_score() -> None:
    assert deviation(plan("llava-uhd-v1", Size(672, 1008))) == pytest.approx(0)
    assert deviation(plan("llava-uhd-v2", A4)) == pytest.approx(abs(math.log((1240 / 2) / (1754 / 4))))
    assert deviation(plan("blip-2", A4)) == pytest.approx(math.log(1754 / 1240))


@pytest.mark.parametrize("policy", [each.id for each in policies()])
def test_every_policy_has_figures_on_a_page(policy: str) -> None:
    quality = quality_of(plan(policy, A4), 150.0, index_words([PixelRect(100, 100, 60, 20)]))
    assert 0 < quality.scale < 3
    assert 1 <= quality.distortion < 1.5
    assert quality.words is not None
    assert quality.words.words == 1


def test_a_word_across_a_seam_is_cut() -> None:
    made = plan("llava-uhd-v1", A4)
    xs, ys = seams(made)
    assert (xs, ys) == ([620.0], pytest.approx([1754 / 3, 2 * 1754 / 3]))
    across = PixelRect(590, 100, 60, 20)
    beside = PixelRect(530, 100, 60, 20)
    under = PixelRect(100, 1754 / 3 - 10, 60, 20)
    both = PixelRect(600, 1754 / 3 - 10, 60, 20)
    quality = word_quality(made, index_words([across, beside, under, both]))
    assert (quality.words, quality.cut) == (4, 3)


def test_a_seam_in_the_slack_of_a_box_cuts_nothing() -> None:
    made = plan("llava-uhd-v1", A4)
    touching = [PixelRect(620 - 60 + 20 * SLACK * 0.9, 100, 60, 20), PixelRect(620, 100, 60, 20)]
    assert word_quality(made, index_words(touching)).cut == 0


def test_text_height_and_legibility() -> None:
    made = plan("llava-uhd-v1", A4)
    down = 322 / (1754 / 3)
    words = index_words([PixelRect(100, 100 + 60 * i, 50, height) for i, height in enumerate((12, 20, 30))])
    quality = word_quality(made, words)
    assert quality.text_px == pytest.approx(20 * down)
    assert quality.illegible == pytest.approx(2 / 3)


def test_a_page_without_words_has_no_share() -> None:
    quality = word_quality(plan("llava-uhd-v1", A4), index_words([PixelRect(0, 0, 0, 10), PixelRect(0, 0, 10, 0)]))
    assert (quality.words, quality.cut, quality.text_px, quality.illegible) == (0, 0, None, None)


def test_words_are_measured_in_their_own_slice_where_slices_differ() -> None:
    made = with_first_slice_halved(plan("minicpm-v-4x", A4))
    upper, lower = PixelRect(100, 100, 50, 20), PixelRect(100, 1600, 50, 20)
    assert word_quality(made, index_words([upper])).text_px == pytest.approx(20 * made.slices[0].scale[1])
    assert word_quality(made, index_words([lower])).text_px == pytest.approx(20 * made.slices[1].scale[1])
    assert word_quality(made, index_words([upper, lower])).illegible == 0.5


def with_first_slice_halved(made: SlicePlan) -> SlicePlan:
    """As MiniCPM-OCR's reader plans a page whose first slice needs fewer pixels."""
    first = made.slices[0]
    small = replace(first, size=Size(first.size.width // 2, first.size.height // 2))
    return replace(made, views=tuple(small if view is first else view for view in made.views))


def test_a_word_outside_a_crop_is_not_legible_and_one_at_its_border_is_cut() -> None:
    made = plan("llava-1.5-crop", Size(400, 800))
    xs, ys = seams(made)
    assert (xs, ys) == ([], pytest.approx([200, 600]))
    inside, outside, border = (PixelRect(50, y, 200, 40) for y in (400, 50, 180))
    quality = word_quality(made, index_words([inside, outside, border]))
    assert quality.cut == 1
    assert quality.illegible == pytest.approx(1 / 3)


def test_a_slice_of_padding_alone_has_no_say() -> None:
    made = plan("hires-llava", A4)
    first = made.slices[0]
    empty = replace(first, rect=PixelRect(0, 0, 0, 0), drawn=PixelRect(0, 0, 0, 0))
    views = tuple(empty if view is first else view for view in made.views)
    assert len(detail_views(replace(made, views=views))) == len(made.slices) - 1
    assert quality_of(replace(made, views=views)).scale == pytest.approx(quality_of(made).scale)


@given(st.lists(BOXES, max_size=30), st.sampled_from([each.id for each in policies()]))
def test_cut_words_equal_a_plain_count(boxes: list[PixelRect], policy: str) -> None:
    made = plan(policy, A4)
    xs, ys = seams(made)
    cut = 0
    for box in boxes:
        slack = SLACK * box.height
        crossed = any(box.x + slack < x < box.right - slack for x in xs)
        crossed |= any(box.y + slack < y < box.bottom - slack for y in ys)
        cut += crossed and box.width > 0 and box.height > 0
    quality = word_quality(made, index_words(boxes))
    assert quality.cut == cut
    assert quality.illegible is None or 0 <= quality.illegible <= 1
