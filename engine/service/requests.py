"""What the supervisor is asked for and hands out, and the limits it works under. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from engine.documents.types import PageRef
from engine.geometry import Size
from engine.paths import log_dir
from engine.service.messages import WorkerKind


@dataclass(frozen=True, slots=True)
class TileSpec:
    """The pixels [x, x+width) × [y, y+height) of `page` at `scale` device px per page unit, turned by `rotation`.

    `rotation` (0, 90, 180, 270) is the user's own turn of the view; coordinates are those of the turned page.
    """

    page: PageRef
    scale: float
    rotation: int
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class TilePixels:
    """RGB32 rows (bytes B, G, R, 255) without padding."""

    request: int
    size: Size
    data: bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user must know that no request carries: a worker died and was started again."""

    text: str
    kind: WorkerKind | None = None
    serious: bool = False


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Limits of the workers. A deadline counts from when the worker can begin; past it the worker is killed and
    the page marked. `keep_protected` lets words of password-protected documents be cached on disk."""

    vector_dpi: float = 150.0
    open_deadline_s: float = 120.0
    tile_deadline_s: float = 30.0
    page_deadline_s: float = 90.0
    cancel_grace_s: float = 10.0
    render_memory_bytes: int = 6 << 30
    keep_protected: bool = False
    log_folder: Path = field(default_factory=log_dir)
