"""The JSON lines of `tessera plan`."""

from __future__ import annotations

import json

import pytest

from engine.errors import PlanRefusedError
from engine.geometry import Size
from engine.slicing.policies import plan
from engine.slicing.serialize import plan_to_dict, plan_to_line, refusal_to_line


def test_line_of_a_sliced_page() -> None:
    line = plan_to_line(plan("llava-uhd-v1", Size(1240, 1754)))
    assert "\n" not in line
    data = json.loads(line)
    assert list(data) == ["policy", "page", "grid", "views", "tokens", "sequence"]
    assert data["policy"] == "llava-uhd-v1"
    assert data["page"] == {"width": 1240, "height": 1754}
    assert data["grid"] == {"cols": 2, "rows": 3}
    assert (data["tokens"], data["sequence"], len(data["views"])) == (1008, 1014, 7)
    assert data["views"][1] == {
        "kind": "slice",
        "row": 0,
        "col": 1,
        "rect": [620.0, 0.0, 620.0, pytest.approx(1754 / 3)],
        "size": [336, 322],
        "tokens": 144,
        "span": [145, 289],
    }
    assert data["views"][6] == {
        "kind": "overview",
        "row": None,
        "col": None,
        "rect": [0.0, 0.0, 1240.0, 1754.0],
        "size": [280, 392],
        "tokens": 144,
        "span": [870, 1014],
    }


def test_line_of_an_unsliced_page() -> None:
    data = plan_to_dict(plan("minicpm-v-16x", Size(300, 200)))
    assert data["grid"] == {"cols": 0, "rows": 0}
    assert [(view["kind"], view["span"]) for view in data["views"]] == [("overview", [4, 4 + data["tokens"]])]


def test_a_plan_that_pads_says_so() -> None:
    data = plan_to_dict(plan("llava-1.5", Size(1000, 500)))
    assert data["padding"] == pytest.approx(0.5)
    assert data["views"][0]["drawn"] == pytest.approx([0, 84, 336, 168])
    assert "padding" not in plan_to_dict(plan("minicpm-v-16x", Size(1000, 500)))


def test_line_of_a_refused_size() -> None:
    with pytest.raises(PlanRefusedError) as caught:
        plan("llava-uhd-v1-eval", Size(1, 6000))
    line = refusal_to_line(Size(1, 6000), caught.value)
    assert "\n" not in line
    data = json.loads(line)
    assert (data["width"], data["height"], list(data)) == (1, 6000, ["width", "height", "error"])
    assert "too narrow" in data["error"]
