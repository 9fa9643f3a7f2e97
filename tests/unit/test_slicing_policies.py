"""Naming policies: ids, caps, suggestions for slips, and what importing them drags in."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from engine.errors import ExitCode, UsageError
from engine.geometry import Size
from engine.slicing.llava_uhd import plan_native
from engine.slicing.policies import DEFAULT_POLICY, PolicyStatus, RunsOn, parse_policy, plan, policies, policy_ids
from engine.slicing.registry import register_policy

IDS = """
blip-2 cogvlm deepseek-ocr-2 docowl-1.5 flamingo fuyu granite-docling granite-docling-fine hires-llava
instructblip internvl llama-vid llama-vid-image llava-1.5 llava-1.5-crop llava-next llava-next-haotian
llava-uhd-paper llava-uhd-v1 llava-uhd-v1-eval llava-uhd-v2 llava-uhd-v2-eval llava-uhd-v2-eval-1536
llava-uhd-v3 llava-uhd-v3-train minicpm-ocr-adaptive minicpm-ocr-native minicpm-v-16x minicpm-v-4x monkey
otterhd qwen-vl qwen2-vl qwen3-vl slime smolvlm smolvlm-2.2b textmonkey unlimited-ocr ureader ureader-code
xcomposer2-4khd xcomposer2-4khd-short-side yi-vl
"""


def test_ids() -> None:
    assert policy_ids() == tuple(sorted(IDS.split()))
    assert DEFAULT_POLICY in policy_ids()


def test_every_policy_says_what_it_follows() -> None:
    for policy in policies():
        assert policy.title
        assert "arXiv" in policy.citation or policy.id == "fuyu"
        assert policy.default_cap >= 1
    by_status = {status: {each.id for each in policies() if each.status is status} for status in PolicyStatus}
    assert by_status[PolicyStatus.RECONSTRUCTED] == {"hires-llava", "xcomposer2-4khd-short-side"}
    assert all("reconstructed" in parse_policy(each).policy.title for each in by_status[PolicyStatus.RECONSTRUCTED])
    assert {"llava-uhd-paper", "monkey", "ureader", "blip-2"} <= by_status[PolicyStatus.EXACT_FROM_PAPER]


def test_titles_are_unique() -> None:
    titles = [policy.title for policy in policies()]
    assert len(set(titles)) == len(titles)


def test_only_models_with_variable_slices_run_more_than_their_own_policy() -> None:
    by_engine = {engine: {each.id for each in policies() if each.runs_on is engine} for engine in RunsOn}
    assert by_engine[RunsOn.MINICPM_V] == {"minicpm-v-16x", "minicpm-v-4x"}
    assert by_engine[RunsOn.MINICPM_OCR] == {"minicpm-ocr-adaptive", "minicpm-ocr-native"}
    assert by_engine[RunsOn.OWN_MODEL] == {"internvl", "llava-1.5", "llava-1.5-crop", "llava-next"}
    assert by_engine[RunsOn.UHD] == {
        "llava-uhd-paper",
        "llava-uhd-v1",
        "llava-uhd-v1-eval",
        "llava-uhd-v2",
        "llava-uhd-v2-eval",
        "llava-uhd-v2-eval-1536",
    }


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


@pytest.mark.parametrize("text", ["slime:4", "llava-1.5:1", "llava-uhd-paper:6", "qwen3-vl:0", "monkey:"])
def test_a_cap_is_refused_where_the_method_has_none(text: str) -> None:
    with pytest.raises(UsageError, match="takes no cap") as caught:
        parse_policy(text)
    assert f"Write {text.partition(':')[0]} alone" in caught.value.hint


def test_a_policy_without_a_cap_keeps_its_one_spelling() -> None:
    chosen = parse_policy("slime")
    assert replace(chosen, cap=2).id == chosen.id == "slime"
    assert replace(chosen, cap=2).plan(Size(1240, 1754)) == chosen.plan(Size(1240, 1754))


def test_cap_of_one_keeps_every_page_in_one_piece() -> None:
    for policy in policies():
        if policy.takes_cap:
            made = plan(f"{policy.id}:1", Size(3000, 2000))
            assert all(view.rect == made.overview.rect for view in made.slices)
            assert len(made.slices) == (1 if policy.id.startswith("xcomposer2") else 0)


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
