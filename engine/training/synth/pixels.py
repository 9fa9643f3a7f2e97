"""Sets of documents as files: PNG pages or PDFs, clean or flawed, with words and questions as JSON lines.

Document k of a set is a pure function of (seed, k) and the options: its bytes do not depend on which others are made,
nor on the process. `qa.jsonl` has a row for every question, `words.jsonl` one for every page of a file, `set.json` the
options and the fonts.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.documents.mupdf import pymupdf
from engine.documents.types import PageWords
from engine.geometry import PageRect
from engine.training.synth.draw import draw_images, draw_pdf
from engine.training.synth.fonts import FontSet
from engine.training.synth.generate import TRAIN_FAMILIES, make_document
from engine.training.synth.pixels_looks import LOOKS, PageImage, plain
from engine.training.synth.types import SyntheticDocument, SyntheticQuestion
from engine.training.synth.typeset import boxes_of_answers, set_document

if TYPE_CHECKING:
    from PIL import Image

CLEAN = "clean"
FORMATS = ("png", "pdf")
_PDF_JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class SetOptions:
    """What a set is made of. Families and looks take turns by k; `looks` are keys of LOOKS, or `clean`."""

    seed: int
    families: tuple[str, ...] = TRAIN_FAMILIES
    looks: tuple[str, ...] = (CLEAN,)
    format: str = "png"
    dpi: float = 150.0


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file of the set, with the rows that belong to it."""

    name: str
    data: bytes
    pages: tuple[dict[str, Any], ...]
    questions: tuple[dict[str, Any], ...]


def make_files(options: SetOptions, k: int, fonts: FontSet) -> tuple[MadeFile, ...]:
    """Document `k` of a set: one PDF, or one PNG for each page.

    Boxes are [x0, y0, x1, y1] in page units of the file: points of a PDF, pixels of a PNG. Raises UsageError for an
    unknown family, and as `FontSet.load` and `set_document`.
    """
    family = options.families[k % len(options.families)]
    look = _look(options, k)
    # Typefaces are drawn apart from flaws: a clean page and a flawed one of the same k are set alike.
    typefaces, flaws = (random.Random(f"{options.seed}/{k}/{family}/{part}") for part in ("typefaces", look))
    drawn = set_document(make_document(options.seed, k, family, noise=0), fonts, typefaces)
    pdf = draw_pdf(drawn.document, drawn.font_of)
    facts = {"family": family, "language": drawn.document.language, "look": look, "typefaces": list(drawn.typefaces)}
    stem = f"{family}-{options.seed}-{k}"
    if options.format == "pdf" and look == CLEAN:
        return (_file(f"{stem}.pdf", pdf, drawn.document, facts),)
    seen = [plain(image, options.dpi) for image in draw_images(pdf, options.dpi)]
    if look != CLEAN:
        seen = [LOOKS[look](page, flaws) for page in seen]
    if options.format == "pdf":
        moved = _as_seen(drawn.document, seen, 72 / options.dpi)
        return (_file(f"{stem}.pdf", _image_pdf(seen), moved, facts),)
    return tuple(_png_files(stem, _as_seen(drawn.document, seen, 1.0), seen, facts))


