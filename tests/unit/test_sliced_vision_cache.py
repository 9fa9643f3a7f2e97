"""The cache of views: bit-equal to encoding again, told apart by all they depend on, never in the way."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.geometry import PixelRect, Size
from engine.kept_files import KeptFiles
from engine.readers.sliced.protocol import ModelCard
from engine.readers.sliced.view_files import view_files
from engine.readers.sliced.vision_cache import VisionCache, key_of
from engine.service.upkeep import cache_size, clear_cache
from engine.slicing.plan import Grid, SlicePlan, View, ViewKind

VIEW = View(ViewKind.SLICE, 0, 0, PixelRect(0, 0, 10, 10), Size(4, 4), 3, (0, 3))
PLAN = SlicePlan("llava-uhd-v1", Size(20, 20), Grid(2, 2), (VIEW,), 3, 3)
PIXELS = torch.linspace(-2, 2, 48).reshape(3, 4, 4)


class Encoder:
    """Counts how often it encodes; its features are odd enough that a lossy cache would show."""

    def __init__(self, dtype: torch.dtype = torch.float32, **card: str) -> None:
        self.card = replace(ModelCard("m", "r", "fp32", "cpu"), **card)
        self.encoded = 0
        self._dtype = dtype

    def encode(self, view: View, pixels: Tensor) -> Tensor:
        self.encoded += 1
        return (pixels.flatten()[:12].reshape(3, 4).double() / 3).to(self._dtype)


def features(cache: VisionCache, model: Encoder, pixels: Tensor = PIXELS, on_disk: bool = True) -> Tensor:
    return cache.features(model, PLAN, VIEW, pixels, on_disk=on_disk)


def on_disk(folder: Path) -> VisionCache:
    return VisionCache(KeptFiles(folder, ".view", 10**6))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_later_process_gets_the_same_bits(tmp_path: Path, dtype: torch.dtype) -> None:
    model = Encoder(dtype)
    first = features(on_disk(tmp_path), model)
    second = features(on_disk(tmp_path), model)
    assert model.encoded == 1
    assert second.dtype is dtype
    assert torch.equal(first, second)
    assert torch.equal(second, model.encode(VIEW, PIXELS))


def test_a_protected_document_leaves_nothing_on_the_disk_and_takes_nothing_from_it(tmp_path: Path) -> None:
    model, cache = Encoder(), on_disk(tmp_path / "views")
    features(cache, model, on_disk=False)
    features(cache, model, on_disk=False)
    assert model.encoded == 1
    assert not (tmp_path / "views").exists()
    features(on_disk(tmp_path / "views"), model)
    features(on_disk(tmp_path / "views"), model, on_disk=False)
    assert model.encoded == 3


def test_nothing_else_is_mistaken_for_it() -> None:
    plans = (PLAN, replace(PLAN, policy="llava-uhd-v2"))
    views = (VIEW, replace(VIEW, size=Size(4, 5)), replace(VIEW, kind=ViewKind.OVERVIEW))
    pixels = (PIXELS, PIXELS + 1e-6, PIXELS.reshape(4, 3, 4), PIXELS.double())
    models = [Encoder(), *(Encoder(**{name: "x"}) for name in ("name", "revision", "precision", "device"))]
    keys = {key_of(m, plan, view, own) for m in models for plan in plans for view in views for own in pixels}
    assert len(keys) == len(models) * len(plans) * len(views) * len(pixels)


def test_the_same_pixels_in_another_place_are_encoded_once(tmp_path: Path) -> None:
    model, cache = Encoder(), on_disk(tmp_path)
    features(cache, model)
    cache.features(model, PLAN, replace(VIEW, row=1, rect=PixelRect(0, 10, 10, 10)), PIXELS, on_disk=True)
    assert model.encoded == 1


@pytest.mark.parametrize("damage", [b"", b"x" * 20, b"x" * 500, "flip"])
def test_a_damaged_entry_is_encoded_again_and_said_in_the_log(
    tmp_path: Path, damage: bytes | str, caplog: pytest.LogCaptureFixture
) -> None:
    model = Encoder()
    first = features(on_disk(tmp_path), model)
    (entry,) = tmp_path.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if isinstance(damage, str) else damage)
    assert torch.equal(features(on_disk(tmp_path), model), first)
    assert model.encoded == 2
    assert "dropping an unreadable entry" in caplog.text
    assert torch.equal(features(on_disk(tmp_path), model), first)
    assert model.encoded == 2


def test_the_least_recently_used_views_leave_first(tmp_path: Path) -> None:
    model = Encoder()
    pages = [PIXELS + number for number in range(5)]
    for number, pixels in enumerate(pages[:4]):
        features(on_disk(tmp_path), model, pixels)
        os.utime(tmp_path / f"{key_of(model, PLAN, VIEW, pixels)}.view", (1000 + number, 1000 + number))
    size = KeptFiles(tmp_path, ".view", 0).size()
    small = VisionCache(KeptFiles(tmp_path, ".view", size))
    features(small, model, pages[4])
    assert KeptFiles(tmp_path, ".view", 0).size() <= size
    before = model.encoded
    features(on_disk(tmp_path), model, pages[3])
    assert model.encoded == before
    features(on_disk(tmp_path), model, pages[0])
    assert model.encoded == before + 1


def test_memory_is_bounded(tmp_path: Path) -> None:
    model = Encoder()
    cache = VisionCache(KeptFiles(tmp_path, ".view", 10**6), memory_bytes=2 * 48)
    for number in (0, 1, 2, 2, 1, 0):
        features(cache, model, PIXELS + number, on_disk=False)
    assert model.encoded == 4


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_entries_are_for_the_user_alone(tmp_path: Path) -> None:
    features(on_disk(tmp_path / "views"), Encoder())
    assert stat.S_IMODE((tmp_path / "views").stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "views").iterdir()] == [0o600]


def test_clearing_the_cache_clears_views_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA_CACHE_DIR", str(tmp_path))
    features(VisionCache(), Encoder())
    size = view_files().size()
    assert size > 0
    assert cache_size() == size
    assert clear_cache() == size
    assert cache_size() == 0
