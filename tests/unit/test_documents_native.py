"""Which pixel size a page is native at, and its sizes at other scales."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.documents.native import Placement, covered_share, image_resolution, target_size, vector_resolution
from engine.geometry import PageRect, Size

A4 = (595.2, 841.92)
WHOLE = PageRect(0, 0, *A4)


def never() -> bool:
    raise AssertionError("costly and not needed here")


def test_a_vector_page_is_native_at_the_chosen_dpi() -> None:
    assert vector_resolution(595.276, 841.89, 150).native == Size(1240, 1754)
    assert vector_resolution(0.1, 0.1, 10).native == Size(1, 1)


@pytest.mark.parametrize("only_images", [True, False])
def test_a_scan_is_native_at_its_own_pixels(only_images: bool) -> None:
    found = image_resolution(A4, [Placement(WHOLE, 2480, 3508)], 150, lambda: only_images)
    assert (found.native, found.covered) == (Size(2480, 3508), True)


def test_a_scan_on_a_page_in_whole_points_keeps_every_pixel_of_both_sides() -> None:
    found = image_resolution((595, 842), [Placement(PageRect(0, 0, 595, 842), 2480, 3508)], 150, never)
    assert found.native == Size(2480, 3508)


def test_a_coarse_scan_is_not_enlarged_unless_something_is_printed_over_it() -> None:
    scan = [Placement(WHOLE, 827, 1169)]
    assert image_resolution(A4, scan, 150, lambda: True).native == Size(827, 1169)
    assert image_resolution(A4, scan, 150, lambda: False).native == Size(1240, 1754)


def test_stripes_make_a_scan() -> None:
    stripes = [Placement(PageRect(0, n * 16.8384, A4[0], (n + 1) * 16.8384), 2480, 70.16) for n in range(50)]
    found = image_resolution(A4, stripes, 150, never)
    assert (found.native, found.covered) == (Size(2480, 3508), True)


def test_the_finest_layer_of_a_scan_in_layers_counts() -> None:
    layers = [Placement(WHOLE, 827, 1169), Placement(WHOLE, 2480, 3508)]
    assert image_resolution(A4, layers, 150, never).native == Size(2480, 3508)


def test_a_fax_with_coarser_rows_is_native_at_the_finer_axis() -> None:
    found = image_resolution(A4, [Placement(WHOLE, 1686, 1146)], 150, never)
    assert found.native == Size(1686, 2385)


def test_a_picture_on_a_page_of_text_raises_its_resolution() -> None:
    photo = Placement(PageRect(100, 100, 400, 400), 1250, 1250)
    found = image_resolution(A4, [photo], 150, never)
    assert found.native == Size(2480, 3508)
    assert not found.covered


def test_beyond_600_dpi_a_picture_on_a_page_of_text_is_capped_and_said_to_be() -> None:
    photo = Placement(PageRect(100, 100, 400, 400), 5000, 5000)
    found = image_resolution(A4, [photo], 150, never)
    assert found.native == Size(4960, 7016)
    assert found.capped_from_dpi == pytest.approx(1200)
    assert image_resolution(A4, [Placement(WHOLE, 9920, 14032)], 150, lambda: True).native == Size(9920, 14032)


def test_logos_and_gradients_change_nothing() -> None:
    logo = Placement(PageRect(500, 20, 580, 60), 2000, 1000)
    gradient = Placement(WHOLE, 1, 256)
    assert image_resolution(A4, [logo, gradient], 150, never).native == Size(1240, 1754)


def test_an_image_that_reaches_beyond_the_page_keeps_its_own_dpi() -> None:
    larger = Placement(PageRect(-595.2, 0, 595.2, 841.92), 4960, 3508)
    assert image_resolution(A4, [larger], 150, never).native == Size(2480, 3508)


RECTS = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20)).map(
    lambda t: PageRect(min(t[0], t[2]), min(t[1], t[3]), max(t[0], t[2]), max(t[1], t[3]))
)


@given(st.lists(RECTS, max_size=8))
def test_the_covered_share_counts_every_cell_once(boxes: list[PageRect]) -> None:
    frame = PageRect(2, 3, 17, 18)
    cells = sum(
        any(box.x0 <= x < box.x1 and box.y0 <= y < box.y1 for box in boxes) for x in range(2, 17) for y in range(3, 18)
    )
    assert covered_share(frame, boxes) == pytest.approx(cells / 225)


@given(st.integers(1, 30_000), st.integers(1, 30_000), st.floats(0.2, 20), st.floats(0.01, 30))
def test_a_target_size_keeps_the_aspect_and_is_native_at_native_scale(
    width: int, height: int, px_per_unit: float, zoom: float
) -> None:
    native = Size(width, height)
    units = (width / px_per_unit, height / px_per_unit)
    assert target_size(native, units, px_per_unit) == native
    target = target_size(native, units, px_per_unit * zoom)
    assert abs(target.width - width * zoom) <= max(1.0, width * 0.0015)
    assert abs(target.height - height * zoom) <= max(1.0, height * 0.0015)
