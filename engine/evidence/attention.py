"""Where a model looked while it wrote an answer: a preview of evidence, never called a contribution."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def attention_shares(attention: Tensor, rows: int, places: Sequence[Tensor]) -> tuple[float, ...]:
    """Per view the share (0–1, together 1) of the attention that the answer paid to the page.

    `attention` is [positions, all positions], as a decoder gives it; its last `rows` are those that wrote the answer.
    `places` are each view's positions. All 0 where the page got no attention at all.
    """
    seen = attention[-rows:].mean(0)
    masses = [float(seen[own.to(seen.device)].sum()) for own in places]
    total = sum(masses)
    return tuple(mass / total if total > 0 else 0.0 for mass in masses)
