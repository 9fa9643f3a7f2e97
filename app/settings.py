"""Every setting of the window, declared once: key, type, default, label. The file and the dialog follow from it.

A bad value in the file becomes the default and a line in the log; keys of a newer Tessera are kept.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, Signal

from engine.errors import SettingsError
from engine.files import write_private
from engine.paths import config_dir

log = logging.getLogger(__name__)

T = TypeVar("T", bool, int, float, str)

FILE_NAME = "settings.json"
VERSION = 1
CONTEXT = "Settings"


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One setting. `choices` are (value, label); numbers have a range and a unit; `group` is the page of the dialog.

    A setting without a label is not in the dialog: the window changes it by other means.
    """

    key: str
    default: T
    label: str = ""
    help: str = ""
    group: str = ""
    choices: tuple[tuple[T, str], ...] = ()
    minimum: float = 0
    maximum: float = 0
    unit: str = ""

    def accepts(self, value: object) -> bool:
        """Whether `value` has this setting's type and lies among its choices or in its range."""
        kind = type(self.default)
        if kind is float:
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
        elif type(value) is not kind:
            return False
        if self.choices:
            return any(value == choice for choice, _label in self.choices)
        if self.maximum > self.minimum and isinstance(value, int | float):
            return self.minimum <= value <= self.maximum
        return True


_LOOK = "Look"
_READING = "Reading"
_MODELS = "Models"
_EXPERIMENTAL = "Experimental"
_PRIVACY = "Privacy"

THEME = Setting(
    "theme",
    "system",
    "Theme",
    "Light or dark, or as the system says.",
    _LOOK,
    (
        ("system", "As the system"),
        ("light", "Light"),
        ("dark", "Dark"),
    ),
)
REDUCED_MOTION = Setting(
    "reduced_motion",
    False,
    "Reduce motion",
    "Nothing pulses and nothing scrolls by itself.",
    _LOOK,
)
DIM_REST = Setting(
    "dim_rest",
    True,
    "Dim the page around the evidence",
    "",
    _LOOK,
)
GRID_VISIBLE = Setting("grid_visible", True)
POLICY = Setting("policy", "minicpm-v-16x")
GEOMETRY = Setting("geometry", "")
"""Qt's own, in base64."""
COLUMN_WIDTHS = Setting("column_widths", "")
"""Logical px of the three columns, by commas; 0 for a hidden one."""
READER_INTRODUCED = Setting("reader_introduced", False)
VECTOR_DPI = Setting(
    "vector_dpi",
    150.0,
    "Resolution of vector pages",
    "Pages without a covering image are read at this resolution. Takes effect on restart.",
    _READING,
    minimum=72,
    maximum=600,
    unit="dpi",
)
READ_AHEAD = Setting(
    "read_ahead",
    True,
    "Read pages in the background",
    "Words of open documents are read one page after the other, the nearest first.",
    _READING,
)
BUDGET_S = Setting(
    "budget_s",
    0,
    "Time for an answer",
    "After this long the answer is given from the pages read so far. 0 waits for all pages.",
    _READING,
    minimum=0,
    maximum=3600,
    unit="s",
)
READER = Setting("reader", "")
"""The reader that was chosen, as in `ReaderChoice.name`; empty while the user has chosen none."""
MODEL = Setting("model", "")
"""The model that was chosen last: the one that the cascade asks."""
PRECISION = Setting(
    "precision",
    "auto",
    "Precision of models",
    "How a model's weights are held. Automatic is what Tessera recommends for this machine.",
    _MODELS,
    (
        ("auto", "Automatic"),
        ("int8", "int8, 8-bit integers"),
        ("int4", "int4, answers written with 4-bit weights (CPU)"),
        ("fp32", "fp32, full"),
        ("bf16", "bf16, half"),
        ("nf4", "nf4, 4-bit (CUDA)"),
    ),
)
CONTRIBUTIONS = Setting(
    "contributions",
    True,
    "Measure what each slice contributes to a model's answer",
    "Slices are hidden in turn after the answer. Without it there is only a preview of where the model looked.",
    _MODELS,
)
MAX_TOKENS = Setting(
    "max_tokens",
    48,
    "Longest answer of a model",
    "",
    _MODELS,
    minimum=8,
    maximum=1024,
    unit="tokens",
)
CASCADE_SLICES = Setting(
    "cascade_slices",
    0,
    "Most slices that the cascade reads of a page",
    "0 leaves it to the slicing policy.",
    _MODELS,
    minimum=0,
    maximum=64,
    unit="slices",
)
BEST_SLICES = Setting(
    "best_slices",
    0,
    "Slices that a model reads of a page",
    "Those that the question is about, by the words on them, beside the overview. 0 reads all.",
    _EXPERIMENTAL,
    minimum=0,
    maximum=64,
    unit="slices",
)
KEEP_TOKENS = Setting(
    "keep_tokens",
    100,
    "Visual tokens that a model is given of each slice",
    "No model was trained to do with fewer than all.",
    _EXPERIMENTAL,
    minimum=1,
    maximum=100,
    unit="%",
)
KEEP_BY = Setting(
    "keep_by",
    "question",
    "Tokens that stay",
    "",
    _EXPERIMENTAL,
    (
        ("question", "Those most like the question"),
        ("norm", "Those with the longest vectors"),
        ("uniform", "Every so many-th"),
    ),
)
TOP_P = Setting(
    "top_p",
    0,
    "SliME's γ",
    "The probability of the visual tokens that a question keeps of all slices; 100 keeps them all. 0 leaves it to the "
    "model.",
    _EXPERIMENTAL,
    minimum=0,
    maximum=100,
    unit="%",
)
CUDA_HINT_SEEN = Setting("cuda_hint_seen", False)
RESTORE_SESSION = Setting(
    "restore_session",
    True,
    "Restore documents and answers on the next start",
    "",
    _PRIVACY,
)
KEEP_PROTECTED = Setting(
    "keep_protected",
    False,
    "Also keep what was read of password-protected documents",
    "Answers and, from the next start on, words are then stored unencrypted in your folders. Passwords never are.",
    _PRIVACY,
)

