"""How the window speaks of models: titles, sizes, memory."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication

from engine.models.catalogue import CatalogueModel, Precision, entry, weight_bytes

CONTEXT = "Models"


def tr(text: str) -> str:
    return QCoreApplication.translate(CONTEXT, text)


def title_of(name: str) -> str:
    """A model's title in the catalogue, else the last part of its hub id or path."""
    known = entry(name)
    return known.title if known is not None else Path(name.replace("\\", "/")).name or name


def device_text(device: str) -> str:
    """A device as answers name it (`cpu`, `cuda:0`) for people."""
    kind, _, index = device.partition(":")
    if kind.lower() not in ("cpu", "cuda"):
        return device
    return f"{kind.upper()} {index}" if index not in ("", "0") else kind.upper()


def size_text(size_bytes: int) -> str:
    """A size as people write it, in powers of ten."""
    if size_bytes >= 1_000_000_000:
        return tr("{number:.1f} GB").format(number=size_bytes / 1e9)
    if size_bytes >= 1_000_000:
        return tr("{number:.0f} MB").format(number=size_bytes / 1e6)
    return tr("{number:.0f} kB").format(number=max(size_bytes, 0) / 1e3)


def memory_text(size_bytes: int | None) -> str:
    return tr("not known") if size_bytes is None else size_text(size_bytes)


def memory_by_precision(model: CatalogueModel | None, parameters: int | None) -> tuple[tuple[str, str], ...]:
    """For each precision, the memory that the weights take; `parameters` are the hub's count, which goes first."""
    count = parameters or (model.parameters if model is not None else None)
    kept = model.kept_parameters if model is not None else None
    return tuple((precision.value, memory_text(weight_bytes(precision, count, kept))) for precision in Precision)
