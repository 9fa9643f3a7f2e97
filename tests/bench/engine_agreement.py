"""How far the CPU engines' answers are from fp32's: a small Llama is trained here on text, then each engine writes on.

python tests/bench/engine_agreement.py --steps 300

The text is the source code of Python's standard library, byte by byte; files that training does not see are written on.
Each engine reads a beginning, and then is told what follows token by token, as when it writes. Random weights would say
little: what they score is flat, and any rounding changes which token is best. Larger models round better or worse.
"""

from __future__ import annotations

import argparse
import sysconfig
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM

from engine.runtime.decoder import Stretch
from engine.runtime.int8.memory import continuation
from engine.runtime.int8.model import Int8CausalLM
from engine.runtime.transformers_decoder import decoder_of

RESULTS = Path(__file__).parent / "results" / "engine_agreement.txt"
SIZES = {
    "vocab_size": 256,
    "hidden_size": 256,
    "intermediate_size": 768,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
BEGINNING, FOLLOWING = 160, 96
ROWS, LEARNING_RATE, WARM_UP = 8, 1.5e-3, 30
# Every so many files is one to write on.
HELD_OUT = 10


def texts() -> tuple[Tensor, Tensor]:
    """Bytes to train on, and bytes to write on."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    kept = [b"".join(file.read_bytes() for file in files[start::HELD_OUT]) for start in range(HELD_OUT)]
    return torch.frombuffer(bytearray(b"".join(kept[1:])), dtype=torch.uint8), torch.frombuffer(
        bytearray(kept[0]), dtype=torch.uint8
    )


def pieces(text: Tensor, count: int, seed: int) -> Tensor:
    """[count, BEGINNING + FOLLOWING] ids from `text`."""
    length = BEGINNING + FOLLOWING
    starts = torch.randint(0, len(text) - length, (count,), generator=torch.Generator().manual_seed(seed))
    return torch.stack([text[start : start + length] for start in starts.tolist()]).long()


def trained(text: Tensor, steps: int) -> Any:
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**SIZES))
    adam = torch.optim.AdamW(model.parameters(), LEARNING_RATE, betas=(0.9, 0.95))
    for step in range(steps):
        for group in adam.param_groups:
            group["lr"] = LEARNING_RATE * min((step + 1) / WARM_UP, (steps - step) / steps * 1.1)
        ids = pieces(text, ROWS, step)
        loss = cross_entropy(model(ids[:, :-1]).logits.flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        if step % 50 == 0:
            print(f"step {step}: {loss.item():.2f} nats", flush=True)
    return model.eval()


def scores_of(engine: Int8CausalLM, ids: Tensor) -> Tensor:
    """[FOLLOWING, vocabulary]: what the engine scores while it is told how `ids` go on."""
    network, decoder = engine.model, engine.decoder
    first, told = ids[:BEGINNING], ids[BEGINNING:-1]
    begun = Stretch(decoder.embed(first.tolist()), torch.arange(BEGINNING)[None])
    scores = [decoder.logits([begun], None, 1)[0, 0]]
    with torch.inference_mode():
        rows = continuation(network.shape, decoder.remember(begun), 1, len(told))
        block = network.step(rows)
        for token in told:
            block.run(network.embed(token[None])[None], torch.tensor([[rows.length]]))
            scores.append(block.scores(1)[0, 0])
    return torch.stack(scores)


def compared(name: str, got: Tensor, exact: Tensor, ids: Tensor, answers: float) -> str:
    """A row of the table. `got` and `exact` are [pieces, FOLLOWING, vocabulary]."""
    said, wanted = got.log_softmax(-1), exact.log_softmax(-1)
    follows = ids[:, BEGINNING:, None]
    nats = -said.gather(2, follows).mean()
    agree = (got.argmax(-1) == exact.argmax(-1)).float().mean()
    apart = (wanted.exp() * (wanted - said)).sum(-1).mean()
    return f"  {name:12}{nats:>12.4f}{apart:>14.5f}{100 * agree:>14.1f} %{100 * answers:>18.0f} %"


def written(decoder: Any, ids: Tensor, length: int = 32) -> list[int]:
    begun = Stretch(decoder.embed(ids[:BEGINNING].tolist()), torch.arange(BEGINNING)[None])
    return [step.token for step in decoder.stream(begun, None, length, frozenset())]


def table(model: Any, held_out: Tensor, count: int) -> Iterator[str]:
    ids = pieces(held_out, count, 1)
    with torch.inference_mode():
        exact = model(ids[:, :-1]).logits[:, BEGINNING - 1 :]
    plain = [written(decoder_of(model), one) for one in ids]
    columns = f"{'nats a token':>12}{'KL to fp32':>14}{'same best token':>16}{'same 32 tokens':>20}"
    yield f"  {'':12}{columns}"
    yield compared("fp32", exact, exact, ids, 1.0)
    for name, four_bits in (("int8", False), ("int4", True)):
        engine = Int8CausalLM.quantized(deepcopy(model), four_bits=four_bits)
        got = torch.stack([scores_of(engine, one) for one in ids])
        same = [written(engine.decoder, one) == other for one, other in zip(ids, plain, strict=True)]
        yield compared(name, got, exact, ids, sum(same) / count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--pieces", type=int, default=80)
    given = parser.parse_args()
    torch.set_num_threads(1)
    seen, held_out = texts()
    model = trained(seen, given.steps)
    millions = sum(one.numel() for one in model.parameters()) / 1e6
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("w") as file:
        made = f"{given.steps} steps of training, {given.pieces} pieces of text"
        print(f"# {datetime.now(UTC):%d %b %Y}; {millions:.1f} M parameters, {made}", file=file)
        for line in table(model, held_out, given.pieces):
            print(line, flush=True)
            print(line, file=file, flush=True)


if __name__ == "__main__":
    main()
