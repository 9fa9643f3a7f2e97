"""What a sliced vision-language model is to the reader that runs it: one small adapter per family gives this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image
from torch import Tensor

from engine.geometry import Size
from engine.runtime.decoder import Decoder
from engine.slicing.plan import SlicePlan, View


@dataclass(frozen=True, slots=True)
class ModelCard:
    """How answers name the model: `name` as the user chose it (hub id or folder), `revision` of its weights,
    `precision` such as `bf16`, `nf4`, `int8`, `fp32`, and `device` such as `cpu` or `cuda:0`."""

    name: str
    revision: str
    precision: str
    device: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A page and a question as the model takes them, features not yet put in.

    `places` holds, per view of the plan in its order, the positions in `ids` [count] (long) that its visual tokens
    take. `positions` is [axes, length] (see Stretch). The first `page_length` ids are the same for every question
    about the page: everything up to the end of the image.
    """

    ids: tuple[int, ...]
    places: tuple[Tensor, ...]
    positions: Tensor
    page_length: int


class SlicedModel(Protocol):
    """A loaded model. The plan it states is the one it feeds, view by view and token by token."""

    @property
    def card(self) -> ModelCard:
        """Names the model in answers."""

    @property
    def decoder(self) -> Decoder:
        """Its language model."""

    @property
    def stop(self) -> frozenset[int]:
        """Ids of tokens that end an answer."""

    def policy_for(self, wanted: str) -> str:
        """The policy id that the model reads pages by when the user chose `wanted`: `wanted` itself where the model
        can run it, else its own (the reader announces the difference). Raises UsageError for an unknown id."""

    def plan(self, page: Size, policy: str) -> SlicePlan:
        """The plan of a page of `page` px, spans as they stand in the image's part of the sequence. Raises
        PlanRefusedError."""

    def plan_image(self, image: Image.Image, policy: str) -> SlicePlan:
        """The plan of this very page. It differs from that of its size only where a policy looks at pixels."""

    def cut(self, image: Image.Image, plan: SlicePlan) -> tuple[Tensor, ...]:
        """What the vision tower takes, one tensor per view of `plan` in its order, on the CPU in fp32."""

    def encode(self, view: View, pixels: Tensor) -> Tensor:
        """[tokens, dim]: the visual tokens of one view, from what `cut` gave for it."""

    def prompt(self, plan: SlicePlan, question: str) -> Prompt:
        """The token ids of the page's and the question's whole prompt, as published for short answers."""

    def embed(self, plan: SlicePlan, prompt: Prompt, features: Sequence[Tensor]) -> Tensor:
        """[length, dim]: the prompt's embeddings with each view's `features` (as `encode` gave them) put in."""

    def text(self, ids: Sequence[int]) -> str:
        """The words of an answer, special tokens left out."""
