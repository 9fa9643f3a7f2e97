"""The bundled OCR networks: finds them in the rapidocr wheel, loads them once, runs them on BGR arrays.

Owns the promise that nothing is fetched and nothing is resized behind the caller's back: model files are named by
path (rapidocr only opens a connection when it has to look for one), and the detector gets images whose sides are
already multiples of 32, so that its own resize is the identity. Imports rapidocr only when a model is needed.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import TesseraError

DETECTOR_FILE = "PP-OCRv6_det_small.onnx"
RECOGNISER_FILE = "PP-OCRv6_rec_small.onnx"
CLASSIFIER_FILE = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"
MODEL_NAME = "PP-OCRv6-small"
SIDE_STEP = 32
"""The detector halves its input five times; its sides must be multiples of this many pixels."""

MAX_LINES = 4000
"""Outlines the detector may return per image; rapidocr's 1000 cuts dense pages off at the top."""

Image = NDArray[np.uint8]
"""H x W x 3, BGR: the order the networks were trained on."""

Quad = NDArray[np.float32]
"""4 x 2 corners in pixels: upper left, upper right, lower right, lower left, as the detector sees them."""


class OcrModelMissingError(TesseraError):
    code = "ocr-model-missing"
    default_hint = "Install rapidocr again; its package carries the models and nothing is downloaded."


@dataclass(frozen=True, slots=True)
class LineReading:
    """One recognised line. `centres` and `confidences` have one entry per character that is not a space.

    `centres` are shares (0–1) of the crop's width: where the network fired for that character.
    """

    text: str
    confidence: float
    centres: tuple[float, ...]
    confidences: tuple[float, ...]


def model_folder() -> Path:
    """The folder of the bundled model files. Raises OcrModelMissingError."""
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise OcrModelMissingError("The OCR package rapidocr is not installed.")
    return Path(spec.origin).parent / "models"


def model_version() -> str:
    """Names what reads, for cache keys and reports: package version and model family."""
    try:
        return f"rapidocr-{metadata.version('rapidocr')}/{MODEL_NAME}"
    except metadata.PackageNotFoundError as error:
        raise OcrModelMissingError("The OCR package rapidocr is not installed.") from error


class OcrModels:
    """Detector, recogniser and direction classifier; each loads on first use (about 0.8 s together)."""

    def __init__(self, threads: int = 2, folder: Path | None = None) -> None:
        self._threads = threads
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: dict[str, Any] = {}

    def detect(self, image: Image) -> list[Quad]:
        """Text outlines in `image`, whose sides must be multiples of `SIDE_STEP`; unordered."""
        height, width = image.shape[:2]
        if height % SIDE_STEP or width % SIDE_STEP:
            raise ValueError(f"the detector takes multiples of {SIDE_STEP}, not {width} x {height}")
        found = self._network("det")(image)
        return [] if found.boxes is None else [np.asarray(box, dtype=np.float32) for box in found.boxes]

    def recognise(self, crops: list[Image]) -> list[LineReading]:
        """What stands in each crop of one upright line, in the order given."""
        if not crops:
            return []
        from rapidocr.ch_ppocr_rec import TextRecInput

        result = self._network("rec")(TextRecInput(img=crops, return_word_box=True))
        return [
            _reading(text, score, info)
            for text, score, info in zip(result.txts, result.scores, result.word_results, strict=True)
        ]

    def upside_down(self, crops: list[Image]) -> list[float]:
        """For each line crop the classifier's probability (0–1) that it stands on its head."""
        if not crops:
            return []
        answers = self._network("cls")(crops).cls_res
        return [float(score) if label == "180" else 1.0 - float(score) for label, score in answers]

    def _network(self, kind: str) -> Any:
        with self._lock:
            if kind not in self._loaded:
                self._loaded[kind] = self._load(kind)
            return self._loaded[kind]

    def _load(self, kind: str) -> Any:
        folder = self._folder or model_folder()
        file = {"det": DETECTOR_FILE, "rec": RECOGNISER_FILE, "cls": CLASSIFIER_FILE}[kind]
        path = folder / file
        if not path.is_file():
            raise OcrModelMissingError(f"The OCR model {file} is missing from {folder}.")
        configuration = _configuration(self._threads)
        section = configuration[kind.capitalize()]
        section.engine_cfg = configuration.EngineConfig.onnxruntime
        section.model_path = str(path)
        section.font_path = None
        return _network_class(kind)(section)


def _configuration(threads: int) -> Any:
    import rapidocr
    from rapidocr.utils.log import logger as rapidocr_logger
    from rapidocr.utils.parse_parameters import ParseParams

    rapidocr_logger.setLevel(logging.ERROR)
    configuration = ParseParams.load(Path(rapidocr.__file__).parent / "config.yaml")
    onnx = configuration.EngineConfig.onnxruntime
    onnx.intra_op_num_threads = min(threads, os.cpu_count() or 1)
    onnx.inter_op_num_threads = 1
    configuration.Det.limit_type = "min"
    configuration.Det.limit_side_len = SIDE_STEP
    configuration.Det.max_candidates = MAX_LINES
    return configuration


def _network_class(kind: str) -> Any:
    match kind:
        case "det":
            from rapidocr.ch_ppocr_det import TextDetector

            return TextDetector
        case "rec":
            from rapidocr.ch_ppocr_rec import TextRecognizer

            return TextRecognizer
        case _:
            from rapidocr.ch_ppocr_cls import TextClassifier

            return TextClassifier


def _reading(text: str, score: float, info: Any) -> LineReading:
    columns = [column for word in info.word_cols for column in word]
    confidences = [float(value) for character, value in zip(text, info.confs, strict=False) if not character.isspace()]
    length = float(info.line_txt_len) or 1.0
    centres = tuple(min((column + 0.5) / length, 1.0) for column in columns)
    return LineReading(text, float(score), centres, tuple(confidences))
