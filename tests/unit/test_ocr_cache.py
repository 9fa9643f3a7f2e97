"""The word cache: it keeps words, keeps them private and small, and never fails a reading."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from engine.documents.types import DocumentId, PageRef, PageWords, Word, WordSource
from engine.geometry import PageRect, Size
from engine.ocr.cache import CacheKey, WordCache

PAGE = PageRef(DocumentId("/home/u/a.pdf", "ab" * 32), 2, "iii", 595.0, 842.0, Size(1240, 1754), 150.0)
WORDS = PageWords(
    PAGE,
    (
        Word("Total", PageRect(1.5, 2, 30, 12), WordSource.OCR, 0.93, 4, 1),
        Word("12.50 €", PageRect(40, 2, 70, 12), WordSource.TEXT),
    ),
    Size(1240, 1754),
    2.5,
    ("Page lay on its side; righted by 90°.",),
)
KEY = CacheKey.of(PAGE, "v1")


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.exists() else []


def test_a_later_process_finds_the_same_words(tmp_path: Path) -> None:
    WordCache(tmp_path / "words").put(KEY, WORDS, on_disk=True)
    assert WordCache(tmp_path / "words").get(KEY, PAGE, on_disk=True) == WORDS


def test_the_same_content_under_another_path_is_known_as_that_document(tmp_path: Path) -> None:
    cache = WordCache(tmp_path)
    cache.put(KEY, WORDS, on_disk=True)
    moved = replace(PAGE, document=replace(PAGE.document, path="/elsewhere/b.pdf"), label="3")
    found = cache.get(CacheKey.of(moved, "v1"), moved, on_disk=True)
    assert found is not None
    assert (found.page.document.path, found.page.label, found.words) == ("/elsewhere/b.pdf", "3", WORDS.words)


@pytest.mark.parametrize(
    "other",
    [
        CacheKey.of(PAGE.turned(90), "v1"),
        CacheKey.of(PAGE, "v2"),
        CacheKey.of(replace(PAGE, index=3), "v1"),
        CacheKey.of(replace(PAGE, native=Size(2480, 3508)), "v1"),
        CacheKey.of(replace(PAGE, document=DocumentId("/home/u/a.pdf", "cd" * 32)), "v1"),
    ],
)
def test_nothing_else_is_mistaken_for_it(tmp_path: Path, other: CacheKey) -> None:
    cache = WordCache(tmp_path)
    cache.put(KEY, WORDS, on_disk=True)
    assert cache.get(other, PAGE, on_disk=True) is None


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_entries_are_for_the_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "words"
    WordCache(folder).put(KEY, WORDS, on_disk=True)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in files(folder)] == [0o600]


def test_protected_words_stay_in_memory(tmp_path: Path) -> None:
    cache = WordCache(tmp_path / "words")
    cache.put(KEY, WORDS, on_disk=False)
    assert cache.get(KEY, PAGE, on_disk=False) == WORDS
    assert files(tmp_path / "words") == []


def test_the_disk_is_not_read_for_protected_words(tmp_path: Path) -> None:
    WordCache(tmp_path).put(KEY, WORDS, on_disk=True)
    assert WordCache(tmp_path).get(KEY, PAGE, on_disk=False) is None


@pytest.mark.parametrize("damage", [b"", b"{", b'{"page": 3}', b"\xff\xfe\x00"])
def test_a_damaged_entry_is_dropped(tmp_path: Path, damage: bytes) -> None:
    WordCache(tmp_path).put(KEY, WORDS, on_disk=True)
    (entry,) = files(tmp_path)
    entry.write_bytes(damage)
    assert WordCache(tmp_path).get(KEY, PAGE, on_disk=True) is None
    assert files(tmp_path) == []


def test_the_least_recently_used_entries_leave_first(tmp_path: Path) -> None:
    keys = [replace(KEY, index=i) for i in range(6)]
    writer = WordCache(tmp_path)
    for i, key in enumerate(keys[:5]):
        writer.put(key, WORDS, on_disk=True)
        os.utime(tmp_path / f"{key.name}.json", (1000 + i, 1000 + i))
    entry_bytes = writer.size() // 5
    cache = WordCache(tmp_path, max_bytes=5 * entry_bytes)
    assert cache.get(keys[0], PAGE, on_disk=True) is not None
    cache.put(keys[5], WORDS, on_disk=True)
    assert cache.size() <= 5 * entry_bytes
    fresh = WordCache(tmp_path)
    kept = [key.index for key in keys if fresh.get(key, PAGE, on_disk=True) is not None]
    assert kept == [0, 3, 4, 5]


def test_clearing_says_how_much_was_freed(tmp_path: Path) -> None:
    cache = WordCache(tmp_path)
    cache.put(KEY, WORDS, on_disk=True)
    (tmp_path / "left.part").write_bytes(b"x" * 10)
    size = cache.size()
    assert cache.clear() == size + 10
    assert cache.size() == 0
    assert cache.get(KEY, PAGE, on_disk=True) is None


def test_a_place_that_cannot_be_written_does_not_fail_the_reading(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    cache = WordCache(blocked / "words")
    cache.put(KEY, WORDS, on_disk=True)
    assert cache.get(KEY, PAGE, on_disk=True) == WORDS
    assert cache.size() == 0


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    cache = WordCache(tmp_path)
    cache.put(KEY, WORDS, on_disk=True)
    assert files(tmp_path) == []
    assert cache.get(KEY, PAGE, on_disk=True) == WORDS


def test_the_folder_can_be_moved_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA_CACHE_DIR", str(tmp_path / "elsewhere"))
    assert WordCache().folder.is_relative_to(tmp_path / "elsewhere")
