"""Leave-one-slice-out by hidden views: what it measures, that sharing prefixes changes nothing, cancelling."""

from __future__ import annotations

import pytest
import torch
from PIL import Image, ImageDraw

from engine.errors import CancelledError
from engine.evidence import hidden_views
from engine.evidence.hidden_views import (
    Asked,
    HiddenViews,
    ViewReplacements,
    background_of,
    painted_over,
    part_of,
    share,
)
from engine.geometry import PixelRect, Size
from engine.readers.sliced.protocol import ModelCard, Prompt
from engine.slicing.grids import page_rect, slice_rects
from engine.slicing.plan import Grid, SlicePlan, View, ViewKind
from tests.unit.sliced_models import PlainDecoder, sliced, tiny_loaded
from tests.unit.uhd_models import one_thread

__all__ = ["one_thread"]

PAGE = Size(40, 60)
GRID = Grid(2, 3)
VOCABULARY = 8
START, ASK, INK = 1, 2, 5
WIDE = Image.effect_mandelbrot((700, 500), (-2, -1.5, 1, 1.5), 60).convert("RGB")


class AddingModel(torch.nn.Module):
    """A language model whose logits are the sum of all embeddings so far: each view's part in them is known."""

    def __init__(self) -> None:
        super().__init__()
        self.words = torch.nn.Embedding.from_pretrained(torch.zeros(VOCABULARY, VOCABULARY))

    def get_input_embeddings(self) -> torch.nn.Module:
        return self.words

    def forward(self, inputs_embeds: torch.Tensor, position_ids: torch.Tensor, logits_to_keep: int) -> object:
        return type("Output", (), {"logits": inputs_embeds.cumsum(1)[:, -logits_to_keep:]})


class InkModel:
    """A sliced model that says how much ink a view has: its one token speaks for the word `INK` by that much."""

    card = ModelCard("ink", "1", "fp32", "cpu")
    stop = frozenset({0})

    def __init__(self) -> None:
        self.decoder = PlainDecoder(AddingModel())

    def plan(self, page: Size, policy: str) -> SlicePlan:
        rects = [(None, None, page_rect(page)), *((*divmod(n, 2), r) for n, r in enumerate(slice_rects(page, GRID)))]
        views = tuple(
            View(ViewKind.OVERVIEW if row is None else ViewKind.SLICE, row, col, rect, Size(20, 20), 1, (n, n + 1))
            for n, (row, col, rect) in enumerate(rects)
        )
        return SlicePlan(policy, page, GRID, views, len(views), len(views))

    def cut(self, image: Image.Image, plan: SlicePlan) -> tuple[torch.Tensor, ...]:
        boxes = [(int(v.rect.x), int(v.rect.y), int(v.rect.right), int(v.rect.bottom)) for v in plan.views]
        parts = [image.convert("L").crop(box) for box in boxes]
        return tuple(torch.tensor(list(part.tobytes()), dtype=torch.float32) for part in parts)

    def encode(self, view: View, pixels: torch.Tensor) -> torch.Tensor:
        features = torch.zeros(1, VOCABULARY)
        features[0, INK] = (255 - pixels).sum() / 255 / 20
        return features

    def prompt(self, plan: SlicePlan, question: str) -> Prompt:
        ids = (START, *[0] * plan.sequence, ASK)
        places = tuple(torch.arange(1 + view.span[0], 1 + view.span[1]) for view in plan.views)
        return Prompt(ids, places, torch.arange(len(ids))[None], 1 + plan.sequence)

    def embed(self, plan: SlicePlan, prompt: Prompt, features: list[torch.Tensor]) -> torch.Tensor:
        embeds = self.decoder.embed(prompt.ids).clone()
        for places, tokens in zip(prompt.places, features, strict=True):
            embeds[places] = tokens
        return embeds


def measured(model, image: Image.Image, answer: tuple[int, ...], question: str = "What is 12 ?"):
    plan = model.plan(Size(*image.size), "llava-uhd-v1")
    prompt = model.prompt(plan, question)
    background = background_of(image)

    def encoded(page: Image.Image) -> tuple[torch.Tensor, ...]:
        return tuple(model.encode(view, pixels) for view, pixels in zip(plan.views, model.cut(page, plan), strict=True))

    overview = plan.views.index(plan.overview)
    blank = encoded(Image.new("RGB", image.size, background))
    painted = tuple(encoded(painted_over(image, view.rect, background))[overview] for view in plan.slices)
    asked = Asked(model, plan, prompt, encoded(image), answer)
    memories = []
    for features in (asked.features, blank):
        page = part_of(asked.embedded(features), 0, prompt.page_length)
        memories.append(model.decoder.remember(page))
    return asked, ViewReplacements(blank, painted), HiddenViews(asked, blank, *memories)


def by_place(falls) -> dict[tuple[int, int], hidden_views.Fall]:
    return {(fall.view.row, fall.view.col): fall for fall in falls}


def test_only_the_slice_with_the_ink_contributes_and_all_of_it_with_its_place_in_the_overview() -> None:
    image = Image.new("RGB", (PAGE.width, PAGE.height), "white")
    ImageDraw.Draw(image).rectangle((24, 24, 33, 33), fill="black")
    _, replacements, views = measured(InkModel(), image, (INK, INK))
    falls = by_place(views.falls(replacements, lambda: None))
    assert views.gain > 0.5
    assert len(falls) == 6
    for place, fall in falls.items():
        if place == (1, 1):
            assert share(fall.joint, views.gain) == pytest.approx(1.0, abs=1e-6)
            assert 0.0 < share(fall.detail, views.gain) < 0.5
            assert fall.joint.shape == (2,)
        else:
            assert torch.equal(fall.joint, torch.zeros(2))
            assert torch.equal(fall.detail, torch.zeros(2))


