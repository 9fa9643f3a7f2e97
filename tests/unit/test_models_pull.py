"""Pulls from a hub that cuts, lies and refuses: nothing wrong is installed, nothing fetched is lost."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.errors import CancelledError, CheckpointError, DownloadError, OutputError, RunBusyError, TesseraError
from engine.models.fetch import Patience
from engine.models.hub import describe
from engine.models.installed import MANIFEST, find, folder_of, installed, partial_folders, remove
from engine.models.pull import pull, with_bytes_here
from engine.models.types import HubListing, ModelFolder
from tests.hub_server import COMMIT, MODEL, WEIGHTS, Conduct, Hub, running_hub, safetensors, tiny_model

NO_PAUSE = Patience(tries=3, first_pause_s=0.0)
FETCHED = {"config.json", "tokenizer.json", "LICENSE", WEIGHTS}


@pytest.fixture
def hub(loopback: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@dataclass
class Watched:
    """A pull's progress; it is cancelled at the first progress that `stop` says yes to."""

    seen: list[tuple[int, int, str]] = field(default_factory=list)
    stop_after_bytes: int | None = None

    def on_progress(self, done: int, total: int, name: str) -> None:
        self.seen.append((done, total, name))

    def cancelled(self) -> bool:
        return self.stop_after_bytes is not None and bool(self.seen) and self.seen[-1][0] >= self.stop_after_bytes


def pulled(listing: HubListing | None = None, watched: Watched | None = None) -> ModelFolder:
    watched = watched or Watched()
    return pull(listing or describe(MODEL), watched.on_progress, watched.cancelled, NO_PAUSE)


def part_of(name: str) -> Path:
    return partial_folders(MODEL) / COMMIT / f"{name}.part"


def test_a_model_is_described_before_a_byte_is_fetched(hub: Hub) -> None:
    listing = describe(MODEL)
    assert listing.revision == COMMIT
    assert listing.licence == "apache-2.0"
    assert {file.name for file in listing.files} == FETCHED
    assert listing.size_bytes == sum(len(data) for name, data in tiny_model().items() if name in FETCHED)
    assert with_bytes_here(listing).here_bytes == 0
    assert len(hub.requests) == 1


def test_a_pulled_model_is_whole_and_found(hub: Hub) -> None:
    watched = Watched()
    model = pulled(watched=watched)
    assert find(MODEL) == model
    assert installed() == (model,)
    assert model.revision == COMMIT
    assert model.licence == "apache-2.0"
    for name in FETCHED:
        assert (model.path / name).read_bytes() == tiny_model()[name]
    assert {path.name for path in model.path.iterdir()} == FETCHED | {MANIFEST}
    assert [done for done, _, _ in watched.seen] == sorted(done for done, _, _ in watched.seen)
    assert watched.seen[-1][:2] == (model.size_bytes, model.size_bytes)
    assert hashlib.sha256(tiny_model()[WEIGHTS]).hexdigest() in (model.path / MANIFEST).read_text()
    assert not partial_folders(MODEL).exists()


def test_a_second_pull_fetches_nothing(hub: Hub) -> None:
    first = pulled()
    listing = with_bytes_here(describe(MODEL))
    assert listing.here_bytes == listing.size_bytes
    hub.requests.clear()
    assert pulled(listing) == first
    assert hub.requests == []


def test_a_cut_connection_is_continued_where_it_ended(hub: Hub) -> None:
    hub.conducts[WEIGHTS] = [Conduct(cut_after=100_000), Conduct(cut_after=50_000)]
    model = pulled()
    assert (model.path / WEIGHTS).read_bytes() == tiny_model()[WEIGHTS]
    assert hub.asked_for(WEIGHTS) == [None, "bytes=100000-", "bytes=150000-"]


def test_a_hub_that_ignores_the_range_is_read_from_the_start(hub: Hub) -> None:
    hub.conducts[WEIGHTS] = [Conduct(cut_after=100_000), Conduct(ignore_range=True)]
    assert (pulled().path / WEIGHTS).read_bytes() == tiny_model()[WEIGHTS]


