"""Pages as a model holds them: the features of their views and the decoder's memory of them, for the last few pages.

Question 2..n about a held page pays for the question alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field

from PIL import Image
from torch import Tensor

from engine.documents.types import PageRef
from engine.errors import CancelledError
from engine.evidence.hidden_views import Replacements, background_of, painted_over, part_of
from engine.geometry import Size
from engine.readers.protocol import PageSource
from engine.readers.sliced.protocol import Prompt, SlicedModel
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.types import Progress, Request
from engine.runtime.decoder import Memory, Stretch
from engine.slicing.plan import SlicePlan, View, ViewKind

KEPT_PAGES = 3


@dataclass(slots=True)
class HeldPage:
    """One page under one plan. `memory` is of the prompt up to the image's end, `blank_memory` of the same with blank
    views; both None for models whose prompt shares nothing between questions. What hiding needs is made when it is
    first asked for. `background` is the page's colour, `image` its pixels while a question is being answered."""

    page: PageRef
    plan: SlicePlan
    size: Size
    background: tuple[int, int, int]
    features: tuple[Tensor, ...]
    memory: Memory | None = None
    blank: tuple[Tensor, ...] = ()
    blank_memory: Memory | None = None
    painted: tuple[Tensor, ...] = ()
    image: Image.Image | None = field(default=None, repr=False)


class HeldPages:
    """The pages that `model` holds. `cancelled` is asked between views."""

    def __init__(
        self, model: SlicedModel, pages: PageSource, cache: VisionCache, cancelled: Callable[[], bool]
    ) -> None:
        self._model = model
        self._pages = pages
        self._cache = cache
        self._cancelled = cancelled
        self._held: OrderedDict[tuple[object, ...], HeldPage] = OrderedDict()

    def pause(self) -> None:
        """Raises CancelledError once the question is cancelled."""
        if self._cancelled():
            raise CancelledError("The question was cancelled.", "")

    def open(self, request: Request, page: PageRef, policy: str, title: str) -> Generator[Progress, None, HeldPage]:
        """The page as held, encoded and remembered now where it is not yet. `title` begins what progress says.

        Raises PlanRefusedError, CancelledError and what models raise."""
        key = (page.document.sha256, page.index, page.orientation, page.native, policy)
        if key not in self._held:
            held = yield from self._read(request, page, policy, title)
            self._held[key] = held
        self._held.move_to_end(key)
        while len(self._held) > KEPT_PAGES:
            self._held.popitem(last=False)
        return self._held[key]

    def prepare_blank(self, request: Request, held: HeldPage, prompt: Prompt) -> None:
        """Fills in `blank` and `blank_memory`. Views of equal size share one blank view, encoded once."""
        if held.blank:
            return
        paper = Image.new("RGB", (held.size.width, held.size.height), held.background)
        cut = self._model.cut(paper, held.plan)
        held.blank = tuple(
            self._features(request, held.plan, view, pixels) for view, pixels in zip(held.plan.views, cut, strict=True)
        )
        held.blank_memory = self._remembered(held.plan, prompt, held.blank)

    def replacements(self, request: Request, held: HeldPage) -> Generator[Progress, None, Replacements]:
        """What hidden views are replaced by; `prepare_blank` came before."""
        if len(held.painted) < len(held.plan.slices):
            image = held.image if held.image is not None else self._image(held.page)
            held.painted = yield from self._painted(request, held, image)
        return Replacements(held.blank, held.painted)

    def release_images(self) -> None:
        """Let go of the pixels of all pages; they are fetched again where hiding needs them."""
        for held in self._held.values():
            held.image = None

    def _read(self, request: Request, page: PageRef, policy: str, title: str) -> Generator[Progress, None, HeldPage]:
        self.pause()
        image = self._image(page)
        plan = self._model.plan_image(image, policy)
        cut = self._model.cut(image, plan)
        features = []
        for number, (view, pixels) in enumerate(zip(plan.views, cut, strict=True)):
            yield Progress(request.id, number, len(plan.views), title + _named(view, number, len(plan.views)))
            self.pause()
            features.append(self._features(request, plan, view, pixels))
        yield Progress(request.id, len(plan.views), len(plan.views), title + "Remembering the page")
        self.pause()
        held = HeldPage(page, plan, plan.page, background_of(image), tuple(features), image=image)
        held.memory = self._remembered(plan, self._model.prompt(plan, request.question), held.features)
        return held

    def _painted(
        self, request: Request, held: HeldPage, image: Image.Image
    ) -> Generator[Progress, None, tuple[Tensor, ...]]:
        overview = held.plan.views.index(held.plan.overview)
        made = []
        for number, view in enumerate(held.plan.slices):
            text = f"Hiding slice {number + 1} of {len(held.plan.slices)} in the overview"
            yield Progress(request.id, number, len(held.plan.slices), text)
            self.pause()
            cut = self._model.cut(painted_over(image, view.rect, held.background), held.plan)
            made.append(self._features(request, held.plan, held.plan.overview, cut[overview]))
        return tuple(made)

    def _features(self, request: Request, plan: SlicePlan, view: View, pixels: Tensor) -> Tensor:
        return self._cache.features(self._model, plan, view, pixels, on_disk=request.keep_on_disk)

    def _remembered(self, plan: SlicePlan, prompt: Prompt, features: Iterable[Tensor]) -> Memory | None:
        if prompt.page_length == 0:
            return None
        whole = Stretch(self._model.embed(plan, prompt, tuple(features)), prompt.positions)
        return self._model.decoder.remember(part_of(whole, 0, prompt.page_length))

    def _image(self, page: PageRef) -> Image.Image:
        given = self._pages.image(page)
        return Image.frombytes("RGB", (given.size.width, given.size.height), given.data.tobytes())


def _named(view: View, number: int, views: int) -> str:
    return f"Slice {number + 1} of {views}" if view.kind is ViewKind.SLICE else f"Overview, {number + 1} of {views}"
