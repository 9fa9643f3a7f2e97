"""Running text with facts in it: paragraphs told on a draft's canvas, and their questions."""

from __future__ import annotations

from dataclasses import dataclass

from engine.training.synth import values as v
from engine.training.synth.canvas import Span
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.sentences import Told, fact_names, other_questions, tell
from engine.training.synth.types import TextStyle


@dataclass(frozen=True, slots=True)
class Area:
    """Where a paragraph goes: left edge, first baseline, width."""

    x: float
    y: float
    width: float


def write_prose(
    draft: Draft, area: Area, told: list[Told], *, filler: int = 0, style: TextStyle | None = None
) -> float:
    """One paragraph of the tellings and `filler` empty sentences in random order; the next baseline."""
    rng = draft.rng
    sentences = [t.text for t in told] + [v.sentence(rng) for _ in range(filler)]
    rng.shuffle(sentences)
    text = " ".join(s[0].upper() + s[1:] for s in sentences)
    spans, bottom = draft.canvas.paragraph(area.x, area.y, area.width, text, style)
    for one in told:
        remember(draft, one, spans)
    return bottom


def remember(draft: Draft, told: Told, spans: dict[str, Span]) -> None:
    """Add the facts of a telling that was written with these spans."""
    for mark, asks in told.asks.items():
        value = told.values[mark]
        kind = "yes-no" if value == "yes-no" else "sentence"
        draft.facts.append(Fact("sentence", told.answers[mark], spans[mark], "", kind, value, asks))


def draw_told(draft: Draft, count: int, names: tuple[str, ...] = ()) -> list[Told]:
    """`count` different facts, told; what the document does not tell becomes its unanswerable questions."""
    rng = draft.rng
    chosen = rng.sample(names or fact_names(), min(count, len(names or fact_names())))
    told = [tell(rng, draft.loc, name, name, held=draft.held) for name in chosen]
    printed = draft.canvas.all_text() + " ".join(t.text for t in told)
    draft.absent += other_questions(rng, draft.loc, set(chosen), printed, held=draft.held)
    return told