SETTINGS: tuple[Setting[Any], ...] = (
    THEME,
    REDUCED_MOTION,
    DIM_REST,
    GRID_VISIBLE,
    POLICY,
    GEOMETRY,
    COLUMN_WIDTHS,
    READER_INTRODUCED,
    VECTOR_DPI,
    READ_AHEAD,
    BUDGET_S,
    READER,
    MODEL,
    PRECISION,
    CONTRIBUTIONS,
    MAX_TOKENS,
    CASCADE_SLICES,
    BEST_SLICES,
    KEEP_TOKENS,
    KEEP_BY,
    TOP_P,
    CUDA_HINT_SEEN,
    RESTORE_SESSION,
    KEEP_PROTECTED,
)


class Settings(QObject):
    """The values, loaded from and saved to the configuration folder."""

    changed = Signal(str)
    """The key of the setting that has a new value."""

    def __init__(self, parent: QObject | None = None, folder: Path | None = None) -> None:
        super().__init__(parent)
        self._path = (folder or config_dir()) / FILE_NAME
        self._stored: dict[str, Any] = self._load()

    def get(self, setting: Setting[T]) -> T:
        value = self._stored.get(setting.key, setting.default)
        if not setting.accepts(value):
            return setting.default
        # A whole number in the file is a fine value of a setting that is a float.
        return type(setting.default)(value)

    def set(self, setting: Setting[T], value: T) -> None:
        """Take the value and save it. Raises SettingsError for one that the setting does not accept."""
        if not setting.accepts(value):
            raise SettingsError(f"“{value}” is not a value of the setting {setting.key}.")
        if value == self.get(setting):
            return
        self._stored[setting.key] = value
        self._save()
        self.changed.emit(setting.key)

    def _load(self) -> dict[str, Any]:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("The settings cannot be read, defaults are used: %s", error)
            return {}
        if not isinstance(stored, dict):
            log.warning("The settings file holds no settings, defaults are used")
            return {}
        for setting in SETTINGS:
            if setting.key in stored and not setting.accepts(stored[setting.key]):
                log.warning("The setting %s has no usable value, its default is used", setting.key)
        return stored

    def _save(self) -> None:
        # Small enough to be written on the GUI thread: a setting must not be lost when the window closes next.
        try:
            write_private(self._path, json.dumps({"version": VERSION, **self._stored}, indent=1))
        except OSError as error:
            log.warning("The settings cannot be saved: %s", error)
