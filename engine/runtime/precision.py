"""Which precisions a model can run in on a machine, what each needs in memory before loading, and the best of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from engine.errors import DeviceError, OutOfDeviceMemoryError, UsageError
from engine.runtime.machine import Gpu, Machine, cuda_notice

GIGABYTE = 1_000_000_000
# Bytes per parameter of a linear layer: NF4 with double quantization holds 4 bits, and 0.127 for its scales.
_NF4_BYTES = 4.127 / 8
_INT8_BYTES = 1.0
# The CPU's int4: what a parameter of a linear layer takes beside its int8 copy. onnxruntime keeps three times as many
# numbers as its blocks have scales; 0.83 bytes were measured.
_NIBBLE_BYTES = 4 / 8 + 3 * 4 / 32
# What CUDA's context, kernels and workspaces take of a GPU before a model does.
_CUDA_CONTEXT = 600_000_000
# What torch's kernels and the allocator keep beside a model in main memory; 0.2 GB were measured.
_CPU_RUNTIME = 300_000_000
# Tensors alive at once in a layer, in multiples of the hidden and the feed-forward size.
_HIDDEN_COPIES, _INNER_COPIES = 7, 3


class Precision(StrEnum):
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"
    INT8 = "int8"
    INT4 = "int4"
    NF4 = "nf4"


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What decides how much a model needs. Parameters are counts: `vision` is everything before the language model,
    `layers` the language model's layers, `embeddings` its input table, `head` its own scoring table (0 where it is
    the input table). `cache_width` is the elements that a position leaves behind over all layers, `state` those that
    linear attention keeps however long the sequence is. `patches` is the most that one view has. `dense` says that
    the CPU's int8 path runs it: Llama, Qwen2 and Qwen3, whose layers are all softmax attention. `saved` is the
    precision of weights that were saved quantized, which cannot be had in another."""

    vision: int
    layers: int
    embeddings: int
    head: int
    hidden: int
    inner: int
    vocabulary: int
    cache_width: int
    state: int
    patches: int
    vision_hidden: int
    vision_inner: int
    dense: bool
    saved: Precision | None = None

    @property
    def parameters(self) -> int:
        return self.vision + self.layers + self.embeddings + self.head


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes: the weights, what is remembered of a page and its questions, and what works on them."""

    weights: int
    cache: int
    working: int

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.working


@dataclass(frozen=True, slots=True)
class Option:
    """A model in one precision on one device (`cpu`, `cuda:0`). `lacking` says why the device cannot run it at all,
    `short_bytes` how much memory it has too little; empty and 0 where it can be chosen."""

    precision: Precision
    device: str
    need: Need
    lacking: str = ""
    short_bytes: int = 0

    @property
    def possible(self) -> bool:
        return not self.lacking and not self.short_bytes

    @property
    def remark(self) -> str:
        """What a user should know who chooses it; empty where there is nothing."""
        if self.precision is not Precision.INT4 or self.lacking:
            return ""
        return "reads in 8 bits, writes answers with 4-bit weights: sooner, and less exactly than int8"


@dataclass(frozen=True, slots=True)
class Advice:
    """All options, the device's best first, and the recommended one (None where none is possible) with its reason."""

    options: tuple[Option, ...]
    recommended: Option | None
    reason: str
    hint: str = ""


def advise(shape: ModelShape, machine: Machine, sequence: int, rows: int = 1) -> Advice:
    """What `machine` can run a model of `shape` in, for `rows` sequences of `sequence` positions at a time."""
    options = [*_cuda_options(shape, machine, sequence, rows), *_cpu_options(shape, machine, sequence, rows)]
    options = [_as_saved(option, shape.saved) for option in options]
    notice = cuda_notice(machine)
    hint = "" if notice is None else f"{notice.message} This installs one with CUDA: {notice.command}"
    best = next((option for option in options if option.possible), None)
    return Advice(tuple(options), best, _reason(best, options, machine), hint)