def test_a_range_that_starts_elsewhere_is_not_appended(hub: Hub) -> None:
    hub.conducts[WEIGHTS] = [Conduct(cut_after=100_000), Conduct(wrong_range=True)]
    assert (pulled().path / WEIGHTS).read_bytes() == tiny_model()[WEIGHTS]


def test_a_passing_fault_is_tried_again(hub: Hub) -> None:
    hub.conducts[WEIGHTS] = [Conduct(status=503), Conduct(status=429)]
    assert (pulled().path / WEIGHTS).read_bytes() == tiny_model()[WEIGHTS]


def test_a_hub_that_stays_away_is_given_up_and_what_came_is_kept(hub: Hub) -> None:
    hub.conducts[WEIGHTS] = [Conduct(cut_after=100_000), *[Conduct(status=503)] * 5]
    with pytest.raises(DownloadError, match="breaking off at 100,000"):
        pulled()
    assert part_of(WEIGHTS).stat().st_size == 100_000
    hub.conducts[WEIGHTS] = []
    assert with_bytes_here(describe(MODEL)).here_bytes > 100_000
    pulled()
    assert hub.asked_for(WEIGHTS)[-1] == "bytes=100000-"
    assert hub.asked_for("tokenizer.json") == [None]


def test_wrong_bytes_are_deleted_and_said(hub: Hub) -> None:
    hub.conducts[WEIGHTS] = [Conduct(body=safetensors(seed=2))]
    with pytest.raises(DownloadError, match=r"model\.safetensors does not have the checksum .* deleted"):
        pulled()
    assert not part_of(WEIGHTS).exists()
    assert installed() == ()
    assert (pulled().path / WEIGHTS).read_bytes() == tiny_model()[WEIGHTS]


def test_a_small_file_is_verified_too(hub: Hub) -> None:
    hub.conducts["tokenizer.json"] = [Conduct(body=b'{"version": "6.6"}')]
    with pytest.raises(DownloadError, match=r"tokenizer\.json does not have the checksum"):
        pulled()


def test_a_part_damaged_on_the_disk_is_found_out(hub: Hub) -> None:
    part_of(WEIGHTS).parent.mkdir(parents=True)
    part_of(WEIGHTS).write_bytes(b"x" * 1000)
    with pytest.raises(DownloadError, match="checksum"):
        pulled()
    assert pulled().problem == ""


def test_a_file_longer_than_promised_is_stopped(hub: Hub) -> None:
    hub.conducts[WEIGHTS] = [Conduct(body=tiny_model()[WEIGHTS] * 3)]
    with pytest.raises(DownloadError, match="longer than the hub said"):
        pulled()
    assert not part_of(WEIGHTS).exists()


def test_a_file_shorter_than_promised_is_never_installed(hub: Hub) -> None:
    hub.conducts[WEIGHTS] = [Conduct(body=tiny_model()[WEIGHTS][:90_000])] * 99
    with pytest.raises(DownloadError, match="breaking off at 90,000 of 300,"):
        pulled()
    assert installed() == ()


@pytest.mark.parametrize(
    ("conduct", "message"),
    [
        (Conduct(status=404), "has no such model"),
        (Conduct(status=401), "does not exist, or it is private"),
        (Conduct(status=401, error_code="GatedRepo"), "accept its terms"),
        (Conduct(status=403), "accept its terms"),
        (Conduct(status=500), "answered 500"),
        (Conduct(body=b"<html>log in to this wifi</html>"), "cannot be understood"),
    ],
)
def test_a_refusal_of_the_hub_is_one_clear_line(hub: Hub, conduct: Conduct, message: str) -> None:
    hub.metadata = conduct
    with pytest.raises(DownloadError, match=message):
        describe(MODEL)


