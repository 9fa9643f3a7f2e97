"""The dialog of models: what is shown before a download, downloading, cancelling, going on, removing, own folders."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from app.main_window import MainWindow
from app.model_dialog import ModelDialog
from app.model_facts import Step
from engine.errors import ErrorInfo
from engine.models.installed import folder_of
from engine.readers.types import Progress
from engine.service.messages import ModelAdvised, ModelDescribed, ModelPulled
from tests.gui.fake_service import FakePending, FakeService
from tests.gui.model_fakes import MODEL, TITLE, install_model, make_advice, make_listing

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def dialog(window: MainWindow) -> ModelDialog:
    window.actions_by_key["get-model"].trigger()
    (shown,) = window.findChildren(ModelDialog)
    shown.show_model(MODEL)
    return shown


def texts(dialog: ModelDialog) -> list[str]:
    return [label.text() for label in dialog.sheet.findChildren(QLabel) if label.isVisibleTo(dialog) and label.text()]


def status_texts(window: MainWindow) -> list[str]:
    return [label.text() for label in window.status.findChildren(QLabel) if not label.isHidden()]


def press(dialog: ModelDialog, step: Step) -> None:
    dialog.sheet.buttons[step].click()


def look_up(dialog: ModelDialog, service: FakeService, qtbot: QtBot, here_bytes: int = 0) -> None:
    press(dialog, Step.LOOK_UP)
    (request,) = service.of_kind("describe")
    request.send(ModelDescribed(1, make_listing(here_bytes=here_bytes)))
    qtbot.waitUntil(lambda: Step.DOWNLOAD in dialog.sheet.buttons)


def download(dialog: ModelDialog, service: FakeService, qtbot: QtBot) -> FakePending:
    look_up(dialog, service, qtbot)
    press(dialog, Step.DOWNLOAD)
    request = service.of_kind("pull")[-1]
    request.send(ModelDescribed(2, make_listing()))
    request.send(Progress(2, 1_200_000_000, 3_100_002_000, "model.safetensors"))
    qtbot.waitUntil(lambda: "1.2 GB of 3.1 GB · model.safetensors" in texts(dialog))
    return request


def test_facts_stand_there_before_anything_is_fetched(dialog: ModelDialog, service: FakeService) -> None:
    assert {TITLE, MODEL, "apache-2.0", "about 2.6 GB", "Memory in int8", "2.1 GB", "5.2 GB"} <= set(texts(dialog))
    assert service.of_kind("describe") == []
    assert service.of_kind("pull") == []
    assert list(dialog.sheet.buttons) == [Step.LOOK_UP]


def test_a_model_of_unknown_size_says_so(dialog: ModelDialog, qtbot: QtBot) -> None:
    dialog.show_model("guozonghao96/llava-uhd-144-13b")
    qtbot.waitUntil(lambda: texts(dialog).count("the hub says when it is looked up") == 2)
    assert texts(dialog).count("not known") == 4


def test_the_hub_says_size_and_licence_and_then_it_can_be_fetched(
    dialog: ModelDialog, service: FakeService, qtbot: QtBot
) -> None:
    look_up(dialog, service, qtbot)
    assert {"3.1 GB in 2 files", "apache-2.0", "Ready to download."} <= set(texts(dialog))
    assert dialog.sheet.buttons[Step.DOWNLOAD].text() == "Download 3.1 GB"
    press(dialog, Step.DOWNLOAD)
    assert service.of_kind("pull")[0].text == f"{MODEL}@{'1' * 40}"


def test_a_download_shows_its_progress_and_ends_in_the_list_of_readers(
    dialog: ModelDialog, service: FakeService, window: MainWindow, qtbot: QtBot
) -> None:
    request = download(dialog, service, qtbot)
    assert dialog.list.currentItem().text() == f"{TITLE} · 39 %"
    assert dialog.sheet.bar.isVisibleTo(dialog)
    install_model()
    request.send(ModelPulled(2, MODEL, "1" * 40, str(folder_of(MODEL))))
    qtbot.waitUntil(lambda: window.toolbar.reader_box.findData(MODEL) >= 0)
    qtbot.waitUntil(lambda: Step.USE in dialog.sheet.buttons)
    assert window.toolbar.reader_box.currentText() == "Cascade"
    (said,) = window.frame.messages.texts
    assert said.startswith("MiniCPM-V 4.6 is installed. The cascade answers from now on")
    press(dialog, Step.USE)
    assert window.toolbar.reader_box.currentText() == TITLE


def test_a_cancelled_download_can_be_gone_on_with(dialog: ModelDialog, service: FakeService, qtbot: QtBot) -> None:
    request = download(dialog, service, qtbot)
    press(dialog, Step.CANCEL)
    assert request.cancelled
    assert dialog.sheet.buttons[Step.DOWNLOAD].text() == "Go on, 1.9 GB left"
    assert "1.2 GB of 3.1 GB are here already." in texts(dialog)
    press(dialog, Step.DOWNLOAD)
    assert len(service.of_kind("pull")) == 2


def test_what_an_earlier_download_left_is_known_after_a_restart(
    dialog: ModelDialog, service: FakeService, qtbot: QtBot
) -> None:
    look_up(dialog, service, qtbot, here_bytes=1_200_000_000)
    assert dialog.sheet.buttons[Step.DOWNLOAD].text() == "Go on, 1.9 GB left"


def test_an_error_is_one_line_and_it_can_be_tried_again(
    dialog: ModelDialog, service: FakeService, qtbot: QtBot
) -> None:
    request = download(dialog, service, qtbot)
    request.fail(ErrorInfo("download", "The hub cannot be reached.", "Try again later."))
    qtbot.waitUntil(lambda: "The hub cannot be reached. Try again later." in texts(dialog))
    assert list(dialog.sheet.buttons) == [Step.DOWNLOAD]


def test_a_hub_that_does_not_answer_is_one_line(dialog: ModelDialog, service: FakeService, qtbot: QtBot) -> None:
    press(dialog, Step.LOOK_UP)
    assert "Asking the hub …" in texts(dialog)
    service.of_kind("describe")[0].fail(ErrorInfo("download", "The hub cannot be reached.", "Try again later."))
    qtbot.waitUntil(lambda: "The hub cannot be reached. Try again later." in texts(dialog))
    assert list(dialog.sheet.buttons) == [Step.LOOK_UP]


def test_a_download_goes_on_while_the_dialog_is_closed(
    dialog: ModelDialog, service: FakeService, window: MainWindow, qtbot: QtBot
) -> None:
    request = download(dialog, service, qtbot)
    with qtbot.waitSignal(dialog.destroyed):
        dialog.close()
    assert not request.cancelled
    assert "MiniCPM-V 4.6: 39 %" in status_texts(window)
    request.fail(ErrorInfo("output", "The disk is full.", "Free some space."))
    qtbot.waitUntil(lambda: f"{TITLE}: The disk is full. Free some space." in window.frame.messages.texts)
    assert "MiniCPM-V 4.6: 39 %" not in status_texts(window)
    window.actions_by_key["get-model"].trigger()
    (again,) = window.findChildren(ModelDialog)
    again.show_model(MODEL)
    assert "The disk is full. Free some space." in texts(again)


def test_a_download_ends_with_the_window(
    dialog: ModelDialog, service: FakeService, window: MainWindow, qtbot: QtBot
) -> None:
    request = download(dialog, service, qtbot)
    window.close()
    assert request.cancelled


def test_only_one_download_runs_at_a_time(dialog: ModelDialog, service: FakeService, qtbot: QtBot) -> None:
    download(dialog, service, qtbot)
    dialog.show_model("openbmb/MiniCPM-OCR-1.0")
    assert "Wait until MiniCPM-V 4.6 is here, or cancel that." in texts(dialog)
    assert list(dialog.sheet.buttons) == []


def test_another_model_of_the_hub_can_be_named(dialog: ModelDialog, service: FakeService, qtbot: QtBot) -> None:
    dialog.other.setText("no such form")
    qtbot.keyClick(dialog.other, Qt.Key.Key_Return)
    assert "“no such form” is no hub id: that is owner/model." in texts(dialog)
    dialog.other.setText("someone/their-model")
    qtbot.keyClick(dialog.other, Qt.Key.Key_Return)
    assert dialog.shown == "someone/their-model"
    press(dialog, Step.LOOK_UP)
    assert service.of_kind("describe")[0].text == "someone/their-model"


def test_removing_asks_once_more_and_takes_it_off_the_list_of_readers(
    dialog: ModelDialog, window: MainWindow, qtbot: QtBot
) -> None:
    install_model()
    window.bench.shelf.refresh()
    qtbot.waitUntil(lambda: Step.REMOVE in dialog.sheet.buttons)
    assert "Installed." in texts(dialog)
    press(dialog, Step.REMOVE)
    assert dialog.sheet.buttons[Step.REMOVE].text() == "Really remove it?"
    assert folder_of(MODEL).exists()
    press(dialog, Step.REMOVE)
    qtbot.waitUntil(lambda: window.toolbar.reader_box.findData(MODEL) < 0)
    assert not folder_of(MODEL).exists()
    assert window.toolbar.reader_box.currentText() == "Embedded"


def test_an_installed_model_says_what_it_needs_here(
    dialog: ModelDialog, service: FakeService, window: MainWindow, qtbot: QtBot
) -> None:
    install_model()
    window.bench.shelf.refresh()
    qtbot.waitUntil(lambda: len(service.of_kind("advise")) == 1)
    request = service.of_kind("advise")[0]
    assert request.text == MODEL
    request.send(ModelAdvised(3, MODEL, make_advice()))
    qtbot.waitUntil(lambda: "2.5 GB on CPU, recommended" in texts(dialog))
    assert "9.0 GB on CPU, 1.0 GB more than is free" in texts(dialog)
    assert "nf4 is for NVIDIA GPUs." in texts(dialog)
    assert "int8 needs 2.5 GB and is the fastest on this CPU (AVX2)." in texts(dialog)


def test_advice_that_cannot_be_had_is_one_line_and_not_asked_for_again(
    dialog: ModelDialog, service: FakeService, window: MainWindow, qtbot: QtBot
) -> None:
    install_model()
    window.bench.shelf.refresh()
    qtbot.waitUntil(lambda: len(service.of_kind("advise")) == 1)
    service.of_kind("advise")[0].fail(ErrorInfo("checkpoint", "The configuration names no model.", "Get it again."))
    said = "MiniCPM-V 4.6 cannot be used: The configuration names no model. Get it again. Embedded is selected."
    qtbot.waitUntil(lambda: said in window.frame.messages.texts)
    assert window.toolbar.reader_box.currentText() == "Embedded"
    dialog.show_model("openbmb/MiniCPM-OCR-1.0")
    dialog.show_model(MODEL)
    assert len(service.of_kind("advise")) == 1


def test_a_model_that_lost_files_can_be_got_again(
    dialog: ModelDialog, service: FakeService, window: MainWindow, qtbot: QtBot
) -> None:
    install_model()
    (folder_of(MODEL) / "model.safetensors").unlink()
    window.bench.shelf.refresh()
    qtbot.waitUntil(lambda: Step.REMOVE in dialog.sheet.buttons)
    assert dialog.sheet.buttons[Step.LOOK_UP].text() == "Get it again …"
    look_up(dialog, service, qtbot)
    press(dialog, Step.DOWNLOAD)
    assert len(service.of_kind("pull")) == 1


def write_checkpoint(folder: Path) -> Path:
    """A folder that passes for a model of ours: a configuration and an empty safetensors file."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "tessera_uhd"}))
    header = b"{}"
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    return folder


