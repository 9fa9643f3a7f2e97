"""The weights of Tessera-nano that come with Tessera."""

from __future__ import annotations

import hashlib

from engine.models.checks import check
from engine.models.installed import find, installed
from engine.models.shipped import NANO, shipped
from engine.readers.names import default_reader, model_behind
from engine.readers.revisions import reader_revision

MOST_BYTES = 40 * 2**20
MOST_SHARD_BYTES = 15 * 2**20


def test_the_shipped_model_is_whole_small_and_named_by_its_weights() -> None:
    own = shipped()
    assert own is not None
    checked = check(own.folder.path)
    assert not checked.notices
    assert checked.size_bytes < MOST_BYTES
    for name in checked.weights:
        data = (own.folder.path / name).read_bytes()
        assert len(data) < MOST_SHARD_BYTES
        assert own.folder.revision == hashlib.sha256(data).hexdigest()[:12]
    assert not own.experimental or own.reason


def test_it_is_a_reader_by_name_and_never_the_default() -> None:
    own = shipped()
    assert own is not None
    assert find(NANO) == own.folder == model_behind(NANO) == model_behind(f"cascade:{NANO}")
    assert reader_revision(NANO) == own.folder.revision
    assert own.folder not in installed()
    assert default_reader() != NANO
