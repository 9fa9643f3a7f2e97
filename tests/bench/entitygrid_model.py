"""A tiny LLaVA-UHD for EntityGrid pages: engine.uhd as it stands with slices of 56 px, trained here in minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from PIL import Image
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast

from engine.bench.entitygrid import COLS, ENTITIES, ROWS, SLICE_PX, EntityPage, entity_page
from engine.geometry import Size
from engine.slicing.grids import page_rect, slice_rects
from engine.slicing.plan import Grid, SlicePlan, View, ViewKind
from engine.uhd.bridges.base import PatchGrid, ViewFeatures
from engine.uhd.checkpoints import LoadedModel
from engine.uhd.config import UhdConfig
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import PageViews, UhdProcessor, cut, normalise

QUESTION, NOTHING = "What is printed ?", "nothing"
DIM, HEADS, QUERIES = 128, 4, 4
POOL_PAGES, BATCH = 4096, 64
EMPTY_EVERY = 8
"""One page in so many has no entity, so that the model has something to say of a page that is blank."""
LEARNING_RATE, WARM_UP = 1e-3, 50
TOWER_SHARE = 0.6
TRAIN_SEED, TEST_SEED = 1, 2

_LAYER = {"hidden_size": DIM, "intermediate_size": 2 * DIM, "num_attention_heads": HEADS}


class GridProcessor(UhdProcessor):
    """LLaVA-UHD's processor with a base of 56 px: four slices and an overview, nothing but sizes changed."""

    def plan(self, page: Size, policy: str | None = None) -> SlicePlan:
        side = Size(SLICE_PX, SLICE_PX)
        rects = enumerate(slice_rects(page, Grid(COLS, ROWS)))
        views = [View(ViewKind.SLICE, *divmod(number, COLS), rect, side, QUERIES, (0, 0)) for number, rect in rects]
        overview = View(ViewKind.OVERVIEW, None, None, page_rect(page), side, QUERIES, (0, 0))
        return self._schema.lay_out(SlicePlan(policy or self.policy, page, Grid(COLS, ROWS), (*views, overview), 0, 0))

    def views(self, image: Image.Image, policy: str | None = None) -> PageViews:
        plan = self.plan(Size(*image.size), policy)
        return PageViews(plan, tuple(normalise(view) for view in cut(image.convert("RGB"), plan)))