def test_a_file_that_is_refused_ends_the_pull(hub: Hub) -> None:
    hub.conducts[WEIGHTS] = [Conduct(status=403, error_code="GatedRepo")]
    with pytest.raises(DownloadError, match="accept its terms") as caught:
        pulled()
    assert "HF_TOKEN" in caught.value.hint


def test_no_hub_at_all_is_said(loopback: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match="cannot be reached"):
        describe(MODEL)


def test_a_hub_set_offline_is_not_asked(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = describe(MODEL)
    hub.requests.clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for ask in (lambda: describe(MODEL), lambda: pulled(listing)):
        with pytest.raises(DownloadError, match="set offline"):
            ask()
    assert hub.requests == []


def test_an_id_that_is_none_is_refused(hub: Hub) -> None:
    with pytest.raises(TesseraError, match="is no hub id"):
        describe("../../etc")
    assert hub.requests == []


@pytest.mark.parametrize(
    "sibling",
    [
        {"size": 3},
        {"size": 3, "blobId": "short"},
        {"blobId": "a" * 40},
        {"size": -3, "blobId": "a" * 40},
        {"size": "3", "blobId": "a" * 40},
        {"lfs": {"size": 3, "sha256": "z" * 64, "pointerSize": 9}},
    ],
)
def test_files_without_checksums_are_refused(hub: Hub, sibling: dict[str, object]) -> None:
    config = {"rfilename": "config.json", "size": 2, "blobId": "a" * 40}
    hub.metadata_changes = {"siblings": [config, {"rfilename": WEIGHTS, **sibling}]}
    with pytest.raises(DownloadError, match="cannot be verified"):
        describe(MODEL)


def test_pickles_of_a_stranger_are_not_fetched(hub: Hub) -> None:
    del hub.models[MODEL][WEIGHTS]
    with pytest.raises(CheckpointError, match="no safetensors"):
        describe(MODEL)


def test_pickles_of_a_published_uhd_model_are_fetched_where_there_is_nothing_else(hub: Hub) -> None:
    uhd = "guozonghao96/llava-uhd-144-13b"
    hub.models[uhd] = {"config.json": b"{}", "pytorch_model.bin": b"tensors", "mm_projector.bin": b"more"}
    assert {file.name for file in describe(uhd).files} == {"config.json", "pytorch_model.bin"}
    hub.models[uhd][WEIGHTS] = safetensors()
    assert {file.name for file in describe(uhd).files} == {"config.json", WEIGHTS}


def test_a_kind_that_tessera_does_not_read_is_refused_before_its_weights_come(hub: Hub) -> None:
    hub.models[MODEL]["config.json"] = b'{"model_type": "bert"}'
    with pytest.raises(CheckpointError, match="kind “bert”"):
        pulled()
    assert hub.asked_for(WEIGHTS) == []


def test_a_full_disk_is_said_before_the_first_byte(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=50_000_000))
    with pytest.raises(OutputError, match=r"needs 0\.10 GB .* 0\.05 GB are free"):
        pulled()
    assert hub.asked_for("config.json") == []


