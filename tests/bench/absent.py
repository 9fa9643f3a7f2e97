"""Chooses questions whose answers are not in a document: asked of it, the right answer is silence.

A question of another document qualifies when none of its answers occurs here and none of the words that make it
particular (its anchors) does. Choice and order depend on the questions and the words alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

MIN_ANCHOR_LETTERS = 4
SAME_WORD = 85.0
# Words that questions about any document share: with these alone a question may well have an answer here.
GENERIC = frozenset(
    re.findall(
        r"\w+",
        """what which when where whose does have this that there with from many much were was the and for how is are
    total amount paid grand receipt invoice date document number company shop store vendor seller name address located
    issued issue made purchase title page printed label size year case registration balance payment terms rate order
    charged who bill billed due welke quelle voor""",
    )
)
TYPES = {
    "date": re.compile(r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{1,2} [A-Za-zé]{3,9}\.? \d{4}\b"),
    "number": re.compile(r"\d[\d,.]*\d|\d"),
    "code": re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[\w/-]{4,}\b"),
    "text": re.compile(r"[^\W\d]{4,}"),
}


@dataclass(frozen=True, slots=True)
class AbsentQuestion:
    """`question` (of another file) asked of `file`; `same_type` when a value of its answer's type stands there."""

    file: str
    question: str
    same_type: bool


def choose_absent(
    rows: Sequence[Mapping[str, object]], texts: Mapping[str, str], per_document: int
) -> list[AbsentQuestion]:
    """Up to `per_document` absent questions for each file of `texts` (file → its words as one string)."""
    chosen: list[AbsentQuestion] = []
    for file, text in sorted(texts.items()):
        lowered = " ".join(text.lower().split())
        fitting = [row for row in rows if row["file"] != file and _is_absent(row, lowered)]
        fitting.sort(key=lambda row: _order(file, str(row["question"])))
        unique = {str(row["question"]): row for row in reversed(fitting)}
        ordered = [row for row in fitting if unique[str(row["question"])] is row]
        chosen += [
            AbsentQuestion(file, str(row["question"]), _has_type(_answers(row)[0], text))
            for row in ordered[:per_document]
        ]
    return chosen


def anchors(question: str) -> list[str]:
    """The words that make a question particular: names, codes, labels that not every document has."""
    words = re.findall(r"[\w/]+", question.lower())
    return [word for word in words if len(word) >= MIN_ANCHOR_LETTERS and word not in GENERIC]


def answer_type(answer: str) -> str:
    """The first type that covers most of `answer`."""
    for name, pattern in TYPES.items():
        covered = sum(len(match.group()) for match in pattern.finditer(answer))
        if covered >= 0.6 * len(answer):
            return name
    return "text"


def _is_absent(row: Mapping[str, object], text: str) -> bool:
    particular = anchors(str(row["question"]))
    if not particular or any(" ".join(answer.lower().split()) in text for answer in _answers(row)):
        return False
    return all(fuzz.partial_ratio(word, text, score_cutoff=SAME_WORD) == 0 for word in particular)


def _has_type(answer: str, text: str) -> bool:
    return TYPES[answer_type(answer)].search(text) is not None


def _answers(row: Mapping[str, object]) -> list[str]:
    answers = row["answers"]
    if not isinstance(answers, list):
        raise TypeError("answers of a row are a list")
    return [str(answer) for answer in answers]


def _order(file: str, question: str) -> str:
    return hashlib.sha256(f"{file}|{question}".encode()).hexdigest()
