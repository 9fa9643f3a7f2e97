"""A model that is given part of a page: the best slices, fewer tokens, SliME's γ, slices that see each other."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from engine.errors import TesseraError, UsageError
from engine.evidence.hidden_views import background_of, painted_over, token_logprobs
from engine.evidence.types import MIN_GAIN_NATS
from engine.kept_files import KeptFiles
from engine.readers.opening import Readers
from engine.readers.sliced.choosing import salient, slices_by_similarity
from engine.readers.sliced.reader import SlicedReader
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.types import (
    Answer,
    AnswerReady,
    Event,
    Failed,
    KeepBy,
    Progress,
    ReaderChoice,
    Request,
    Token,
)
from engine.readers.uhd import UhdSlicedModel
from engine.runtime.decoder import Stretch
from engine.slicing.plan import SlicePlan, ViewKind
from engine.uhd.checkpoints import LoadedModel
from engine.uhd.config import HIRES_LLAVA
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from tests.unit.native_models import load_tiny, save_tiny
from tests.unit.sliced_models import Desk, printed, sliced, tiny_loaded
from tests.unit.uhd_models import TINY_VISION, one_thread, tiny_config, tiny_tokenizer

__all__ = ["one_thread"]

QUESTION = "What is the invoice total ?"
POLICY = "llava-uhd-v1"
WIDE = Image.effect_mandelbrot((700, 300), (-2, -1.5, 1, 1.5), 60).convert("RGB")
ON_THE_RIGHT = [printed("filler", 20, 20), printed("invoice", 500, 100), printed("total", 580, 100)]
CHOICE = ReaderChoice("tiny", max_tokens=4)


def ask(model: UhdSlicedModel, desk: Desk, choice: ReaderChoice, **changes: object) -> list[Event]:
    request = replace(Request(7, QUESTION, desk.refs, POLICY, choice, keep_on_disk=False), **changes)
    views = VisionCache(KeptFiles(Path("unused"), ".view", 0))
    return list(SlicedReader(model, desk, desk, views).ask(request))


def answer_of(found: list[Event]) -> Answer:
    assert isinstance(found[-1], AnswerReady), found[-1]
    return found[-1].answer


def plan_of(answer: Answer) -> SlicePlan:
    ((_, plan),) = answer.plans
    return plan


def by_hand(model: UhdSlicedModel, kept: dict[int, torch.Tensor], policy: str = POLICY) -> str:
    """What the model writes when of the whole prompt's positions those of other visual tokens are cut out."""
    plan = model.plan_image(WIDE, policy)
    prompt = model.prompt(plan, QUESTION)
    pixels = model.cut(WIDE, plan)
    features = [model.encode(view, own) for view, own in zip(plan.views, pixels, strict=True)]
    stays = torch.ones(len(prompt.ids), dtype=torch.bool)
    for number, places in enumerate(prompt.places):
        stays[places] = False
        stays[places[kept.get(number, places[:0])]] = True
    embeds = model.embed(plan, prompt, features)[stays]
    steps = list(model.decoder.stream(Stretch(embeds, torch.arange(len(embeds))[None]), None, 4, model.stop))
    return model.text([step.token for step in steps]).strip()


def test_the_best_slice_by_words_is_read_and_the_others_are_left_out_and_named() -> None:
    model = sliced(tiny_loaded())
    found = ask(model, Desk([WIDE], [ON_THE_RIGHT]), replace(CHOICE, best_slices=1))
    answer = answer_of(found)
    whole = model.plan_image(WIDE, POLICY)
    assert len(whole.slices) == 2
    plan = plan_of(answer)
    (only,) = plan.slices
    assert (only.row, only.col, plan.grid) == (0, 1, whole.grid)
    assert (plan.tokens, plan.sequence) == (whole.tokens - only.tokens, whole.sequence - only.tokens)
    assert [(item.row, item.col) for item in answer.evidence.contributions] == [(0, 1)]
    assert answer.notices[0] == "Read 1 of 2 slices, chosen by the words of the question."
    said = [event.text for event in found if isinstance(event, Progress)]
    assert "Slice 1 of 2" in said
    assert not any(text.endswith(" of 3") for text in said)
    everything = {number: torch.arange(whole.views[number].tokens) for number in (1, 2)}
    assert answer.text == by_hand(model, everything)
    assert "".join(event.text for event in found if isinstance(event, Token)).strip() == answer.text


