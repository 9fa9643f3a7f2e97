"""The pointing network as a causal language model of transformers: embeddings in, scores of the next character out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from engine.uhd.nano.config import NanoConfig
from engine.uhd.nano.copying import Choices, CopyWalk
from engine.uhd.nano.network import Asked, PointingNetwork
from engine.uhd.nano.relations import glued
from engine.uhd.nano.tokens import ReadPrompt, read_prompt, text_table


class TextEmbeddings(nn.Module):
    """The fixed embeddings of characters."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(0), requires_grad=False)

    def forward(self, ids: Tensor) -> Tensor:
        """[..., WIDTH] for ids [...]."""
        return text_table().to(ids.device)[ids]


class NanoForCausalLM(PreTrainedModel):
    """Reads question, page and answer so far out of the embeddings, points, and spells."""

    config_class = NanoConfig
    main_input_name = "inputs_embeds"

    def __init__(self, config: NanoConfig) -> None:
        super().__init__(config)
        self.network = PointingNetwork(config.width, config.num_attention_heads, config.num_hidden_layers, config.inner)
        self._embeddings = _fixed()
        self.post_init()

    @property
    def layers(self) -> nn.Module:
        """What of it is learned."""
        return self.network

    def get_input_embeddings(self) -> nn.Module:
        return self._embeddings[0]

    def set_input_embeddings(self, value: nn.Module) -> None:
        """The embeddings are the symbols' codes, and stay so."""

    def get_output_embeddings(self) -> None:
        return None

    def get_decoder(self) -> Any:
        return self

    def choices(self, prompt: ReadPrompt) -> Choices:
        """Where an answer to the prompt may begin, and how it may go on."""
        return choices(self.network, prompt)

    def forward(self, inputs_embeds: Tensor, **_unused: Any) -> CausalLMOutput:
        """`logits` [rows, 1, VOCABULARY]: log-probabilities of the character after each row."""
        walks = [walk_after(self.network, row) for row in inputs_embeds]
        return CausalLMOutput(logits=torch.stack([walk.logprobs() for walk in walks])[:, None])


def choices(network: PointingNetwork, prompt: ReadPrompt) -> Choices:
    """Probabilities for one prompt, on the CPU."""
    device = network.kind.device
    if not len(prompt.words):
        nothing = torch.zeros(0, 1)
        return Choices(torch.ones(1), nothing, torch.zeros(0, 0, dtype=torch.bool), ())
    words, boxes = prompt.words[None].to(device), prompt.boxes[None].to(device)
    with torch.no_grad():
        pointed = network(Asked(words, boxes, prompt.question[None].to(device), torch.zeros(1, dtype=torch.long)))
    spelt = tuple(tuple(symbol for symbol in word if symbol) for word in prompt.words.tolist())
    return Choices(
        pointed.start[0].float().softmax(-1).cpu(),
        _forward(pointed.next[0].float().cpu(), prompt.boxes).softmax(-1),
        glued(boxes, words[..., 0] > 0)[0].cpu(),
        spelt,
    )


def _forward(scores: Tensor, boxes: Tensor) -> Tensor:
    """`scores` [words, words + 1] of the next word where that lies further on its row or on a lower one, else −inf: an
    answer does not go back, and so it ends."""
    left, top, right, bottom = boxes.unbind(-1)
    middle, height = (top + bottom) / 2, bottom - top
    lower = middle[None] > middle[:, None] + torch.maximum(height[:, None], height[None]) / 2
    level = (middle[None] - middle[:, None]).abs() <= torch.maximum(height[:, None], height[None]) / 2
    later = (left + right)[None] > (left + right)[:, None]
    scores[:, :-1] = scores[:, :-1].masked_fill(~(lower | (level & later)), -torch.inf)
    return scores


def walk_after(network: PointingNetwork, embeds: Tensor) -> CopyWalk:
    """The walk after a prompt [length, WIDTH] with the answer that it ends with."""
    prompt = read_prompt(embeds)
    walk = CopyWalk(choices(network, prompt))
    for symbol in prompt.answer:
        walk.advance(symbol)
    return walk


def _fixed() -> tuple[TextEmbeddings]:
    """In a tuple, because what is fixed belongs to no checkpoint."""
    return (TextEmbeddings(),)


AutoModelForCausalLM.register(NanoConfig, NanoForCausalLM, exist_ok=True)
