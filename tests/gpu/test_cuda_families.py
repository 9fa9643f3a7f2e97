"""Every family of models as the reading worker loads it, in every precision of an NVIDIA GPU: `pytest -m gpu`."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText

from engine.geometry import Size
from engine.models.checks import check
from engine.readers.sliced.loading import advice_for, load
from engine.readers.sliced.protocol import ModelCard, SlicedModel
from engine.runtime.decoder import Stretch
from engine.runtime.precision import Precision, choose
from engine.runtime.quantization import half_precision, quantization_config, save_quantized
from engine.uhd.checkpoints import LoadedModel, configuration, save
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from tests.unit.native_models import FAMILIES, save_tiny
from tests.unit.uhd_models import tiny_config, tiny_tokenizer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here"),
]

PAGE = Image.effect_noise((500, 700), 80).convert("RGB")
UHD = "uhd"


@pytest.fixture(autouse=True)
def emptied() -> Iterator[None]:
    yield
    gc.collect()
    torch.cuda.empty_cache()


def saved(family: str, path: Path) -> Path:
    torch.manual_seed(3)
    if family != UHD:
        save_tiny(family, path)
        return path
    config = tiny_config()
    model = UhdForConditionalGeneration(config).eval()
    save(LoadedModel(model, UhdProcessor.for_model(config, tiny_tokenizer())), path)
    return path


def loaded(folder: Path, precision: str) -> SlicedModel:
    checked = check(folder)
    option = choose(advice_for(folder, checked), precision, "cuda")
    return load(folder, checked, ModelCard(str(folder), "1", precision, option.device), option)


def whole(model: SlicedModel) -> Stretch:
    """A noisy page and a question, embedded."""
    plan = model.plan(Size(*PAGE.size), model.policy_for("llava-uhd-v1"))
    features = [model.encode(view, pixels) for view, pixels in zip(plan.views, model.cut(PAGE, plan), strict=True)]
    prompt = model.prompt(plan, "What is the total?")
    return Stretch(model.embed(plan, prompt, features), prompt.positions)


@pytest.mark.parametrize("precision", ["bf16", "nf4", "int8"])
@pytest.mark.parametrize("family", [UHD, *FAMILIES])
def test_every_family_answers_in_every_precision(family: str, precision: str, tmp_path: Path) -> None:
    if precision != "bf16":
        pytest.importorskip("bitsandbytes")
    elif half_precision(torch.device("cuda", 0)) is not torch.bfloat16:
        pytest.skip("this GPU has no bf16")
    model = loaded(saved(family, tmp_path / "tiny"), precision)
    asked = whole(model)
    assert asked.embeds.device.type == "cuda"
    steps = list(model.decoder.stream(asked, None, 4, model.stop))
    assert 1 <= len(steps) <= 4
    assert all(step.logprob <= 0 for step in steps)
    assert torch.equal(model.decoder.logits([asked], None, 2), model.decoder.logits([asked], None, 2))


@pytest.mark.parametrize("family", [UHD, "llava", "minicpmv4_7"])
def test_a_model_that_was_saved_quantized_is_loaded_as_it_was(family: str, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    device = torch.device("cuda", 0)
    source = saved(family, tmp_path / "tiny")
    first: Any = loaded(source, "nf4")
    part = Stretch(first.decoder.embed(list(range(3, 20))), torch.arange(17)[None])
    half = half_precision(device)
    config = configuration(source) if family == UHD else AutoModelForImageTextToText.from_pretrained(source).config
    model = AutoModelForImageTextToText.from_pretrained(
        source,
        dtype=half,
        device_map={"": device},
        quantization_config=quantization_config(config, Precision.NF4, half),
    )
    save_quantized(model, source, tmp_path / "quantized")
    again = loaded(tmp_path / "quantized", "nf4")
    assert torch.equal(again.decoder.logits([part], None, 2), first.decoder.logits([part], None, 2))