def test_spans_are_where_the_tokens_stand_in_the_shortened_sequence() -> None:
    model = sliced(tiny_loaded())
    answer = answer_of(ask(model, Desk([WIDE]), replace(CHOICE, keep_tokens=0.25, keep_by=KeepBy.UNIFORM)))
    plan, whole = plan_of(answer), model.plan_image(WIDE, POLICY)
    assert [view.tokens for view in plan.views] == [4, 4, 16]
    assert [view.span for view in plan.views] == [(0, 4), (5, 9), (10, 26)]
    assert (plan.tokens, plan.sequence) == (24, whole.sequence - 24)
    assert answer.notices[0] == "Kept 8 of 32 visual tokens of the slices."
    quarter = torch.tensor([2, 6, 10, 14])
    assert answer.text == by_hand(model, {0: quarter, 1: quarter, 2: torch.arange(16)})


def test_where_no_word_of_the_question_is_printed_all_slices_are_read() -> None:
    answer = answer_of(ask(sliced(tiny_loaded()), Desk([WIDE]), replace(CHOICE, best_slices=1)))
    assert len(plan_of(answer).slices) == 2
    assert answer.notices[0] == "Read all 2 slices: no word of the question stands on the page."


def test_as_many_slices_as_there_are_is_the_whole_page() -> None:
    model = sliced(tiny_loaded())
    answers = [answer_of(ask(model, Desk([WIDE]), choice)) for choice in (CHOICE, replace(CHOICE, best_slices=2))]
    assert answers[0].evidence == answers[1].evidence
    assert answers[0].notices == answers[1].notices


@pytest.mark.parametrize("keep_by", [KeepBy.NORM, KeepBy.UNIFORM])
def test_tokens_that_no_question_chooses_are_remembered_between_questions(keep_by: KeepBy) -> None:
    model, desk = sliced(tiny_loaded()), Desk([WIDE])
    reader = SlicedReader(model, desk, desk, VisionCache(KeptFiles(Path("unused"), ".view", 0)))
    choice = replace(CHOICE, keep_tokens=0.5, keep_by=keep_by, contributions=False)
    request = Request(7, QUESTION, desk.refs, POLICY, choice, keep_on_disk=False)
    answer_of(list(reader.ask(request)))
    remembered = len(model.decoder.remembered)
    answer_of(list(reader.ask(replace(request, question="What is 12 ?"))))
    assert len(model.decoder.remembered) == remembered
    whole = answer_of(list(reader.ask(replace(request, reader=replace(choice, keep_tokens=1.0)))))
    assert whole.text == answer_of(ask(model, desk, replace(CHOICE, contributions=False))).text


def test_saliency_keeps_what_it_says() -> None:
    tokens = torch.tensor([[1.0, 0.0], [0.0, 9.0], [3.0, 3.0], [-1.0, 0.0]])
    words = torch.tensor([[1.0, 0.0]])
    assert salient(tokens, words, 0.5, KeepBy.QUESTION).tolist() == [0, 2]
    assert salient(tokens, words, 0.5, KeepBy.NORM).tolist() == [1, 2]
    assert salient(tokens, words, 0.5, KeepBy.UNIFORM).tolist() == [1, 3]
    assert salient(tokens, words, 0.01, KeepBy.NORM).tolist() == [1]
    assert slices_by_similarity([tokens[3:], tokens[1:2], tokens[:1]], words, 2) == (1, 2)


def made(bridge: str, **changes: Any) -> LoadedModel:
    torch.manual_seed(0)
    model = UhdForConditionalGeneration(tiny_config(bridge, **changes)).eval()
    model.get_input_embeddings().weight.mul_(50)
    return LoadedModel(model, UhdProcessor.for_model(model.config, tiny_tokenizer()))


@cache
def slime(top_p: float) -> UhdSlicedModel:
    return sliced(made("slime", vision_config=TINY_VISION | {"num_hidden_layers": 2}, selector_top_p=top_p))


