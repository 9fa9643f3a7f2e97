"""The slicing policies by id: the public face of this room.

A policy is named by its id, or by `id:N` for another cap of slices: `minicpm-v-16x`, `minicpm-v-16x:36`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from engine.errors import UsageError
from engine.geometry import Size
from engine.slicing import (
    hires_llava,
    llava,
    llava_uhd,
    llava_uhd_paper,
    llava_uhd_v3,
    minicpm_ocr,
    minicpm_v,
    monkey,
    native_resolution,
    nearest,
    single_view,
    slime,
    smolvlm,
    ureader,
    xcomposer,
)
from engine.slicing.plan import SlicePlan
from engine.slicing.registry import Policy, PolicyStatus, RunsOn, registered_policies

__all__ = [
    "DEFAULT_POLICY",
    "MAX_CAP",
    "ChosenPolicy",
    "Policy",
    "PolicyStatus",
    "RunsOn",
    "parse_policy",
    "plan",
    "policies",
    "policy_ids",
]

DEFAULT_POLICY = "minicpm-v-16x"
MAX_CAP = 100

_FAMILIES = (
    hires_llava,
    llava,
    llava_uhd,
    llava_uhd_paper,
    llava_uhd_v3,
    minicpm_ocr,
    minicpm_v,
    monkey,
    native_resolution,
    nearest,
    single_view,
    slime,
    smolvlm,
    ureader,
    xcomposer,
)
"""Importing a family's module enters its policies; this also says so to the reader and to linters."""


@dataclass(frozen=True, slots=True)
class ChosenPolicy:
    """A policy together with the cap of slices asked for, which it disregards where it takes none."""

    policy: Policy
    cap: int

    @property
    def id(self) -> str:
        """The one spelling of this choice: the cap is left out where it is the policy's own."""
        own = not self.policy.takes_cap or self.cap == self.policy.default_cap
        return self.policy.id if own else f"{self.policy.id}:{self.cap}"

    def plan(self, page: Size) -> SlicePlan:
        """The slice plan of a page of this size in px. Raises PlanRefusedError."""
        return self.policy.build(self.id, page, self.cap)


def policies() -> tuple[Policy, ...]:
    """All policies, in the order in which they are offered."""
    known = registered_policies()
    return tuple(known[policy_id] for policy_id in sorted(known))


def policy_ids() -> tuple[str, ...]:
    """The ids of all policies, in the order in which they are offered."""
    return tuple(policy.id for policy in policies())


def parse_policy(text: str) -> ChosenPolicy:
    """`id` or `id:N` → the policy and its cap.

    Raises UsageError for an unknown id, a cap outside 1–100, and any cap where the policy takes none.
    """
    policy_id, colon, cap_text = text.strip().partition(":")
    policy = registered_policies().get(policy_id)
    if policy is None:
        raise _unknown(policy_id)
    if not colon:
        return ChosenPolicy(policy, policy.default_cap)
    if not policy.takes_cap:
        raise UsageError(
            f"{policy_id} takes no cap of slices: how many it makes is part of the published method.",
            f"Write {policy_id} alone, or choose a policy with a cap, such as {DEFAULT_POLICY}:4.",
        )
    if not (re.fullmatch(r"[0-9]{1,3}", cap_text) and 1 <= int(cap_text) <= MAX_CAP):
        raise UsageError(
            f"“{cap_text}” is not a number of slices that {policy_id} can be capped at.",
            f"Give a whole number from 1 to {MAX_CAP}, as in {policy_id}:{policy.default_cap}.",
        )
    return ChosenPolicy(policy, int(cap_text))


def plan(policy_id: str, size: Size) -> SlicePlan:
    """The slice plan that `policy_id` (`id` or `id:N`) makes of a page of `size` px.

    Raises UsageError for an unknown policy or a bad cap, PlanRefusedError where the published code fails as well.
    """
    return parse_policy(policy_id).plan(size)


def _unknown(policy_id: str) -> UsageError:
    known = policy_ids()
    nearest = max(known, key=lambda name: SequenceMatcher(None, policy_id.lower(), name).ratio())
    return UsageError(
        f"There is no slicing policy “{policy_id}”.",
        f"Did you mean {nearest}? The policies are {', '.join(known)}; add :N for another cap of slices.",
    )
