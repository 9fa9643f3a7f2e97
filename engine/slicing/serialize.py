"""Slice plans as JSON: the line that `tessera plan` prints for each page size."""

from __future__ import annotations

import json
from typing import Any

from engine.errors import PlanRefusedError
from engine.geometry import PixelRect, Size
from engine.slicing.plan import SlicePlan, View


def plan_to_dict(plan: SlicePlan) -> dict[str, Any]:
    """`plan` as JSON data. `rect` is [x, y, width, height] in page px, `size` [width, height] after resizing,
    `span` [start, end) in the model's sequence; `row` and `col` are None for the overview.

    Where a policy pads, the plan has `padding`, the share (0–1) of all pixels that shows nothing of the page, and a
    padded view `drawn`, the part that does as [x, y, width, height] in px of the view.
    """
    made: dict[str, Any] = {
        "policy": plan.policy,
        "page": {"width": plan.page.width, "height": plan.page.height},
        "grid": {"cols": plan.grid.cols, "rows": plan.grid.rows},
        "views": [_view_to_dict(view) for view in plan.views],
        "tokens": plan.tokens,
        "sequence": plan.sequence,
    }
    return made | {"padding": plan.padding} if plan.padding else made


def plan_to_line(plan: SlicePlan) -> str:
    """`plan` as one line of JSON, without the line end."""
    return json.dumps(plan_to_dict(plan))


def refusal_to_line(page: Size, error: PlanRefusedError) -> str:
    """What stands in the place of a plan that was refused: one line of JSON with `width`, `height` and `error`."""
    return json.dumps({"width": page.width, "height": page.height, "error": str(error.info)}, ensure_ascii=False)


def _view_to_dict(view: View) -> dict[str, Any]:
    made: dict[str, Any] = {
        "kind": view.kind.value,
        "row": view.row,
        "col": view.col,
        "rect": _rect_to_list(view.rect),
        "size": [view.size.width, view.size.height],
        "tokens": view.tokens,
        "span": list(view.span),
    }
    return made | {"drawn": _rect_to_list(view.drawn)} if view.drawn is not None else made


def _rect_to_list(rect: PixelRect) -> list[float]:
    return [rect.x, rect.y, rect.width, rect.height]
