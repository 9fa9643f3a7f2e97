"""Tiles cut from decoded pixels: the same pixels at native scale, seamless at every other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from engine.documents.document import TileView
from engine.documents.raster import Raster
from engine.geometry import Size

WIDTH, HEIGHT = 90, 70
RNG = np.random.default_rng(5)
COLOUR: NDArray[np.uint8] = RNG.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
GREY: NDArray[np.uint8] = RNG.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)


def bgrx(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.dstack([colour[..., ::-1], np.full(colour.shape[:2], 255, np.uint8)])


RASTERS = {
    "rgb": (Raster(Image.fromarray(COLOUR)), COLOUR),
    "grey": (Raster(Image.fromarray(GREY)), np.dstack([GREY] * 3)),
    "compact": (Raster.from_bgrx(bgrx(np.dstack([GREY] * 3))), np.dstack([GREY] * 3)),
    "bgrx": (Raster.from_bgrx(bgrx(COLOUR)), COLOUR),
}


def tile(
    raster: Raster, box: tuple[int, int, int, int], target: Size | None = None, turn: int = 0
) -> NDArray[np.uint8]:
    """The tile x, y, width, height as (H, W, 4)."""
    out = memoryview(bytearray(box[2] * box[3] * 4 + 8))
    raster.render(target or raster.size, turn, TileView(1.0, 0, *box), out)
    return np.frombuffer(out, np.uint8, box[2] * box[3] * 4).reshape(box[3], box[2], 4)


@pytest.mark.parametrize("kind", RASTERS)
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_native_tiles_and_bands_are_the_pixels(kind: str, turn: int) -> None:
    raster, colour = RASTERS[kind]
    turned = np.rot90(colour, -turn // 90)
    whole = np.frombuffer(b"".join(raster.bands(turn)), np.uint8).reshape(turned.shape)
    assert np.array_equal(whole, turned)
    part = tile(raster, (11, 7, 40, 50), turn=turn)
    assert np.array_equal(part[..., 2::-1], turned[7:57, 11:51])
    assert (part[..., 3] == 255).all()


def test_grey_pixels_are_kept_in_one_byte() -> None:
    assert Raster.from_bgrx(bgrx(np.dstack([GREY] * 3))).size_bytes == WIDTH * HEIGHT * 4 // 3
    assert RASTERS["bgrx"][0].size_bytes == WIDTH * HEIGHT * 16 // 3


def test_off_the_page_is_white() -> None:
    raster, colour = RASTERS["rgb"]
    part = tile(raster, (WIDTH - 10, HEIGHT - 5, 20, 20))
    assert np.array_equal(part[:5, :10, 2::-1], colour[-5:, -10:])
    assert (part[5:] == 255).all()
    assert (part[:, 10:] == 255).all()
    assert (tile(raster, (WIDTH + 5, 0, 8, 8)) == 255).all()
    assert np.array_equal(tile(raster, (-4, -3, 20, 20))[3:, 4:, 2::-1], colour[:17, :16])


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(sorted(RASTERS)),
    st.floats(0.05, 6.0),
    st.sampled_from([0, 90, 180, 270]),
    st.integers(1, 400),
    st.integers(1, 400),
)
def test_tiles_meet_without_a_seam(kind: str, zoom: float, turn: int, cut_x: int, cut_y: int) -> None:
    raster, _ = RASTERS[kind]
    target = Size(max(1, round(WIDTH * zoom)), max(1, round(HEIGHT * zoom)))
    turned = target.swapped() if turn % 180 else target
    whole = tile(raster, (0, 0, turned.width, turned.height), target, turn)
    x, y = min(cut_x, turned.width - 1), min(cut_y, turned.height - 1)
    part = tile(raster, (x, y, turned.width - x, turned.height - y), target, turn)
    # Pillow works in floating point; a tap of next to no weight may be in one sum and not in the other.
    assert np.abs(part.astype(int) - whole[y:, x:]).max() <= 2


def test_whole_number_zooms_show_the_pixels_as_they_are() -> None:
    raster, colour = RASTERS["rgb"]
    part = tile(raster, (0, 0, 60, 60), Size(WIDTH * 3, HEIGHT * 3))
    assert np.array_equal(part[..., 2::-1], colour[:20, :20].repeat(3, axis=0).repeat(3, axis=1))


@pytest.mark.parametrize("shrink", [2, 3, 8, 13])
def test_zoomed_out_tiles_average(shrink: int) -> None:
    checks = np.indices((416, 416)).sum(axis=0) % 2 * 255
    raster = Raster(Image.fromarray(checks.astype(np.uint8)))
    side = 416 // shrink
    part = tile(raster, (2, 2, side - 4, side - 4), Size(side, side))
    assert np.abs(part[..., 0].astype(int) - 127).max() <= 4


def test_a_raster_of_another_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="grey or RGB"):
        Raster(Image.new("CMYK", (2, 2)))


def test_rows_are_made_when_they_are_needed() -> None:
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    asked: list[tuple[int, int]] = []

    def fill(top: int, bottom: int) -> None:
        asked.append((top, bottom))
        pixels[top:bottom] = bgrx(COLOUR)[top:bottom]

    raster = Raster.from_lazy(pixels, fill)
    assert np.array_equal(tile(raster, (3, 10, 20, 5))[..., 2::-1], COLOUR[10:15, 3:23])
    assert asked == [(10, 15)]
    whole = np.frombuffer(b"".join(raster.bands(90)), np.uint8).reshape(WIDTH, HEIGHT, 3)
    assert np.array_equal(whole, np.rot90(COLOUR, -1))
