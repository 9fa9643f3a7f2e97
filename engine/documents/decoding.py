"""Any picture Pillow can decode → grey or RGB pixels as a person would see them on white paper.

Owns the conversions where a plain `convert` would be wrong: 16-bit and floating-point grey, CMYK and LAB with a
profile, transparency.
"""

from __future__ import annotations

import io
import logging

import numpy as np
from PIL import Image, ImageCms

log = logging.getLogger(__name__)

_WIDE_GREY = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
WHITE = (255, 255, 255)


def to_grey_or_rgb(image: Image.Image) -> tuple[Image.Image, str | None]:
    """`image` in mode L or RGB, and a sentence for the user when the range of its values had to be guessed."""
    if image.mode in _WIDE_GREY:
        return _narrowed(image)
    if _is_transparent(image):
        return _on_white(image), None
    if image.mode in ("L", "RGB"):
        return image, None
    if image.mode == "1":
        return image.convert("L"), None
    if image.mode in ("CMYK", "LAB"):
        return _through_profile(image), None
    if image.mode == "P" and image.palette is not None and image.palette.mode == "L":
        return image.convert("L"), None
    return image.convert("RGB"), None


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def _on_white(image: Image.Image) -> Image.Image:
    layer = image.convert("RGBA")
    ground = Image.new("RGB", image.size, WHITE)
    ground.paste(layer, mask=layer.getchannel("A"))
    return ground


def _narrowed(image: Image.Image) -> tuple[Image.Image, str | None]:
    """16-bit values are shares of 65,535; wider integers and floats are stretched from their least to their largest."""
    values = np.asarray(image)
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return Image.fromarray((values // 257).astype(np.uint8)), None
    if values.dtype.kind == "i" and values.size and values.min() >= 0 and values.max() <= 0xFFFF:
        return Image.fromarray((values // 257).astype(np.uint8)), None
    finite = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if image.mode == "F" and low >= 0.0 and high <= 1.0:
        return Image.fromarray((finite * 255.0 + 0.5).astype(np.uint8)), None
    spread = max(high - low, 1e-12)
    grey = ((finite - low) * (255.0 / spread) + 0.5).astype(np.uint8)
    return Image.fromarray(grey), f"Brightness is stretched from {low:g}–{high:g} to what a screen shows."


def _through_profile(image: Image.Image) -> Image.Image:
    """CMYK or LAB → sRGB by the embedded profile; CMYK without a usable one by the plain formula."""
    profile = image.info.get("icc_profile")
    try:
        if image.mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        elif profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        else:
            return image.convert("RGB")
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        log.warning("the colour profile of an image cannot be used: %s", error)
        return image.convert("RGB")
    return converted if converted is not None else image.convert("RGB")