@pytest.mark.parametrize("top_p", [0.3, 0.9])
def test_slimes_gamma_keeps_the_tokens_that_the_model_itself_keeps(top_p: float) -> None:
    model = slime(top_p)
    answer = answer_of(ask(model, Desk([WIDE]), replace(CHOICE, contributions=False), policy="slime"))
    uhd, processor = model._model, model._processor
    inputs = processor(images=WIDE, text=QUESTION)
    features = uhd.image_features(inputs["pixel_values"], inputs["slice_grids"])
    chosen = uhd._selected(inputs["input_ids"], inputs["mm_token_type_ids"], inputs["attention_mask"], features, None)
    left = int((chosen.types == 1).sum())
    assert plan_of(answer).tokens == left
    stay, _, gamma = re.fullmatch(
        r"Kept (\d+) of (\d+) visual tokens of the slices \(γ (.+)\)\.", answer.notices[0]
    ).groups()
    assert (int(stay), float(gamma)) == (left - 576, top_p)
    written = uhd.generate(**inputs, max_new_tokens=4, do_sample=False)[0, chosen.ids.shape[1] :]
    assert answer.text == processor.tokenizer.decode(written, skip_special_tokens=True).strip()


def test_gamma_is_the_users_to_choose() -> None:
    model = slime(0.3)
    whole = answer_of(ask(model, Desk([WIDE]), replace(CHOICE, top_p=1.0, contributions=False), policy="slime"))
    assert plan_of(whole).tokens == model.plan_image(WIDE, "slime").tokens
    assert not any("Kept" in notice for notice in whole.notices)
    less = answer_of(ask(model, Desk([WIDE]), replace(CHOICE, top_p=0.05), policy="slime"))
    assert plan_of(less).tokens < plan_of(whole).tokens
    assert {(item.row, item.col) for item in less.evidence.contributions} == {
        (view.row, view.col) for view in plan_of(less).slices
    }


def test_a_model_that_selects_ranks_slices_by_itself_where_no_word_is_printed() -> None:
    answer = answer_of(ask(slime(0.99), Desk([WIDE]), replace(CHOICE, best_slices=1), policy="slime"))
    assert len(plan_of(answer).slices) == 1
    assert answer.notices[0].endswith("chosen by their likeness to the question.")


@cache
def hires() -> UhdSlicedModel:
    """HiRes-LLaVA in small, its SliceRestore stirred as after training."""
    vision = TINY_VISION | {"image_size": 56, "num_hidden_layers": 4}
    own = HIRES_LLAVA | {"restore_layers": [2, 3], "policy": "hires-llava:4", "queries": 16, "vision_config": vision}
    loaded = made(**own)
    for adapter in loaded.model.vision_tower.restore.values():
        for tensor in (adapter.kernel, adapter.attn.out.weight):
            tensor.normal_(std=0.3)
    return sliced(loaded)


def test_a_slice_that_the_others_see_is_hidden_by_its_pixels_and_all_are_read_again() -> None:
    model, policy = hires(), "hires-llava:4"
    found = ask(model, Desk([WIDE]), CHOICE, policy=policy)
    answer = answer_of(found)
    plan = plan_of(answer)
    assert len(plan.slices) > 1
    slices = [number for number, view in enumerate(plan.views) if view.kind is ViewKind.SLICE]
    overview = plan.views.index(plan.overview)
    prompt = model.prompt(plan, QUESTION)
    paper = background_of(WIDE)
    own, blank = (model.cut(image, plan) for image in (WIDE, Image.new("RGB", WIDE.size, paper)))
    tokens = [token for token in written_by(model, plan, own) if token not in model.stop]

    def likelihood(pixels: list[torch.Tensor]) -> float:
        features = model._model.view_features(pixels, plan.grid)
        embeds = torch.cat([model.embed(plan, prompt, features), model.decoder.embed(tokens[:-1])])
        whole = Stretch(embeds, torch.arange(len(embeds))[None])
        return float(token_logprobs(model.decoder, [whole], None, tokens).sum())

    full = likelihood(list(own))
    gain = full - likelihood(list(blank))
    assert answer.evidence.visual_gain == pytest.approx(gain, abs=1e-3)
    measured = {(item.row, item.col): item for item in answer.evidence.contributions}
    assert len(measured) == len(slices)
    for number in slices:
        view = plan.views[number]
        hidden = [blank[at] if at == number else pixels for at, pixels in enumerate(own)]
        detail = full - likelihood(hidden)
        hidden[overview] = model.cut(painted_over(WIDE, view.rect, paper), plan)[overview]
        joint = full - likelihood(hidden)
        item = measured[view.row, view.col]
        floor = max(gain, MIN_GAIN_NATS)
        assert (item.detail, item.joint) == pytest.approx((detail / floor, joint / floor), abs=2e-3)
    said = [event.text for event in found if isinstance(event, Progress)]
    assert f"{len(slices)} slices together" in said
    assert f"Hid slice 1 of {len(slices)}, all slices read again" in said


