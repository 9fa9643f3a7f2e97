"""What the adapters of all families share, and the table by which a configuration's model type finds its adapter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jinja2 import TemplateError
from PIL import Image
from torch import Tensor

from engine.errors import CheckpointError, UsageError
from engine.geometry import Size
from engine.readers.sliced.protocol import ModelCard, OwnSelection, Prompt
from engine.runtime.decoder import Decoder
from engine.runtime.device_errors import device_errors
from engine.slicing.plan import SlicePlan, View
from engine.slicing.policies import parse_policy

SHORT_ANSWER = "\nAnswer the question using a single word or phrase."
"""LLaVA-1.5's published prompt for short answers (arXiv 2310.03744, section 3.2), which its successors train on too."""

END_OF_TURN = "<|im_end|>"

PROOF = Size(1000, 1400)
"""A page that every family slices, in several rows where it can."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What a model folder holds besides weights: the raw config.json as transformers' configuration, the tokenizer,
    the image processor and the jinja source of the chat template."""

    config: Any
    tokenizer: Any
    images: Any
    template: str


class NativeModel(ABC):
    """A SlicedModel (engine.readers.sliced.protocol) over a vision-language model of transformers.

    A family states its plan, the text that stands in the image's place, and how one view is encoded. `attention`
    says whether where-it-looked previews exist: they need softmax layers in the language model.
    """

    required_ids: ClassVar[tuple[str, ...]] = ("image_token_id",)
    """Token ids without which a configuration of the family is useless."""
    separable: ClassVar[bool] = True
    """Whether visual tokens can be left out of the sequence."""
    selection: ClassVar[OwnSelection] = OwnSelection()
    slices_encoder: ClassVar[None] = None
    required_tokens: ClassVar[tuple[str, ...]] = ()
    """Special tokens that the tokenizer must name."""

    def __init__(self, files: ModelFiles, model: Any, decoder: Decoder, card: ModelCard) -> None:
        self._config = files.config
        self._tokenizer = files.tokenizer
        self._images = files.images
        self._template = files.template
        self._model = model
        self._card = card
        self._decoder = decoder
        self._stop = _stop_ids(model, files.tokenizer)
        layers = getattr(files.config.get_text_config(), "layer_types", None)
        self.attention = layers is None or any("linear" not in layer for layer in layers)

    @classmethod
    def check(cls, files: ModelFiles) -> None:
        """Raises CheckpointError where configuration, tokenizer and image processor cannot work together."""
        lacking = [name for name in cls.required_ids if getattr(files.config, name, None) is None]
        if lacking:
            raise CheckpointError(f"This model's config.json lacks {', '.join(lacking)}.")
        unnamed = [name for name in cls.required_tokens if getattr(files.tokenizer, name, None) is None]
        if unnamed:
            raise CheckpointError(f"This model's tokenizer lacks the special tokens {', '.join(unnamed)}.")
        token = cls.image_token(files.tokenizer)
        found = files.tokenizer.convert_tokens_to_ids(token)
        if found != files.config.image_token_id:
            raise CheckpointError(
                f"This model's tokenizer writes {token} as {found}, its config.json expects "
                f"{files.config.image_token_id}.",
                "config.json and tokenizer belong to different models; fetch the model again.",
            )

    def prove(self) -> None:
        """Raises CheckpointError where chat template or tokenizer do not write a page as its plan says."""
        self.prompt(self.plan(PROOF, self.own_policy), "")

    @classmethod
    def image_token(cls, tokenizer: Any) -> str:
        """The token that holds a visual token's place."""
        return str(getattr(tokenizer, "image_token", None) or "<image>")

    @classmethod
    def image_processor_class(cls) -> Any | None:
        """The family's own image processor, where transformers' automatic choice would need torchvision."""
        return None

    @property
    def card(self) -> ModelCard:
        return self._card

    @property
    def decoder(self) -> Decoder:
        return self._decoder

    @property
    def stop(self) -> frozenset[int]:
        return self._stop

    @property
    @abstractmethod
    def own_policy(self) -> str:
        """The id of the policy that the checkpoint was published with."""

    @abstractmethod
    def view_pixels(self, image: Image.Image, plan: SlicePlan) -> tuple[Tensor, ...]:
        """Per view of `plan`, what the vision tower takes of an RGB `image` of the plan's size, fp32 on the CPU."""

    @abstractmethod
    def image_text(self, plan: SlicePlan) -> str:
        """What the published processor writes in the place of the image, `plan.sequence` tokens long."""

    @abstractmethod
    def features(self, view: View, pixels: Tensor) -> Tensor:
        """[tokens, dim]: one view's visual tokens; `pixels` lie where the vision tower does, in its precision."""

    def policy_for(self, wanted: str) -> str:
        """The family's own policy, whichever of the known ones is wanted."""
        parse_policy(wanted)
        return self.own_policy

    def plan(self, page: Size, policy: str) -> SlicePlan:
        return parse_policy(policy).plan(page)

    def plan_image(self, image: Image.Image, policy: str) -> SlicePlan:
        """The plan of this very page image. It differs from `plan` only where a policy looks at pixels."""
        return self.plan(Size(*image.size), policy)

    def cut(self, image: Image.Image, plan: SlicePlan) -> tuple[Tensor, ...]:
        if Size(*image.size) != plan.page:
            raise UsageError(f"The plan is of a page of {plan.page} px, the image has {Size(*image.size)} px.")
        return self.view_pixels(image.convert("RGB"), plan)

    def encode(self, view: View, pixels: Tensor) -> Tensor:
        tower = self._model.model.vision_tower
        with device_errors(tower.device, "a slice was being encoded"), torch.inference_mode():
            return self.features(view, pixels.to(tower.device, tower.dtype))

    def prompt(self, plan: SlicePlan, question: str) -> Prompt:
        self._check_question(question)
        text = self._chat(question)
        token = self.image_token(self._tokenizer)
        if text.count(token) != 1:
            raise CheckpointError(f"This model's chat template writes {token} {text.count(token)} times, not once.")
        bos = self._tokenizer.bos_token
        add_special = not (bos and text.startswith(bos))
        whole = text.replace(token, self.image_text(plan))
        ids = self._tokenizer(whole, add_special_tokens=add_special).input_ids
        offset, places = self._place(plan, ids)
        asked_first = text.partition(token)[0] != self._chat("").partition(token)[0]
        shared = 0 if asked_first else offset + plan.sequence
        return Prompt(tuple(ids), places, self.positions(plan, ids), shared)

    def positions(self, plan: SlicePlan, ids: Sequence[int]) -> Tensor:
        """[axes, length]: the positions of `ids`; the plain count where a family has no other."""
        return torch.arange(len(ids))[None]

    def view_places(self, plan: SlicePlan) -> tuple[Tensor, ...]:
        """Per view, the positions of its visual tokens in the image's part of the sequence."""
        return tuple(torch.arange(*view.span) for view in plan.views)

    def embed(self, plan: SlicePlan, prompt: Prompt, features: Sequence[Tensor]) -> Tensor:
        embeds = self._decoder.embed(prompt.ids).clone()
        for places, tokens in zip(prompt.places, features, strict=True):
            embeds[places.to(embeds.device)] = tokens.to(embeds.device, embeds.dtype)
        return embeds

    def text(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True)).strip()

    def tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(text, add_special_tokens=False).input_ids)

    def _place(self, plan: SlicePlan, ids: Sequence[int]) -> tuple[int, tuple[Tensor, ...]]:
        """Where the image's part begins in `ids`, and each view's places in `ids`. Checked against the tokens."""
        image = torch.tensor(ids) == self._config.image_token_id
        part = self._image_mask(plan)
        found, planned = image.nonzero().flatten(), part.nonzero().flatten()
        offset = int(found[0] - planned[0]) if len(found) and len(planned) else -1
        end = offset + plan.sequence
        if offset < 0 or int(image.sum()) != int(part.sum()) or not torch.equal(image[offset:end], part):
            raise CheckpointError(
                "This model's tokenizer does not write the page as its plan says, so no slice could be pointed at."
            )
        return offset, tuple(places + offset for places in self.view_places(plan))

    def _image_mask(self, plan: SlicePlan) -> Tensor:
        """[plan.sequence]: True where the image's part of the sequence holds an image token."""
        mask = torch.zeros(plan.sequence, dtype=torch.bool)
        for places in self.view_places(plan):
            mask[places] = True
        return mask

    def _chat(self, question: str) -> str:
        content = [{"type": "image"}, {"type": "text", "text": question + SHORT_ANSWER}]
        try:
            text = self._tokenizer.apply_chat_template(
                [{"role": "user", "content": content}],
                chat_template=self._template,
                tokenize=False,
                add_generation_prompt=True,
                enable_thinking=False,
            )
        except TemplateError as error:
            raise CheckpointError(f"This model's chat template cannot be followed ({error}).") from error
        return str(text)

    def _check_question(self, question: str) -> None:
        tokens = {token.content for token in self._tokenizer.added_tokens_decoder.values() if token.special}
        commands = sorted(token for token in tokens if token in question)
        if commands:
            raise UsageError(
                f"The question holds {commands[0]}, which this model takes for a command.", "Write it differently."
            )