def choose(advice: Advice, precision: str | None = None, device: str | None = None) -> Option:
    """The option that the user wants: a precision, a device (`cpu`, `cuda`), both, or the recommended one.

    Raises UsageError for an unknown precision or device, DeviceError for what this machine cannot run,
    OutOfDeviceMemoryError for what does not fit.
    """
    if precision is not None and precision not in set(Precision):
        raise UsageError(f"There is no precision '{precision}'.", f"There are {', '.join(Precision)}.")
    kind = None if device is None else device.partition(":")[0]
    if kind not in (None, "cpu", "cuda"):
        raise UsageError(f"There is no device '{device}'.", "There are cpu and cuda.")
    on_device = [option for option in advice.options if kind is None or option.device.startswith(kind)]
    if not on_device:
        raise DeviceError("There is no NVIDIA GPU here that torch can use.", advice.hint or None)
    wanted = [option for option in on_device if precision is None or option.precision == precision]
    chosen = next((option for option in wanted if option.possible), None)
    if chosen is not None:
        return chosen
    unfit = next((option for option in wanted if not option.lacking), None)
    if unfit is None:
        raise DeviceError(wanted[0].lacking, _instead(advice))
    raise OutOfDeviceMemoryError(
        f"The model needs {_gigabytes(unfit.need.total)} in {unfit.precision} on {_named(unfit.device)}, "
        f"{_gigabytes(unfit.short_bytes)} more than is free.",
        _instead(advice),
    )


def _as_saved(option: Option, saved: Precision | None) -> Option:
    if saved is None or (option.precision is saved and option.device != "cpu"):
        return option
    lacking = f"This model was saved in {saved} for NVIDIA GPUs; get it unquantized to run it in another way."
    return replace(option, lacking=lacking, short_bytes=0)


def _cuda_options(shape: ModelShape, machine: Machine, sequence: int, rows: int) -> list[Option]:
    """On the GPU with the most free memory; none where torch cannot use any."""
    if not machine.gpus or machine.torch is None or machine.torch.cuda is None:
        return []
    index, gpu = max(enumerate(machine.gpus), key=lambda pair: pair[1].free_bytes or 0)
    half = Precision.BF16 if gpu.bf16 else Precision.FP16
    options = []
    for precision in (half, Precision.NF4, Precision.INT8, Precision.FP32):
        need = need_on_cuda(shape, precision, sequence, rows)
        options.append(Option(precision, f"cuda:{index}", need, short_bytes=_short(need, gpu.free_bytes)))
    other = Precision.FP16 if gpu.bf16 else Precision.BF16
    lacking = (
        "fp16 overflows in models that were trained in bf16, which this GPU has."
        if gpu.bf16
        else f"The {gpu.name} has no bf16; fp16 takes its place there."
    )
    unfit = {other: lacking, Precision.INT4: "int4 is for CPUs; nf4 takes its place on a GPU."}
    options += [
        Option(precision, f"cuda:{index}", need_on_cuda(shape, precision, sequence, rows), why)
        for precision, why in unfit.items()
    ]
    return options


def _cpu_options(shape: ModelShape, machine: Machine, sequence: int, rows: int) -> list[Option]:
    flags, free = machine.cpu.flags, machine.ram.free_bytes
    lacking = {
        Precision.INT8: _int8_lacking(shape, machine, Precision.INT8),
        Precision.FP32: "",
        Precision.INT4: _int8_lacking(shape, machine, Precision.INT4),
        Precision.BF16: ""
        if flags.fast_bf16
        else "This CPU has no bf16 instructions; fp32 is about four times faster.",
        Precision.FP16: "No CPU multiplies fp16 fast; bf16, int8 and fp32 take its place.",
        Precision.NF4: "nf4 is for NVIDIA GPUs; on a CPU it is slower than fp32, and int8 takes its place.",
    }
    options = []
    for precision, reason in lacking.items():
        need = need_on_cpu(shape, precision, sequence, rows)
        options.append(Option(precision, "cpu", need, reason, 0 if reason else _short(need, free)))
    return options


def _int8_lacking(shape: ModelShape, machine: Machine, precision: Precision) -> str:
    if not shape.dense:
        return f"{precision} on a CPU is for the language models Llama, Qwen2 and Qwen3; this one is another."
    if not machine.cpu.flags.fast_int8:
        return f"{precision} on a CPU needs AVX2, AVX512 or VNNI, which this CPU does not state."
    return ""


def need_on_cuda(shape: ModelShape, precision: Precision, sequence: int, rows: int = 1) -> Need:
    """Bytes on a GPU. Vision, embeddings and head stay in 16 bits where the layers are quantized."""
    plain = 4 if precision is Precision.FP32 else 2
    per_layer = {Precision.NF4: _NF4_BYTES, Precision.INT8: _INT8_BYTES}.get(precision, float(plain))
    weights = shape.layers * per_layer + (shape.vision + shape.embeddings + shape.head) * plain
    # A quantized weight is unpacked for long inputs, one at a time.
    unpacked = shape.hidden * shape.inner * plain if per_layer < plain else 0
    working = _working(shape, sequence, rows, plain) + unpacked + _CUDA_CONTEXT
    return Need(int(weights), _cache(shape, sequence, rows, plain), working)


