"""Tessera-nano as a reader: strips, visual tokens, answers that stand on the page, slices that are hidden."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from engine.errors import CheckpointError
from engine.evidence.types import EvidenceMethod
from engine.geometry import Size
from engine.kept_files import KeptFiles
from engine.models.checks import check
from engine.readers.sliced.loading import advice_for, load
from engine.readers.sliced.reader import SlicedReader
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.types import Answer, AnswerReady, ReaderChoice, Request
from engine.readers.uhd import UhdSlicedModel
from engine.runtime.precision import Precision, choose
from engine.uhd import checkpoints
from engine.uhd.bridges.base import PatchGrid, ViewFeatures
from engine.uhd.bridges.letters import LettersBridge
from engine.uhd.nano.build import TOKENS_PER_VIEW, assembled, nano_config, nano_tokenizer
from engine.uhd.nano.network import PointingNetwork
from engine.uhd.nano.tokens import (
    EMPTY,
    KIND,
    NEWLINE,
    SPACE,
    WIDTH,
    letter_ids,
    read_prompt,
    text_ids,
    text_of,
    text_table,
    word_token,
)
from engine.uhd.reading import read_view
from engine.uhd.symbols import SYMBOLS, symbol_ids
from engine.uhd.towers import build_tower
from tests.unit.sliced_models import CARD, Desk
from tests.unit.uhd_models import one_thread

__all__ = ["one_thread"]

SIZE = {"width": 32, "num_attention_heads": 2, "num_hidden_layers": 2, "inner": 32}
WORDS = {"Invoice": (20, 30), "1204-77": (120, 30), "Total": (300, 200), "99.50": (390, 200)}


def drawn() -> Image.Image:
    """Two slices beside each other: the number of an invoice on the left one, its total on the right one."""
    page = Image.new("RGB", (520, 260), "white")
    for text, place in WORDS.items():
        ImageDraw.Draw(page).text(place, text, "black", ImageFont.load_default(20))
    return page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(4)
    network = PointingNetwork(32, 2, 2, 32)
    with torch.no_grad():
        # An untrained network should prefer what is there to saying that nothing is.
        network.absent.bias.fill_(-9)
    path = tmp_path_factory.mktemp("nano")
    checkpoints.save(assembled(network, **SIZE), path)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> UhdSlicedModel:
    checked = check(folder)
    loaded = load(folder, checked, CARD, choose(advice_for(folder, checked)))
    assert isinstance(loaded, UhdSlicedModel)
    return loaded


@pytest.fixture(scope="module")
def answer(model: UhdSlicedModel, tmp_path_factory: pytest.TempPathFactory) -> Answer:
    desk = Desk([drawn()])
    cache = VisionCache(KeptFiles(tmp_path_factory.mktemp("views"), ".view", 10**8))
    request = Request(1, "What is the total?", desk.refs, "minicpm-v-16x", ReaderChoice("nano", max_tokens=24))
    ready = list(SlicedReader(model, desk, desk, cache).ask(request))[-1]
    assert isinstance(ready, AnswerReady), ready
    return ready.answer


def test_a_view_is_read_word_by_word() -> None:
    page = torch.frombuffer(bytearray(drawn().tobytes()), dtype=torch.uint8).view(260, 520, 3)
    words = read_view(page.permute(2, 0, 1).float() / 255)
    assert [word.text for word in words] == list(WORDS)
    for word, (left, top) in zip(words, WORDS.values(), strict=True):
        assert abs(word.box[0] - left) < 5
        assert top < word.box[1] < word.box[3] < top + 26


def test_blank_paper_has_no_words() -> None:
    assert read_view(torch.ones(3, 56, 56)) == []


def test_an_answer_is_copied_from_the_page_and_rests_on_its_slice(answer: Answer) -> None:
    assert set(answer.text.split()) <= set(WORDS)
    assert answer.evidence is not None
    assert answer.evidence.method is EvidenceMethod.HIDDEN_VIEWS
    assert len(answer.evidence.contributions) == 2
    best = answer.evidence.contributions[0]
    x, y = WORDS[answer.text.split()[0]]
    assert best.box.x0 <= x + 10 <= best.box.x1
    assert best.box.y0 <= y + 10 <= best.box.y1
    assert best.joint > 0.5


def test_it_runs_in_full_precision_alone(folder: Path) -> None:
    advice = advice_for(folder, check(folder))
    assert advice.recommended is not None
    assert advice.recommended.precision is Precision.FP32
    assert next(one for one in advice.options if one.precision is Precision.INT8).lacking


def test_a_checkpoint_holds_nothing_of_the_tower(folder: Path, model: UhdSlicedModel) -> None:
    names = checkpoints.load(folder).model.state_dict()
    assert all(name.startswith("language_model.network.") for name in names)
    assert model.plan(Size(1240, 1754), "llava-uhd-v1:12").overview.tokens == TOKENS_PER_VIEW


def test_tokens_say_what_was_put_into_them() -> None:
    ids = symbol_ids("Été-7€")
    letters = torch.full((len(ids), 1 + len(SYMBOLS)), 0.2 / len(SYMBOLS))
    letters[range(len(ids)), ids] = 0.8
    token = word_token(letters, (1, 2, 30, 14), (336, 322), 0.9)
    assert [one for one in letter_ids(token[None])[0].tolist() if one] == ids
    written = [*symbol_ids("ab"), SPACE, NEWLINE]
    assert text_ids(text_table()[written]) == written
    assert text_of(written) == "ab \n"


def test_words_lie_on_the_page_as_their_slices_do() -> None:
    """Two slices of 100 × 50 px above each other and the overview, which repeats one of their words."""
    letters = torch.eye(1 + len(SYMBOLS))
    one, two, three = (letters[[symbol_ids(sign)[0]]] for sign in "abc")
    view, seen = (100, 50), ViewFeatures
    bridge, table = LettersBridge(4), text_table()

    def shown(*words: torch.Tensor, size: tuple[int, int] = view) -> torch.Tensor:
        features = torch.stack(words)[None] if words else torch.zeros(1, 0, WIDTH)
        return bridge(seen(features, PatchGrid(1, len(words)), torch.zeros(1, 3, size[1], size[0])))[0]

    parts = [
        table[[*symbol_ids("q"), NEWLINE]],
        shown(word_token(one, (10, 5, 20, 15), view, 1.0)),
        table[[NEWLINE]],
        shown(),
        table[[NEWLINE]],
        shown(
            word_token(two, (5, 2.5, 10, 7.5), (50, 50), 1.0),
            word_token(three, (25, 40, 45, 48), (50, 50), 1.0),
            size=(50, 50),
        ),
        table[symbol_ids("x")],
    ]
    prompt = read_prompt(torch.cat(parts))
    assert [SYMBOLS[word[0] - 1] for word in prompt.words.tolist()] == ["a", "c"]
    assert prompt.boxes.round().tolist() == [[10, 5, 20, 15], [50, 80, 90, 96]]
    assert [SYMBOLS[word[0] - 1] for word in prompt.question.tolist()] == ["q"]
    assert prompt.answer == tuple(symbol_ids("x"))


def test_a_word_that_a_slices_border_parts_is_whole_again_and_its_remnant_in_the_overview_left_out() -> None:
    """Two slices of 100 × 50 px beside each other, and the overview with what it made of the word's beginning."""
    letters, table = torch.eye(1 + len(SYMBOLS)), text_table()

    def word(text: str, box: tuple[float, ...], size: tuple[int, int]) -> torch.Tensor:
        return word_token(letters[symbol_ids(text)], box, size, 1.0)

    slice_size, overview = (100, 50), (100, 25)
    parts = [
        table[[*symbol_ids("q"), NEWLINE]],
        torch.stack([word("Invoi", (70, 20, 99, 30), slice_size), word("Mr", (80, 40, 100, 48), slice_size)]),
        table[symbol_ids(",")],
        torch.stack([word("ice", (0, 21, 15, 29), slice_size), word("Fox", (0, 40, 20, 48), slice_size)]),
        table[[NEWLINE]],
        word("(", (32, 10, 35, 15), overview)[None],
    ]
    prompt = read_prompt(torch.cat(parts))
    read = ["".join(SYMBOLS[symbol - 1] for symbol in row if symbol) for row in prompt.words.tolist()]
    assert read == ["Invoice", "Mr", "Fox"]
    assert prompt.boxes[0].round().tolist() == [70, 20, 115, 30]
    assert len(prompt.places) == len(prompt.boxes) == 3


def test_more_words_than_places_are_left_out_and_fewer_filled_up() -> None:
    words = torch.ones(1, 3, WIDTH)
    views = ViewFeatures(words, PatchGrid(1, 3), torch.zeros(1, 3, 28, 28))
    assert LettersBridge(2)(views).shape == (1, 2, WIDTH)
    assert LettersBridge(5)(views)[0, 3:, KIND].tolist() == [EMPTY, EMPTY]


def test_an_unknown_tower_is_refused() -> None:
    config = nano_config()
    config.tower = "resnet"
    with pytest.raises(CheckpointError, match="resnet"):
        build_tower(config)
    other = nano_config()
    other.vision_config.hidden_size = 8
    with pytest.raises(CheckpointError, match="channels"):
        build_tower(other)


def test_the_tokenizer_writes_back_what_it_read() -> None:
    tokenizer = nano_tokenizer()
    text = "Où est  le n° 12?\n"
    ids = tokenizer(text).input_ids
    assert len(ids) == len(text)
    assert tokenizer.decode(ids) == text
    assert text_of(ids) == text