def test_ink_in_two_slices_is_shared_among_them() -> None:
    image = Image.new("RGB", (PAGE.width, PAGE.height), (250, 240, 230))
    draw = ImageDraw.Draw(image)
    draw.rectangle((4, 4, 7, 7), fill="black")
    draw.rectangle((24, 44, 31, 47), fill="black")
    _, replacements, views = measured(InkModel(), image, (INK,))
    shares = {
        place: share(fall.joint, views.gain)
        for place, fall in by_place(views.falls(replacements, lambda: None)).items()
    }
    assert sorted(shares, key=shares.__getitem__)[-2:] == [(0, 0), (2, 1)]
    assert max(shares[place] for place in shares if place not in {(0, 0), (2, 1)}) < 0.02


@pytest.mark.parametrize("overview_first", [False, True])
@pytest.mark.parametrize("rows", [1, 2, 6, 8])
def test_sharing_prefixes_and_batches_changes_no_fall(
    overview_first: bool, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hidden_views, "CPU_ROWS", rows)
    model = sliced(tiny_loaded(overview_first=overview_first))
    asked, replacements, views = measured(model, WIDE, (101, 102, 109))
    overview = asked.plan.views.index(asked.plan.overview)

    def alone(changes: dict[int, torch.Tensor]) -> torch.Tensor:
        features = [changes.get(number, own) for number, own in enumerate(asked.features)]
        return hidden_views.token_logprobs(model.decoder, [asked.embedded(features)], None, asked.answer)[0]

    full = alone({})
    torch.testing.assert_close(views.full, full, atol=1e-4, rtol=0)
    torch.testing.assert_close(views.hidden, alone(dict(enumerate(replacements.blank))), atol=1e-4, rtol=0)
    falls = list(views.falls(replacements, lambda: None))
    assert [fall.view for fall in falls] == list(asked.plan.slices)
    for number, fall in enumerate(falls):
        place = asked.plan.views.index(fall.view)
        hidden = {place: replacements.blank[place]}
        torch.testing.assert_close(fall.detail, full - alone(hidden), atol=1e-4, rtol=0)
        both = hidden | {overview: replacements.painted[number]}
        torch.testing.assert_close(fall.joint, full - alone(both), atol=1e-4, rtol=0)


@pytest.mark.parametrize("overview_first", [False, True])
def test_what_slices_share_is_read_once(overview_first: bool) -> None:
    model = sliced(tiny_loaded(overview_first=overview_first))
    asked, replacements, views = measured(model, WIDE, (101,))
    before = len(model.decoder.remembered)
    list(views.falls(replacements, lambda: None))
    assert sum(model.decoder.remembered[before:]) <= asked.prompt.page_length


def test_falls_are_bit_repeatable() -> None:
    model = sliced(tiny_loaded())
    runs = []
    for _ in range(2):
        _, replacements, views = measured(model, WIDE, (101, 102))
        runs.append([(fall.detail.tolist(), fall.joint.tolist()) for fall in views.falls(replacements, lambda: None)])
    assert runs[0] == runs[1]


def test_an_unsliced_page_falls_as_its_overview() -> None:
    image = Image.effect_mandelbrot((300, 200), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    _, replacements, views = measured(sliced(tiny_loaded()), image, (101, 102))
    (fall,) = views.falls(replacements, lambda: None)
    assert fall.view.kind is ViewKind.OVERVIEW
    assert float(fall.joint.sum()) == pytest.approx(views.gain)


def test_cancelling_stops_before_the_next_slice() -> None:
    _, replacements, views = measured(sliced(tiny_loaded()), WIDE, (101,))
    calls = 0

    def pause() -> None:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise CancelledError("Cancelled.")

    falls = views.falls(replacements, pause)
    assert [next(falls).view.col for _ in range(2)] == [0, 1]
    with pytest.raises(CancelledError):
        next(falls)


def test_shares_of_an_answer_that_ignores_the_page_stay_small() -> None:
    assert share(torch.tensor([0.01]), 0.001) == pytest.approx(0.02)
    assert share(torch.tensor([0.5, 0.5]), 2.0) == 0.5


def test_the_background_is_the_papers_colour_also_where_something_touches_the_border() -> None:
    image = Image.new("RGB", (200, 300), (240, 230, 220))
    ImageDraw.Draw(image).rectangle((0, 0, 60, 299), fill="black")
    assert background_of(image) == (240, 230, 220)
    assert background_of(Image.new("L", (3, 3), 17)) == (17, 17, 17)


def test_a_rectangle_is_painted_over_to_its_last_touched_pixel() -> None:
    painted = painted_over(Image.new("RGB", (10, 10), "black"), PixelRect(2.5, 0.0, 3.2, 4.0), (255, 255, 255))
    columns = [painted.getpixel((x, 0))[0] for x in range(10)]
    assert columns == [0, 0, 255, 255, 255, 255, 0, 0, 0, 0]
    assert painted.getpixel((3, 4)) == (0, 0, 0)
