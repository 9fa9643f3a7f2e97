"""Which kinds of value, which shape of answer and which common field a question's wording asks for."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from engine.readers.embedded.values import Kind
from engine.resources import resource_path

QUESTIONS_FILE = "embedded_questions.toml"


def _loaded() -> dict[str, list[dict[str, Any]]]:
    with resource_path("models", QUESTIONS_FILE).open("rb") as file:
        return tomllib.load(file)


_TABLES = _loaded()

KIND_PATTERNS: tuple[tuple[re.Pattern[str], dict[Kind, float]], ...] = tuple(
    (re.compile(row["pattern"]), {Kind(name): float(weight) for name, weight in row["kinds"].items()})
    for row in _TABLES["kind"]
)
"""Wordings over the folded question, with how strongly each kind is expected (0–1). The first that matches decides."""

SHAPE_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (row["name"], re.compile(row["pattern"])) for row in _TABLES["shape"]
)
"""Wordings whose answer is no single value; the first that matches decides."""

FIELD_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (row["name"], re.compile(row["pattern"])) for row in _TABLES["field"]
)
"""Whole wordings that name a common field; they go before the phrase tables."""