_adapters: dict[str, type[NativeModel]] = {}


def register(*model_types: str) -> Callable[[type[NativeModel]], type[NativeModel]]:
    """Enter the decorated class as the adapter of these model types. Raises ValueError where one is taken."""

    def enter(adapter: type[NativeModel]) -> type[NativeModel]:
        for model_type in model_types:
            if model_type in _adapters:
                raise ValueError(f"model type {model_type} is registered twice")
            _adapters[model_type] = adapter
        return adapter

    return enter


def adapter_for(model_type: object) -> type[NativeModel]:
    """The adapter of a config.json's `model_type`. Raises CheckpointError, naming those that exist."""
    if isinstance(model_type, str) and model_type in _adapters:
        return _adapters[model_type]
    raise CheckpointError(
        f"Tessera has no reader for models of type “{model_type}”.",
        f"The types are {', '.join(sorted(_adapters))}.",
    )


def _stop_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    """The ids that end an answer: the generation configuration's, the tokenizer's own end, and the end of a turn,
    which some checkpoints name in their chat template alone."""
    ends = model.generation_config.eos_token_id
    listed = ends if isinstance(ends, list) else [ends]
    turns = [number for number, token in tokenizer.added_tokens_decoder.items() if token.content == END_OF_TURN]
    return frozenset(int(end) for end in [*listed, tokenizer.eos_token_id, *turns] if end is not None)
