"""Our own LLaVA-UHD family as a sliced model: the processor's own views and ids, the model's own features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from engine.geometry import Size
from engine.readers.sliced.protocol import ModelCard, OwnSelection, Prompt, SliceEncoder
from engine.runtime.decoder import Decoder
from engine.slicing.plan import SlicePlan, View, ViewKind
from engine.slicing.policies import RunsOn, parse_policy
from engine.uhd.checkpoints import LoadedModel
from engine.uhd.config import IMAGE_PLACE, QUESTION_PLACE
from engine.uhd.towers import STRIPS


class UhdSlicedModel:
    """A `SlicedModel` over a loaded model of the family; `decoder` runs its language model.

    Where its slices see each other in the tower (SliceRestore), `encode` takes its overview alone.
    """

    def __init__(self, loaded: LoadedModel, decoder: Decoder, card: ModelCard) -> None:
        self._model = loaded.model
        self._processor = loaded.processor
        self._decoder = decoder
        self._card = card

    @property
    def card(self) -> ModelCard:
        return self._card

    @property
    def decoder(self) -> Decoder:
        return self._decoder

    @property
    def separable(self) -> bool:
        # A network that points takes the place of a word on its page from the order of the views.
        return bool(self._model.config.tower != STRIPS)

    @property
    def selection(self) -> OwnSelection:
        config = self._model.config
        return OwnSelection(config.selector_top_p, config.selector_temperature, config.selector_slices)

    @property
    def slices_encoder(self) -> SliceEncoder | None:
        return self._encode_together if self._model.config.restore_layers else None

    def _encode_together(self, plan: SlicePlan, pixels: Sequence[Tensor]) -> tuple[Tensor, ...]:
        with torch.no_grad():
            return tuple(self._model.encode(torch.stack(list(pixels)), slices=plan.grid))

    @property
    def stop(self) -> frozenset[int]:
        """The tokenizer's end of text and whatever the model's generation configuration ends answers with."""
        ends = self._model.generation_config.eos_token_id
        ids = ends if isinstance(ends, list | tuple) else (ends,)
        return frozenset(id_ for id_ in (*ids, self._processor.tokenizer.eos_token_id) if id_ is not None)

    def policy_for(self, wanted: str) -> str:
        """`wanted` where it is one of LLaVA-UHD's and the model was made with one too, under any cap; else the policy
        the model was made with."""
        chosen, own = parse_policy(wanted), parse_policy(self._processor.policy)
        fits = chosen.policy is own.policy or chosen.policy.runs_on is own.policy.runs_on is RunsOn.UHD
        return chosen.id if fits else own.id

    def plan(self, page: Size, policy: str) -> SlicePlan:
        """The plan as the spatial schema lays it out. Raises PlanRefusedError."""
        return self._processor.plan(page, policy)

    def plan_image(self, image: Image.Image, policy: str) -> SlicePlan:
        """The plan of the image's size: no policy of the family looks at pixels."""
        return self.plan(Size(*image.size), policy)

    def cut(self, image: Image.Image, plan: SlicePlan) -> tuple[Tensor, ...]:
        """Normalised pixels [3, height_px, width_px] per view."""
        return self._processor.views(image, plan.policy).pixels

    def encode(self, view: View, pixels: Tensor) -> Tensor:
        """[tokens, dim] of one view, from tower and bridge."""
        with torch.no_grad():
            features = self._model.encode(pixels[None], overview=view.kind is ViewKind.OVERVIEW)[0]
        if features.shape[0] != view.tokens:
            raise RuntimeError(f"a view planned with {view.tokens} tokens gave {features.shape[0]}")
        return features

    def prompt(self, plan: SlicePlan, question: str) -> Prompt:
        """The published prompt. A prompt that asks before it shows the page shares nothing between questions."""
        ids, _ = self._processor.token_ids(plan, question)
        start = len(self._processor.prompt_ids(question)[0])
        asked_first = QUESTION_PLACE in self._processor.prompt.split(IMAGE_PLACE)[0]
        return Prompt(
            ids=tuple(ids),
            places=tuple(start + places for places in self._processor.places(plan)),
            positions=torch.arange(len(ids))[None],
            page_length=0 if asked_first else start + plan.sequence,
        )

    def embed(self, plan: SlicePlan, prompt: Prompt, features: Sequence[Tensor]) -> Tensor:
        """[length, dim]: the words' embeddings with the views' features at their places."""
        embeds = self._decoder.embed(prompt.ids).clone()
        for _, places, tokens in zip(plan.views, prompt.places, features, strict=True):
            embeds[places.to(embeds.device)] = tokens.to(embeds.device, embeds.dtype)
        return embeds

    def text(self, ids: Sequence[int]) -> str:
        return str(self._processor.tokenizer.decode(list(ids), skip_special_tokens=True))

    def tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self._processor.tokenizer(text, add_special_tokens=False).input_ids)
