"""Naming policies: ids, caps, suggestions for slips, and what importing them drags in."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.errors import ExitCode, UsageError
from engine.geometry import Size
from engine.slicing.llava_uhd import plan_native
from engine.slicing.policies import DEFAULT_POLICY, PolicyStatus, parse_policy, plan, policies, policy_ids
from engine.slicing.registry import register_policy


def test_ids() -> None:
    assert set(policy_ids()) == {
        "llava-uhd-v1",
        "llava-uhd-v1-eval",
        "llava-uhd-v2",
        "minicpm-v-16x",
        "minicpm-v-4x",
    }
    assert DEFAULT_POLICY in policy_ids()


def test_every_policy_says_what_it_follows() -> None:
    for policy in policies():
        assert policy.title
        assert "arXiv" in policy.citation
        assert policy.status is PolicyStatus.EXACT_FROM_CODE


@pytest.mark.parametrize(
    ("text", "policy_id", "cap", "spelling"),
    [
        ("minicpm-v-16x", "minicpm-v-16x", 9, "minicpm-v-16x"),
        ("minicpm-v-16x:36", "minicpm-v-16x", 36, "minicpm-v-16x:36"),
        ("minicpm-v-16x:9", "minicpm-v-16x", 9, "minicpm-v-16x"),
        (" llava-uhd-v1:100 ", "llava-uhd-v1", 100, "llava-uhd-v1:100"),
        ("llava-uhd-v1-eval", "llava-uhd-v1-eval", 7, "llava-uhd-v1-eval"),
        ("llava-uhd-v2:1", "llava-uhd-v2", 1, "llava-uhd-v2:1"),
    ],
)
def test_parse(text: str, policy_id: str, cap: int, spelling: str) -> None:
    chosen = parse_policy(text)
    assert (chosen.policy.id, chosen.cap, chosen.id) == (policy_id, cap, spelling)
    assert plan(text, Size(1240, 1754)).policy == spelling


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("minicpm-v-16", "minicpm-v-16x"), ("llava-uhd", "llava-uhd-v1"), ("MiniCPM-V-4x:4", "minicpm-v-4x"), ("", "")],
)
def test_unknown_id_is_a_usage_error_that_suggests_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_policy(text)
    assert f"Did you mean {nearest}" in caught.value.hint
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("cap", ["", "0", "101", "-3", "+9", "9.5", "nine", "９", "9:9", " 9", "9" * 5000])
def test_bad_cap_is_a_usage_error_that_names_the_bounds(cap: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_policy(f"minicpm-v-16x:{cap}")
    assert "1 to 100" in caught.value.hint


def test_cap_of_one_keeps_every_page_whole() -> None:
    for policy_id in policy_ids():
        assert plan(f"{policy_id}:1", Size(3000, 2000)).slices == ()


def test_an_id_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        register_policy("llava-uhd-v1", title="", citation="", status=PolicyStatus.EXACT_FROM_CODE, default_cap=1)(
            plan_native
        )


def test_importing_policies_imports_nothing_heavy() -> None:
    heavy = ("numpy", "PIL", "torch", "transformers", "pymupdf", "onnxruntime", "rapidocr", "PySide6", "click", "rich")
    code = (
        "import sys, engine.slicing.policies, engine.slicing.serialize; "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
