"""The precision that a machine is advised, and what a choice against it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BitsAndBytesConfig,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    PreTrainedConfig,
    Qwen3_5TextConfig,
)

from engine.errors import CheckpointError, DeviceError, OutOfDeviceMemoryError, UsageError
from engine.runtime.decoder import Stretch
from engine.runtime.machine import Cpu, CpuFlags, Gpu, Machine, Ram, TorchBuild
from engine.runtime.model_shape import shape_of, skeleton
from engine.runtime.precision import ModelShape, Precision, advise, best_of, choose, need_on_cpu, need_on_cuda
from engine.runtime.torch_machine import cuda_gpus, seen_by_torch
from engine.runtime.transformers_decoder import decoder_of

# As MiniCPM-V 4.6: a tower of 0.4 and a hybrid language model of 0.8 billion parameters; and a dense one like it.
HYBRID = ModelShape(
    430_000_000, 500_000_000, 254_000_000, 0, 1024, 3584, 248_320, 6144, 9_600_000, 1024, 1152, 4304, False
)
DENSE = replace(HYBRID, dense=True, state=0, cache_width=24_576)
SEQUENCE = 1200
GB = 1_000_000_000
SLOW, AVX2, VNNI, NEW = (
    CpuFlags(False, False, False, False, False),
    CpuFlags(True, False, False, False, False),
    CpuFlags(True, True, True, False, False),
    CpuFlags(True, True, True, True, True),
)
CUDA_BUILD, CPU_BUILD = TorchBuild("2.13.0", "13.0"), TorchBuild("2.13.0", None)


def machine(
    flags: CpuFlags = AVX2,
    ram: int | None = 16 * GB,
    gpu: int | None = None,
    build: TorchBuild = CUDA_BUILD,
    capability: tuple[int, int] = (8, 6),
) -> Machine:
    gpus = () if gpu is None else (Gpu("RTX", gpu, gpu, capability),)
    return Machine(Cpu("c", flags, 4, 8), Ram(ram, ram), gpus, "580.1" if gpus else None, build)


@pytest.mark.parametrize(
    ("shape", "found", "expected"),
    [
        (DENSE, machine(AVX2), "int8 cpu"),
        (DENSE, machine(VNNI), "int8 cpu"),
        (DENSE, machine(SLOW), "fp32 cpu"),
        (DENSE, machine(CpuFlags()), "fp32 cpu"),
        (DENSE, machine(NEW), "int8 cpu"),
        (HYBRID, machine(VNNI), "fp32 cpu"),
        (HYBRID, machine(NEW, ram=4 * GB), "bf16 cpu"),
        (HYBRID, machine(VNNI, ram=None), "fp32 cpu"),
        (DENSE, machine(gpu=8 * GB), "bf16 cuda:0"),
        (DENSE, machine(gpu=8 * GB, capability=(7, 5)), "fp16 cuda:0"),
        (DENSE, machine(gpu=3 * GB), "nf4 cuda:0"),
        (DENSE, machine(gpu=1 * GB), "int8 cpu"),
        (HYBRID, machine(SLOW, gpu=1 * GB), "fp32 cpu"),
        (DENSE, machine(gpu=8 * GB, build=CPU_BUILD), "int8 cpu"),
    ],
)
def test_the_best_precision_that_fits_is_recommended(shape: ModelShape, found: Machine, expected: str) -> None:
    advice = advise(shape, found, SEQUENCE)
    assert advice.recommended is not None
    assert f"{advice.recommended.precision} {advice.recommended.device}" == expected
    assert choose(advice) is advice.recommended


@pytest.mark.parametrize(
    ("shape", "found", "reason"),
    [
        (DENSE, machine(gpu=8 * GB), "bf16 needs 3.1 GB, fits the GPU and is the fastest there."),
        (DENSE, machine(gpu=3 * GB), "nf4 needs 2.4 GB and fits the GPU, bf16 does not."),
        (
            DENSE,
            machine(gpu=1 * GB),
            "The model does not fit the GPU; on the CPU, int8 needs 4.1 GB and is the fastest on this CPU (AVX2).",
        ),
        (
            HYBRID,
            machine(VNNI),
            "fp32 needs 5.3 GB. int8 on a CPU is for the language models Llama, Qwen2 and Qwen3; this one is another.",
        ),
        (
            HYBRID,
            machine(VNNI, ram=2 * GB),
            "This model does not fit: even in fp32 it needs 5.3 GB, 3.3 GB more than is free on the CPU.",
        ),
    ],
)
def test_a_recommendation_says_why_in_one_sentence(shape: ModelShape, found: Machine, reason: str) -> None:
    assert advise(shape, found, SEQUENCE).reason == reason


def test_every_precision_of_every_device_is_explained() -> None:
    advice = advise(DENSE, machine(gpu=3 * GB), SEQUENCE)
    stated = {(option.device, option.precision): option for option in advice.options}
    assert {device for device, _ in stated} == {"cpu", "cuda:0"}
    assert all(("cpu", precision) in stated and ("cuda:0", precision) in stated for precision in Precision)
    assert all(option.possible or option.lacking or option.short_bytes for option in advice.options)
    assert "bitsandbytes" not in " ".join(option.lacking for option in advice.options)
    assert stated["cpu", Precision.NF4].lacking


def test_a_user_may_choose_otherwise() -> None:
    advice = advise(DENSE, machine(VNNI, gpu=8 * GB), SEQUENCE)
    for wanted, device, expected in (
        ("nf4", None, "nf4 cuda:0"),
        ("int8", None, "int8 cuda:0"),
        ("int4", None, "int4 cpu"),
        ("int8", "cpu", "int8 cpu"),
        ("fp32", "cuda", "fp32 cuda:0"),
        (None, "cpu", "int8 cpu"),
        ("fp32", "cpu", "fp32 cpu"),
        (None, "cuda:0", "bf16 cuda:0"),
    ):
        option = choose(advice, wanted, device)
        assert f"{option.precision} {option.device}" == expected


@pytest.mark.parametrize(
    ("found", "precision", "device", "error", "says", "offers"),
    [
        (machine(), "int3", None, UsageError, "int3", "fp32, bf16"),
        (machine(SLOW), "int4", None, DeviceError, "int4 on a CPU needs AVX2", "fp32 on the CPU"),
        (machine(gpu=8 * GB), "int4", "cuda", DeviceError, "nf4", "bf16 on the GPU"),
        (machine(), None, "tpu", UsageError, "tpu", "cpu and cuda"),
        (machine(), "nf4", None, DeviceError, "NVIDIA", "int8 on the CPU"),
        (machine(), "bf16", "cpu", DeviceError, "no bf16 instructions", "int8 on the CPU"),
        (machine(SLOW), "int8", None, DeviceError, "AVX2", "fp32 on the CPU"),
        (machine(), None, "cuda", DeviceError, "no NVIDIA GPU", "tessera doctor"),
        (machine(gpu=8 * GB, build=CPU_BUILD), None, "cuda", DeviceError, "no NVIDIA GPU", "pip install torch"),
        (machine(gpu=8 * GB, capability=(7, 5)), "bf16", "cuda", DeviceError, "no bf16", "fp16 on the GPU"),
        (machine(gpu=3 * GB), "bf16", "cuda", OutOfDeviceMemoryError, "needs 3.1 GB", "nf4 on the GPU"),
        (machine(ram=1 * GB), None, None, OutOfDeviceMemoryError, "needs 4.1 GB", "smaller model"),
    ],
)
def test_an_impossible_choice_says_what_to_do(
    found: Machine, precision: str | None, device: str | None, error: type[Exception], says: str, offers: str
) -> None:
    with pytest.raises(error) as caught:
        choose(advise(DENSE, found, SEQUENCE), precision, device)
    info = getattr(caught.value, "info")  # noqa: B009 - the parametrized type is any error
    assert says in info.message
    assert offers in info.hint


def test_weights_that_were_saved_quantized_run_as_saved_and_on_a_gpu_alone() -> None:
    saved = replace(HYBRID, saved=Precision.NF4)
    advice = advise(saved, machine(VNNI, gpu=8 * GB), SEQUENCE)
    assert f"{choose(advice).precision} {choose(advice).device}" == "nf4 cuda:0"
    with pytest.raises(DeviceError, match="saved in nf4"):
        choose(advice, "bf16")
    with pytest.raises(DeviceError, match="saved in nf4"):
        choose(advice, None, "cpu")
    without = advise(saved, machine(VNNI), SEQUENCE)
    assert without.recommended is None
    assert without.reason == "This model was saved in nf4 for NVIDIA GPUs; get it unquantized to run it in another way."
    with pytest.raises(DeviceError, match="unquantized"):
        choose(without)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (None, None),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, Precision.NF4),
        (BitsAndBytesConfig(load_in_8bit=True), Precision.INT8),
    ],
)
def test_a_configuration_states_how_its_weights_were_saved(stated: object, expected: Precision | None) -> None:
    config = LlamaConfig(**SIZES)
    if stated is not None:
        config.quantization_config = stated
    assert shape_of(config).saved is expected


def test_other_quantizations_are_refused_by_name() -> None:
    config = LlamaConfig(**SIZES)
    config.quantization_config = {"quant_method": "awq", "bits": 4}
    with pytest.raises(CheckpointError, match="awq"):
        shape_of(config)


def test_smaller_precisions_need_less_and_longer_pages_more() -> None:
    order = (Precision.FP32, Precision.BF16, Precision.INT8, Precision.NF4)
    needs = [need_on_cuda(DENSE, precision, SEQUENCE).weights for precision in order]
    assert needs == sorted(needs, reverse=True)
    assert needs[1] == DENSE.parameters * 2
    assert need_on_cuda(DENSE, Precision.BF16, 2 * SEQUENCE).cache == 2 * 2 * SEQUENCE * DENSE.cache_width * 2
    assert (
        need_on_cuda(DENSE, Precision.BF16, SEQUENCE, rows=8).total
        > need_on_cuda(DENSE, Precision.BF16, SEQUENCE).total
    )


def test_weights_of_four_bits_stand_beside_those_of_eight_and_are_announced_as_less_exact() -> None:
    advice = advise(DENSE, machine(VNNI), SEQUENCE)
    stated = {option.precision: option for option in advice.options}
    beside = stated[Precision.INT4].need.weights - stated[Precision.INT8].need.weights
    assert beside == (DENSE.layers + DENSE.embeddings) * 7 / 8
    assert "less exactly" in stated[Precision.INT4].remark
    assert not stated[Precision.INT8].remark
    assert not next(one for one in advise(HYBRID, machine(VNNI), SEQUENCE).options if one.lacking).remark


def test_a_gpu_that_cannot_be_used_is_announced_with_the_advice() -> None:
    assert "pip install torch" in advise(DENSE, machine(gpu=8 * GB, build=CPU_BUILD), SEQUENCE).hint
    assert advise(DENSE, machine(gpu=8 * GB), SEQUENCE).hint == ""


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (machine(VNNI), "int8 on the CPU (AVX2, AVX512, VNNI); fp32 for hybrid models"),
        (machine(SLOW), "fp32 on the CPU"),
        (machine(gpu=8 * GB), "bf16 on the RTX; nf4 where a model does not fit"),
    ],
)
def test_a_machine_has_a_precision_of_its_own(found: Machine, expected: str) -> None:
    assert best_of(found) == expected


SIZES = {
    "vocab_size": 300,
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
LINEAR = {
    "head_dim": 16,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5},
    "layer_types": ["linear_attention", "full_attention"] * 2,
}


@pytest.mark.parametrize(
    ("config", "dense"),
    [
        (LlamaConfig(**SIZES), True),
        (LlamaConfig(**SIZES, tie_word_embeddings=True), True),
        (Qwen3_5TextConfig(**SIZES, **LINEAR), False),
    ],
    ids=["dense", "tied", "hybrid"],
)
def test_need_is_what_a_real_model_takes(config: PreTrainedConfig, dense: bool) -> None:
    shape = shape_of(config)
    model = AutoModelForCausalLM.from_config(config)
    norm = model.get_decoder().norm.weight.nbytes
    need = need_on_cpu(shape, Precision.FP32, 40)
    assert shape.dense is dense
    assert need.weights == sum(parameter.nbytes for parameter in model.parameters()) - norm + shape.vision * 4
    decoder = decoder_of(model)
    memory = decoder.remember(Stretch(decoder.embed(list(range(40))), torch.arange(40)[None]))
    assert need.cache == 2 * memory.size_bytes  # the page stays remembered while an answer goes on from it


def test_the_shape_of_a_vision_model_counts_its_parts_apart() -> None:
    tower = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=56, patch_size=14
    )
    config = LlavaConfig(vision_config=tower, text_config=LlamaConfig(**SIZES))
    shape = shape_of(config)
    norm = SIZES["hidden_size"]
    assert shape.parameters == sum(one.numel() for one in skeleton(config).parameters()) - norm
    assert shape.vision > 0
    assert shape.head == shape.embeddings == 300 * 48
    assert (shape.patches, shape.vision_hidden, shape.vision_inner) == (16, 32, 64)


def test_a_configuration_of_no_reading_model_is_refused() -> None:
    with pytest.raises(CheckpointError, match="clip_vision_model"):
        shape_of(CLIPVisionConfig())


def test_torch_states_what_the_system_left_open() -> None:
    found = seen_by_torch(machine(CpuFlags(avx2=True), gpu=8 * GB))
    assert found.cpu.flags.avx2 is True
    assert found.cpu.flags.vnni in (True, False)
    assert found.gpus == cuda_gpus()
