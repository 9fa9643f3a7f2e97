"""The registry of slicing policies: what a policy is, and the decorator by which one enters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from engine.geometry import Size
from engine.slicing.plan import SlicePlan

PlanFunction = Callable[[str, Size, int], SlicePlan]
"""(policy id to write into the plan, page size in px, cap of slices) -> plan. Raises PlanRefusedError."""


class PolicyStatus(StrEnum):
    """How sure it is that a policy does what its publication does."""

    EXACT_FROM_CODE = "exact from code"
    EXACT_FROM_PAPER = "exact from paper"
    RECONSTRUCTED = "reconstructed"


class RunsOn(StrEnum):
    """Which models read pages by a policy. Everything else only shows what it would do to the page."""

    UHD = "any LLaVA-UHD model"
    MINICPM_V = "MiniCPM-V"
    MINICPM_OCR = "MiniCPM-OCR"
    OWN_MODEL = "its own model only"
    NOTHING = "preview only"


@dataclass(frozen=True, slots=True)
class Policy:
    """A published way to slice a page. `citation` names the publication and the code that was followed.

    `default_cap` is the most slices it makes unless told otherwise, 1 where it never slices. Where `takes_cap` is
    false that number is part of the method and cannot be chosen.
    """

    id: str
    title: str
    citation: str
    status: PolicyStatus
    default_cap: int
    build: PlanFunction
    takes_cap: bool = True
    runs_on: RunsOn = RunsOn.NOTHING


_policies: dict[str, Policy] = {}


def register_policy(
    policy_id: str,
    *,
    title: str,
    citation: str,
    status: PolicyStatus,
    default_cap: int,
    takes_cap: bool = True,
    runs_on: RunsOn = RunsOn.NOTHING,
) -> Callable[[PlanFunction], PlanFunction]:
    """Enter the decorated function as the policy `policy_id`. Raises ValueError where the id is taken."""

    def enter(build: PlanFunction) -> PlanFunction:
        if policy_id in _policies:
            raise ValueError(f"policy {policy_id} is registered twice")
        _policies[policy_id] = Policy(policy_id, title, citation, status, default_cap, build, takes_cap, runs_on)
        return build

    return enter


def registered_policies() -> dict[str, Policy]:
    """All policies by id, in the order of registration."""
    return dict(_policies)