def test_a_model_folder_of_ones_own_is_checked_and_chosen(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    folder = write_checkpoint(tmp_path / "my model")
    window.bench.choosing.import_from(str(folder))
    qtbot.waitUntil(lambda: window.toolbar.reader_box.currentText() == "my model")
    assert window.bench.shelf.choice().name == str(folder)
    assert "my model answers from now on." in window.frame.messages.texts


def test_a_folder_that_is_no_model_is_one_line_and_changes_nothing(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    window.bench.choosing.import_from(str(tmp_path))
    qtbot.waitUntil(lambda: bool(window.frame.messages.texts))
    (said,) = window.frame.messages.texts
    assert "has no config.json" in said
    assert "\n" not in said
    assert window.toolbar.reader_box.currentText() == "Embedded"


def test_a_refused_folder_is_explained_in_the_dialog_too(
    dialog: ModelDialog, window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    window.bench.choosing.import_from(str(tmp_path))
    qtbot.waitUntil(lambda: any("has no config.json" in text for text in texts(dialog)))


def test_an_own_folder_is_only_taken_off_the_list(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    folder = write_checkpoint(tmp_path / "mine")
    window.bench.choosing.import_from(str(folder))
    qtbot.waitUntil(lambda: window.toolbar.reader_box.currentText() == "mine")
    window.bench.choosing.show_models(str(folder))
    (dialog,) = window.findChildren(ModelDialog)
    assert dialog.sheet.buttons[Step.REMOVE].text() == "Take off the list"
    press(dialog, Step.REMOVE)
    press(dialog, Step.REMOVE)
    qtbot.waitUntil(lambda: window.toolbar.reader_box.currentText() == "Embedded")
    assert folder.exists()


def test_the_dialog_has_no_button_that_enter_presses(dialog: ModelDialog) -> None:
    assert [each.text() for each in dialog.findChildren(QPushButton) if each.autoDefault() or each.isDefault()] == []
