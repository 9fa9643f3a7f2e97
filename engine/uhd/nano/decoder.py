"""The decoder of a reader over the pointing network. It sees a prompt as a whole: what is remembered of a page is its
embeddings, and a question reads them again, which costs some hundredths of a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.runtime.decoder import Memory, Step, Stretch, nothing
from engine.uhd.nano.copying import CopyWalk
from engine.uhd.nano.language import NanoForCausalLM, choices
from engine.uhd.nano.tokens import WIDTH, read_prompt, text_table


@dataclass(frozen=True, slots=True)
class EmbeddedMemory:
    """The embeddings of the positions so far [length, WIDTH]."""

    embeds: Tensor

    @property
    def length(self) -> int:
        return int(self.embeds.shape[0])

    @property
    def size_bytes(self) -> int:
        return int(self.embeds.nbytes)


class NanoDecoder:
    """A Decoder (engine.runtime.decoder) over a NanoForCausalLM."""

    def __init__(self, model: NanoForCausalLM) -> None:
        self._network = model.network.eval()

    @property
    def dim(self) -> int:
        return WIDTH

    def embed(self, ids: Sequence[int]) -> Tensor:
        return text_table()[torch.tensor(list(ids), dtype=torch.long)]

    def remember(self, part: Stretch, after: Memory | None = None) -> Memory:
        return EmbeddedMemory(_whole(part, after))

    def logits(self, parts: Sequence[Stretch], after: Memory | None, keep: int) -> Tensor:
        return torch.stack([self._spelt(_whole(part, after), keep) for part in parts])

    def stream(self, part: Stretch, after: Memory | None, limit: int, stop: frozenset[int]) -> Iterator[Step]:
        walk = self._walk(_whole(part, after))
        for _ in range(limit):
            logprobs = walk.logprobs()
            token = int(logprobs.argmax())
            yield Step(token, float(logprobs[token]))
            if token in stop:
                return
            walk.advance(token)

    def stream_rows(
        self,
        parts: Sequence[Stretch],
        after: Memory | None,
        limit: int,
        stop: frozenset[int],
        pause: Callable[[], None] = nothing,
    ) -> list[list[Step]]:
        rows = []
        for part in parts:
            pause()
            rows.append(list(self.stream(part, after, limit, stop)))
        return rows

    def attention(self, part: Stretch, after: Memory | None) -> Tensor | None:
        """For every position of `part` the probability that an answer begins at each position of all."""
        prompt = read_prompt(whole := _whole(part, after))
        pointed = torch.zeros(len(whole))
        pointed[prompt.places.cpu()] = choices(self._network, prompt).start[:-1]
        return pointed.expand(part.length, -1)

    def _walk(self, embeds: Tensor) -> CopyWalk:
        walk = CopyWalk(choices(self._network, prompt := read_prompt(embeds)))
        for symbol in prompt.answer:
            walk.advance(symbol)
        return walk

    def _spelt(self, embeds: Tensor, keep: int) -> Tensor:
        """[keep, vocabulary]: the scores after each of the last `keep` positions, the answer's all."""
        prompt = read_prompt(embeds)
        walk = CopyWalk(choices(self._network, prompt))
        rows = [walk.logprobs()]
        for symbol in prompt.answer:
            walk.advance(symbol)
            rows.append(walk.logprobs())
        return torch.stack(rows[len(rows) - keep :])


def _whole(part: Stretch, after: Memory | None) -> Tensor:
    if after is None:
        return part.embeds
    assert isinstance(after, EmbeddedMemory)
    return torch.cat([after.embeds, part.embeds.to(after.embeds)])
