"""The check without torch agrees with what the UHD library writes and reads."""

from __future__ import annotations

from pathlib import Path

from engine.models.checks import check
from engine.uhd.checkpoints import LoadedModel, save
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from tests.unit.uhd_models import (
    TINY_VISION,
    clip_weights,
    projector_v1_weights,
    published_v1,
    tiny_config,
    tiny_tokenizer,
)


def test_a_published_layout_is_known_as_one(tmp_path: Path) -> None:
    dim = TINY_VISION["hidden_size"]
    folder = published_v1(tmp_path, clip_weights(dim, layers=2), projector_v1_weights(dim, 32, queries=16))
    checked = check(folder)
    assert checked.published_uhd
    assert len(checked.weights) == 2


def test_our_own_layout_is_usable(tmp_path: Path) -> None:
    config = tiny_config()
    save(LoadedModel(UhdForConditionalGeneration(config), UhdProcessor.for_model(config, tiny_tokenizer())), tmp_path)
    checked = check(tmp_path)
    assert checked.model_type == config.model_type
    assert not checked.published_uhd
