"""What a sliced vision-language model is to the reader that runs it: one small adapter per family gives this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


@dataclass(frozen=True, slots=True)
class OwnSelection:
    """What a model was made to leave out of its slices by the question (engine.uhd.selector): all but the probability
    `top_p` at `temperature`, all but `slices` slices where that is not 0. As it stands here: nothing."""

    top_p: float = 1.0
    temperature: float = 1.0
    slices: int = 0

    @property
    def selects(self) -> bool:
        return self.top_p < 1.0 or self.slices > 0


class Embedder(Protocol):
    """Puts the features of views among the words of a prompt."""

    @property
    def decoder(self) -> Decoder:
        """Its language model."""

    def embed(self, plan: SlicePlan, prompt: Prompt, features: Sequence[Tensor]) -> Tensor:
        """[length, dim]: the prompt's embeddings with each view's `features` (as `encode` gave them) put in."""


SliceEncoder = Callable[[SlicePlan, Sequence[Tensor]], tuple[Tensor, ...]]
"""[tokens, dim] per slice of a plan, row-major, from what `cut` gave for all of them together."""


class SlicedModel(Embedder, Protocol):
    """A loaded model. The plan it states is the one it feeds, view by view and token by token."""

    @property
    def card(self) -> ModelCard:
        """Names the model in answers."""

    @property
    def separable(self) -> bool:
        """Whether visual tokens, or all those of a slice, can be left out of the sequence: every token stands there by
        itself, and the number of slices is not fixed."""

    @property
    def selection(self) -> OwnSelection:
        """What the model itself leaves out by the question."""

    @property
    def slices_encoder(self) -> SliceEncoder | None:
        """For models whose slices see each other in the tower, so that `encode` cannot take one alone; else None."""

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

    def text(self, ids: Sequence[int]) -> str:
        """The words of an answer, special tokens left out."""

    def tokens(self, text: str) -> tuple[int, ...]:
        """The ids of an answer that says `text`, as the model would write it after a prompt, without an end."""
