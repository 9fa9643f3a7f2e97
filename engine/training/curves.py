"""The curves of a training: a table that grows with it, and its picture."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TextIO

from PIL import Image, ImageDraw, ImageFont

from engine.errors import OutputError
from engine.files import replaced

TABLE, PICTURE = "curves.csv", "curves.png"
_COLUMNS = ("total_step", "stage", "step", "learning_rate", "loss")

_WIDTH, _PANEL, _LEFT, _RIGHT, _TOP, _BOTTOM = 960, 320, 70, 20, 34, 34
_TEXT_PX, _TICKS, _SMOOTHED = 13, 5, 0.9
_INK, _GREY, _PAPER = (17, 19, 24), (205, 208, 214), (255, 255, 255)
_LINES = ((31, 105, 193), (200, 80, 20), (46, 125, 50), (130, 60, 160), (120, 90, 40), (90, 100, 110))

Point = tuple[float, float]


class Curves:
    """The table of the training in `out`; rows from `total_step` on, which a resumed training writes again, leave."""

    def __init__(self, out: Path, metrics: Sequence[str], total_step: int) -> None:
        """Raises OutputError."""
        self._out, self._metrics = out, tuple(metrics)
        path = out / TABLE
        kept = [row for row in _read(path) if int(row["total_step"]) < total_step] if total_step else []
        try:
            with replaced(path) as file:
                _writer(file, self._metrics).writeheader()
                _writer(file, self._metrics).writerows(kept)
            self._file = path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            raise _unwritten(path, error) from error

    def add(self, total_step: int, stage: str, step: int, rate: float, values: Mapping[str, float]) -> None:
        """One row; `values` holds `loss` and metrics. Raises OutputError."""
        row = {"total_step": total_step, "stage": stage, "step": step, "learning_rate": f"{rate:.6g}"}
        # repr-precision: two trainings are the same when their tables are.
        row |= {name: repr(value) for name, value in values.items() if name in ("loss", *self._metrics)}
        try:
            _writer(self._file, self._metrics).writerow(row)
            self._file.flush()
        except OSError as error:
            raise _unwritten(self._out / TABLE, error) from error

    def draw(self) -> None:
        """Writes the picture anew. Raises OutputError."""
        rows = _read(self._out / TABLE)
        try:
            picture = drawn(rows, self._metrics)
            picture.save(self._out / f".{PICTURE}.part", format="PNG")
            (self._out / f".{PICTURE}.part").replace(self._out / PICTURE)
        except OSError as error:
            raise _unwritten(self._out / PICTURE, error) from error

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class _Panel:
    """Where a panel lies and which values its axes span."""

    top: int
    x: tuple[float, float]
    y: tuple[float, float]

    def place(self, point: Point) -> Point:
        width, height = _WIDTH - _LEFT - _RIGHT, _PANEL - _TOP - _BOTTOM
        across = (point[0] - self.x[0]) / max(self.x[1] - self.x[0], 1e-9)
        up = (point[1] - self.y[0]) / max(self.y[1] - self.y[0], 1e-9)
        return _LEFT + across * width, self.top + _TOP + (1 - min(max(up, 0.0), 1.0)) * height


def drawn(rows: Sequence[Mapping[str, str]], metrics: Sequence[str]) -> Image.Image:
    """Loss above, metrics below, over steps; each value faint, its running mean strong; stages between grey lines."""
    picture = Image.new("RGB", (_WIDTH, _PANEL * (2 if metrics else 1)), _PAPER)
    draw = ImageDraw.Draw(picture)
    last = max((float(row["total_step"]) for row in rows), default=1.0)
    losses = _series(rows, "loss")
    highest = max((value for _, value in losses), default=1.0)
    _draw_panel(draw, _Panel(0, (0.0, last), (0.0, highest or 1.0)), rows, ("loss",))
    if metrics:
        top = max([1.0, *(value for name in metrics for _, value in _series(rows, name))])
        _draw_panel(draw, _Panel(_PANEL, (0.0, last), (0.0, top)), rows, metrics)
    return picture


def _draw_panel(
    draw: ImageDraw.ImageDraw, panel: _Panel, rows: Sequence[Mapping[str, str]], names: Sequence[str]
) -> None:
    font = ImageFont.load_default(_TEXT_PX)
    for number in range(_TICKS + 1):
        x = panel.x[0] + (panel.x[1] - panel.x[0]) * number / _TICKS
        y = panel.y[0] + (panel.y[1] - panel.y[0]) * number / _TICKS
        left, right = panel.place((panel.x[0], y)), panel.place((panel.x[1], y))
        draw.line((*left, *right), fill=_GREY)
        draw.text((left[0] - 6, left[1]), f"{y:.3g}", font=font, fill=_INK, anchor="rm")
        draw.text((panel.place((x, 0))[0], panel.top + _PANEL - _BOTTOM + 6), f"{x:.0f}", _INK, font, "mt")
    for before, row in pairwise(rows):
        if before["stage"] != row["stage"]:
            at = float(row["total_step"])
            draw.line((*panel.place((at, panel.y[0])), *panel.place((at, panel.y[1]))), fill=_INK)
    written = float(_LEFT)
    for number, name in enumerate(names):
        colour = _LINES[number % len(_LINES)]
        points = _series(rows, name)
        _draw_line(draw, panel, points, (colour[0] // 3 + 165, colour[1] // 3 + 165, colour[2] // 3 + 165), 1)
        _draw_line(draw, panel, _running_mean(points), colour, 2)
        draw.text((written, panel.top + 10), name, font=font, fill=colour)
        written += font.getlength(name) + 24


def _draw_line(
    draw: ImageDraw.ImageDraw, panel: _Panel, points: Sequence[Point], colour: tuple[int, int, int], width: int
) -> None:
    if len(points) > 1:
        draw.line([panel.place(point) for point in points], fill=colour, width=width)


def _series(rows: Sequence[Mapping[str, str]], name: str) -> list[Point]:
    found = [(float(row["total_step"]), float(row[name])) for row in rows if row.get(name)]
    return [point for point in found if math.isfinite(point[1])]


def _running_mean(points: Sequence[Point]) -> list[Point]:
    mean, made = None, []
    for at, value in points:
        mean = value if mean is None else _SMOOTHED * mean + (1 - _SMOOTHED) * value
        made.append((at, mean))
    return made


def _writer(file: TextIO, metrics: Sequence[str]) -> csv.DictWriter[str]:
    return csv.DictWriter(file, (*_COLUMNS, *metrics), restval="", lineterminator="\n")


def _read(path: Path) -> list[dict[str, str]]:
    """The rows of the table; a last line that a kill cut short is left out."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return list(csv.DictReader(line for line in lines if line.endswith("\n")))


def _unwritten(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path} cannot be written ({error.strerror or error}).", "Free some space; then --resume.")