def written_by(model: UhdSlicedModel, plan: SlicePlan, pixels: tuple[torch.Tensor, ...]) -> list[int]:
    prompt = model.prompt(plan, QUESTION)
    embeds = model.embed(plan, prompt, model._model.view_features(list(pixels), plan.grid))
    steps = model.decoder.stream(Stretch(embeds, torch.arange(len(embeds))[None]), None, 4, model.stop)
    return [step.token for step in steps]


def test_slices_read_together_are_kept_on_disk_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, desk = hires(), Desk([WIDE])
    answers = []
    for _ in range(2):
        reader = SlicedReader(model, desk, desk, VisionCache(KeptFiles(tmp_path, ".view", 10**8)))
        request = Request(7, QUESTION, desk.refs, "hires-llava:4", replace(CHOICE, contributions=False))
        answers.append(answer_of(list(reader.ask(request))))
        monkeypatch.setattr(model._model, "encode", None)  # the second reader finds everything on disk
    assert answers[0].text == answers[1].text


def test_hiding_slices_together_can_be_cancelled() -> None:
    model, desk = hires(), Desk([WIDE])
    hidden: list[str] = []
    views = VisionCache(KeptFiles(Path("unused"), ".view", 0))
    reader = SlicedReader(model, desk, desk, views, lambda: bool(hidden))
    request = Request(7, QUESTION, desk.refs, "hires-llava:4", CHOICE, keep_on_disk=False)
    for last in reader.ask(request):
        hidden += [last.text] if isinstance(last, Progress) and last.text.startswith("Hid slice 1") else []
    assert isinstance(last, Failed)
    assert last.error.code == "cancelled"


def failure(model: UhdSlicedModel, choice: ReaderChoice, policy: str) -> TesseraError | None:
    *_, last = ask(model, Desk([WIDE]), choice, policy=policy)
    assert isinstance(last, Failed)
    return last.error


def test_what_cannot_be_left_out_is_refused(tmp_path: Path) -> None:
    error = failure(hires(), replace(CHOICE, best_slices=1), "hires-llava:4")
    assert "see each other" in error.message
    fixed = load_tiny(save_tiny("llava_next", tmp_path))
    for choice in (replace(CHOICE, keep_tokens=0.5), replace(CHOICE, best_slices=1), replace(CHOICE, top_p=0.9)):
        error = failure(fixed, choice, "llava-next")
        assert (error.code, "--keep-tokens" in error.hint) == (UsageError.code, True)


def test_the_embedded_reader_refuses_to_be_spared() -> None:
    desk = Desk([WIDE])
    request = Request(7, QUESTION, desk.refs, POLICY, ReaderChoice(best_slices=2))
    (failed,) = Readers(lambda: desk, desk).ask(request)
    assert isinstance(failed, Failed)
    assert failed.error.code == UsageError.code


@pytest.mark.parametrize("family", ["minicpmv4_7", "internvl"])
def test_native_models_are_spared_tokens_and_slices_too(family: str, tmp_path: Path) -> None:
    model = load_tiny(save_tiny(family, tmp_path))
    desk = Desk([Image.effect_mandelbrot((900, 500), (-2, -1.5, 1, 1.5), 60).convert("RGB")], [ON_THE_RIGHT])
    policy = model.policy_for("minicpm-v-16x")
    answer = answer_of(ask(model, desk, replace(CHOICE, best_slices=1, keep_tokens=0.5), policy=policy))
    plan, whole = plan_of(answer), model.plan_image(desk.images[0], policy)
    (only,) = plan.slices
    full = next(view for view in whole.slices if (view.row, view.col) == (only.row, only.col))
    assert only.tokens == -(-full.tokens // 2)
    assert [(item.row, item.col) for item in answer.evidence.contributions] == [(only.row, only.col)]
