"""One linear layer in int8: exact sums, scales per token, kernels that agree."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModel, SiglipVisionConfig, SiglipVisionModel

from engine.runtime.int8.linear import Int8Layer, Int8Linear, activation_levels, pack_layers, quantize_weight
from engine.runtime.int8.vision import Int8LinearModule, quantize_tower


def made(weight: Tensor, bias: Tensor | None = None) -> Int8Linear:
    return pack_layers([Int8Layer(quantize_weight(weight), bias)])[0]


def stated(x: Tensor, weight: Tensor, levels: int) -> Tensor:
    """What the layer is said to compute, in float64."""
    scales = weight.abs().amax(1, True) / 127
    tops = x.abs().amax(-1, True) / levels
    product = (x / tops).round().double() @ (weight / scales).round().double().T
    return (product * tops * scales.T).float()


@pytest.mark.parametrize("rows", [1, 2, 8, 31, 32, 100])
def test_layer_computes_what_it_states(rows: int) -> None:
    torch.manual_seed(rows)
    weight, bias, x = torch.randn(96, 160), torch.randn(96), torch.randn(rows, 160) * 10 ** torch.randn(rows, 1)
    got, levels = made(weight, bias)(x), activation_levels()
    wanted = stated(x, weight, levels) + bias
    # A quotient beside a half may round either way: one step of one activation.
    step = x.abs().amax(-1, True) / levels * weight.abs().max()
    far = (got - wanted).abs() > 2e-6 * wanted.abs().amax(-1, True)
    assert far.any(1).sum() <= rows // 16
    assert ((got - wanted).abs() <= 1.01 * step).all()


def test_error_is_of_eight_bits_or_seven() -> None:
    torch.manual_seed(0)
    weight, x = torch.randn(256, 512), torch.randn(64, 512)
    wanted = x @ weight.T
    error = (made(weight)(x) - wanted).norm() / wanted.norm()
    assert error < (0.012 if activation_levels() == 127 else 0.018)


def test_sums_never_overflow_their_pairs() -> None:
    """The worst pair of products there is: without VNNI, eight-bit activations would be cut off at 16 bits."""
    weight, x = torch.full((32, 256), 1.0), torch.full((40, 256), 1.0)
    for rows in (1, 2, 40):
        assert torch.allclose(made(weight)(x[:rows]), torch.full((rows, 32), 256.0), rtol=1e-5)
        assert torch.allclose(made(-weight)(x[:rows]), torch.full((rows, 32), -256.0), rtol=1e-5)


def test_loud_row_does_not_drown_its_neighbour() -> None:
    torch.manual_seed(1)
    weight, x = torch.randn(64, 128), torch.randn(40, 128)
    loud = x.clone()
    loud[0] *= 1e6
    layer = made(weight)
    for rows in (2, 40):
        assert torch.equal(layer(loud[:rows])[1:], layer(x[:rows])[1:])


def test_row_is_the_same_alone_and_in_a_batch() -> None:
    torch.manual_seed(2)
    layer, x = made(torch.randn(96, 256)), torch.randn(64, 256)
    alone = torch.cat([layer(row[None]) for row in x])
    for rows in (2, 31, 64):
        assert torch.allclose(layer(x[:rows]), alone[:rows], rtol=1e-5, atol=1e-4)


def test_zero_row_gives_the_bias() -> None:
    layer, bias = made(torch.randn(8, 64), torch.arange(8.0)), torch.arange(8.0)
    for rows in (1, 3, 40):
        assert torch.equal(layer(torch.zeros(rows, 64)), bias.expand(rows, 8))


def test_argument_stays_as_it_was() -> None:
    x = torch.randn(40, 64)
    copy = x.clone()
    layer = made(torch.randn(8, 64))
    for rows in (1, 3, 40):
        layer(x[:rows])
    assert torch.equal(x, copy)


def test_tower_keeps_its_features() -> None:
    torch.manual_seed(4)
    tower = nn.Sequential(nn.Linear(1024, 2048), nn.GELU(), nn.Linear(2048, 1024), nn.Linear(1024, 8)).eval()
    x = torch.randn(2, 20, 1024)
    with torch.inference_mode():
        wanted = tower(x)
        names = quantize_tower(tower)
        got = tower(x)
    assert names == ("0", "2")
    assert isinstance(tower[0], Int8LinearModule)
    assert isinstance(tower[3], nn.Linear)
    assert torch.nn.functional.cosine_similarity(got.flatten(), wanted.flatten(), 0) > 0.9995


def test_narrow_layers_become_int8_where_the_processor_multiplies_fast() -> None:
    tower = nn.Sequential(nn.Linear(512, 512))
    assert quantize_tower(tower, levels=63) == ()
    assert quantize_tower(tower, levels=127) == ("0",)


def clip() -> tuple[nn.Module, Tensor]:
    config = CLIPVisionConfig(
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=1,
        num_attention_heads=12,
        image_size=64,
        patch_size=16,
    )
    return CLIPVisionModel(config), torch.randn(2, 3, 64, 64)


def siglip() -> tuple[nn.Module, Tensor]:
    config = SiglipVisionConfig(
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=1,
        num_attention_heads=12,
        image_size=64,
        patch_size=16,
    )
    return SiglipVisionModel(config), torch.randn(2, 3, 64, 64)


@pytest.mark.parametrize("family", [clip, siglip])
def test_published_towers_keep_their_features(family: Callable[[], tuple[nn.Module, Tensor]]) -> None:
    torch.manual_seed(6)
    tower, pixels = family()
    tower.eval()
    with torch.inference_mode():
        wanted = tower(pixel_values=pixels).last_hidden_state
        names = quantize_tower(tower)
        got = tower(pixel_values=pixels).last_hidden_state
    assert sum(name.endswith(("fc1", "fc2")) for name in names if "encoder" in name) == 2
    assert torch.nn.functional.cosine_similarity(got, wanted, -1).min() > 0.999
