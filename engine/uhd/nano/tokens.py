"""What a visual token and a character hold, channel by channel: the language between bridge and language model.

A visual token is a word: the probabilities of its characters times the symbols' codes, slot by slot, and its box in its
view. A character of text has its code in the first slot. So both are embeddings of one width, a page's tokens can be
kept, replaced and hidden like those of any other model, and nothing but them goes from the page to the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from engine.errors import UsageError
from engine.uhd.nano.words import SLOTS, split_word
from engine.uhd.symbols import CODE, SYMBOLS, codes, symbol_ids

LETTERS = SLOTS * CODE
KIND = LETTERS
BOX = slice(LETTERS + 1, LETTERS + 5)
"""Left, top, right and bottom in pixels of the view."""
VIEW = slice(LETTERS + 5, LETTERS + 7)
"""Width and height of the view in pixels."""
SURE = LETTERS + 7
WIDTH = LETTERS + 16
"""Channels of an embedding; the last are not used."""
PIXELS = 0.01
"""Pixels are counted in hundreds."""
TEXT, WORD, EMPTY = 1.0, 2.0, 3.0
"""Kinds: a character of text, a word of the page, a visual token without a word."""

END, SPACE, NEWLINE, UNKNOWN = 0, len(SYMBOLS) + 1, len(SYMBOLS) + 2, len(SYMBOLS) + 3
VOCABULARY = len(SYMBOLS) + 4
"""Ids of text: the end, the symbols, space, newline, and any other character."""

_CERTAIN = 0.25
"""A slot whose code is weaker than this share of a symbol's own holds none."""
_COVERED, _BESIDE = 0.5, 0.5
"""A word of the overview is left out where this share of it was read in a slice, or stands nearer to a word that was
than this share of its height: such are remnants of it."""
_OVERVIEW = -1
_ROW, _TOUCHING = 0.5, 0.2
"""Two slices' words may be one word where they share this much of the lower one's height, and one begins where the
other ends, within this share of it."""


@dataclass(frozen=True, slots=True)
class ReadPrompt:
    """A prompt as the network takes it. `words` [words, SLOTS] and `boxes` [words, 4] in pixels of the sliced page are
    what stands on it, `places` [words] their positions in the sequence; `question` [words, SLOTS]; `answer` the ids
    of the text after the page."""

    words: Tensor
    boxes: Tensor
    places: Tensor
    question: Tensor
    answer: tuple[int, ...]


def text_table() -> Tensor:
    """[VOCABULARY, WIDTH]: the embedding of each id of text."""
    table = torch.zeros(VOCABULARY, WIDTH)
    table[: len(SYMBOLS) + 1, :CODE] = codes()
    table[:, KIND] = TEXT
    # What has no symbol is told apart by its certainty.
    table[SPACE, SURE], table[NEWLINE, SURE], table[UNKNOWN, SURE] = 1.0, 2.0, 3.0
    return table


def word_token(letters: Tensor, box: Sequence[float], view: tuple[int, int], sure: float) -> Tensor:
    """[WIDTH]: a word with `letters` [characters, 1 + symbols] as probabilities by symbol id."""
    token = torch.zeros(WIDTH)
    token[: len(letters) * CODE] = (letters @ codes()).flatten()
    token[KIND], token[SURE] = WORD, sure
    token[BOX] = torch.tensor(box) * PIXELS
    token[VIEW] = torch.tensor(view) * PIXELS
    return token


def empty_token(view: tuple[int, int]) -> Tensor:
    """[WIDTH]: a place of a view that has fewer words than places."""
    token = torch.zeros(WIDTH)
    token[KIND] = EMPTY
    token[VIEW] = torch.tensor(view) * PIXELS
    return token


def letter_ids(tokens: Tensor) -> Tensor:
    """[tokens, SLOTS] symbol ids of `tokens` [tokens, WIDTH]: in each slot the symbol whose code is nearest."""
    slots = tokens[:, :LETTERS].unflatten(-1, (SLOTS, CODE)).float().cpu()
    table = codes()
    found = (slots @ normalize(table[1:], dim=-1).T).argmax(-1) + 1
    strength = slots.norm(dim=-1) / table.norm(dim=-1)[found]
    # A word ends at its first empty slot.
    filled = (strength > _CERTAIN).long().cumprod(-1)
    return found * filled


def text_ids(embeds: Tensor) -> list[int]:
    """The ids of characters of text by their embeddings [length, WIDTH]."""
    symbols = letter_ids(embeds)[:, 0].tolist()
    others = {1: SPACE, 2: NEWLINE, 3: UNKNOWN}
    signs = embeds[:, SURE].round().long().tolist()
    return [symbol or others.get(sign, END) for symbol, sign in zip(symbols, signs, strict=True)]


def text_of(ids: Sequence[int]) -> str:
    """The text of ids; the end and unknown characters are left out."""
    return "".join(f"\0{SYMBOLS} \n"[number] for number in ids if 0 < number < UNKNOWN)


