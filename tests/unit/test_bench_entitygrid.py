"""EntityGrid pages: the same for the same number, and all of the entity in the slice that they name."""

from __future__ import annotations

from PIL import Image, ImageChops

from engine.bench.entitygrid import COLS, ENTITIES, ROWS, SLICE_PX, Kind, entity_page

DARK = 90


def dark_pixels(image: Image.Image, row: int, col: int) -> int:
    box = (col * SLICE_PX, row * SLICE_PX, (col + 1) * SLICE_PX, (row + 1) * SLICE_PX)
    return sum(image.convert("L").crop(box).histogram()[:DARK])


def test_a_page_is_a_function_of_seed_and_number() -> None:
    first, again, other = entity_page(3, 5), entity_page(3, 5), entity_page(4, 5)
    assert ImageChops.difference(first.image, again.image).getbbox() is None
    assert (first.entity, first.row, first.col) == (again.entity, again.row, again.col)
    assert ImageChops.difference(first.image, other.image).getbbox() is not None


def test_the_entity_is_in_its_slice_and_no_slice_is_blank() -> None:
    for number in range(60):
        page = entity_page(0, number)
        places = [(row, col) for row in range(ROWS) for col in range(COLS)]
        assert max(places, key=lambda place: dark_pixels(page.image, *place)) == (page.row, page.col)
        empty = entity_page(0, number, Kind.EMPTY)
        assert empty.entity is None
        assert dark_pixels(page.image, page.row, page.col) > dark_pixels(empty.image, page.row, page.col)


def test_all_entities_and_all_slices_come_up() -> None:
    pages = [entity_page(0, number) for number in range(300)]
    assert {page.entity for page in pages} == set(ENTITIES)
    assert {(page.row, page.col) for page in pages} == {(row, col) for row in range(ROWS) for col in range(COLS)}


def test_a_crowded_page_has_another_entity_in_every_slice_and_asks_about_one() -> None:
    page = entity_page(0, 7, Kind.CROWDED)
    assert len(set(page.entities)) == ROWS * COLS
    assert page.entity == page.entities[page.row * COLS + page.col]
    assert ("top", "bottom")[page.row] in page.question
    assert ("left", "right")[page.col] in page.question
    assert min(dark_pixels(page.image, row, col) for row in range(ROWS) for col in range(COLS)) > 20
