"""A view read strip by strip: the characters of each word as probabilities, and the box of its ink."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.ocr.models import LineReading
from engine.ocr.splitting import Piece, split_line
from engine.uhd.nano.words import SLOTS, split_word
from engine.uhd.strip_tower import STRIP_PX, read_strips
from engine.uhd.strips import Strip, batches, find_strips
from engine.uhd.symbols import SYMBOLS

MIN_CONFIDENCE = 0.5
"""Strips that are read with less are texture, not text."""
GREY = 0.5
"""What fills up the shorter strips of a batch: the network's zero."""
_TEXT = SYMBOLS + " "


@dataclass(frozen=True, slots=True)
class SeenWord:
    """A visual token to be: `letters` [characters, 1 + symbols] are probabilities by symbol id, `box` its ink in pixels
    of the view (left, top, right, bottom)."""

    text: str
    letters: Tensor
    box: tuple[float, float, float, float]
    confidence: float


def read_view(pixels: Tensor) -> list[SeenWord]:
    """The words of a view [3, height_px, width_px] of RGB in 0–1, strip by strip from above."""
    rgb = (pixels.permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    strips = find_strips(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY))
    crops = [rgb[strip.top : strip.bottom, strip.left : strip.right] for strip in strips]
    words: list[list[SeenWord]] = [[] for _ in strips]
    for group in batches(strips):
        given = torch.stack([_sized(crops[number], strips[number], strips[group[-1]].width_px) for number in group])
        for number, steps in zip(group, read_strips(given), strict=True):
            width_px = strips[number].width_px
            words[number] = _words(crops[number], strips[number], steps[: -(-width_px * len(steps) // given.shape[-1])])
    return [word for line in words for word in line]


def _sized(crop: NDArray[np.uint8], strip: Strip, width_px: int) -> Tensor:
    """[3, STRIP_PX, width_px]: the crop at the network's height, grey beyond its end."""
    sized = cv2.resize(crop, (strip.width_px, STRIP_PX), interpolation=cv2.INTER_CUBIC)
    made = torch.full((3, STRIP_PX, width_px), GREY)
    made[:, :, : strip.width_px] = torch.from_numpy(sized.astype(np.float32) / 255).permute(2, 0, 1)
    return made


def _words(crop: NDArray[np.uint8], strip: Strip, steps: Tensor) -> list[SeenWord]:
    """CTC's greedy reading: of equal steps that follow each other the surest, blanks left out."""
    best, sure = steps.argmax(1).tolist(), steps.amax(1).tolist()
    fired: list[int] = []
    for at, number in enumerate(best):
        if number and at and number == best[at - 1] and fired:
            fired[-1] = at if sure[at] > sure[fired[-1]] else fired[-1]
        elif number:
            fired.append(at)
    text = "".join(_TEXT[best[at] - 1] for at in fired)
    inked = [at for at in fired if _TEXT[best[at] - 1] != " "]
    if not inked or sum(sure[at] for at in inked) / len(inked) < MIN_CONFIDENCE:
        return []
    confidences = tuple(sure[at] for at in inked)
    reading = LineReading(
        text, sum(confidences) / len(inked), tuple((at + 0.5) / len(best) for at in inked), confidences
    )
    letters = steps[torch.tensor(inked)][:, : 1 + len(SYMBOLS)].clone()
    letters[:, 0] = 0
    seen: list[SeenWord] = []
    done = 0
    for piece in split_line(np.ascontiguousarray(crop[:, :, ::-1]), reading):
        seen += _tokens(piece, letters[done : done + len(piece.text)], strip)
        done += len(piece.text)
    return seen


def _tokens(piece: Piece, letters: Tensor, strip: Strip) -> list[SeenWord]:
    """A word as visual tokens: without the marks around it, which are tokens of their own."""
    width, height = strip.right - strip.left, strip.bottom - strip.top
    made, at = [], 0
    for text in split_word(piece.text):
        share = [piece.left + (piece.right - piece.left) * place / len(piece.text) for place in (at, at + len(text))]
        box = (
            strip.left + share[0] * width,
            strip.top + piece.top * height,
            strip.left + share[1] * width,
            strip.top + piece.bottom * height,
        )
        made.append(SeenWord(text, letters[at : at + len(text)][:SLOTS], box, piece.confidence))
        at += len(text)
    return made
