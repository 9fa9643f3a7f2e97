"""What stands in the margins of many pages whatever they are about: page numbers, codes and dates in corners."""

from __future__ import annotations

from engine.training.synth import values as v
from engine.training.synth.canvas import Align
from engine.training.synth.questions import Draft


def write_margins(draft: Draft) -> None:
    """A page number or code at the foot and a date in the corner, each now and then, where there is room."""
    rng, canvas = draft.rng, draft.canvas
    if rng.random() < 0.3 and canvas.free_below(canvas.height - 34):
        foot: list[tuple[float, Align]] = [
            (canvas.width / 2, "center"),
            (canvas.width - 40, "right"),
            (40, "left"),
        ]
        x, align = rng.choice(foot)
        canvas.new_block()
        if rng.random() < 0.6:
            number = str(rng.randint(1, 240))
            shown = rng.choice(["{}", "{}", "Page {}", "- {} -", "p. {}"]).format(number)
            span = canvas.write(x, canvas.height - 14, shown, align=align)
            draft.say("page_number", number, span)
        else:
            digits = v.digits(rng, rng.randint(7, 10))
            draft.say("bottom_code", digits, canvas.write(x, canvas.height - 14, digits, align=align))
    if rng.random() < 0.15 and canvas.free_above(30):
        day = v.write_date(draft.loc, v.draw_date(rng))
        canvas.new_block()
        draft.say("corner_date", day, canvas.write(canvas.width - 24, 20, day, canvas.styled(size=8), "right"))
        draft.hidden_fields |= {"form_date", "receipt_date", "invoice_date"}
