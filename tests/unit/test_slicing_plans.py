"""What holds for the plan of any size under any policy: slices tile the page, spans lie in the sequence."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import PlanRefusedError
from engine.geometry import PixelRect, Size
from engine.slicing.plan import SlicePlan, View, ViewKind
from engine.slicing.policies import MAX_CAP, ChosenPolicy, Policy, PolicyStatus, plan, policies

SIDES = st.one_of(st.integers(1, 400), st.integers(1, 20_000))
SIZES = st.builds(Size, SIDES, SIDES)
EXTREME_SIDES = st.one_of(st.sampled_from([0, 1, 2, 3, 13, 14, 15, 336, 337, 448, 100_000]), st.integers(0, 100_000))
CAPPED = tuple(policy for policy in policies() if policy.takes_cap)
RASTER = ("llava-next", "slime", "unlimited", "xcomposer", "fuyu", "otterhd")
"""Policies that lay tokens out in rows over all slices, or end rows among a view's tokens."""
PADDED = ("llava-1.5", "llava-next", "slime", "hires", "xcomposer", "unlimited", "deepseek", "fuyu", "otterhd")
PADDED_SINGLE_VIEWS = ("flamingo", "yi-vl", "llama-vid-image")


@st.composite
def choices(draw: st.DrawFn) -> ChosenPolicy:
    policy = draw(st.sampled_from(policies()))
    cap = draw(st.none() | st.integers(1, MAX_CAP)) if policy.takes_cap else None
    return ChosenPolicy(policy, cap or policy.default_cap)


@st.composite
def plans(draw: st.DrawFn) -> SlicePlan:
    try:
        return draw(choices()).plan(draw(SIZES))
    except PlanRefusedError:
        assume(False)
        raise


@given(choices(), st.builds(Size, EXTREME_SIDES, EXTREME_SIDES))
def test_a_page_of_any_size_is_planned_or_refused(chosen: ChosenPolicy, size: Size) -> None:
    try:
        made = chosen.plan(size)
    except PlanRefusedError:
        return
    assert min(size.width, size.height) > 0
    assert (made.policy, made.page) == (chosen.id, size)
    assert made.tokens > 0
    assert all(min(view.size.width, view.size.height) > 0 for view in made.views)


@pytest.mark.parametrize("size", [Size(1, 1), Size(1, 200), Size(200, 1), Size(20, 4000), Size(4000, 20)])
def test_small_and_narrow_pages_have_a_plan_under_almost_every_policy(size: Size) -> None:
    for policy in policies():
        try:
            policy.build(policy.id, size, policy.default_cap)
        except PlanRefusedError:
            assert policy.id.endswith(("eval", "1536")) or policy.id == "fuyu" or max(size.width, size.height) > 200


@given(plans())
def test_slices_tile_the_page_row_major(made: SlicePlan) -> None:
    cols, rows = made.grid.cols, made.grid.rows
    assert [(view.row, view.col) for view in made.slices] == [(row, col) for row in range(rows) for col in range(cols)]
    for index, view in enumerate(made.slices):
        row, col = divmod(index, cols)
        left = made.slices[index - 1].rect.right if col else 0.0
        top = made.slices[index - cols].rect.bottom if row else 0.0
        assert (view.rect.x, view.rect.y) == (left, top)
        assert view.rect.width > 0 or view.padding == 1
        assert view.rect.height > 0 or view.padding == 1
        if col == cols - 1:
            assert view.rect.right == made.page.width
        if row == rows - 1:
            assert view.rect.bottom == made.page.height


@given(plans())
def test_slices_are_equal_shares_of_the_page_unless_the_canvas_is_padded(made: SlicePlan) -> None:
    assume(not made.policy.startswith(PADDED))
    for view in made.slices:
        assert abs(view.rect.width - made.page.width / made.grid.cols) < 1e-6
        assert abs(view.rect.height - made.page.height / made.grid.rows) < 1e-6


@given(plans())
def test_exactly_one_overview_covers_the_page(made: SlicePlan) -> None:
    assume(made.policy != "llava-1.5-crop")
    overviews = [view for view in made.views if view.kind is ViewKind.OVERVIEW]
    assert [(view.row, view.col, view.rect) for view in overviews] == [
        (None, None, PixelRect(0, 0, made.page.width, made.page.height))
    ]


@given(SIZES)
def test_a_center_crop_shows_a_square_in_the_middle(size: Size) -> None:
    rect = plan("llava-1.5-crop", size).overview.rect
    short = min(size.width, size.height)
    rounding = 2 * max(size.width, size.height) / 336
    assert (rect.width, rect.height) == (pytest.approx(short, abs=rounding), pytest.approx(short, abs=rounding))
    assert rect.x + rect.width / 2 == pytest.approx(size.width / 2, abs=rounding)
    assert rect.y + rect.height / 2 == pytest.approx(size.height / 2, abs=rounding)
    assert 0 <= rect.x <= rect.right <= size.width + 1e-6
    assert 0 <= rect.y <= rect.bottom <= size.height + 1e-6


