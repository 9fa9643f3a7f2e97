"""What tests of sliced models share: a decoder that remembers nothing but embeddings, and pages and words in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from PIL import Image
from torch import Tensor

from engine.documents.types import DocumentId, PageRef, PageText, PageWords, Word, WordSource
from engine.geometry import PageRect, Size
from engine.readers.protocol import PageImage
from engine.readers.sliced.protocol import ModelCard
from engine.readers.uhd import UhdSlicedModel
from engine.runtime.decoder import Memory, Step, Stretch, nothing
from engine.uhd.checkpoints import LoadedModel
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from tests.unit.uhd_models import tiny_config, tiny_tokenizer

CARD = ModelCard("tiny", "r1", "fp32", "cpu")


@dataclass(frozen=True, slots=True)
class Remembered:
    """The positions themselves: the whole sequence is run again each time."""

    part: Stretch

    @property
    def length(self) -> int:
        return self.part.length

    @property
    def size_bytes(self) -> int:
        return self.part.embeds.nbytes


class PlainDecoder:
    """A reference `Decoder`: one full pass of a causal language model per call, no cache at all."""

    def __init__(self, language_model: torch.nn.Module) -> None:
        self._model = language_model
        self.remembered: list[int] = []
        self.together: list[int] = []

    @property
    def dim(self) -> int:
        return int(self._model.get_input_embeddings().weight.shape[1])

    def embed(self, ids: Sequence[int]) -> Tensor:
        return self._model.get_input_embeddings()(torch.tensor(ids, dtype=torch.long))

    def remember(self, part: Stretch, after: Memory | None = None) -> Memory:
        self.remembered.append(part.length)
        return Remembered(self._whole(part, after))

    def logits(self, parts: Sequence[Stretch], after: Memory | None, keep: int) -> Tensor:
        return torch.stack([self._logits(self._whole(part, after), keep) for part in parts]).float()

    def stream(self, part: Stretch, after: Memory | None, limit: int, stop: frozenset[int]) -> Iterator[Step]:
        whole = self._whole(part, after)
        for _ in range(limit):
            logprobs = self._logits(whole, 1)[0].log_softmax(-1)
            token = int(logprobs.argmax())
            yield Step(token, float(logprobs[token]))
            if token in stop:
                return
            following = Stretch(self.embed([token]), whole.positions[:, -1:] + 1)
            whole = _joined(whole, following)

    def stream_rows(
        self,
        parts: Sequence[Stretch],
        after: Memory | None,
        limit: int,
        stop: frozenset[int],
        pause: Callable[[], None] = nothing,
    ) -> list[list[Step]]:
        self.together.append(len(parts))
        pause()
        return [list(self.stream(part, after, limit, stop)) for part in parts]

    def attention(self, part: Stretch, after: Memory | None) -> Tensor | None:
        whole = self._whole(part, after)
        usual = self._model.config._attn_implementation
        self._model.set_attn_implementation("eager")
        given = {"inputs_embeds": whole.embeds[None], "position_ids": whole.positions}
        layers = self._model(**given, output_attentions=True).attentions
        self._model.set_attn_implementation(usual)
        return torch.stack(layers).mean((0, 2))[0, -part.length :]

    def _logits(self, whole: Stretch, keep: int) -> Tensor:
        given = {"inputs_embeds": whole.embeds[None], "position_ids": whole.positions}
        return self._model(**given, logits_to_keep=keep).logits[0]

    def _whole(self, part: Stretch, after: Memory | None) -> Stretch:
        if after is None:
            return part
        assert isinstance(after, Remembered)
        return _joined(after.part, part)


def _joined(first: Stretch, second: Stretch) -> Stretch:
    return Stretch(torch.cat([first.embeds, second.embeds]), torch.cat([first.positions, second.positions], 1))


@cache
def tiny_loaded(bridge: str = "perceiver", **changes: object) -> LoadedModel:
    """An untrained model whose words and views weigh alike, so that its answers depend on the page. Built once."""
    torch.manual_seed(0)
    model = UhdForConditionalGeneration(tiny_config(bridge, **changes)).eval()
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(50)
    return LoadedModel(model, UhdProcessor.for_model(model.config, tiny_tokenizer()))


def sliced(loaded: LoadedModel) -> UhdSlicedModel:
    return UhdSlicedModel(loaded, PlainDecoder(loaded.model.language_model), CARD)


def page_ref(size: Size, index: int = 0) -> PageRef:
    return PageRef(DocumentId("page.png", "0" * 64), index, str(index + 1), float(size.width), float(size.height), size)


def printed(text: str, left: float, top: float, line: int = 0) -> Word:
    return Word(text, PageRect(left, top, left + 8.0 * len(text), top + 12.0), WordSource.TEXT, 1.0, line)


class Desk:
    """Pages in memory: their images and words; counts what was fetched."""

    def __init__(self, images: Sequence[Image.Image], words: Sequence[Sequence[Word]] | None = None) -> None:
        self.images = list(images)
        self.refs = tuple(page_ref(Size(*image.size), index) for index, image in enumerate(images))
        printed_words = words if words is not None else [() for _ in images]
        self._words = [PageWords(ref, tuple(own)) for ref, own in zip(self.refs, printed_words, strict=True)]
        self.fetched: list[int] = []

    def text(self, page: PageRef) -> PageText:
        return PageText(page, self._words[page.index].words, 0.0)

    def image(self, page: PageRef) -> PageImage:
        self.fetched.append(page.index)
        image = self.images[page.index].convert("RGB")
        return PageImage(page, Size(*image.size), memoryview(image.tobytes()))

    def cancelled(self) -> bool:
        return False

    def words(self, page: PageRef, *, keep_on_disk: bool = True) -> PageWords:
        return self._words[page.index]

    def known(self, page: PageRef) -> PageWords | None:
        return self._words[page.index]
