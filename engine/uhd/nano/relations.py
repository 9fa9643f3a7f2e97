"""How the words of a page lie to each other, as fixed features that the network's attention is biased by."""

from __future__ import annotations

import torch
from torch import Tensor

ROW_OVERLAP = 0.5
GLUE_HEIGHTS = 0.16
"""Words of a row that are nearer than this many heights are one word, cut by a slice's border or by its length."""
SEGMENT_HEIGHTS = 1.6
"""A wider gap on a row parts a label from its value or two cells."""
FAR = 1e4
RELATIONS = 22


def em_of(boxes: Tensor, here: Tensor) -> Tensor:
    """[pages]: the unit of a page, the median height of its words, for `boxes` [pages, words, 4] x0 y0 x1 y1."""
    heights = torch.where(here, boxes[..., 3] - boxes[..., 1], torch.nan)
    return heights.nanmedian(dim=-1).values.nan_to_num(1.0).clamp(min=1e-3)


def glued(boxes: Tensor, here: Tensor) -> Tensor:
    """[pages, words, words] bool: whether j goes on where i ends, without a space."""
    same_row, gap, height = _rows(boxes, here)
    return same_row & (gap.abs() < GLUE_HEIGHTS * height) & _starts_later(boxes)


def relations(boxes: Tensor, here: Tensor) -> Tensor:
    """[pages, words, words, RELATIONS] fp32: how word j lies to word i, for `boxes` in units of `em_of`.

    Rows, columns, nearest neighbours in four directions, alignment, distance, and the beginning of the next line.
    """
    same_row, gap, height = _rows(boxes, here)
    left, top, right, bottom = (boxes[..., side] for side in range(4))
    later = _starts_later(boxes)
    earlier = later.transpose(1, 2)
    after, before = same_row & later, same_row & earlier
    gap_before = gap.transpose(1, 2)
    overlap = torch.minimum(right[:, :, None], right[:, None]) - torch.maximum(left[:, :, None], left[:, None])
    pairs = here[:, :, None] & here[:, None]
    column = (overlap > 0) & pairs & ~same_row
    middle = (top + bottom) / 2
    drop = top[:, None] - bottom[:, :, None]
    rise = drop.transpose(1, 2)
    below = column & (middle[:, None] > middle[:, :, None])
    above = column & (middle[:, None] < middle[:, :, None])
    next_right, next_left = _nearest(after, gap), _nearest(before, gap_before)
    next_below, next_above = _nearest(below, drop), _nearest(above, rise)
    near = same_row & (gap < SEGMENT_HEIGHTS * height) & later
    ends, starts = ~near.any(2), ~near.any(1)
    line = (
        pairs & (drop > -0.5) & (drop < 1.3) & ends[:, :, None] & starts[:, None] & (left[:, None] < right[:, :, None])
    )
    aligned = [(edge[:, None] - edge[:, :, None]).abs() < 0.5 for edge in (left, right, (left + right) / 2)]
    rows = (middle[:, None] - middle[:, :, None]).abs()
    features = [
        same_row,
        after,
        before,
        after * torch.exp(-gap.clamp(min=0) / 2),
        before * torch.exp(-gap_before.clamp(min=0) / 2),
        next_right,
        next_left,
        above,
        below,
        above * torch.exp(-rise.clamp(min=0) / 2),
        below * torch.exp(-drop.clamp(min=0) / 2),
        next_above,
        next_below,
        *(one & pairs for one in aligned),
        line & (rows > 0.5),
        near,
        near.transpose(1, 2),
        torch.exp(-rows / 3),
        torch.exp(-gap.abs().clamp(max=FAR) / 8) * pairs,
        (heights_alike(boxes)) & pairs,
    ]
    return torch.stack([feature.float() for feature in features], dim=-1)


def heights_alike(boxes: Tensor) -> Tensor:
    """[pages, words, words] bool: whether two words are set in about the same size."""
    height = (boxes[..., 3] - boxes[..., 1]).clamp(min=1e-3).log()
    return (height[:, None] - height[:, :, None]).abs() < 0.2


def _rows(boxes: Tensor, here: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Whether i and j stand on one row, the gap from i's end to j's start, and the height of the taller."""
    top, bottom = boxes[..., 1], boxes[..., 3]
    shared = torch.minimum(bottom[:, :, None], bottom[:, None]) - torch.maximum(top[:, :, None], top[:, None])
    height = (bottom - top).clamp(min=1e-3)
    pairs = here[:, :, None] & here[:, None] & ~torch.eye(here.shape[1], dtype=torch.bool, device=here.device)
    same_row = pairs & (shared > ROW_OVERLAP * torch.minimum(height[:, :, None], height[:, None]))
    gap = boxes[:, None, :, 0] - boxes[:, :, None, 2]
    return same_row, gap, torch.maximum(height[:, :, None], height[:, None])


def _starts_later(boxes: Tensor) -> Tensor:
    middle = (boxes[..., 0] + boxes[..., 2]) / 2
    return middle[:, None] > middle[:, :, None]


def _nearest(candidates: Tensor, distance: Tensor) -> Tensor:
    """[pages, words, words] bool: the nearest candidate j of each i."""
    far = torch.where(candidates, distance, FAR)
    best = far.argmin(-1, keepdim=True)
    return torch.zeros_like(candidates).scatter(-1, best, True) & candidates
