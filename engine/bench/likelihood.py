"""How likely a sliced model finds given answers to a question about a page: what multiple choice is scored by."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image
from torch import Tensor

from engine.evidence.hidden_views import Asked, part_of, token_logprobs
from engine.readers.sliced.protocol import SlicedModel
from engine.runtime.decoder import Memory, Stretch
from engine.slicing.plan import SlicePlan, ViewKind


class ScoredPage:
    """A page as a model holds it: views encoded once, shared positions remembered once, any question asked after."""

    def __init__(self, model: SlicedModel, image: Image.Image, policy: str) -> None:
        self._model = model
        self.plan = model.plan_image(image, model.policy_for(policy))
        self._features = _features(model, image, self.plan)
        self._memory: Memory | None = None

    def logprobs(self, question: str, answers: Sequence[str]) -> list[float]:
        """Log-probability in nats of each of `answers` after `question`, averaged over its tokens, so that long answers
        are not the less likely ones. Every token is given the true ones before it."""
        prompt = self._model.prompt(self.plan, question)
        if self._memory is None and prompt.page_length:
            whole = Stretch(self._model.embed(self.plan, prompt, self._features), prompt.positions)
            self._memory = self._model.decoder.remember(part_of(whole, 0, prompt.page_length))
        found = []
        for answer in answers:
            tokens = self._model.tokens(answer)
            asked = Asked(self._model, self.plan, prompt, self._features, tokens)
            part = part_of(asked.embedded(self._features), prompt.page_length)
            found.append(float(token_logprobs(self._model.decoder, [part], self._memory, tokens).mean()))
        return found


def _features(model: SlicedModel, image: Image.Image, plan: SlicePlan) -> tuple[Tensor, ...]:
    """[tokens, dim] per view of the plan."""
    cut = model.cut(image, plan)
    together = model.slices_encoder
    if together is None or not plan.slices:
        return tuple(model.encode(view, pixels) for view, pixels in zip(plan.views, cut, strict=True))
    places = [number for number, view in enumerate(plan.views) if view.kind is ViewKind.SLICE]
    slices = dict(zip(places, together(plan, [cut[number] for number in places]), strict=True))
    return tuple(
        slices[number] if number in slices else model.encode(view, cut[number])
        for number, view in enumerate(plan.views)
    )
