"""`hiwin`: the hierarchical window attention of LLaVA-UHD v2 over 1x, 2x and 4x maps, four query sets.

Source: `AdaptSpatialResampler` of thunlp/LLaVA-UHD, branch LLaVA-UHD-v2, commit ec06a5b. The released weights use
the levels 1x and 4x (feature_scale_mask 5); 2x is then only a step on the way to 4x.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import initialization as init

from engine.uhd.bridges.attention import Attention
from engine.uhd.bridges.base import Bridge, PatchGrid, ViewFeatures
from engine.uhd.bridges.init import init_resampler
from engine.uhd.bridges.pyramid import FeaturePyramid
from engine.uhd.bridges.windowed import LAYER_NORM_EPS
from engine.uhd.bridges.windows import pool_grid, pool_positions, pool_windows

QUERY_SETS = 4


class LevelProjector(nn.Module):
    """One level's way to the common width, and the learned mark that tells its keys from other levels'."""

    def __init__(self, vision_dim: int, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(vision_dim, dim)
        self.embedding = nn.Parameter(torch.empty(1, 1, dim))


class HiwinResampler(Bridge):
    """Four query sets attend to the windows' keys of all levels; their answers are concatenated and mixed."""

    def __init__(self, vision_dim: int, dim: int, queries: int, heads: int, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.side = round(queries**0.5)
        self.pyramid = FeaturePyramid(vision_dim)
        self.levels = nn.ModuleDict({str(level): LevelProjector(vision_dim, dim) for level in levels})
        self.query = nn.Parameter(torch.empty(QUERY_SETS, queries, dim))
        self.pos_embed = nn.Parameter(torch.empty(queries, dim), requires_grad=False)
        self.attn = Attention(dim, heads)
        self.ln_q = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.ln_kv = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.ln_proj = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.ln_post = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.cat_proj = nn.Linear(QUERY_SETS * dim, dim)
        self.proj = nn.Parameter(torch.empty(dim, dim))

    def forward(self, views: ViewFeatures) -> Tensor:
        count, grid = views.features.shape[0], views.grid
        patches = views.features.transpose(1, 2).unflatten(2, (grid.rows, grid.cols))
        maps = self.pyramid(patches, views.pixels.to(patches.dtype))
        windows = [self._windows(int(level), maps[int(level)], grid) for level in self.levels]
        keys, values = (torch.cat(parts, dim=1) for parts in zip(*windows, strict=True))
        queries = (self.ln_q(self.query) + self.pos_embed).transpose(0, 1)
        attended = self.ln_proj(self.attn.windows(queries, keys, values)).unflatten(0, (count, -1)).flatten(2)
        return self.ln_post(self.cat_proj(attended)) @ self.proj

    def _windows(self, scale: int, level_map: Tensor, grid: PatchGrid) -> tuple[Tensor, Tensor]:
        """Keys and values [views·windows, keys, dim] of the level with `scale` times the patches' resolution."""
        level: Any = self.levels[str(scale)]
        fine = PatchGrid(scale * grid.rows, scale * grid.cols)
        pool = pool_grid(grid)
        values = pool_windows(self.ln_kv(level.linear(level_map.flatten(2).transpose(1, 2))), fine, pool, self.side)
        positions = pool_positions(self.pos_embed + level.embedding[0], fine, pool, self.side)
        return values + positions.repeat(level_map.shape[0], 1, 1), values

    def reset_parameters(self) -> None:
        init_resampler(self)
        for level in self.levels.values():
            init.zeros_(level.embedding)
        for upsampler in (self.pyramid.up1, self.pyramid.up2):
            init.zeros_(upsampler.range_temp)
            init.ones_(upsampler.sigma_spatial)
