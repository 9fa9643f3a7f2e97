"""Models loaded as the reading worker loads them: advice before, int8 kept for the next time, errors in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.errors import DeviceError
from engine.geometry import Size
from engine.models.checks import check
from engine.readers.sliced.int8_files import int8_folder
from engine.readers.sliced.loading import advice_for, load
from engine.readers.sliced.protocol import ModelCard, SlicedModel
from engine.runtime.decoder import Stretch
from engine.runtime.int8.model import Int8CausalLM
from engine.runtime.precision import Precision, choose
from engine.service.upkeep import cache_size, clear_cache
from engine.uhd.checkpoints import LoadedModel, save
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from tests.unit.native_models import save_tiny
from tests.unit.uhd_models import one_thread, tiny_config, tiny_tokenizer

__all__ = ["one_thread"]

PAGE = Image.effect_noise((500, 700), 80).convert("RGB")


@pytest.fixture(params=["uhd", "llava"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "tiny"
    if request.param == "llava":
        save_tiny("llava", path)
    else:
        config = tiny_config()
        model = UhdForConditionalGeneration(config).eval()
        save(LoadedModel(model, UhdProcessor.for_model(config, tiny_tokenizer())), path)
    return path


def loaded(folder: Path, precision: str) -> SlicedModel:
    checked = check(folder)
    option = choose(advice_for(folder, checked), precision)
    return load(folder, checked, ModelCard(str(folder), "1", precision, option.device), option)


def scores(model: SlicedModel) -> torch.Tensor:
    """The logits that choose the first token of an answer about a noisy page."""
    plan = model.plan(Size(*PAGE.size), model.policy_for("llava-uhd-v1"))
    features = [model.encode(view, pixels) for view, pixels in zip(plan.views, model.cut(PAGE, plan), strict=True)]
    prompt = model.prompt(plan, "What is the total?")
    whole = Stretch(model.embed(plan, prompt, features), prompt.positions)
    return model.decoder.logits([whole], None, 1)[0, 0]


def test_int8_says_nearly_what_fp32_says_and_is_quantized_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact, quantized = scores(loaded(folder, "fp32")), scores(loaded(folder, "int8"))
    assert torch.cosine_similarity(exact, quantized, dim=0) > 0.99
    assert int8_folder(str(folder), "1").is_dir()

    def fail(*_: object) -> None:
        raise AssertionError("quantized a second time")

    monkeypatch.setattr(Int8CausalLM, "quantized", fail)
    assert torch.equal(scores(loaded(folder, "int8")), quantized)
    assert cache_size() > 0
    assert clear_cache() > 0
    assert cache_size() == 0


def test_int4_reads_as_int8_does_and_writes_in_its_own_way(folder: Path) -> None:
    model = loaded(folder, "int4")
    assert torch.equal(scores(loaded(folder, "int4")), scores(model))
    assert torch.equal(scores(loaded(folder, "int8")), scores(model))
    part = Stretch(model.decoder.embed(range(20)), torch.arange(20)[None])
    written, plain = (list(one.decoder.stream(part, None, 6, frozenset())) for one in (model, loaded(folder, "int8")))
    assert written[0] == plain[0]
    assert [step.logprob for step in written[1:]] != [step.logprob for step in plain[1:]]


def test_what_a_model_needs_is_known_before_it_is_loaded(folder: Path) -> None:
    advice = advice_for(folder, check(folder))
    assert advice.recommended is not None
    assert advice.recommended.precision is Precision.INT8
    assert all(option.need.weights > 0 for option in advice.options)


def test_a_precision_that_this_machine_lacks_is_refused(folder: Path) -> None:
    with pytest.raises(DeviceError, match="nf4"):
        choose(advice_for(folder, check(folder)), "nf4", "cpu")
