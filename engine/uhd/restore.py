"""SliceRestore: an adapter that lets the slices of a page see each other inside the vision tower.

Slices are merged to the page they were cut from, seen there by a depthwise convolution and by self-attention over a
pooled map, and cut again. Source: Huang et al., HiRes-LLaVA (arXiv 2407.08706): the merge, the two branches and their
sum, the 3x3 kernel. What is ours, because neither code nor equations are public: stride and padding of the kernel, the
pooled map's size (one slice's), bilinear resizing, the residual form, and that both branches begin at zero.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import initialization as init

from engine.slicing.plan import Grid
from engine.uhd.bridges.attention import Attention
from engine.uhd.bridges.base import PatchGrid

KERNEL = 3


class SliceRestore(nn.Module):
    """x + cut(near(page) + pooled(page)) for the slices x of each page; exactly x until it is trained.

    The kernel is a parameter of its own, not a layer's: transformers asks only modules that have some to begin anew.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(dim, 1, KERNEL, KERNEL))
        self.attn = Attention(dim, heads)
        self.reset_parameters()

    def forward(self, slices: Tensor, patches: PatchGrid, grid: Grid) -> Tensor:
        """[slices, patches, dim] for the same: all slices of one page, or of page after page, row-major over `grid`."""
        page = merged(slices, patches, grid)
        small = functional.adaptive_avg_pool2d(page, (patches.rows, patches.cols)).flatten(2).transpose(1, 2)
        seen = self.attn(small, small, small).transpose(1, 2).unflatten(2, (patches.rows, patches.cols))
        wide = functional.interpolate(seen, size=page.shape[-2:], mode="bilinear", align_corners=False)
        near = functional.conv2d(page, self.kernel, padding=KERNEL // 2, groups=page.shape[1])
        return slices + cut(near + wide, grid)

    def reset_parameters(self) -> None:
        """What both branches end with is zero, so that the tower is what it was."""
        init.zeros_(self.kernel)
        init.zeros_(self.attn.out.weight)
        init.zeros_(self.attn.out.bias)


def merged(slices: Tensor, patches: PatchGrid, grid: Grid) -> Tensor:
    """[pages, dim, grid.rows * patches.rows, grid.cols * patches.cols] for slices [slices, patches, dim]."""
    placed = slices.unflatten(1, (patches.rows, patches.cols)).unflatten(0, (-1, grid.rows, grid.cols))
    return placed.permute(0, 5, 1, 3, 2, 4).flatten(4, 5).flatten(2, 3)


def cut(page: Tensor, grid: Grid) -> Tensor:
    """What `merged` was made of."""
    rows = page.unflatten(2, (grid.rows, -1)).unflatten(4, (grid.cols, -1))
    return torch.permute(rows, (0, 2, 4, 3, 5, 1)).flatten(3, 4).flatten(0, 2)
