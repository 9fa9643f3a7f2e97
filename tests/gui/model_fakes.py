"""Models as the window meets them: a folder that looks installed, and what a model answers."""

from __future__ import annotations

from dataclasses import replace

from engine.documents.types import PageRef
from engine.evidence.types import AnswerPiece, Contribution, Evidence, EvidenceMethod
from engine.models.installed import folder_of, publish
from engine.models.types import HubFile, HubListing, InstalledFile, Manifest
from engine.readers.types import Answer, AnswerStatus
from engine.runtime.precision import Advice, Need, Option, Precision
from tests.gui.fake_service import make_answer

MODEL = "openbmb/MiniCPM-V-4.6"
TITLE = "MiniCPM-V 4.6"
TEXT = "1,204.50 EUR"


def install_model(name: str = MODEL, size_bytes: int = 1000) -> None:
    """A model with its manifest; nothing in it can be loaded."""
    partial = folder_of(name).parent / ".partial" / "owner--name" / "commit"
    partial.mkdir(parents=True)
    (partial / "model.safetensors").write_bytes(b"\0" * size_bytes)
    publish(partial, Manifest(name, "0" * 40, "apache-2.0", (InstalledFile("model.safetensors", size_bytes, ""),)))


def make_listing(name: str = MODEL, here_bytes: int = 0) -> HubListing:
    """What the hub says of a model of 3.1 GB."""
    files = (HubFile("model.safetensors", 3_100_000_000, "0" * 64, None), HubFile("config.json", 2000, None, "0" * 40))
    return HubListing(name, "1" * 40, "apache-2.0", False, 1_300_700_000, files, here_bytes)


def make_advice() -> Advice:
    """A machine without a GPU: int8 is best, fp32 does not fit, nf4 cannot be."""
    options = (
        Option(Precision.INT8, "cpu", Need(2_000_000_000, 400_000_000, 100_000_000)),
        Option(Precision.FP32, "cpu", Need(8_000_000_000, 800_000_000, 200_000_000), short_bytes=1_000_000_000),
        Option(Precision.NF4, "cpu", Need(0, 0, 0), "nf4 is for NVIDIA GPUs."),
    )
    return Advice(options, options[0], "int8 needs 2.5 GB and is the fastest on this CPU (AVX2).")


def make_model_answer(
    page: PageRef,
    method: EvidenceMethod = EvidenceMethod.HIDDEN_VIEWS,
    status: AnswerStatus = AnswerStatus.ANSWERED,
    gain: float = 3.0,
) -> Answer:
    """A model's answer. Slice 7 counts most; its pieces are the number (slice 7) and its unit (slice 5)."""
    made = make_answer(page, TEXT, status, 0.71)
    evidence = made.evidence
    assert evidence is not None
    pieces = (AnswerPiece(0, 8, (0.9, 0.0, 0.0)), AnswerPiece(9, 12, (0.0, 0.6, 0.0)))
    return replace(
        made,
        calibrated=False,
        evidence=replace(evidence, method=method, visual_gain=gain, pieces=pieces),
        alternatives=(),
        reader="model",
        model=MODEL,
        revision="0" * 40,
        precision="int8",
        device="cpu",
    )


def make_preview(page: PageRef) -> Answer:
    """The answer with nothing measured yet: attention to slices 5, 7 and 0, the most looked at first."""
    answer = make_model_answer(page, EvidenceMethod.ATTENTION, AnswerStatus.UNSURE)
    evidence = answer.evidence
    assert evidence is not None
    first, second, third = evidence.contributions
    looked = (_share(second, 0.42), _share(first, 0.3), _share(third, 0.1))
    return replace(answer, evidence=replace(evidence, contributions=looked, pieces=()))


def contributions_of(answer: Answer) -> tuple[Contribution, ...]:
    assert isinstance(answer.evidence, Evidence)
    return answer.evidence.contributions


def _share(contribution: Contribution, share: float) -> Contribution:
    return replace(contribution, detail=share, joint=share)
