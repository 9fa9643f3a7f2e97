"""The catalogue of published checkpoints: declared in `resources/models/catalogue.toml`, read here, never fetched."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from engine.resources import resource_path


class Family(StrEnum):
    """Which reader a checkpoint belongs to: the published UHD layouts, our own, or a class of transformers."""

    UHD = "uhd"
    UHD_V1 = "uhd-v1"
    UHD_V2 = "uhd-v2"
    NATIVE = "native"


class Precision(StrEnum):
    """How weights can be held."""

    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"
    NF4 = "nf4"


# NF4 with double quantization takes 4.127 bits, measured.
BYTES_PER_PARAMETER = {Precision.FP32: 4.0, Precision.BF16: 2.0, Precision.INT8: 1.0, Precision.NF4: 4.127 / 8}
QUANTIZED = (Precision.INT8, Precision.NF4)


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A published checkpoint. None means that nobody here knows; the hub is asked before a download.

    `kept_parameters` stay in 16 bits when the others are quantized. `default_on` names the device (`gpu`) for which
    this is the model offered first.
    """

    id: str
    title: str
    family: Family
    licence: str | None = None
    revision: str | None = None
    parameters: int | None = None
    kept_parameters: int | None = None
    download_bytes: int | None = None
    default_on: str = ""

    @property
    def may_hold_pickles(self) -> bool:
        """The published UHD checkpoints may come as `.bin`, which is opened as plain tensors only."""
        return self.family in (Family.UHD_V1, Family.UHD_V2)


def weight_bytes(precision: Precision, parameters: int | None, kept_parameters: int | None = None) -> int | None:
    """Memory that the weights alone take at `precision`; None where the counts it needs are not known."""
    if parameters is None or (precision in QUANTIZED and kept_parameters is None):
        return None
    kept = kept_parameters or 0 if precision in QUANTIZED else 0
    return round((parameters - kept) * BYTES_PER_PARAMETER[precision] + kept * BYTES_PER_PARAMETER[Precision.BF16])


def catalogue() -> tuple[CatalogueModel, ...]:
    """All published checkpoints, the one offered first in front."""
    return tuple(CatalogueModel(**{**entry, "family": Family(entry["family"])}) for entry in _declared()["models"])


def entry(model_id: str) -> CatalogueModel | None:
    """What the catalogue says of a hub id, if it knows it."""
    return next((model for model in catalogue() if model.id == model_id), None)


def model_types(family: Family) -> tuple[str, ...]:
    """The `model_type`s that a configuration of this family may name."""
    return tuple(_declared()["families"].get(family.value, ()))


@cache
def _declared() -> dict[str, Any]:
    return tomllib.loads(resource_path("models", "catalogue.toml").read_text(encoding="utf-8"))
