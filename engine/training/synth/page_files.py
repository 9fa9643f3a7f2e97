"""Page files: pages written as text with blanks to fill, each a family of documents. The grammar:

    {kind:args.name}   a blank: a freshly drawn value (see `blanks`), remembered by its name; {name} prints it again
    [a|b|c]            one of several wordings
    two blanks         part the cells of a line; neighbouring lines of as many cells share columns; _ is an empty cell
    >  ^  #  ~         before a cell: flush right, centred on the page, large, small
    "                  before a line: running text, wrapped
    ?                  before a line: left out now and then; what is asked about it then has no answer
    *                  before lines: repeated a few times with new values; `name@` in a question is one of them

Below a line `-----` stand the questions as in hand-made pages: `question | answer || other wording`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from engine.training.synth import values as v
from engine.training.synth.blanks import Blanks
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_FOLDER = Path(__file__).with_name("pages")
_RULE = "\n-----\n"
_OMITTED, _REPEATS, _ROWS_ASKED = 0.3, (2, 6), 2
_MARGIN, _COLUMNS = 30.0, 92
_BLANK = re.compile(r"\{(\w+)(?::([^{}]*?))?(?:\.(\w+))?\}")
_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_CELL = re.compile(r"\S+(?: \S+)*")
_FONTS = ("helv", "helv", "tiro", "cour")


@dataclass(frozen=True, slots=True)
class PageFile:
    """A page file's language, lines, and (question, accepted answers) as written."""

    language: str
    lines: tuple[str, ...]
    asked: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(slots=True)
class _Cell:
    """A cell to print: its column in the file, its looks, its words each with the name of its blank, or ""."""

    column: int
    look: str
    words: list[tuple[str, str]]
    style: TextStyle
    wide: float
    left: float = 0.0

    @property
    def text(self) -> str:
        return " ".join(word for word, _ in self.words)


@dataclass(slots=True)
class _Row:
    """A printed line: its cells; none for an empty line. `prose` rows are wrapped."""

    cells: list[_Cell]
    prose: bool = False


@dataclass(slots=True)
class _Printed:
    """Where each named value stands, by name, first printing only, and how many repetitions were printed."""

    spans: dict[str, Span] = field(default_factory=dict)
    repeated: int = 0


