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

from engine.bench.entitygrid import (
    ANYWHERE,
    COL_NAMES,
    COLS,
    ENTITIES,
    PAGE,
    QUESTION,
    ROW_NAMES,
    ROWS,
    SLICE_PX,
    EntityPage,
    Kind,
    entity_page,
)
from engine.geometry import Size
from engine.slicing.grids import page_rect, slice_rects
from engine.slicing.plan import Grid, SlicePlan, View, ViewKind
from engine.uhd.bridges.base import PatchGrid, ViewFeatures
from engine.uhd.checkpoints import LoadedModel
from engine.uhd.config import UhdConfig
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import PageViews, UhdProcessor, cut, normalise

NOTHING = "nothing"
DIM, HEADS, QUERIES = 128, 4, 4
POOL_PAGES, BATCH = 4096, 64
KINDS = (Kind.EMPTY, *[Kind.ALONE] * 3, *[Kind.CROWDED] * 4)
"""What training pages are, by turns. Empty ones give the model something to say of a page that is blank."""
LEARNING_RATE, WARM_UP = 1e-3, 50
TOWER_SHARE = 0.35
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
    asked = dict.fromkeys([*QUESTION.replace("{}", "").split(), *ANYWHERE.split(), *ROW_NAMES, *COL_NAMES])
    pieces = ("<unk>", "<s>", "</s>", ",", "\n", " ", "Answer:", *asked, *ENTITIES, NOTHING)
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
    """Pixels [pages, views, 3, px, px], prompts [pages, length], answers [pages] as token ids, and the number of each
    slice's entity [pages, slices], one more than the last where it has none."""

    pixels: Tensor
    prompts: Tensor
    types: Tensor
    answers: Tensor
    entities: Tensor


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
    drawn = [entity_page(TRAIN_SEED, number, KINDS[number % len(KINDS)]) for number in range(pages)]
    processor, plan = loaded.processor, loaded.processor.plan(PAGE)
    return TrainingPages(
        pixels=torch.stack([torch.stack(processor.views(page.image).pixels) for page in drawn]),
        prompts=torch.tensor([processor.token_ids(plan, page.question)[0] for page in drawn]),
        types=torch.tensor(processor.token_ids(plan, drawn[0].question)[1]),
        answers=torch.tensor([answer_id(loaded, page) for page in drawn]),
        entities=torch.tensor([[[*ENTITIES, None].index(entity) for entity in page.entities] for page in drawn]),
    )


def answer_id(loaded: LoadedModel, page: EntityPage) -> int:
    return int(loaded.processor.tokenizer.convert_tokens_to_ids(page.entity or NOTHING))


def _train_tower(loaded: LoadedModel, pool: TrainingPages, minutes: float) -> None:
    """Single slices, named by a head that is thrown away."""
    tower = loaded.model.vision_tower
    head = nn.Linear(DIM, len(ENTITIES) + 1)
    generator = torch.Generator().manual_seed(0)

    def loss() -> Tensor:
        page = torch.randint(len(pool.answers), (BATCH,), generator=generator)
        place = torch.randint(COLS * ROWS, (BATCH,), generator=generator)
        return cross_entropy(head(tower(pool.pixels[page, place]).features.mean(1)), pool.entities[page, place])

    _descend("tower", [*tower.parameters(), *head.parameters()], loss, minutes)


def _train_answers(loaded: LoadedModel, pool: TrainingPages, minutes: float) -> None:
    model = loaded.model
    with torch.no_grad():
        patches = torch.cat([model.vision_tower(views).features[None] for views in pool.pixels])
    grid = PatchGrid(SLICE_PX // 14, SLICE_PX // 14)
    types = pool.types.expand(BATCH, -1)
    end = int(model.config.text_config.eos_token_id)
    generator = torch.Generator().manual_seed(0)

    def loss() -> Tensor:
        chosen = torch.randint(len(pool.answers), (BATCH,), generator=generator)
        views = ViewFeatures(patches[chosen].flatten(0, 1), grid, pool.pixels[:0])
        features = model.bridge(views).reshape(BATCH, -1, DIM)
        written = torch.stack([pool.answers[chosen], torch.full((BATCH,), end)], 1)
        embeds = model.embed(pool.prompts[chosen], types, features)
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
