"""The feature pyramid of LLaVA-UHD v2: joint bilateral upsampling of CLIP's map, guided by the view's pixels.

Source: FeatUp's `JBUStack` (Fu et al., arXiv 2403.10516) as in thunlp/LLaVA-UHD, branch LLaVA-UHD-v2, commit ec06a5b.
The weighted sum over neighbours, a CUDA extension there, is a product with band matrices here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import PlanRefusedError

RADIUS = 3
DIAMETER = 2 * RADIUS + 1
TAPS = DIAMETER * DIAMETER
KEY_DIM = 32
RESIDUAL_SCALE = 0.1


class JointBilateralUpsampler(nn.Module):
    """Upsamples features to the size of a guidance image; near and alike pixels share their features."""

    def __init__(self) -> None:
        super().__init__()
        self.range_temp = nn.Parameter(torch.empty(()))
        self.sigma_spatial = nn.Parameter(torch.empty(()))
        self.range_proj = nn.Sequential(nn.Conv2d(3, KEY_DIM, 1), nn.GELU(), nn.Conv2d(KEY_DIM, KEY_DIM, 1))
        self.fixup_proj = nn.Sequential(nn.Conv2d(TAPS + 3, TAPS, 1), nn.GELU(), nn.Conv2d(TAPS, TAPS, 1))

    def forward(self, source: Tensor, guidance: Tensor) -> Tensor:
        """[views, channels, height, width] for `source` of a smaller size, `guidance` [views, 3, height, width]."""
        kernel = self._range_kernel(guidance) * self._spatial_kernel()
        kernel = kernel / kernel.sum(1, keepdim=True).clamp(min=1e-7)
        kernel = kernel + RESIDUAL_SCALE * self.fixup_proj(torch.cat([kernel, guidance], dim=1))
        upsampled = functional.interpolate(source, size=guidance.shape[-2:], mode="bicubic", align_corners=False)
        return weighted_neighbours(upsampled.float(), kernel.float()).to(source.dtype)

    def _range_kernel(self, guidance: Tensor) -> Tensor:
        """[views, 49, height, width]: how alike each pixel's neighbours are to it."""
        keys = self.range_proj(guidance)
        neighbours = functional.unfold(_pad(keys), DIAMETER).unflatten(1, (KEY_DIM, TAPS)).unflatten(3, keys.shape[-2:])
        alike = (neighbours * keys[:, :, None]).sum(1)
        return (self.range_temp.exp().clamp(1e-4, 1e4) * alike).softmax(1)

    def _spatial_kernel(self) -> Tensor:
        """[49, 1, 1]: a Gaussian of the distance, the window's border being at 1."""
        sigma = self.sigma_spatial
        line = torch.linspace(-1, 1, DIAMETER, device=sigma.device, dtype=sigma.dtype)
        squares = line[:, None] ** 2 + line[None, :] ** 2
        return (-squares / (2 * sigma**2)).exp().reshape(TAPS, 1, 1)


class FeaturePyramid(nn.Module):
    """Maps of 2x and 4x the patches' resolution, the second refined by a 1x1 convolution."""

    def __init__(self, vision_dim: int) -> None:
        super().__init__()
        self.up1 = JointBilateralUpsampler()
        self.up2 = JointBilateralUpsampler()
        self.fixup_proj = nn.Conv2d(vision_dim, vision_dim, 1)

    def forward(self, features: Tensor, pixels: Tensor) -> dict[int, Tensor]:
        """{1: `features`, 2: twice its height and width, 4: four times} for `features` [views, channels, h, w].

        Raises PlanRefusedError where a side is one patch: the published code cannot mirror its border either.
        """
        height, width = features.shape[-2:]
        if 2 * min(height, width) <= RADIUS:
            raise PlanRefusedError(
                f"A view of {height} x {width} patches is too thin for this model's feature pyramid."
            )
        twice = self.up1(features, functional.adaptive_avg_pool2d(pixels, (2 * height, 2 * width)))
        four = self.up2(twice, functional.adaptive_avg_pool2d(pixels, (4 * height, 4 * width)))
        return {1: features, 2: twice, 4: four + RESIDUAL_SCALE * self.fixup_proj(four)}


def _pad(maps: Tensor) -> Tensor:
    return functional.pad(maps, (RADIUS, RADIUS, RADIUS, RADIUS), mode="reflect")


def weighted_neighbours(maps: Tensor, kernel: Tensor) -> Tensor:
    """Σ_ij kernel[7i+j, y, x] · maps[y+i, x+j] for `maps` [views, channels, height, width], borders reflected.

    One matrix product per output row: the seven padded rows under it, end to end, times a band matrix that holds the
    row's kernels along its diagonals. The rows overlap in memory instead of being copied seven times, which is ten
    times as fast on a CPU as adding up 49 shifted maps.
    """
    channels, height, width = maps.shape[1:]
    rows = _pad(maps).permute(0, 2, 3, 1).contiguous()
    line = rows.shape[2]
    taps = kernel.permute(0, 2, 3, 1).unflatten(3, (DIAMETER, DIAMETER))
    out = []
    for view in range(maps.shape[0]):
        bands = rows.new_zeros(height, width, DIAMETER * line)
        diagonals = bands.as_strided((*taps.shape[1:],), (width * DIAMETER * line, DIAMETER * line + 1, line, 1))
        diagonals.copy_(taps[view])
        slabs = rows.as_strided(
            (height, DIAMETER * line, channels), (line * channels, channels, 1), view * rows.stride(0)
        )
        out.append(torch.bmm(bands, slabs))
    return torch.stack(out).permute(0, 3, 1, 2)
