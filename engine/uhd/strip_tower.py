"""The text-line network that stands in for CLIP: the recogniser of the installed rapidocr wheel, frozen, in torch.

It is converted when it is first used and never saved: its weights stay in the wheel (Apache-2.0), named by their
sha256. Of its 18,710 classes those of the symbols that Tessera-nano knows are kept.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from engine.errors import CheckpointError
from engine.ocr.models import RECOGNISER_FILE, model_folder
from engine.uhd.onnx_tower import OnnxModule, read_graph
from engine.uhd.symbols import SYMBOLS

RECOGNISER_SHA256 = "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
STRIP_PX = 48
"""The height of a strip; the network was trained on text lines of this height."""
STEP_PX = 8
"""One time step of the network is this many columns wide."""
SPACE = " "


def recogniser() -> OnnxModule:
    """The whole network, from strips [n, 3, 48, width_px] in −1…1 (BGR) to probabilities [n, steps, classes].

    Class 0 is CTC's blank, then the file's characters, then the space. Raises CheckpointError, OcrModelMissingError.
    """
    graph, _ = read_graph(model_folder() / RECOGNISER_FILE, RECOGNISER_SHA256)
    return OnnxModule(graph).eval()


@cache
def strip_network() -> OnnxModule:
    """The network with the classes of blank, `SYMBOLS` and space alone, in this order; shared, because frozen."""
    graph, metadata = read_graph(model_folder() / RECOGNISER_FILE, RECOGNISER_SHA256)
    network = OnnxModule(graph).eval()
    network.keep_classes(torch.tensor(_classes(metadata["character"].split("\n"))))
    return network


def _classes(characters: list[str]) -> list[int]:
    known = {character: number for number, character in enumerate(characters, start=1)}
    lacking = [symbol for symbol in SYMBOLS if symbol not in known]
    if lacking:
        raise CheckpointError(f"The recogniser has no class for {''.join(lacking)}.")
    return [0, *(known[symbol] for symbol in SYMBOLS), len(characters) + 1]


def read_strips(strips: Tensor) -> Tensor:
    """Probabilities [n, steps, 2 + symbols] for strips [n, 3, 48, width_px] of RGB in 0–1: blank first, space last."""
    with torch.no_grad():
        probabilities: Tensor = strip_network()(strips.flip(1) * 2 - 1)
    return probabilities
