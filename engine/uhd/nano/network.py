"""The pointing network: question and page words attend to each other, then a word is pointed at, and the next one.

What is learned is small because three things are given: which words of the page are spelt like words of the question
(as a bias of attention), how words lie to each other (as another), and that an answer is copied.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.uhd.nano.relations import RELATIONS, em_of, relations
from engine.uhd.nano.words import SLOTS, WORD_BUCKETS, gram_profile, word_bucket
from engine.uhd.symbols import CODE, codes

PLACE_FEATURES = 10
HIDDEN = -1e4
"""Added to the attention scores of places where nothing stands."""
LINKS = 4
"""Features of how much a word of the question is spelt like one of the page."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions on pages. `words` [pages, words, SLOTS] and `boxes` [pages, words, 4] (x0 y0 x1 y1, any unit) are the
    pages; `question` [rows, words, SLOTS] the questions, and `page` [rows] says on which page each is asked."""

    words: Tensor
    boxes: Tensor
    question: Tensor
    page: Tensor


@dataclass(frozen=True, slots=True)
class Pointed:
    """Scores of each row. `start` [rows, words + 1]: where an answer begins, last the answer that is not there;
    `next` [rows, words, words + 1]: which word follows a word of the answer, last its end. −inf where none is."""

    start: Tensor
    next: Tensor


@dataclass(frozen=True, slots=True)
class Bias:
    """What is added to the attention scores of a layer: `hidden` [rows, 1, 1, length] (−1e4 where nothing stands),
    `among` [rows, heads, words, words] from page to page, `seek` [rows, heads, question, words] from question to
    page, and `back` the other way."""

    hidden: Tensor
    among: Tensor
    seek: Tensor
    back: Tensor


class Layer(nn.Module):
    """Attention with a bias per head, and a feed-forward, each after its norm."""

    def __init__(self, dim: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, inner), nn.Linear(inner, dim)

    def forward(self, x: Tensor, bias: Bias) -> Tensor:
        """`x` [rows, 1 + question + words, dim]."""
        rows, length, dim = x.shape
        width = dim // self.heads
        query, key, value = self.qkv(self.norm1(x)).view(rows, length, 3, self.heads, width).permute(2, 0, 3, 1, 4)
        scores = (query * width**-0.5) @ key.transpose(-1, -2) + bias.hidden
        first = length - bias.among.shape[-1]
        scores[:, :, first:, first:] += bias.among
        scores[:, :, 1:first, first:] += bias.seek
        scores[:, :, first:, 1:first] += bias.back
        attended = scores.softmax(-1) @ value
        x = x + self.out(attended.transpose(1, 2).reshape(rows, length, dim))
        return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))


class PointingNetwork(nn.Module):
    """Gives `Pointed` for `Asked`."""

    def __init__(self, dim: int = 128, heads: int = 4, depth: int = 4, inner: int = 384) -> None:
        super().__init__()
        self.heads, self.depth = heads, depth
        self.letters = nn.Linear(SLOTS * CODE, dim)
        self.wording = nn.Embedding(WORD_BUCKETS, dim, padding_idx=0)
        self.place = nn.Linear(PLACE_FEATURES, dim)
        self.asked_place = nn.Embedding(40, dim)
        self.kind = nn.Parameter(torch.zeros(3, dim))
        self.matched = nn.Linear(LINKS, dim)
        self.relate = nn.Linear(RELATIONS, heads * depth, bias=False)
        self.link = nn.Linear(LINKS, 2 * heads * depth, bias=False)
        self.layers = nn.ModuleList(Layer(dim, heads, inner) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.score, self.end = nn.Linear(dim, 1), nn.Linear(dim, 1)
        self.absent = nn.Linear(dim, 1)
        self.before, self.after = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.follow = nn.Linear(RELATIONS, 1, bias=False)
        nn.init.normal_(self.wording.weight, std=0.1)
        nn.init.normal_(self.kind, std=0.1)
        nn.init.normal_(self.link.weight, std=1.0)
        nn.init.normal_(self.relate.weight, std=0.5)

    def forward(self, asked: Asked) -> Pointed:
        here = asked.words[..., 0] > 0
        em = em_of(asked.boxes, here)
        boxes = asked.boxes / em[:, None, None]
        related = relations(boxes, here)
        link = self._links(asked)
        page = self._spelt(asked.words) + self.place(_places(boxes, here)) + self.kind[0]
        page = page[asked.page] + self.matched(link.amax(1))
        count = asked.question.shape[1]
        order = torch.arange(count, device=page.device).clamp(max=39)
        question = self._spelt(asked.question) + self.asked_place(order) + self.kind[1]
        none = self.kind[2].expand(len(page), 1, -1)
        x = torch.cat([none, question, page], dim=1)
        biases = self._biases(asked, here, related, link)
        for layer, bias in zip(self.layers, biases, strict=True):
            x = layer(x, bias)
        x = self.norm(x)
        return self._pointed(x[:, 0], x[:, 1 + count :], here[asked.page], self.follow(related)[..., 0][asked.page])

    def _spelt(self, ids: Tensor) -> Tensor:
        return self.letters(codes().to(self.kind)[ids].flatten(-2)) + self.wording(word_bucket(ids))

    def _links(self, asked: Asked) -> Tensor:
        """[rows, question words, page words, LINKS]: how alike they are spelt, and whether nearly or wholly so."""
        page, question = gram_profile(asked.words), gram_profile(asked.question)
        alike = torch.bmm(question, page.transpose(1, 2)[asked.page])
        # A word that stands all over the page says little about where to look.
        common = (alike > 0.8).float().sum(-1, keepdim=True).clamp(min=1)
        return torch.stack([alike, (alike > 0.6).float(), (alike > 0.98).float(), alike.pow(2) / common.sqrt()], -1)

    def _biases(self, asked: Asked, here: Tensor, related: Tensor, link: Tensor) -> list[Bias]:
        shown = torch.ones_like(asked.page[:, None], dtype=torch.bool)
        shown = torch.cat([shown, asked.question[..., 0] > 0, here[asked.page]], dim=1)
        hidden = torch.where(shown, 0.0, HIDDEN)[:, None, None]
        among = self.relate(related).unflatten(-1, (self.depth, self.heads)).permute(3, 0, 4, 1, 2).contiguous()
        across = self.link(link).unflatten(-1, (self.depth, 2, self.heads)).permute(3, 4, 0, 5, 1, 2)
        return [
            Bias(hidden, among[depth][asked.page], across[depth, 0], across[depth, 1].transpose(-1, -2))
            for depth in range(self.depth)
        ]

    def _pointed(self, none: Tensor, page: Tensor, here: Tensor, follow: Tensor) -> Pointed:
        start = torch.cat([self.score(page)[..., 0].masked_fill(~here, -torch.inf), self.absent(none)], dim=1)
        product = torch.bmm(self.before(page), self.after(page).transpose(1, 2)) / page.shape[-1] ** 0.5
        scores = (product + follow).masked_fill(~here[:, None], -torch.inf)
        return Pointed(start, torch.cat([scores, self.end(page)], dim=2))


def _places(boxes: Tensor, here: Tensor) -> Tensor:
    """[pages, words, PLACE_FEATURES]: where on its page a word stands, how large it is set, how much a page holds."""
    shown = torch.where(here[..., None], boxes, torch.nan)
    low = shown[..., :2].nan_to_num(1e6).amin(1, keepdim=True)
    high = shown[..., 2:].nan_to_num(-1e6).amax(1, keepdim=True)
    spread = (high - low).clamp(min=1.0)
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    share = ((middle - low) / spread).clamp(0, 1)
    size = (boxes[..., 2:] - boxes[..., :2]).clamp(min=1e-2).log()
    extent = (spread.log() / 4).expand_as(share)
    return torch.cat([share, size, extent, torch.sin(share * 6), torch.cos(share * 6)], dim=-1)