@given(plans())
def test_spans_are_ordered_disjoint_and_inside_the_sequence(made: SlicePlan) -> None:
    assert sum(view.tokens for view in made.views) == made.tokens
    assert all(0 <= start <= end <= made.sequence for start, end in (view.span for view in made.views))
    assert all(view.span[1] - view.span[0] >= view.tokens for view in made.views)
    assume(not made.policy.startswith(RASTER))
    end = 0
    for view in made.views:
        assert view.span[0] >= end
        end = view.span[1]
        assert end - view.span[0] == view.tokens > 0


@given(plans())
def test_every_position_that_no_view_takes_is_a_separator(made: SlicePlan) -> None:
    count = len(made.slices)
    if made.policy.startswith("llava-uhd"):
        expected = count
    elif made.policy.startswith("minicpm"):
        image_id, start_and_end = 3, 2 * (count + 1)
        expected = image_id + start_and_end + max(made.grid.rows - 1, 0)
    else:
        assume(made.policy.startswith(("granite", "smolvlm")))
        fake_and_marker = 2 * (count + 1)
        expected = fake_and_marker + made.grid.rows + 1
    assert made.sequence - made.tokens == expected


@given(plans())
def test_views_of_the_llava_uhd_line_are_whole_patches(made: SlicePlan) -> None:
    assume(made.policy.startswith(("llava-uhd", "minicpm")))
    step = 40 if made.policy.startswith("llava-uhd-v3") else 14
    for view in made.views:
        assert view.size.width % step == 0 < view.size.width
        assert view.size.height % step == 0 < view.size.height


@given(plans())
def test_padding_is_what_the_drawn_part_leaves(made: SlicePlan) -> None:
    assert 0 <= made.padding < 1
    for view in made.views:
        assert 0 <= view.padding <= 1
        if view.drawn is not None:
            assert made.policy.startswith((*PADDED, *PADDED_SINGLE_VIEWS))
            assert 0 <= view.drawn.x <= view.drawn.right <= view.size.width
            assert 0 <= view.drawn.y <= view.drawn.bottom <= view.size.height


@given(plans())
def test_padded_views_keep_the_aspect_to_a_pixel(made: SlicePlan) -> None:
    for view in made.views:
        if view.drawn is not None and view.drawn.area > 0:
            across, down = view.scale
            assert abs(across - down) * view.rect.width <= 1.01 or abs(across - down) * view.rect.height <= 1.01, (
                made.policy
            )


@given(SIZES, st.sampled_from(CAPPED), st.integers(1, MAX_CAP))
def test_no_plan_has_more_slices_than_its_cap(size: Size, policy: Policy, cap: int) -> None:
    try:
        made = ChosenPolicy(policy, cap).plan(size)
    except PlanRefusedError:
        return
    assert len(made.slices) <= cap
    assert len(made.slices) == made.grid.cols * made.grid.rows


@given(SIZES)
def test_policies_without_a_cap_stay_within_what_they_state(size: Size) -> None:
    for policy in policies():
        if not policy.takes_cap:
            try:
                made = plan(policy.id, size)
            except PlanRefusedError:
                continue
            assert max(len(made.slices), 1) <= policy.default_cap


def test_overview_stands_last_in_llava_uhd_and_first_in_minicpm_v() -> None:
    size = Size(1240, 1754)
    assert plan("llava-uhd-v1", size).views[-1].kind is ViewKind.OVERVIEW
    assert plan("minicpm-v-16x", size).views[0].kind is ViewKind.OVERVIEW


def test_rectangles_of_the_evaluation_policy_are_in_pixels_of_the_page_itself() -> None:
    made = plan("llava-uhd-v1-eval", Size(2480, 3508))
    assert made.page == Size(2480, 3508)
    last = made.slices[-1].rect
    assert (last.x, last.width, last.right, last.bottom) == (1240, 1240, 2480, 3508)
    assert abs(last.height - 3508 / made.grid.rows) < 1e-6


def test_a_padded_square_shows_the_page_in_its_middle() -> None:
    view = plan("llava-1.5", Size(1000, 500)).overview
    assert view.drawn is not None
    assert (view.drawn.x, view.drawn.y, view.drawn.width, view.drawn.height) == pytest.approx((0, 84, 336, 168))
    assert view.padding == pytest.approx(0.5)
    assert view.scale == pytest.approx((0.336, 0.336))


def test_a_view_that_shows_padding_alone_has_no_scale() -> None:
    empty = View(ViewKind.SLICE, 0, 0, PixelRect(0, 0, 0, 5), Size(10, 10), 0, (3, 3), PixelRect(10, 0, 0, 10))
    assert (empty.padding, empty.scale) == (1.0, (0.0, 0.0))


def test_reconstructed_policies_say_so_in_their_title() -> None:
    for policy in policies():
        assert (policy.status is PolicyStatus.RECONSTRUCTED) == ("reconstructed" in policy.title)


def test_padding_of_a_plan_weighs_views_by_their_pixels() -> None:
    made = plan("llava-next", Size(1240, 1754))
    padded = math.fsum(view.padding * 336 * 336 for view in made.views)
    assert made.padding == pytest.approx(padded / (5 * 336 * 336))
    assert made.overview.padding == 0
