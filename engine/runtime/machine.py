"""What a machine offers to a model, as plain data. None everywhere means: this system does not say."""

from __future__ import annotations

from dataclasses import dataclass

# torch's builds by CUDA version, the newest first, and the driver that each needs at least (NVIDIA's compatibility
# guide) with the least compute capability that its kernels are built for. CUDA 13 left everything before Turing.
_CUDA_BUILDS = (("cu130", 580, (7, 5)), ("cu126", 525, (5, 0)))


@dataclass(frozen=True, slots=True)
class CpuFlags:
    """Instructions that decide how fast small numbers are multiplied."""

    avx2: bool | None = None
    avx512: bool | None = None
    vnni: bool | None = None
    avx512_bf16: bool | None = None
    amx: bool | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are there, as they are written."""
        written = {
            "AVX2": self.avx2,
            "AVX512": self.avx512,
            "VNNI": self.vnni,
            "AVX512_BF16": self.avx512_bf16,
            "AMX": self.amx,
        }
        return tuple(name for name, there in written.items() if there)

    @property
    def fast_int8(self) -> bool:
        """Whether the int8 path has instructions to run on."""
        return bool(self.avx2 or self.avx512 or self.vnni)

    @property
    def fast_bf16(self) -> bool:
        """Whether bf16 is multiplied as such. Without it bf16 runs about four times slower than fp32."""
        return bool(self.avx512_bf16 or self.amx)


@dataclass(frozen=True, slots=True)
class Cpu:
    """`physical_cores` are those that this process may use, hyperthreads counted once."""

    name: str
    flags: CpuFlags
    physical_cores: int | None
    logical_cores: int


@dataclass(frozen=True, slots=True)
class Ram:
    """Main memory in bytes, within what a container allows."""

    total_bytes: int | None
    free_bytes: int | None


@dataclass(frozen=True, slots=True)
class Gpu:
    """An NVIDIA GPU as its driver states it."""

    name: str
    total_bytes: int | None = None
    free_bytes: int | None = None
    capability: tuple[int, int] | None = None

    @property
    def bf16(self) -> bool:
        """Whether it multiplies bf16: every one since Ampere."""
        return self.capability is not None and self.capability >= (8, 0)


@dataclass(frozen=True, slots=True)
class TorchBuild:
    """The torch that is installed: `version` without its local part, `cuda` such as `13.0`, None when CPU-only."""

    version: str
    cuda: str | None


@dataclass(frozen=True, slots=True)
class Machine:
    """`driver` is the NVIDIA driver's version, None without one."""

    cpu: Cpu
    ram: Ram
    gpus: tuple[Gpu, ...]
    driver: str | None
    torch: TorchBuild | None


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second of a model of `parameters` run as `engine`: read from a page at once, and written one by one.
    `problem` says why the engine did not run, and is empty where it did.

    Operations a second as `engine.slicing.cost` counts them: of the model while it reads, and of a vision tower.
    `device` is `cpu` or `cuda`.
    """

    engine: str
    parameters: int
    read_tokens_per_s: float = 0.0
    written_tokens_per_s: float = 0.0
    problem: str = ""
    device: str = "cpu"
    language_flops_per_s: float = 0.0
    vision_flops_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know about the machine, and the one command that changes it."""

    message: str
    command: str


def cuda_notice(machine: Machine) -> Notice | None:
    """An NVIDIA GPU beside a torch without CUDA, and the command that installs one with it; None where all is well.

    The command is the form of pytorch.org/get-started/previous-versions, its version spelled with the build: a plain
    version counts as installed already.
    """
    torch = machine.torch
    if not machine.gpus or torch is None or torch.cuda is not None:
        return None
    build = _build_for(machine)
    if build is None:
        return None
    names = ", ".join(dict.fromkeys(gpu.name for gpu in machine.gpus))
    return Notice(
        f"This machine has an NVIDIA GPU ({names}), but the torch that is installed runs on the CPU alone.",
        f"python -m pip install torch=={torch.version}+{build} --index-url https://download.pytorch.org/whl/{build}",
    )


def _build_for(machine: Machine) -> str | None:
    major = int((machine.driver or "0").partition(".")[0] or 0)
    known = [gpu.capability for gpu in machine.gpus if gpu.capability is not None]
    newest = max(known, default=None)
    for build, driver, capability in _CUDA_BUILDS:
        if (major >= driver or machine.driver is None) and (newest is None or newest >= capability):
            return build
    return None