@cache
def page_files() -> dict[str, PageFile]:
    """Every page file by its name."""
    return {path.stem: _read(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.txt"))}


def _read(text: str) -> PageFile:
    head, _, body = text.partition("\n")
    page, _, questions = body.partition(_RULE)
    asked = []
    for line in questions.strip().split("\n"):
        question, _, answers = line.partition(" |")
        asked.append((question.strip(), tuple(a.strip() for a in answers.split("||") if a.strip())))
    return PageFile(head.strip(), tuple(page.split("\n")), tuple(asked))


def written(rng: random.Random, file: PageFile) -> Draft:
    """One page of a page file with its blanks filled, in a face, size and spacing of its own."""
    loc = v.draw_locale(rng, file.language)
    style = TextStyle(rng.choice(_FONTS), rng.uniform(7.5, 11))
    canvas = Canvas(3000, 6000, rng, style)
    draft = Draft(canvas, rng, loc, closed=True)
    blanks, printed = Blanks(rng, loc), _Printed()
    rows = [_row(canvas, text, number, blanks) for text, number in _chosen(rng, file.lines, printed)]
    width = _set_columns(rows, style.size * rng.uniform(0.42, 0.58))
    height = _print(canvas, rows, width, printed)
    canvas.width, canvas.height = width + 2 * _MARGIN, height + rng.uniform(10, 60)
    _ask(draft, file, blanks, printed)
    return draft


def _chosen(rng: random.Random, lines: Sequence[str], printed: _Printed) -> Iterator[tuple[str, int | None]]:
    """The lines of this page: optional ones drawn, repeated ones repeated as groups, with the repetition's number."""
    group: list[str] = []
    for text in (*lines, ""):
        if text.startswith("*"):
            group.append(text[1:])
            continue
        for _ in range(rng.randint(*_REPEATS) if group else 0):
            printed.repeated += 1
            yield from ((one, printed.repeated) for one in group)
        group = []
        if not text.startswith("?"):
            yield text, None
        elif rng.random() >= _OMITTED:
            yield text[1:], None


def _row(canvas: Canvas, text: str, repetition: int | None, blanks: Blanks) -> _Row:
    if text.startswith('"'):
        return _Row([_Cell(0, "", _filled(text[1:], repetition, blanks), canvas.style, 0.0)], prose=True)
    text = chosen_wording(blanks.rng, text)
    cells = []
    for found in _CELL.finditer(text):
        look = found.group()[: len(found.group()) - len(found.group().lstrip(">^#~"))]
        style = canvas.style
        if "#" in look:
            style = canvas.styled(size=canvas.style.size * 1.35, bold=True)
        elif "~" in look:
            style = canvas.styled(size=canvas.style.size * 0.8)
        raw = found.group()[len(look) :]
        words = _filled(raw, repetition, blanks) if raw != "_" else []
        cell = _Cell(found.start(), look, words, style, 0.0)
        cell.wide = canvas.width_of(cell.text, style)
        cells.append(cell)
    return _Row(cells)


def _set_columns(rows: Sequence[_Row], unit: float) -> float:
    """Give every cell its left edge, from the margin; the width of all. Lines of as many cells share their columns."""
    width = 30 * unit
    for group in _groups(rows):
        reached = 0.0
        for cells in zip(*(row.cells for row in group), strict=True):
            left = max(min(cell.column for cell in cells) * unit, reached)
            wide = max(cell.wide for cell in cells)
            for cell in cells:
                cell.left = left + (wide - cell.wide if ">" in cell.look else 0.0)
            reached = left + wide + 1.6 * cells[0].style.size
        width = max(width, reached - 1.6 * group[0].cells[0].style.size)
    for row in rows:
        last = row.cells[-1] if row.cells else None
        if last is not None and ">" in last.look:
            last.left = width - last.wide
        elif last is not None and "^" in last.look:
            last.left = (width - last.wide) / 2
    return width


def _groups(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """Rows between empty lines by how many cells they have; rows of one cell each for itself."""
    block: dict[int, list[_Row]] = {}
    for row in (*rows, _Row([])):
        if not row.cells:
            yield from block.values()
            block = {}
        elif len(row.cells) == 1:
            yield [row]
        else:
            block.setdefault(len(row.cells), []).append(row)


def _print(canvas: Canvas, rows: Sequence[_Row], width: float, printed: _Printed) -> float:
    """Print all rows; the baseline after the last."""
    rng, size = canvas.rng, canvas.style.size
    y, lead = rng.uniform(24, 60), size * rng.uniform(1.2, 1.7)
    for row in rows:
        if not row.cells:
            canvas.new_block()
            y += 0.7 * lead
        elif row.prose:
            y = _paragraph(canvas, (y, lead, width), row.cells[0], printed)
        else:
            for cell in row.cells:
                span = canvas.write(_MARGIN + cell.left, y, cell.text, cell.style)
                _remember(printed, span, [name for _, name in cell.words])
            y += max(lead, 1.25 * max(cell.style.size for cell in row.cells))
    return y


def _filled(raw: str, repetition: int | None, blanks: Blanks) -> list[tuple[str, str]]:
    """The words of a text with its blanks filled, each with the name of the blank it came from, or ""."""
    raw = chosen_wording(blanks.rng, raw)
    words: list[tuple[str, str]] = []
    at, open_word = 0, False
    for found in (*_BLANK.finditer(raw), None):
        literal = raw[at : found.start()] if found else raw[at:]
        open_word = _extend(words, literal, "", open_word)
        if found is not None:
            kind, args, name = found.groups()
            shown, known = blanks.fill(kind, args or "", name or "", repetition)
            open_word = _extend(words, shown, known, open_word)
            at = found.end()
    return words


def _extend(words: list[tuple[str, str]], text: str, name: str, open_word: bool) -> bool:
    """Append text to the words, its first part to the last word if that is open; whether the last word stays open."""
    parts = text.split()
    if not parts:
        return open_word and not text
    if open_word and words and not text[0].isspace():
        last, owner = words.pop()
        words.append((last + parts.pop(0), owner or name))
    words.extend((part, name) for part in parts)
    return not text[-1].isspace()


def chosen_wording(rng: random.Random, text: str) -> str:
    """`text` with each `[a|b]` replaced by one of its wordings, inner ones first."""
    while found := _CHOICE.search(text):
        text = text[: found.start()] + rng.choice(found.group(1).split("|")) + text[found.end() :]
    return text


def _paragraph(canvas: Canvas, place: tuple[float, float, float], cell: _Cell, printed: _Printed) -> float:
    y, lead, width = place
    start, words = 0, cell.words
    names = {name for _, name in words} - printed.spans.keys()
    while start < len(words):
        end = start + 1
        while end < len(words) and canvas.width_of(" ".join(w for w, _ in words[start : end + 1])) <= width:
            end += 1
        span = canvas.write(_MARGIN, y, " ".join(w for w, _ in words[start:end]))
        for word, (_, name) in zip(span.words, words[start:end], strict=True):
            if name in names and name:
                known = printed.spans.get(name, Span(span.page, ()))
                printed.spans[name] = known + Span(span.page, (word,))
        y, start = y + lead, end
    return y


def _remember(printed: _Printed, span: Span, names: Sequence[str]) -> None:
    """Note the words of each value that is printed for the first time."""
    fresh = {name for name in names if name} - printed.spans.keys()
    for word, name in zip(span.words, names, strict=True):
        if name in fresh:
            known = printed.spans.get(name, Span(span.page, ()))
            printed.spans[name] = known + Span(span.page, (word,))


def _ask(draft: Draft, file: PageFile, blanks: Blanks, printed: _Printed) -> None:
    rng = draft.rng
    for question, answers in file.asked:
        repeated = "@" in question
        rows = rng.sample(range(1, printed.repeated + 1), min(_ROWS_ASKED, printed.repeated)) if repeated else [0]
        for row in rows:
            own = tuple(answer.replace("@}", f"_{row}}}") for answer in answers)
            _ask_once(draft, (question.replace("@}", f"_{row}}}"), own), blanks, printed)


def _ask_once(draft: Draft, asked: tuple[str, tuple[str, ...]], blanks: Blanks, printed: _Printed) -> None:
    text = blanks.said(chosen_wording(draft.rng, asked[0]))
    if text is None:
        return
    printed_answers = [answer for answer in asked[1] if blanks.said(answer) is not None]
    if not printed_answers:
        draft.absent.append((text, next((kind for words, kind in _ASKED_KINDS if words.search(text)), "text")))
        return
    names = [found.group(1) for found in _BLANK.finditer(printed_answers[0])]
    spans = [printed.spans[name] for name in names if name in printed.spans]
    said = [str(blanks.said(answer)) for answer in printed_answers]
    span = _whole(draft.canvas, spans, said[0])
    accepted = dict.fromkeys(form for value in said for form in v.accepted(value, draft.loc))
    draft.facts.append(Fact("", tuple(accepted), span, "", "label", blanks.kind(names[0]), (text,)))


_ASKED_KINDS = (
    (re.compile(r"^(when|on which da)|date|born", re.IGNORECASE), "date"),
    (re.compile(r"^who|name of|whom", re.IGNORECASE), "person"),
    (re.compile(r"how many", re.IGNORECASE), "number"),
    (re.compile(r"\b(number|code|IBAN|reference|no\.|Nummer|numéro)|nummer", re.IGNORECASE), "code"),
    (
        re.compile(r"how much|price|total|amount|fee|cost|discount|tip|income|profit|rent|salary", re.IGNORECASE),
        "amount",
    ),
)
"""What kind of value a question for something absent asks for."""


def _whole(canvas: Canvas, spans: Sequence[Span], answer: str) -> Span:
    """The words of the blanks of an answer, with the words printed between and beside them that belong to it."""
    span = spans[0]
    for other in spans[1:]:
        span = span + other
    wanted = [_bare(word) for word in answer.split()]
    for start in range(max(span.words[0] - len(wanted) + 1, 0), span.words[0] + 1):
        window = Span(span.page, tuple(range(start, start + len(wanted))))
        if canvas.holds(window) and [_bare(word) for word in canvas.text_of(window).split()] == wanted:
            return window
    return span


def _bare(word: str) -> str:
    return word.strip(".,:;()")