def untrained() -> LoadedModel:
    """The model on random weights, seed 0: 0.7 M of them."""
    torch.manual_seed(0)
    pieces = ("<unk>", "<s>", "</s>", ",", "\n", " ", "Answer:", *QUESTION.split(), *ENTITIES, NOTHING)
    tokenizer = Tokenizer(WordLevel({piece: number for number, piece in enumerate(pieces)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Split(Regex(r"\s"), behavior="isolated")
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<unk>"
    )
    config = UhdConfig(
        vision_config=_LAYER | {"num_hidden_layers": 3, "image_size": SLICE_PX, "patch_size": 14},
        text_config=_LAYER
        | {
            "model_type": "llama",
            "num_hidden_layers": 2,
            "vocab_size": len(pieces),
            "eos_token_id": pieces.index("</s>"),
        },
        bridge="perceiver",
        queries=QUERIES,
        bridge_heads=HEADS,
        column_separator_id=pieces.index(","),
        row_separator_id=pieces.index("\n"),
        prompt="<image>\n{question}Answer:",
    )
    made = GridProcessor.for_model(config, fast)
    return LoadedModel(UhdForConditionalGeneration(config), made)


@dataclass(frozen=True, slots=True)
class TrainingPages:
    """Pixels [pages, views, 3, px, px]; per page the answer's token id, its number among the entities, its slice."""

    pixels: Tensor
    answers: Tensor
    entities: Tensor
    slices: Tensor


def trained(minutes: float, pages: int = POOL_PAGES) -> LoadedModel:
    """The model after `minutes` of CPU time: first the tower names what stands in single slices, then bridge and
    language model learn to answer from all views while the tower rests."""
    loaded = untrained()
    pool = training_pages(loaded, pages)
    loaded.model.train()
    _train_tower(loaded, pool, minutes * TOWER_SHARE)
    _train_answers(loaded, pool, minutes * (1.0 - TOWER_SHARE))
    loaded.model.eval()
    return loaded


def training_pages(loaded: LoadedModel, pages: int) -> TrainingPages:
    drawn = [entity_page(TRAIN_SEED, number, empty=number % EMPTY_EVERY == 0) for number in range(pages)]
    return TrainingPages(
        torch.stack([torch.stack(loaded.processor.views(page.image).pixels) for page in drawn]),
        torch.tensor([answer_id(loaded, page) for page in drawn]),
        torch.tensor([[*ENTITIES, None].index(page.entity) for page in drawn]),
        torch.tensor([page.row * COLS + page.col for page in drawn]),
    )


def answer_id(loaded: LoadedModel, page: EntityPage) -> int:
    return int(loaded.processor.tokenizer.convert_tokens_to_ids(page.entity or NOTHING))


def _train_tower(loaded: LoadedModel, pool: TrainingPages, minutes: float) -> None:
    """Slices with an entity and slices without, half of each, named by a head that is thrown away."""
    tower = loaded.model.vision_tower
    head = nn.Linear(DIM, len(ENTITIES) + 1)
    generator = torch.Generator().manual_seed(0)
    others = torch.randint(1, COLS * ROWS, pool.slices.shape, generator=generator)
    empty = (pool.slices + others) % (COLS * ROWS)

    def loss() -> Tensor:
        chosen = torch.randint(len(pool.slices), (BATCH,), generator=generator)
        half = torch.arange(BATCH) % 4 > 0
        pixels = pool.pixels[chosen, torch.where(half, pool.slices[chosen], empty[chosen])]
        named = torch.where(half, pool.entities[chosen], len(ENTITIES))
        return cross_entropy(head(tower(pixels).features.mean(1)), named)

    _descend("tower", [*tower.parameters(), *head.parameters()], loss, minutes)


def _train_answers(loaded: LoadedModel, pool: TrainingPages, minutes: float) -> None:
    model = loaded.model
    with torch.no_grad():
        patches = torch.cat([model.vision_tower(views).features[None] for views in pool.pixels])
    grid = PatchGrid(SLICE_PX // 14, SLICE_PX // 14)
    plan = loaded.processor.plan(Size(SLICE_PX * COLS, SLICE_PX * ROWS))
    ids, types = (torch.tensor(part).expand(BATCH, -1) for part in loaded.processor.token_ids(plan, QUESTION))
    end = int(model.config.text_config.eos_token_id)
    generator = torch.Generator().manual_seed(0)

    def loss() -> Tensor:
        chosen = torch.randint(len(pool.answers), (BATCH,), generator=generator)
        views = ViewFeatures(patches[chosen].flatten(0, 1), grid, pool.pixels[:0])
        features = model.bridge(views).reshape(BATCH, -1, DIM)
        written = torch.stack([pool.answers[chosen], torch.full((BATCH,), end)], 1)
        embeds = model.embed(ids, types, features)
        embeds = torch.cat([embeds, model.get_input_embeddings()(written[:, :1])], 1)
        logits = model(inputs_embeds=embeds, logits_to_keep=2).logits
        return cross_entropy(logits.flatten(0, 1), written.flatten())

    parts = [*model.bridge.parameters(), *model.language_model.parameters()]
    _descend("answers", [weight for weight in parts if weight.requires_grad], loss, minutes)


def _descend(name: str, weights: list[nn.Parameter], loss_of: Callable[[], Tensor], minutes: float) -> None:
    """AdamW for `minutes` of CPU time, its rate warmed up by steps and let down by time."""
    optimizer = torch.optim.AdamW(weights, lr=LEARNING_RATE, weight_decay=0.01)
    started, step = time.process_time(), 0
    while (spent := (time.process_time() - started) / 60 / minutes) < 1.0:
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min((step + 1) / WARM_UP, 1.0) * (1.0 - 0.95 * spent)
        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        if step % 100 == 0:
            print(f"{name}: step {step}, {100 * spent:.0f} % of the time, loss {loss.item():.3f}", flush=True)
        step += 1
