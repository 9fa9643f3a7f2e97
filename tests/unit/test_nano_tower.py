"""The recogniser of the wheel, converted to torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from engine.errors import CheckpointError
from engine.ocr.models import RECOGNISER_FILE, model_folder
from engine.uhd.onnx_tower import read_graph
from engine.uhd.strip_tower import RECOGNISER_SHA256, read_strips, recogniser
from engine.uhd.symbols import SYMBOLS, codes, symbol_ids

LINE = "Total 1,204.50 EUR"


@pytest.fixture(scope="module")
def line() -> np.ndarray:
    """[1, 3, 48, 304] RGB in 0–1."""
    image = Image.new("RGB", (304, 48), "white")
    ImageDraw.Draw(image).text((6, 6), LINE, "black", ImageFont.load_default(30))
    return np.asarray(image, dtype=np.float32).transpose(2, 0, 1)[None] / 255


def test_torch_and_onnxruntime_agree(line: np.ndarray) -> None:
    given = np.ascontiguousarray(line[:, ::-1] * 2 - 1)
    session = onnxruntime.InferenceSession(str(model_folder() / RECOGNISER_FILE), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {session.get_inputs()[0].name: given})
    with torch.no_grad():
        found = recogniser()(torch.from_numpy(given)).numpy()
    assert np.abs(found - expected).max() < 1e-4


def test_a_line_is_read_with_the_symbols_alone(line: np.ndarray) -> None:
    probabilities = read_strips(torch.from_numpy(line))[0]
    assert probabilities.shape[1] == len(SYMBOLS) + 2
    best = torch.unique_consecutive(probabilities.argmax(1)).tolist()
    assert "".join((SYMBOLS + " ")[number - 1] for number in best if number) == LINE


def test_another_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(b"not the network")
    with pytest.raises(CheckpointError, match="not the one"):
        read_graph(other, RECOGNISER_SHA256)


def test_codes_tell_all_symbols_apart() -> None:
    table = codes()[1:]
    nearest = torch.cdist(table, table) + 9 * torch.eye(len(table))
    assert float(nearest.min()) > 0.5
    assert symbol_ids("é€ \N{SNOWMAN}") == [SYMBOLS.index("é") + 1, SYMBOLS.index("€") + 1]