def test_a_disk_that_fills_up_keeps_what_came(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("engine.models.fetch.os.fsync", full)
        with pytest.raises(OutputError, match="No space left on device"):
            pulled()
    assert part_of("config.json").exists()
    assert pulled().problem == ""


def test_a_cancelled_pull_goes_on_from_there(hub: Hub) -> None:
    hub.conducts[WEIGHTS] = [Conduct(cut_after=200_000)]
    with pytest.raises(CancelledError):
        pulled(watched=Watched(stop_after_bytes=200_000))
    assert part_of(WEIGHTS).stat().st_size == 200_000
    assert installed() == ()
    pulled()
    assert hub.asked_for(WEIGHTS) == [None, "bytes=200000-"]


@pytest.mark.parametrize("siblings", [[3], [{}], "none", {"a": 1}])
def test_nonsense_from_the_hub_is_one_line(hub: Hub, siblings: object) -> None:
    hub.metadata_changes = {"siblings": siblings}
    with pytest.raises(DownloadError, match="cannot be understood"):
        describe(MODEL)


def test_a_model_is_not_removed_while_it_is_fetched(hub: Hub) -> None:
    def remove_now(done: int, total: int, name: str) -> None:
        with pytest.raises(RunBusyError):
            remove(MODEL)

    assert pull(describe(MODEL), remove_now, lambda: False, NO_PAUSE).problem == ""


def test_two_pulls_of_one_model_do_not_meet(hub: Hub) -> None:
    listing = describe(MODEL)

    def second(done: int, total: int, name: str) -> None:
        with pytest.raises(RunBusyError, match="by another Tessera"):
            pulled(listing)

    assert pull(listing, second, lambda: False, NO_PAUSE).problem == ""


def test_a_newer_commit_replaces_the_older_whole(hub: Hub) -> None:
    (pulled().path / "stale.txt").write_text("of the old commit")
    hub.commit = COMMIT[::-1]
    assert pulled().revision == COMMIT[::-1]
    assert {path.name for path in folder_of(MODEL).iterdir()} == FETCHED | {MANIFEST}


def test_a_newer_commit_takes_over_the_weights_it_did_not_change(hub: Hub) -> None:
    pulled()
    hub.commit = COMMIT[::-1]
    hub.models[MODEL]["tokenizer.json"] = b'{"version": "2.0"}'
    hub.requests.clear()
    listing = with_bytes_here(describe(MODEL))
    assert 0 < listing.size_bytes - listing.here_bytes < 100_000
    model = pulled(listing)
    assert model.revision == COMMIT[::-1]
    assert (model.path / WEIGHTS).read_bytes() == tiny_model()[WEIGHTS]
    assert (model.path / "tokenizer.json").read_bytes() == b'{"version": "2.0"}'
    assert hub.asked_for(WEIGHTS) == []


def test_weights_that_rotted_on_the_disk_are_not_taken_over(hub: Hub) -> None:
    old = pulled()
    rotten = bytearray(tiny_model()[WEIGHTS])
    rotten[-1] ^= 1
    (old.path / WEIGHTS).write_bytes(rotten)
    hub.commit = COMMIT[::-1]
    assert (pulled().path / WEIGHTS).read_bytes() == tiny_model()[WEIGHTS]


def test_an_installed_model_in_use_is_not_touched_by_the_pull_of_a_newer_one(hub: Hub) -> None:
    old = pulled()
    rotten = bytes(len(tiny_model()[WEIGHTS]))
    (old.path / WEIGHTS).write_bytes(rotten)
    hub.commit = COMMIT[::-1]
    with (old.path / WEIGHTS).open("rb") as in_use:
        pulled()
        assert in_use.read() == rotten


def test_a_model_without_a_configuration_is_refused_before_a_byte(hub: Hub) -> None:
    del hub.models[MODEL]["config.json"]
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        describe(MODEL)


def test_removing_a_model_takes_its_parts_too(hub: Hub) -> None:
    hub.conducts[WEIGHTS] = [Conduct(cut_after=100_000), *[Conduct(status=503)] * 5]
    with pytest.raises(DownloadError):
        pulled()
    assert remove(MODEL) > 100_000
    assert not partial_folders(MODEL).exists()


def test_files_come_from_another_host_which_never_sees_the_token(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with running_hub() as store:
        there = Conduct(redirect=store.url)
        hub.conducts[WEIGHTS] = [there, there]
        store.conducts[WEIGHTS] = [Conduct(cut_after=100_000)]
        model = pulled()
    assert (model.path / WEIGHTS).read_bytes() == tiny_model()[WEIGHTS]
    assert store.asked_for(WEIGHTS) == [None, "bytes=100000-"]
    assert store.tokens == [None, None]
    assert set(hub.tokens) == {"Bearer hf_secret"}
