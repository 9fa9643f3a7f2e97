"""Words of whole pages, read with the bundled models: OCR, righting, text layer, both, cache and cancel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.documents.types import DocumentId, PageRef, PageText, PageWords, Word, WordSource
from engine.errors import CancelledError
from engine.geometry import PageRect, Size, turn_rect
from engine.ocr.cache import WordCache
from engine.ocr.models import OcrModelMissingError, OcrModels
from engine.ocr.page_words import PageWordReader
from engine.ocr.recognizer import Recognizer
from engine.readers.protocol import PageImage

LINES = (
    "Harbour Tea Company Limited",
    "Invoice number HT-2031 dated 14/03/2024",
    "Amount due within thirty days of delivery",
    "Darjeeling first flush, two boxes 1,204.50",
    "Carriage and packing 18.75",
    "Total to pay 1,223.25 EUR",
)
FONT = ImageFont.load_default(size=20)


class Sheet:
    """A page source over one picture, with a text layer of its own and a flag that cancels after some looks at it."""

    def __init__(self, picture: Image.Image, layer: tuple[Word, ...] = (), boxes: tuple[PageRect, ...] = ()) -> None:
        self.picture = picture
        self.layer = layer
        self.boxes = boxes
        self.tilt = 0
        self.images = 0
        self.looks_left = 1_000_000

    def page(self, sha: str = "0" * 64) -> PageRef:
        width, height = self.picture.size
        return PageRef(DocumentId("/a.pdf", sha), 0, "1", width / 2, height / 2, Size(width, height), 144.0)

    def text(self, page: PageRef) -> PageText:
        upright = self.page()
        words = tuple(
            replace(word, box=turn_rect(word.box, (upright.width, upright.height), page.orientation))
            for word in self.layer
        )
        return PageText(page, words, 0.0, self.boxes, self.tilt if page.orientation == 0 else 0)

    def image(self, page: PageRef) -> PageImage:
        self.images += 1
        turned = self.picture.rotate(-page.orientation, expand=True)
        return PageImage(page, Size(*turned.size), memoryview(turned.tobytes()))

    def cancelled(self) -> bool:
        self.looks_left -= 1
        return self.looks_left < 0


def printed(lines: tuple[str, ...] = LINES, size: tuple[int, int] = (620, 480)) -> tuple[Image.Image, list[Word]]:
    """A picture of `lines` and its words with their true boxes, in page units (half pixels)."""
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    words = []
    for i, line in enumerate(lines):
        y, start = 40 + 48 * i, 0
        draw.text((40, y), line, font=FONT, fill="black")
        for token in line.split():
            start = line.index(token, start)
            x0, y0, x1, y1 = draw.textbbox((40 + FONT.getlength(line[:start]), y), token, font=FONT)
            words.append(Word(token, PageRect(x0 / 2, y0 / 2, x1 / 2, y1 / 2), WordSource.TEXT))
            start += len(token)
    return picture, words


@pytest.fixture(scope="module")
def recognizer() -> Iterator[Recognizer]:
    return Recognizer(OcrModels(threads=1))


@pytest.fixture
def cache(tmp_path: Path) -> WordCache:
    return WordCache(tmp_path / "words")


def texts(words: PageWords) -> list[str]:
    return [word.text for word in words.words]


def recall(words: PageWords, gold: list[Word]) -> float:
    wanted = Counter(word.text for word in gold)
    return (wanted & Counter(texts(words))).total() / wanted.total()


def overlap(one: PageRect, other: PageRect) -> float:
    shared = one.intersection(other)
    return shared.area / (one.area + other.area - shared.area) if shared else 0.0


def test_a_scan_is_read_line_by_line_at_native_size(recognizer: Recognizer, cache: WordCache) -> None:
    picture, gold = printed()
    sheet = Sheet(picture)
    words = PageWordReader(sheet, cache, recognizer).words(sheet.page())
    assert recall(words, gold) >= 0.95
    by_line: dict[int, list[str]] = {}
    for word in words.words:
        by_line.setdefault(word.line, []).append(word.text)
    assert " ".join(by_line[1]) == LINES[1]
    overlaps = [max(overlap(word.box, other.box) for other in words.words) for word in gold]
    assert sum(overlaps) / len(overlaps) > 0.75
    assert words.pixels == Size(620, 480)
    assert words.page == sheet.page()
    assert words.notices == ("No usable text layer; read by OCR at 620 x 480 px.",)
    assert all(0.5 < word.confidence <= 1 and word.source is WordSource.OCR for word in words.words)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_lies_wrong_is_righted_and_says_so(turn: int, recognizer: Recognizer, cache: WordCache) -> None:
    picture, gold = printed()
    sheet = Sheet(picture.rotate(turn, expand=True))
    words = PageWordReader(sheet, cache, recognizer).words(sheet.page())
    assert words.page.orientation == turn
    assert words.page.native == Size(620, 480)
    assert recall(words, gold) >= 0.95
    total = next(word for word in words.words if word.text == "1,223.25")
    truth = next(word for word in gold if word.text == "1,223.25")
    assert overlap(total.box, truth.box) > 0.6
    assert f"righted by {turn}°" in words.notices[0]
    known = PageWordReader(sheet, cache, recognizer).known(words.page)
    assert known is not None
    assert known.words == words.words


def test_a_page_with_few_words_is_never_turned(recognizer: Recognizer, cache: WordCache) -> None:
    picture, _ = printed(("Sum 12.50",), (200, 400))
    sheet = Sheet(picture.rotate(180))
    assert PageWordReader(sheet, cache, recognizer).words(sheet.page()).page.orientation == 0


def test_a_strip_wider_than_one_window_is_read_whole(recognizer: Recognizer, cache: WordCache) -> None:
    line = " ".join(f"{name}-{i}" for i in range(10) for name in ("Anchorage", "Bergamot", "Cardamom", "Darjeeling"))
    picture, gold = printed((line,), (5000, 90))
    sheet = Sheet(picture)
    words = PageWordReader(sheet, cache, recognizer).words(sheet.page())
    assert recall(words, gold) >= 0.97
    assert len(words.words) == len(gold)
    assert words.pixels == Size(5000, 90)


def test_a_sane_text_layer_is_used_as_it_is(cache: WordCache) -> None:
    picture, gold = printed()
    ImageDraw.Draw(picture).text((40, 400), "Date:12/03/2018", font=FONT, fill="black")
    glued = Word("Date:12/03/2018", PageRect(20, 200, 95, 210), WordSource.TEXT)
    sheet = Sheet(picture, (*gold, glued))
    words = PageWordReader(sheet, cache).words(sheet.page())
    assert words.pixels is None
    assert words.notices == ()
    assert texts(words) == [*" ".join(LINES).split(), "Date:", "12/03/2018"]
    date = words.words[-1].box
    assert (date.x0, date.x1) == (pytest.approx(45), 95)


def test_a_tilted_text_layer_is_righted(cache: WordCache) -> None:
    picture, gold = printed()
    sheet = Sheet(picture, tuple(gold))
    sheet.tilt = 90
    words = PageWordReader(sheet, cache).words(sheet.page())
    assert words.page == sheet.page().turned(90)
    assert words.notices == ("Page lay on its side; righted by 90°.",)


def test_a_scrambled_text_layer_is_replaced_by_what_is_printed(recognizer: Recognizer, cache: WordCache) -> None:
    picture, gold = printed()
    layer = tuple(replace(word, text="".join(chr(0xF000 + ord(c)) for c in word.text)) for word in gold)
    sheet = Sheet(picture, layer)
    words = PageWordReader(sheet, cache, recognizer).words(sheet.page())
    assert recall(words, gold) >= 0.95
    assert "font without readable letters" in words.notices[0]


def test_text_in_an_image_is_added_to_the_text_layer(recognizer: Recognizer, cache: WordCache) -> None:
    picture, gold = printed()
    footer = PageRect(0, 130, 310, 240)
    layer = tuple(word for word in gold if not footer.contains(word.box.center))
    sheet = Sheet(picture, layer, (footer,))
    words = PageWordReader(sheet, cache, recognizer).words(sheet.page())
    assert recall(words, gold) >= 0.95
    assert len(words.words) == len(gold)
    sources = {word.text: word.source for word in words.words}
    assert (sources["Invoice"], sources["1,223.25"]) == (WordSource.TEXT, WordSource.OCR)
    assert "not in the text layer read by OCR" in words.notices[0]


def test_print_drawn_as_shapes_is_read_beside_the_text_layer(recognizer: Recognizer, cache: WordCache) -> None:
    picture, gold = printed()
    sheet = Sheet(picture, tuple(gold[:4]))
    words = PageWordReader(sheet, cache, recognizer).words(sheet.page())
    assert recall(words, gold) >= 0.95
    assert [word.source for word in words.words[:5]] == [WordSource.TEXT] * 4 + [WordSource.OCR]


def test_a_layer_that_does_not_say_what_is_printed_is_not_believed(recognizer: Recognizer, cache: WordCache) -> None:
    picture, gold = printed()
    other = ("Minutes", "general", "meeting", "members", "present", "voted", "report", "treasurer")
    layer = tuple(replace(word, text=other[i % len(other)]) for i, word in enumerate(gold))
    sheet = Sheet(picture, layer, (PageRect(0, 0, 310, 240),))
    words = PageWordReader(sheet, cache, recognizer).words(sheet.page())
    assert recall(words, gold) >= 0.95
    assert "does not say what is printed" in words.notices[0]


def test_what_was_read_is_known_and_not_read_again(cache: WordCache) -> None:
    picture, gold = printed()
    sheet = Sheet(picture, tuple(gold))
    reader = PageWordReader(sheet, cache)
    assert reader.known(sheet.page()) is None
    words = reader.words(sheet.page())
    sheet.looks_left = 0
    assert reader.words(sheet.page()) == words
    assert PageWordReader(sheet, WordCache(cache.folder)).known(sheet.page()) == words


def test_nothing_of_a_protected_document_reaches_the_disk(cache: WordCache) -> None:
    picture, gold = printed()
    sheet = Sheet(picture, tuple(gold))
    PageWordReader(sheet, cache).words(sheet.page(), keep_on_disk=False)
    assert cache.size() == 0
    assert not cache.folder.exists()


@pytest.mark.parametrize("looks", [0, 1, 2, 3])
def test_a_cancelled_reading_stops_and_leaves_nothing(looks: int, recognizer: Recognizer, cache: WordCache) -> None:
    picture, _ = printed(LINES[:2], (400, 140))
    sheet = Sheet(picture)
    sheet.looks_left = looks
    with pytest.raises(CancelledError):
        PageWordReader(sheet, cache, recognizer).words(sheet.page())
    assert cache.size() == 0


def test_an_empty_page_has_no_words(recognizer: Recognizer, cache: WordCache) -> None:
    sheet = Sheet(Image.new("RGB", (200, 120), "white"))
    assert PageWordReader(sheet, cache, recognizer).words(sheet.page()).words == ()


def test_a_missing_model_is_named_and_never_fetched(tmp_path: Path, cache: WordCache) -> None:
    sheet = Sheet(printed()[0])
    reader = PageWordReader(sheet, cache, Recognizer(OcrModels(folder=tmp_path)))
    with pytest.raises(OcrModelMissingError, match=r"PP-OCRv6_det_small\.onnx"):
        reader.words(sheet.page())
