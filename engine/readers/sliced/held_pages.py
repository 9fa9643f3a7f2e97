"""Pages as a model holds them: the features of their views and the decoder's memory of them, for the last few pages.

Question 2..n about a held page pays for the question alone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from PIL import Image
from torch import Tensor

from engine.documents.types import PageRef
from engine.errors import CancelledError
from engine.evidence.hidden_views import (
    HiddenTogether,
    Replacements,
    ViewReplacements,
    background_of,
    painted_over,
    part_of,
)
from engine.geometry import Size
from engine.readers.protocol import PageSource
from engine.readers.sliced.protocol import Embedder, Prompt, SlicedModel
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.types import Progress, Request
from engine.runtime.decoder import Memory, Stretch
from engine.slicing.plan import SlicePlan, View, ViewKind

KEPT_PAGES = 3


@dataclass(slots=True)
class HeldPage:
    """One page under one plan. `features` are those of the views that were needed so far, by their numbers in the plan,
    `blank` those of blank views, `painted` the overview's with a slice painted over, by the slice's number.

    `memories` are of the page as `fed_as` says it was fed, without and with blank views. What hiding needs is made when
    it is first asked for. `background` is the page's colour, `image` its pixels while a question is being answered.
    """

    page: PageRef
    plan: SlicePlan
    size: Size
    background: tuple[int, int, int]
    features: dict[int, Tensor] = field(default_factory=dict)
    blank: tuple[Tensor, ...] = ()
    painted: dict[int, Tensor] = field(default_factory=dict)
    fed_as: str = ""
    memories: dict[bool, Memory] = field(default_factory=dict)
    image: Image.Image | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Fed:
    """What a question is given of a held page: `plan` holds the views and tokens that are fed, `numbers` says which
    views of the page's own plan they are. `model` puts their features among the words of `prompt`. Equal `feeding`
    of one page means an equal beginning of the prompt."""

    held: HeldPage
    model: Embedder
    plan: SlicePlan
    numbers: tuple[int, ...]
    prompt: Prompt
    feeding: str
    notices: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[Tensor, ...]:
        """The page's own, per view that is fed."""
        return tuple(self.held.features[number] for number in self.numbers)

    @property
    def blank(self) -> tuple[Tensor, ...]:
        """Those of blank views."""
        return tuple(self.held.blank[number] for number in self.numbers)


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

    def open(self, page: PageRef, policy: str) -> HeldPage:
        """The page as held, cut by its plan now where it is not yet. Raises PlanRefusedError, CancelledError."""
        key = (page.document.sha256, page.index, page.orientation, page.native, policy)
        if key not in self._held:
            self.pause()
            image = self._image(page)
            plan = self._model.plan_image(image, policy)
            self._held[key] = HeldPage(page, plan, plan.page, background_of(image), image=image)
        self._held.move_to_end(key)
        while len(self._held) > KEPT_PAGES:
            self._held.popitem(last=False)
        return self._held[key]

    def encode(self, request: Request, held: HeldPage, numbers: Sequence[int], title: str) -> Generator[Progress]:
        """Sees to the features of these views. `title` begins what progress says. Raises what models raise."""
        plan = held.plan
        missing = [number for number in numbers if number not in held.features]
        if not missing:
            return
        cut = self._model.cut(self._image_of(held), plan)
        slices = _slice_numbers(plan)
        if self._model.slices_encoder is not None and set(missing) & set(slices):
            yield Progress(request.id, 0, len(missing), f"{title}{len(slices)} slices together")
            self.pause()
            held.features.update(zip(slices, self._together(request, plan, cut), strict=True))
            missing = [number for number in missing if number not in held.features]
        for count, number in enumerate(missing):
            view = plan.views[number]
            yield Progress(request.id, count, len(missing), title + _named(view, count, len(missing)))
            self.pause()
            held.features[number] = self._features(request, plan, view, cut[number])
        yield Progress(request.id, len(missing), len(missing), title + "Remembering the page")

    def memory(self, fed: Fed, *, blank: bool = False) -> Memory | None:
        """What the decoder remembers of the prompt up to the image's end, with the page's features or with blank ones;
        None for prompts that share nothing between questions."""
        if fed.prompt.page_length == 0:
            return None
        self.pause()
        held = fed.held
        if held.fed_as != fed.feeding:
            held.fed_as = fed.feeding
            held.memories.clear()
        if blank not in held.memories:
            features = fed.blank if blank else fed.features
            whole = Stretch(fed.model.embed(fed.plan, fed.prompt, features), fed.prompt.positions)
            held.memories[blank] = self._model.decoder.remember(part_of(whole, 0, fed.prompt.page_length))
        return held.memories[blank]

    def prepare_blank(self, request: Request, held: HeldPage) -> None:
        """Fills in `blank`. Views of equal size share one blank view, encoded once."""
        if held.blank:
            return
        plan = held.plan
        cut = self._model.cut(_paper(held), plan)
        together: dict[int, Tensor] = {}
        if self._model.slices_encoder is not None and plan.slices:
            together = dict(zip(_slice_numbers(plan), self._together(request, plan, cut), strict=True))
        held.blank = tuple(
            together[number] if number in together else self._features(request, plan, view, cut[number])
            for number, view in enumerate(plan.views)
        )

    def replacements(self, request: Request, fed: Fed) -> Generator[Progress, None, Replacements]:
        """What hidden views are replaced by; `prepare_blank` came before. Where slices see each other in the tower,
        all of them are encoded again for each that is hidden, with its pixels blank: slower, as progress says."""
        held = fed.held
        hidden = [number for number in fed.numbers if held.plan.views[number].kind is ViewKind.SLICE]
        yield from self._paint(request, held, hidden)
        painted = tuple(held.painted[number] for number in hidden)
        encoder = self._model.slices_encoder
        if encoder is None:
            return ViewReplacements(fed.blank, painted)
        own, paper = (self._model.cut(image, held.plan) for image in (self._image_of(held), _paper(held)))
        slices = _slice_numbers(held.plan)

        def without(place: int) -> tuple[Tensor, ...]:
            self.pause()
            left_out = fed.numbers[place]
            return encoder(held.plan, [(paper if number == left_out else own)[number] for number in slices])

        return HiddenTogether(painted, without)

    def release_images(self) -> None:
        """Let go of the pixels of all pages; they are fetched again where hiding needs them."""
        for held in self._held.values():
            held.image = None

    def _paint(self, request: Request, held: HeldPage, hidden: Sequence[int]) -> Generator[Progress]:
        overview = held.plan.views.index(held.plan.overview)
        for count, number in enumerate(hidden):
            if number in held.painted:
                continue
            yield Progress(request.id, count, len(hidden), f"Hiding slice {count + 1} of {len(hidden)} in the overview")
            self.pause()
            painted = painted_over(self._image_of(held), held.plan.views[number].rect, held.background)
            cut = self._model.cut(painted, held.plan)
            held.painted[number] = self._features(request, held.plan, held.plan.overview, cut[overview])

    def _features(self, request: Request, plan: SlicePlan, view: View, pixels: Tensor) -> Tensor:
        return self._cache.features(self._model, plan, view, pixels, on_disk=request.keep_on_disk)

    def _together(self, request: Request, plan: SlicePlan, cut: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Per slice, row-major, its features where slices see each other in the tower."""
        pixels = [cut[number] for number in _slice_numbers(plan)]
        return self._cache.joined_features(self._model, plan, pixels, on_disk=request.keep_on_disk)

    def _image_of(self, held: HeldPage) -> Image.Image:
        return held.image if held.image is not None else self._image(held.page)

    def _image(self, page: PageRef) -> Image.Image:
        given = self._pages.image(page)
        return Image.frombytes("RGB", (given.size.width, given.size.height), given.data.tobytes())


def _paper(held: HeldPage) -> Image.Image:
    return Image.new("RGB", (held.size.width, held.size.height), held.background)


def _slice_numbers(plan: SlicePlan) -> list[int]:
    """The numbers of the slices among the views, in the order of `plan.slices`."""
    return [number for number, view in enumerate(plan.views) if view.kind is ViewKind.SLICE]


def _named(view: View, number: int, views: int) -> str:
    return f"Slice {number + 1} of {views}" if view.kind is ViewKind.SLICE else f"Overview, {number + 1} of {views}"
