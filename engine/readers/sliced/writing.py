"""What a model wrote about one page: its text, how sure it was of each token, whether it declined to answer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.documents.types import PageWords
from engine.evidence.types import MIN_GAIN_NATS
from engine.readers.sliced.held_pages import Fed
from engine.readers.sliced.protocol import SlicedModel
from engine.readers.types import AnswerStatus
from engine.runtime.decoder import Step

_UNFINISHED = "\ufffd"
"""What a decoder of bytes shows for a character whose last bytes have not come yet."""

_REFUSAL = re.compile(
    r"^\W*(?:unanswerable|unknown|unavailable|no answer|none|nothing|n/?a)\W*$"
    r"|^\W*not (?:found|given|stated|mentioned|specified|provided|available|present|visible|shown|answerable)\b"
    r"|^\W*(?:i(?: am|'m) (?:sorry|unable)|i (?:cannot|can't|do not|don't)|sorry)\b"
    r"|\b(?:cannot|can't|could not|impossible to) (?:be )?(?:answer|determin|find|found|read|see|tell)"
    r"|\b(?:is|are|was) not (?:found|given|stated|mentioned|specified|provided|visible|shown)\b"
    r"|\b(?:does not|doesn't|do not|don't) (?:contain|mention|provide|state|show|specify|include|say)\b",
    re.IGNORECASE,
)
"""How models are trained to say, in English, that a page has no answer."""


@dataclass(frozen=True, slots=True)
class Written:
    """An answer about one page. `tokens` are its own, without the one that ended it, `logprobs` theirs in nats."""

    fed: Fed
    words: PageWords
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    text: str

    @property
    def confidence(self) -> float:
        """The geometric mean of the tokens' probabilities (0–1): uncalibrated. 0 where nothing was written."""
        return math.exp(sum(self.logprobs) / len(self.logprobs)) if self.logprobs else 0.0

    @property
    def declined(self) -> bool:
        """True where the model wrote nothing or said that it has no answer."""
        return not self.text or is_refusal(self.text)


def is_refusal(text: str) -> bool:
    """True where `text` says that there is no answer, as models are trained to say it in English."""
    return _REFUSAL.search(text) is not None


def written(fed: Fed, words: PageWords, steps: Sequence[Step], model: SlicedModel) -> Written:
    """The answer that `steps` spell."""
    own = [step for step in steps if step.token not in model.stop]
    tokens = tuple(step.token for step in own)
    logprobs = tuple(step.logprob for step in own)
    return Written(fed, words, tokens, logprobs, model.text(tokens).strip() if tokens else "")


def fresh_text(before: str, now: str) -> str:
    """What `now` adds to the text streamed so far; nothing while its last character is unfinished or changes."""
    return now[len(before) :] if now.startswith(before) and not now.endswith(_UNFINISHED) else ""


def status_of(gain: float, stands_on_page: bool) -> AnswerStatus:
    """The status of an answer that was not declined: answered only where it depends on the page and stands on it."""
    return AnswerStatus.ANSWERED if gain >= MIN_GAIN_NATS and stands_on_page else AnswerStatus.UNSURE


def word_tokens(model: SlicedModel, tokens: Sequence[int], text: str) -> list[tuple[int, int, list[int]]]:
    """Each word of `text` as (start, end, numbers of the tokens that wrote it): characters [start, end)."""
    whole = model.text(tokens)
    shift = len(whole) - len(whole.lstrip())
    ends = [len(model.text(tokens[:count])) - shift for count in range(len(tokens) + 1)]
    found = []
    for word in re.finditer(r"\S+", text):
        own = [number for number in range(len(tokens)) if ends[number] < word.end() and ends[number + 1] > word.start()]
        found.append((word.start(), word.end(), own))
    return found