def read_prompt(embeds: Tensor) -> ReadPrompt:
    """The parts of a prompt [length, WIDTH]: the question, the views between their separators, the answer so far.

    Raises UsageError for a prompt without a page.
    """
    kinds = embeds[:, KIND].round()
    visual = torch.nonzero(kinds >= WORD)[:, 0]
    if not len(visual):
        raise UsageError("The prompt shows no page.", "Give the page's visual tokens, a question before them.")
    first, last = int(visual[0]), int(visual[-1])
    boxes, places, views = _on_page(embeds, kinds, first, last)
    words, boxes, places = _mended(letter_ids(embeds[places]), boxes, places, views)
    question = text_of(text_ids(embeds[:first]))
    return ReadPrompt(
        words,
        boxes,
        places,
        question_ids(question),
        tuple(text_ids(embeds[last + 1 :])),
    )


def question_ids(question: str) -> Tensor:
    """[words, SLOTS]: the words of a question; one without a letter in it is one empty word."""
    words = [symbol_ids(piece) for word in question.split() for piece in split_word(word)]
    rows = [(word + [0] * SLOTS)[:SLOTS] for word in words if word]
    return torch.tensor(rows or [[0] * SLOTS])


def _on_page(embeds: Tensor, kinds: Tensor, first: int, last: int) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes on the page, positions and views of its words: views stand in rows that separators end, the overview
    last."""
    starts = [first]
    rows, cols, col = 0, 0, 0
    at: list[tuple[int, int]] = []
    for position in torch.nonzero(kinds[first : last + 1] == TEXT)[:, 0].tolist():
        at.append((rows, col))
        starts.append(first + position + 1)
        col += 1
        if text_ids(embeds[first + position : first + position + 1])[0] == NEWLINE:
            cols, rows, col = max(cols, col), rows + 1, 0
    ends = [start - 1 for start in starts[1:]] + [last + 1]
    boxes: list[Tensor] = []
    places: list[Tensor] = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        own = torch.nonzero(kinds[start:end] == WORD)[:, 0] + start
        width, height = (float(side) for side in embeds[start, VIEW] / PIXELS)
        box = embeds[own][:, BOX].float().cpu() / PIXELS
        if number < len(at):
            row, column = at[number]
            box = box + torch.tensor([column * width, row * height] * 2)
        elif at:
            page = embeds[starts[0], VIEW].float().cpu() / PIXELS * torch.tensor([cols, rows])
            box = box * (page / torch.tensor([width, height])).repeat(2)
            fresh = ~_covered(box, torch.cat(boxes))
            box, own = box[fresh], own[fresh]
        boxes.append(box)
        places.append(own)
    numbers = [*range(len(at)), _OVERVIEW]
    views = torch.cat([torch.full((len(own),), number) for number, own in zip(numbers, places, strict=True)])
    return torch.cat(boxes), torch.cat(places), views


def _mended(words: Tensor, boxes: Tensor, places: Tensor, views: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`words` [words, SLOTS], `boxes` and `places` with each two words that a slice's upright border parted as one, at
    the place of its beginning. Where the slice of one half is hidden, the other stands alone."""
    left, top, right, bottom = boxes.unbind(1)
    height = (bottom - top).clamp(min=1e-3)
    low = torch.minimum(height[:, None], height[None])
    shared = torch.minimum(bottom[:, None], bottom[None]) - torch.maximum(top[:, None], top[None])
    touching = ((left[None] - right[:, None]).abs() < _TOUCHING * low) & (left[None] > left[:, None])
    slices = (views[:, None] != views[None]) & (views[:, None] != _OVERVIEW) & (views[None] != _OVERVIEW)
    parted = touching & (shared > _ROW * low) & slices
    words, boxes, kept = words.clone(), boxes.clone(), torch.ones(len(words), dtype=torch.bool)
    for one, other in torch.nonzero(parted).tolist():
        whole = _joined(*([symbol for symbol in words[half].tolist() if symbol] for half in (one, other)))
        if whole and kept[one] and kept[other]:
            words[one] = torch.tensor(whole + [0] * (SLOTS - len(whole)))
            boxes[one, :2] = torch.minimum(boxes[one, :2], boxes[other, :2])
            boxes[one, 2:] = torch.maximum(boxes[one, 2:], boxes[other, 2:])
            kept[other] = False
    return words[kept], boxes[kept], places[kept]


def _joined(one: list[int], other: list[int]) -> list[int]:
    """The word whose halves are `one` and `other`; none where they are two words, or too long for one."""
    if not one or not other:
        return []
    last, first = SYMBOLS[one[-1] - 1], SYMBOLS[other[0] - 1]
    if last.isalpha() != first.isalpha() or (last.islower() and first.isupper()):
        return []
    # A letter that the border goes through is read on both sides of it.
    whole = one + other[1:] if last == first and last.isalpha() else one + other
    return whole if len(whole) <= SLOTS else []


def _covered(overview: Tensor, slices: Tensor) -> Tensor:
    """[overview words] bool: which of them lie on a word of a slice, or beside it."""
    if not len(overview) or not len(slices):
        return torch.zeros(len(overview), dtype=torch.bool)
    room = _BESIDE * (slices[:, 3:] - slices[:, 1:2])
    slices = slices + torch.cat([-room, torch.zeros_like(room), room, torch.zeros_like(room)], dim=1)
    low = torch.maximum(overview[:, None, :2], slices[None, :, :2])
    high = torch.minimum(overview[:, None, 2:], slices[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(-1).sum(1)
    return shared > _COVERED * (overview[:, 2:] - overview[:, :2]).clamp(min=1e-3).prod(-1)
