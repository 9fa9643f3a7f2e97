"""What holds for the plan of any size under any policy: slices tile the page, spans lie in the sequence."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import PlanRefusedError
from engine.geometry import PixelRect, Size
from engine.slicing.plan import SlicePlan, ViewKind
from engine.slicing.policies import MAX_CAP, plan, policy_ids

SIDES = st.one_of(st.integers(1, 400), st.integers(1, 20_000))
SIZES = st.builds(Size, SIDES, SIDES)


@st.composite
def plans(draw: st.DrawFn) -> SlicePlan:
    policy = draw(st.sampled_from(policy_ids()))
    cap = draw(st.none() | st.integers(1, MAX_CAP))
    try:
        return plan(policy if cap is None else f"{policy}:{cap}", draw(SIZES))
    except PlanRefusedError:
        assume(False)
        raise


@given(plans())
def test_slices_tile_the_page_row_major(made: SlicePlan) -> None:
    cols, rows = made.grid.cols, made.grid.rows
    assert [(view.row, view.col) for view in made.slices] == [(row, col) for row in range(rows) for col in range(cols)]
    for index, view in enumerate(made.slices):
        row, col = divmod(index, cols)
        left = made.slices[index - 1].rect.right if col else 0.0
        top = made.slices[index - cols].rect.bottom if row else 0.0
        assert (view.rect.x, view.rect.y) == (left, top)
        assert view.rect.width > 0
        assert view.rect.height > 0
        if col == cols - 1:
            assert view.rect.right == made.page.width
        if row == rows - 1:
            assert view.rect.bottom == made.page.height


@given(plans())
def test_slices_are_equal_shares_of_the_page(made: SlicePlan) -> None:
    for view in made.slices:
        assert abs(view.rect.width - made.page.width / made.grid.cols) < 1e-6
        assert abs(view.rect.height - made.page.height / made.grid.rows) < 1e-6


@given(plans())
def test_exactly_one_overview_covers_the_page(made: SlicePlan) -> None:
    overviews = [view for view in made.views if view.kind is ViewKind.OVERVIEW]
    assert [(view.row, view.col, view.rect) for view in overviews] == [
        (None, None, PixelRect(0, 0, made.page.width, made.page.height))
    ]


@given(plans())
def test_spans_are_ordered_disjoint_and_inside_the_sequence(made: SlicePlan) -> None:
    end = 0
    for view in made.views:
        assert view.span[0] >= end
        end = view.span[1]
        assert end - view.span[0] == view.tokens > 0
    assert end <= made.sequence
    assert sum(view.tokens for view in made.views) == made.tokens


@given(plans())
def test_every_position_that_no_view_takes_is_a_separator(made: SlicePlan) -> None:
    count = len(made.slices)
    if made.policy.startswith("llava-uhd"):
        expected = count
    else:
        image_id, start_and_end = 3, 2 * (count + 1)
        expected = image_id + start_and_end + max(made.grid.rows - 1, 0)
    assert made.sequence - made.tokens == expected


@given(plans())
def test_views_are_whole_patches(made: SlicePlan) -> None:
    for view in made.views:
        assert view.size.width % 14 == 0 < view.size.width
        assert view.size.height % 14 == 0 < view.size.height


@given(SIZES, st.sampled_from(policy_ids()), st.integers(1, MAX_CAP))
def test_no_plan_has_more_slices_than_its_cap(size: Size, policy: str, cap: int) -> None:
    try:
        made = plan(f"{policy}:{cap}", size)
    except PlanRefusedError:
        return
    assert len(made.slices) <= cap
    assert len(made.slices) == made.grid.cols * made.grid.rows != 1


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
