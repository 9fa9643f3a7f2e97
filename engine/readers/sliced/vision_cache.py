"""The visual tokens of views, kept: in memory for this process, on disk for the next ones.

An entry is named after everything its content depends on and holds a digest, then safetensors bytes in the tensor's
own type, so that what is read is bit-equal to what would be computed again.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from engine.kept_files import KeptFiles
from engine.readers.sliced.protocol import SlicedModel
from engine.readers.sliced.view_files import view_files
from engine.slicing.plan import SlicePlan, View

FORMAT = 1
"""Raise when the meaning of kept features changes, so that old entries are not used."""
MAX_MEMORY_BYTES = 256_000_000
DIGEST_BYTES = hashlib.sha256().digest_size
FEATURES = "features"


class VisionCache:
    """Least recently used views leave first, from memory beyond `memory_bytes`; `files` are those on disk."""

    def __init__(self, files: KeptFiles | None = None, memory_bytes: int = MAX_MEMORY_BYTES) -> None:
        self._files = files or view_files()
        self._memory: OrderedDict[str, Tensor] = OrderedDict()
        self._memory_limit, self._memory_bytes = memory_bytes, 0

    def features(self, model: SlicedModel, plan: SlicePlan, view: View, pixels: Tensor, *, on_disk: bool) -> Tensor:
        """[tokens, dim] of one view on the model's device: kept from before, or encoded now and kept.

        With `on_disk` false nothing is read from or written to the disk.
        """
        kept = self._kept(key_of(model, plan, view, pixels), lambda: model.encode(view, pixels), on_disk=on_disk)
        return kept.to(model.card.device)

    def joined_features(
        self, model: SlicedModel, plan: SlicePlan, pixels: Sequence[Tensor], *, on_disk: bool
    ) -> tuple[Tensor, ...]:
        """As `features`, for all slices of a plan at once, row-major: those of models whose slices see each other."""
        encoder = model.slices_encoder
        if encoder is None:
            raise ValueError(f"the slices of {model.card.name} are encoded one by one")
        whole = torch.stack(list(pixels))
        key = key_of(model, plan, plan.slices[0], whole, str(plan.grid))
        kept = self._kept(key, lambda: torch.stack(encoder(plan, pixels)), on_disk=on_disk)
        return tuple(kept.to(model.card.device))

    def _kept(self, key: str, make: Callable[[], Tensor], *, on_disk: bool) -> Tensor:
        kept = self._memory.get(key)
        if kept is None and on_disk:
            kept = self._read(key)
        if kept is None:
            kept = make().detach().cpu().contiguous()
            if on_disk:
                data = save({FEATURES: kept})
                self._files.write(key, hashlib.sha256(data).digest() + data)
        self._remember(key, kept)
        return kept

    def _remember(self, key: str, features: Tensor) -> None:
        if key not in self._memory:
            self._memory[key] = features
            self._memory_bytes += features.nbytes
        self._memory.move_to_end(key)
        while self._memory_bytes > self._memory_limit:
            _, gone = self._memory.popitem(last=False)
            self._memory_bytes -= gone.nbytes

    def _read(self, key: str) -> Tensor | None:
        data = self._files.read(key)
        if data is None:
            return None
        digest, packed = data[:DIGEST_BYTES], data[DIGEST_BYTES:]
        if hashlib.sha256(packed).digest() != digest:
            self._files.drop(key, "its bytes are not those that were written")
            return None
        try:
            return load(packed)[FEATURES]
        except (SafetensorError, KeyError) as error:
            self._files.drop(key, str(error))
            return None


def key_of(model: SlicedModel, plan: SlicePlan, view: View, pixels: Tensor, beside: str = "") -> str:
    """All that the features of a view depend on, as one name: its pixels, its place in the plan, the model, and how it
    lies `beside` others where that matters."""
    card = model.card
    said = (FORMAT, card.name, card.revision, card.precision, card.device, plan.policy, view.kind, view.size)
    digest = hashlib.sha256(
        "|".join(map(str, (*said, pixels.dtype, tuple(pixels.shape), *filter(None, [beside])))).encode()
    )
    digest.update(pixels.contiguous().numpy().tobytes())
    return digest.hexdigest()
