"""What a trained Tessera-nano reaches on drawn pages: answers that are exactly right, and whether it points rightly.

Pages are of families that training never saw, set in typefaces that the tower's makers did not choose for it, drawn
clean at 150 dpi and read as the reader reads them: plan, views, strips, visual tokens, text.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image
from torch import Tensor

from engine.bench.scores import is_exact
from engine.evidence.hidden_views import Asked, HiddenViews, ViewReplacements, background_of, painted_over
from engine.geometry import PageRect, PixelRect
from engine.readers.sliced.protocol import Prompt
from engine.runtime.decoder import Stretch
from engine.slicing.plan import SlicePlan, View
from engine.slicing.policies import DEFAULT_POLICY
from engine.training.synth.draw import draw_images, draw_pdf
from engine.training.synth.fonts import FontSet
from engine.training.synth.generate import HELD_OUT_FAMILIES, make_document
from engine.training.synth.types import SyntheticQuestion
from engine.training.synth.typeset import set_document

if TYPE_CHECKING:
    from engine.readers.uhd import UhdSlicedModel

DPI = 150
FIELD_KINDS = frozenset({"label", "bare", "table", "position"})
FIELD_VALUES = frozenset(
    {"amount", "date", "code", "number", "percent", "time", "phone", "email", "person", "company", "city", "url"}
)
"""What counts as a field: a short value of a type, asked for by its label, its row or its place."""
MAX_TOKENS = 96
ABSENT = "not found"
HELD_SHARE = 0.25
"""A slice holds an answer where this share of the answer's box lies in it."""


@dataclass(frozen=True, slots=True)
class Asking:
    """One question as it went. `field` tells typed short values from the rest; `pointed` is None where it was not
    measured: whether the slice with the largest contribution holds the answer."""

    family: str
    page: int
    question: str
    accepted: tuple[str, ...]
    given: str
    exact: bool
    field: bool
    present: bool
    logprob: float
    pointed: bool | None


@dataclass(frozen=True, slots=True)
class SeenPage:
    """A drawn page as the model holds it."""

    image: Image.Image
    plan: SlicePlan
    features: tuple[Tensor, ...]
    replacements: ViewReplacements | None


def ask_pages(
    model: UhdSlicedModel, seed: int, pages: int, fonts: FontSet, *, families: Sequence[str] = HELD_OUT_FAMILIES,
    pointing: int = 2,
) -> Iterator[Asking]:  # fmt: skip
    """The first page of each of `pages` documents of `seed`, families in turn; of each page `pointing` right answers
    have their contributions measured."""
    for number in range(pages):
        family = families[number % len(families)]
        rng = random.Random(f"nano-evaluation/{seed}/{number}")
        drawn = set_document(make_document(seed, number, family, noise=0.0), fonts, rng)
        document = drawn.document
        page = see(model, draw_images(draw_pdf(document, drawn.font_of), DPI)[0].convert("RGB"), hide=pointing > 0)
        left = pointing
        for question in document.questions:
            if question.page:
                continue
            asking = _ask(model, page, family, number, question, measure=left > 0)
            left -= asking.pointed is not None
            yield asking


def see(model: UhdSlicedModel, image: Image.Image, *, hide: bool) -> SeenPage:
    """A page image encoded; with `hide` also what its views are replaced by when they are hidden."""
    plan = model.plan_image(image, model.policy_for(DEFAULT_POLICY))
    features = _encoded(model, plan, image)
    if not hide or not plan.slices:
        return SeenPage(image, plan, features, None)
    paper = background_of(image)
    blank = _encoded(model, plan, Image.new("RGB", image.size, paper))
    overview = plan.views.index(plan.overview)
    painted = tuple(
        model.encode(plan.overview, model.cut(painted_over(image, view.rect, paper), plan)[overview])
        for view in plan.slices
    )
    return SeenPage(image, plan, features, ViewReplacements(blank, painted))


def _encoded(model: UhdSlicedModel, plan: SlicePlan, image: Image.Image) -> tuple[Tensor, ...]:
    return tuple(model.encode(view, pixels) for view, pixels in zip(plan.views, model.cut(image, plan), strict=True))


def _ask(
    model: UhdSlicedModel, page: SeenPage, family: str, number: int, question: SyntheticQuestion, *, measure: bool
) -> Asking:  # fmt: skip
    prompt = model.prompt(page.plan, question.question)
    part = Stretch(model.embed(page.plan, prompt, page.features), prompt.positions)
    steps = list(model.decoder.stream(part, None, MAX_TOKENS, model.stop))
    given = model.text([step.token for step in steps])
    exact = is_exact(given, question.answers) if question.present else given == ABSENT
    field = question.kind in FIELD_KINDS and question.value in FIELD_VALUES
    pointed = None
    if measure and exact and question.answer_box is not None and page.replacements is not None:
        answer = tuple(step.token for step in steps if step.token not in model.stop)
        pointed = _points(model, page, prompt, answer, question.answer_box)
    return Asking(
        family, number, question.question, question.answers, given, exact, field, question.present,
        sum(step.logprob for step in steps), pointed,
    )  # fmt: skip


def _points(model: UhdSlicedModel, page: SeenPage, prompt: Prompt, answer: tuple[int, ...], box: PageRect) -> bool:
    """Whether the slice whose hiding takes most from the answer holds it."""
    assert page.replacements is not None
    views = HiddenViews(Asked(model, page.plan, prompt, page.features, answer), page.replacements.blank, None, None)
    falls = list(views.falls(page.replacements, lambda: None))
    top = max(falls, key=lambda fall: float(fall.joint.sum()))
    return holds(top.view, box)


def holds(view: View, box: PageRect) -> bool:
    """Whether a slice holds an answer's box, given in points."""
    scale = DPI / 72
    answer = PixelRect(box.x0 * scale, box.y0 * scale, box.width * scale, box.height * scale)
    width = min(view.rect.right, answer.right) - max(view.rect.x, answer.x)
    height = min(view.rect.bottom, answer.bottom) - max(view.rect.y, answer.y)
    return max(width, 0.0) * max(height, 0.0) >= HELD_SHARE * answer.width * answer.height


def figures(askings: Sequence[Asking]) -> dict[str, dict[str, int]]:
    """Counts of right ones by what was asked: fields, all that is there, what is not there, and pointing."""
    groups = {
        "fields": [one.exact for one in askings if one.present and one.field],
        "present": [one.exact for one in askings if one.present],
        "absent": [one.exact for one in askings if not one.present],
        "pointing": [one.pointed for one in askings if one.pointed is not None],
    }
    return {name: {"right": sum(group), "asked": len(group)} for name, group in groups.items()}