def write_set(options: SetOptions, numbers: range, out: Path, fonts: FontSet) -> Iterator[tuple[int, int]]:
    """Writes documents `numbers` to the folder `out`; yields (k, questions) after each. Raises OSError and as above."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "set.json").write_text(_dump(_set_facts(options, numbers, fonts)), encoding="utf-8")
    with (
        (out / "qa.jsonl").open("w", encoding="utf-8", newline="\n") as asked,
        (out / "words.jsonl").open("w", encoding="utf-8", newline="\n") as shown,
    ):
        for k in numbers:
            files = make_files(options, k, fonts)
            for file in files:
                (out / file.name).write_bytes(file.data)
                shown.writelines(_dump(row) for row in file.pages)
                asked.writelines(_dump(row) for row in file.questions)
            yield k, sum(len(file.questions) for file in files)


def _look(options: SetOptions, k: int) -> str:
    # Not in step with the families, which take turns too.
    return random.Random(f"{options.seed}/{k}/look").choice(options.looks)


def _set_facts(options: SetOptions, numbers: range, fonts: FontSet) -> dict[str, Any]:
    return {
        "seed": options.seed,
        "first": numbers.start,
        "count": len(numbers),
        "families": list(options.families),
        "looks": list(options.looks),
        "format": options.format,
        "dpi": options.dpi,
        "fonts": {font.name: font.sha256 for font in fonts.fonts.values()},
    }


def _dump(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _as_seen(document: SyntheticDocument, seen: list[PageImage], scale: float) -> SyntheticDocument:
    """The document with its boxes where they stand in the images, times `scale`."""
    boxes = [
        [_scaled(image.box(word.box), scale) for word in page.words]
        for page, image in zip(document.pages, seen, strict=True)
    ]
    pages = tuple(
        replace(
            page,
            page=replace(page.page, width=image.image.width * scale, height=image.image.height * scale),
            words=tuple(replace(word, box=box) for word, box in zip(page.words, moved, strict=True)),
        )
        for page, image, moved in zip(document.pages, seen, boxes, strict=True)
    )
    questions = tuple(
        question
        if question.answer_box is None
        else replace(
            question,
            answer_box=boxes_of_answers(question.answer_box, document.pages[question.page].words, boxes[question.page]),
        )
        for question in document.questions
    )
    return replace(document, pages=pages, questions=questions)


def _scaled(box: PageRect, scale: float) -> PageRect:
    return PageRect(box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale)


def _png_files(
    stem: str, document: SyntheticDocument, seen: list[PageImage], facts: dict[str, Any]
) -> Iterator[MadeFile]:
    for number, image in enumerate(seen):
        name = f"{stem}.png" if len(seen) == 1 else f"{stem}-{number + 1}.png"
        asked = tuple(replace(question, page=0) for question in document.questions if question.page == number)
        page = replace(document, pages=(document.pages[number],), art=(), questions=asked)
        yield _file(name, _png(image.image, image.dpi), page, facts)


def _file(name: str, data: bytes, document: SyntheticDocument, facts: dict[str, Any]) -> MadeFile:
    pages = tuple(_page_row(name, number, page, facts) for number, page in enumerate(document.pages))
    return MadeFile(name, data, pages, tuple(_question_rows(name, document)))


def _page_row(name: str, number: int, page: PageWords, facts: dict[str, Any]) -> dict[str, Any]:
    words = [[word.text, *word.box.as_list()] for word in page.words]
    size = [round(page.page.width, 2), round(page.page.height, 2)]
    return {"file": name, "page": number, "page_size": size, **facts, "words": words}


def _question_rows(name: str, document: SyntheticDocument) -> Iterator[dict[str, Any]]:
    for number, question in enumerate(document.questions):
        yield _question_row(f"{Path(name).stem}-{number}", name, question, document.pages[question.page])


def _question_row(identity: str, name: str, question: SyntheticQuestion, page: PageWords) -> dict[str, Any]:
    return {
        "id": identity,
        "file": name,
        "page": question.page,
        "question": question.question,
        "answers": list(question.answers),
        "answer_box": question.answer_box.as_list() if question.answer_box else None,
        "kind": question.kind,
        "page_size": [round(page.page.width, 2), round(page.page.height, 2)],
        "present": question.present,
    }


def _png(image: Image.Image, dpi: float) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", dpi=(dpi, dpi))
    return buffer.getvalue()


def _image_pdf(seen: list[PageImage]) -> bytes:
    """A PDF of page images without any text, as scanners write it."""
    pdf = pymupdf.open()
    for image in seen:
        buffer = io.BytesIO()
        image.image.save(buffer, "JPEG", quality=_PDF_JPEG_QUALITY)
        page = pdf.new_page(width=image.image.width * 72 / image.dpi, height=image.image.height * 72 / image.dpi)
        page.insert_image(page.rect, stream=buffer.getvalue())
    return bytes(pdf.tobytes(garbage=3, deflate=True, no_new_id=True))