def need_on_cpu(shape: ModelShape, precision: Precision, sequence: int, rows: int = 1) -> Need:
    """Bytes in main memory. In int8 the language model's layers and its head, in a copy of its own, are quantized;
    the input table, the vision tower, sums, cache and activations are fp32. int4 has 4-bit weights beside those."""
    if precision in (Precision.INT8, Precision.INT4):
        per_layer = _INT8_BYTES + (_NIBBLE_BYTES if precision is Precision.INT4 else 0)
        head = shape.head or shape.embeddings
        weights = (shape.layers + head) * per_layer + (shape.embeddings + shape.vision) * 4
        working = _working(shape, sequence, rows, 4) + _CPU_RUNTIME
        return Need(int(weights), _cache(shape, sequence, rows, 4), working)
    size = 4 if precision is Precision.FP32 else 2
    working = _working(shape, sequence, rows, size) + _CPU_RUNTIME
    return Need(shape.parameters * size, _cache(shape, sequence, rows, size), working)


def _cache(shape: ModelShape, sequence: int, rows: int, size: int) -> int:
    """The page stays remembered while `rows` copies of it go on."""
    return (1 + rows) * (sequence * shape.cache_width * size + shape.state * 4)


def _working(shape: ModelShape, sequence: int, rows: int, size: int) -> int:
    """The larger of one view in the vision tower and the whole sequence in a layer, the page's visual tokens, and
    the scores of one position in fp32, twice."""
    view = shape.patches * (_HIDDEN_COPIES * shape.vision_hidden + _INNER_COPIES * shape.vision_inner) * size
    layer = rows * sequence * (_HIDDEN_COPIES * shape.hidden + _INNER_COPIES * shape.inner) * size
    return max(view, layer) + rows * sequence * shape.hidden * size + rows * shape.vocabulary * 8


def _short(need: Need, free_bytes: int | None) -> int:
    return 0 if free_bytes is None else max(need.total - free_bytes, 0)


def _reason(best: Option | None, options: list[Option], machine: Machine) -> str:
    runnable = [option for option in options if not option.lacking]
    if not runnable:
        return options[0].lacking
    if best is None:
        least = min(runnable, key=lambda option: option.need.total)
        return (
            f"This model does not fit: even in {least.precision} it needs {_gigabytes(least.need.total)}, "
            f"{_gigabytes(least.short_bytes)} more than is free on {_named(least.device)}."
        )
    needs = f"needs {_gigabytes(best.need.total)}"
    passed = [option.precision for option in runnable[: runnable.index(best)]]
    if best.device != "cpu":
        if not passed:
            return f"{best.precision} {needs}, fits the GPU and is the fastest there."
        return f"{best.precision} {needs} and fits the GPU, {' and '.join(passed)} does not."
    gpu = "The model does not fit the GPU; on the CPU, " if any(one.device != "cpu" for one in runnable) else ""
    if best.precision is Precision.INT8:
        with_flags = ", ".join(machine.cpu.flags.names)
        return f"{gpu}int8 {needs} and is the fastest on this CPU ({with_flags})."
    int8 = next(option for option in options if option.device == "cpu" and option.precision is Precision.INT8)
    why = int8.lacking or "int8 does not fit."
    return f"{gpu}{best.precision} {needs}. {why}"


def _instead(advice: Advice) -> str:
    if advice.recommended is None:
        return "Choose a smaller model, or close other programs to free memory."
    best = advice.recommended
    return f"Choose {best.precision} on {_named(best.device)}, which needs {_gigabytes(best.need.total)}."


def _named(device: str) -> str:
    return "the CPU" if device == "cpu" else "the GPU"


def _gigabytes(size_bytes: int) -> str:
    return f"{size_bytes / GIGABYTE:.1f} GB"


def best_of(machine: Machine) -> str:
    """The precision that is recommended here for a model that fits, in words, and why."""
    if machine.gpus and machine.torch is not None and machine.torch.cuda is not None:
        gpu: Gpu = max(machine.gpus, key=lambda one: one.free_bytes or 0)
        return f"{'bf16' if gpu.bf16 else 'fp16'} on the {gpu.name}; nf4 where a model does not fit"
    flags = machine.cpu.flags
    if flags.fast_int8:
        return f"int8 on the CPU ({', '.join(flags.names)}); {'bf16' if flags.fast_bf16 else 'fp32'} for hybrid models"
    return f"{'bf16' if flags.fast_bf16 else 'fp32'} on the CPU"
