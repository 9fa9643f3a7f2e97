"""The decoder of a reader over transformers' own modules: any precision, CPU and CUDA, dense and hybrid models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from transformers import PreTrainedModel
from transformers.cache_utils import Cache, DynamicCache

from engine.errors import CheckpointError
from engine.runtime.caches import copied, joined, select_rows, size_bytes
from engine.runtime.decoder import Memory, Step, Stretch, nothing
from engine.runtime.device_errors import device_errors
from engine.runtime.model_shape import text_model

# Settings by which a causal LM of transformers changes what its head gives; none of them changes a published reader.
_SCORE_CHANGES = ("logits_scaling", "logit_scale", "final_logit_softcapping")


@dataclass(frozen=True, slots=True)
class CacheMemory:
    """What transformers keeps of one sequence of `length` positions."""

    cache: Cache
    length: int

    @property
    def size_bytes(self) -> int:
        return size_bytes(self.cache)


@dataclass(slots=True)
class _Rows:
    """Answers being written: `rows` names the questions that still run, in the order of the cache's rows.
    `hidden` [rows, dim] is the last position's, `positions` [axes, rows] its position, `mask` [rows, seen] hides
    padding (None without any)."""

    rows: list[int]
    cache: Cache
    hidden: Tensor
    positions: Tensor
    mask: Tensor | None

    def keep(self, chosen: Sequence[int]) -> None:
        """Goes on with the rows at these indices alone."""
        if len(chosen) == len(self.rows):
            return
        index = torch.tensor(chosen, device=self.hidden.device)
        select_rows(self.cache, index)
        self.rows = [self.rows[one] for one in chosen]
        self.positions = self.positions[:, index]
        self.mask = None if self.mask is None else self.mask[index]


class TransformersDecoder:
    """A Decoder (engine.runtime.decoder) over a text model of transformers.

    `language_model` takes embeddings and gives hidden states, `head` turns hidden states into scores, `embeddings`
    turns token ids into what `language_model` takes; all on `device`. The positions of a token that follows a part
    are those of the part's last token plus one, on every axis, so a part that is answered has to end with text.
    """

    def __init__(
        self,
        language_model: PreTrainedModel,
        head: Callable[[Tensor], Tensor],
        embeddings: nn.Module,
        device: torch.device,
    ) -> None:
        self._model: Any = language_model.eval()
        self._head = head
        self._embeddings: Any = embeddings
        self._device = device

    @property
    def dim(self) -> int:
        return int(self._embeddings.embedding_dim)

    def embed(self, ids: Sequence[int]) -> Tensor:
        # Not in inference mode, whose tensors could not be written into: callers put visual tokens in.
        with device_errors(self._device, "the question was being embedded"), torch.no_grad():
            return self._embed(torch.tensor(ids, dtype=torch.long, device=self._device))

    def remember(self, part: Stretch, after: Memory | None = None) -> Memory:
        with self._running("the page was being read"):
            cache = self._continued(after, rows=1)
            self._forward(part.embeds[None], part.positions[:, None], cache)
        return CacheMemory(cache, part.length + (0 if after is None else after.length))

    def logits(self, parts: Sequence[Stretch], after: Memory | None, keep: int) -> Tensor:
        with self._running("an answer was being scored"):
            hidden = self._read_rows(parts, self._continued(after, len(parts)))
            return self._head(hidden[:, -keep:]).float()

    def stream(self, part: Stretch, after: Memory | None, limit: int, stop: frozenset[int]) -> Iterator[Step]:
        for written in self._write((part,), after, limit, stop):
            yield written[0]

    def stream_rows(
        self,
        parts: Sequence[Stretch],
        after: Memory | None,
        limit: int,
        stop: frozenset[int],
        pause: Callable[[], None] = nothing,
    ) -> list[list[Step]]:
        answers: list[list[Step]] = [[] for _ in parts]
        for written in self._write(parts, after, limit, stop):
            pause()
            for row, step in written.items():
                answers[row].append(step)
        return answers

    def attention(self, part: Stretch, after: Memory | None) -> Tensor | None:
        total = part.length + (0 if after is None else after.length)
        with self._running("the attention was being read"), ExitStack() as restored:
            restored.callback(self._model.set_attn_implementation, self._model.config._attn_implementation)
            self._model.set_attn_implementation("eager")
            cache = self._continued(after, rows=1)
            output = self._forward(part.embeds[None], part.positions[:, None], cache, output_attentions=True)
            layers = [weights[0].float().mean(0) for weights in output.attentions or () if weights is not None]
            if not layers:
                return None
            # A layer with a sliding window gives no weight to what it no longer sees.
            return torch.stack([pad(layer, (total - layer.shape[-1], 0)) for layer in layers]).mean(0)

    def _write(
        self, parts: Sequence[Stretch], after: Memory | None, limit: int, stop: frozenset[int]
    ) -> Iterator[dict[int, Step]]:
        """Per step, the token that each question still running got."""
        if limit < 1 or not parts:
            return
        with self._running("a question was being read"):
            state = self._read_questions(parts, after)
        for count in range(1, limit + 1):
            with self._running("an answer was being written"):
                steps = self._choose(state.hidden)
            yield dict(zip(state.rows, steps, strict=True))
            unfinished = [index for index, step in enumerate(steps) if step.token not in stop]
            if not unfinished or count == limit:
                return
            with self._running("an answer was being written"):
                state.keep(unfinished)
                self._advance(state, [steps[index].token for index in unfinished])

    def _read_questions(self, parts: Sequence[Stretch], after: Memory | None) -> _Rows:
        """All questions read after the page. Only those of equal length go in one batch: padding between page and
        question would change the state of linear attention layers."""
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for row, part in enumerate(parts):
            groups[part.length].append(row)
        caches, hidden = [], []
        for group in groups.values():
            caches.append(self._continued(after, len(group)))
            hidden.append(self._read_rows([parts[row] for row in group], caches[-1])[:, -1])
        rows = [row for group in groups.values() for row in group]
        before = 0 if after is None else after.length
        lengths = torch.tensor([before + parts[row].length for row in rows], device=self._device)
        seen = int(lengths.max())
        ragged = len(groups) > 1
        mask = torch.arange(seen, device=self._device) >= (seen - lengths)[:, None] if ragged else None
        positions = torch.stack([parts[row].positions[:, -1] for row in rows], 1).to(self._device)
        return _Rows(rows, joined(caches), torch.cat(hidden), positions, mask)

    def _choose(self, hidden: Tensor) -> list[Step]:
        scores = self._head(hidden).float()
        best = scores.argmax(-1, keepdim=True)
        logprobs = scores.log_softmax(-1).gather(-1, best)
        return [Step(*pair) for pair in zip(best[:, 0].tolist(), logprobs[:, 0].tolist(), strict=True)]

    def _advance(self, state: _Rows, tokens: Sequence[int]) -> None:
        state.positions = state.positions + 1
        if state.mask is not None:
            state.mask = pad(state.mask, (0, 1), value=True)
        embeds = self._embed(torch.tensor(tokens, device=self._device)[:, None])
        output = self._forward(embeds, state.positions[..., None], state.cache, attention_mask=state.mask)
        state.hidden = output.last_hidden_state[:, -1]

    def _read_rows(self, parts: Sequence[Stretch], cache: Cache) -> Tensor:
        """[rows, length, dim]: the hidden states of parts of equal length, which `cache` remembers afterwards."""
        embeds = torch.stack([part.embeds for part in parts])
        positions = torch.stack([part.positions for part in parts], 1)
        hidden: Tensor = self._forward(embeds, positions, cache).last_hidden_state
        return hidden

    def _forward(self, embeds: Tensor, positions: Tensor, cache: Cache, **options: Any) -> Any:
        """The model's output for `embeds` [rows, length, dim] at `positions` [axes, rows, length]."""
        return self._model(
            inputs_embeds=embeds.to(self._device, self._embeddings.weight.dtype),
            position_ids=positions.to(self._device) if positions.shape[0] > 1 else positions[0].to(self._device),
            past_key_values=cache,
            use_cache=True,
            **options,
        )

    def _embed(self, ids: Tensor) -> Tensor:
        embeds: Tensor = self._embeddings(ids)
        return embeds

    def _continued(self, after: Memory | None, rows: int) -> Cache:
        if after is None:
            return DynamicCache(config=self._model.config)
        if not isinstance(after, CacheMemory):
            raise TypeError(f"this memory was made by another decoder: {type(after).__name__}")
        cache = copied(after.cache)
        if rows > 1:
            select_rows(cache, torch.zeros(rows, dtype=torch.long, device=self._device))
        return cache

    @contextmanager
    def _running(self, doing: str) -> Iterator[None]:
        """One use of the device. Never held over a yield of `_write`: the mode belongs to the thread, not to us."""
        with device_errors(self._device, doing), torch.inference_mode():
            yield


def decoder_of(model: PreTrainedModel) -> TransformersDecoder:
    """The decoder of a causal LM or a vision-language model of transformers, where it lies.

    Raises CheckpointError for a model that gives no scores for tokens, or changes what its head gives.
    """
    text = text_model(model)
    head = model.get_output_embeddings()
    changes = [name for name in _SCORE_CHANGES if getattr(text.config, name, None) not in (None, 1, 1.0)]
    if head is None or changes:
        reason = f"changes its scores by {changes[0]}" if changes else "has no head that scores tokens"
        raise CheckpointError(f"The model {type(model).__name__} {reason}, which Tessera cannot read with.")
    embeddings = text.get_input_embeddings()
    return TransformersDecoder(text, head, embeddings, embeddings.weight.device)
