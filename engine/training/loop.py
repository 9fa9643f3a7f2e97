"""The training loop: a recipe is trained by a plan of stages and steps, and goes on after any end as if none had been.

What step n of a stage sees and draws depends on (seed, stage, n) alone: batches are pure functions of it, and torch's
generators are seeded anew before every step. So a training that goes on from a checkpoint repeats, on a CPU with the
same number of threads, every loss bit for bit.
"""

from __future__ import annotations

import logging
import math
import signal
import statistics
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from types import FrameType

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from engine.errors import DeviceError, TesseraError, UsageError
from engine.training.checkpoint import (
    Planned,
    Progress,
    has_checkpoint,
    load_optimizer_state,
    load_progress,
    load_weights,
    save_checkpoint,
    start_from,
)
from engine.training.curves import Curves
from engine.training.recipes.protocol import Batch, Recipe, Stage

_LOG = logging.getLogger(__name__)

CHECKPOINT_EVERY_S = 120.0
CURVE_EVERY = 10
"""Steps between two rows of the curves."""
_CLIPPED = 1.0
"""The largest norm of the gradient."""
_WARM, _TIMED = 3, 9
"""Steps that are taken before and while a step is timed."""


class DivergedError(TesseraError):
    code = "diverged"
    default_hint = "Go on from the last checkpoint with --resume, or train with another seed or a lower rate."


@dataclass(frozen=True, slots=True)
class Options:
    """How a recipe is trained. A new plan needs `steps` or `minutes`, for all its stages together; `stage` asks for
    one stage alone. What is None is taken from the checkpoint, or is seed 0, the CPU and torch's own threads.

    `start` is the folder of a training that gives the weights both models have. After `stop_after_s` seconds the
    training leaves its checkpoint and ends. `clock` measures what minutes are.
    """

    out: Path
    steps: int | None = None
    minutes: float | None = None
    stage: str | None = None
    resume: bool = False
    seed: int | None = None
    device: str | None = None
    threads: int | None = None
    workers: int = 0
    start: Path | None = None
    stop_after_s: float | None = None
    checkpoint_every_s: float = CHECKPOINT_EVERY_S
    curve_every: int = CURVE_EVERY
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the training stands, its model, in eval mode if it is done, and then its evaluation."""

    progress: Progress
    model: nn.Module
    evaluation: Mapping[str, float] | None


def train(
    recipe: Recipe,
    options: Options,
    notice: Callable[[str], None] = _LOG.info,
    stopped: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Trains `recipe` until its plan is done or `stopped`. `notice` is told what the user should know.

    Raises UsageError, CheckpointError, OutputError, DeviceError, DivergedError.
    """
    session = _Session(recipe, options, notice)
    deadline = math.inf if options.stop_after_s is None else time.monotonic() + options.stop_after_s
    try:
        session.run(lambda: stopped() or time.monotonic() > deadline)
    finally:
        session.close()
    evaluation = None
    if session.progress.done:
        session.model.eval()
        with torch.no_grad(), session.autocast():
            evaluation = recipe.evaluate(session.model)
    return Outcome(session.progress, session.model, evaluation)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Within, Ctrl+C and SIGTERM only make what is given true. For the main thread."""
    caught: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
        caught.append(number)

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(caught)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _Session:
    """A training while it runs."""

    def __init__(self, recipe: Recipe, options: Options, notice: Callable[[str], None]) -> None:
        self._recipe, self._options, self._notice = recipe, options, notice
        known = _known(recipe, options)
        self.progress = known or _fresh(recipe, options)
        if known is not None:
            self._adopt(known)
        _ready(self.progress)
        torch.manual_seed(self.progress.seed)
        self.model = recipe.model(self.progress.seed)
        if known is not None:
            load_weights(options.out, self.model)
        elif options.start is not None:
            start_from(options.start, self.model)
        self.model.to(self.progress.device).train()
        self._mid_stage = known is not None and self.progress.step > 0
        if not self.progress.plan or (self.progress.done and options.stage is not None):
            self._plan()
        self._curves = Curves(options.out, recipe.metrics, self.progress.total)

    def run(self, stopped: Callable[[], bool]) -> None:
        while not self.progress.done and self._run_stage(stopped):
            pass

    def close(self) -> None:
        self._curves.close()

    def autocast(self) -> AbstractContextManager[object]:
        """bf16 where there is a CUDA device; a CPU trains in fp32."""
        if self.progress.device.startswith("cuda"):
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return nullcontext()

    def _adopt(self, known: Progress) -> None:
        """Goes on as the options say, and says what is not as it was."""
        now = replace(
            known,
            revision=self._recipe.revision,
            device=self._options.device or known.device,
            threads=self._options.threads or known.threads,
            torch=str(torch.__version__),
        )
        for what in ("revision", "device", "threads", "torch"):
            before, after = getattr(known, what), getattr(now, what)
            if before != after:
                self._notice(f"The training began with {what} {before}, and goes on with {after}: its numbers change.")
        stage = self._options.stage
        if stage is not None and not now.done and now.plan[now.index].stage != stage:
            now = self._left(now)
        elif not now.done and (self._options.steps or self._options.minutes):
            self._notice(f"The plan stays as it is: {now.planned} steps, {now.total} of them done.")
        self.progress = now

    def _left(self, now: Progress) -> Progress:
        """The rest of the plan is given up for another stage."""
        left = now.plan[now.index]
        self._notice(
            f"The stage {left.stage} is left at step {now.step} of {left.steps}, and what was planned after it."
        )
        taken = (Planned(left.stage, now.step),) if now.step else ()
        plan = (*now.plan[: now.index], *taken)
        return replace(now, plan=plan, index=len(plan), step=0)

    def _plan(self) -> None:
        """Adds the asked stages with their steps, and keeps the plan before the first of them."""
        stages = _asked(self._recipe, self._options.stage)
        shares = sum(stage.share for stage in stages)
        steps, minutes = self._options.steps, self._options.minutes
        planned = []
        for stage in stages:
            if steps is not None:
                count = round(steps * stage.share / shares)
            elif minutes is not None:
                count = round(60 * minutes * stage.share / shares / self._seconds_of(stage))
            else:
                raise UsageError("It is not said how long to train.", "Give --minutes or --steps.")
            planned.append(Planned(stage.name, max(count, 1)))
        self.progress = replace(self.progress, plan=(*self.progress.plan, *planned))
        self._save(None)

    def _seconds_of(self, stage: Stage) -> float:
        """How long a step of `stage` takes. What its steps change is undone."""
        kept = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        optimizer, _ = self._optimizer(stage)
        times = []
        for step, batch in islice(self._batches(stage, 0, _WARM + _TIMED), _WARM + _TIMED):
            self._step(stage, optimizer, step, batch, 0.0)
            if self.progress.device.startswith("cuda"):
                torch.cuda.synchronize()
            times.append(self._options.clock())
        self.model.load_state_dict(kept)
        gaps = [after - before for before, after in zip(times[_WARM - 1 :], times[_WARM:], strict=False)]
        return max(statistics.fmean(gaps), 1e-4)

    def _run_stage(self, stopped: Callable[[], bool]) -> bool:
        """The rest of the stage at hand; False if it was stopped before its end."""
        planned = self.progress.plan[self.progress.index]
        stage = _asked(self._recipe, planned.stage)[0]
        optimizer, names = self._optimizer(stage)
        if self._mid_stage:
            _restore(optimizer, names, load_optimizer_state(self._options.out))
            self._mid_stage = False
        saved = time.monotonic()
        for step, batch in self._batches(stage, self.progress.step, planned.steps):
            if stopped():
                self._checkpoint(optimizer, names)
                return False
            if time.monotonic() - saved > self._options.checkpoint_every_s:
                self._checkpoint(optimizer, names)
                saved = time.monotonic()
            rate = stage.rate(step, planned.steps)
            values = self._step(stage, optimizer, step, batch, rate)
            last = step == planned.steps - 1
            if step % self._options.curve_every == 0 or last:
                self._record(stage, step, rate, values)
            self.progress = replace(self.progress, step=step + 1)
        self.progress = replace(self.progress, index=self.progress.index + 1, step=0)
        self._checkpoint(None, {})
        return True

    def _step(
        self, stage: Stage, optimizer: torch.optim.Optimizer, step: int, batch: Batch, rate: float
    ) -> Mapping[str, Tensor | float]:
        """One step of the optimizer; the loss before it, and the metrics."""
        torch.manual_seed(zlib.crc32(f"{self.progress.seed}/{stage.name}/{step}".encode()))
        here = {name: value.to(self.progress.device, non_blocking=True) for name, value in batch.items()}
        for group in optimizer.param_groups:
            group["lr"] = rate * group["share"]
        with self.autocast():
            loss, metrics = self._recipe.loss(self.model, here, stage.name)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        learning = list(chain.from_iterable(group["params"] for group in optimizer.param_groups))
        torch.nn.utils.clip_grad_norm_(learning, _CLIPPED)
        optimizer.step()
        return {"loss": loss.detach(), **metrics}

    def _record(self, stage: Stage, step: int, rate: float, values: Mapping[str, Tensor | float]) -> None:
        found = {name: float(value) for name, value in values.items()}
        if not math.isfinite(found["loss"]):
            raise DivergedError(f"The loss of step {step} of the stage {stage.name} is {found['loss']}.")
        self._curves.add(self.progress.total, stage.name, step, rate, found)

    def _batches(self, stage: Stage, start: int, end: int) -> Iterator[tuple[int, Batch]]:
        """Steps `start` to `end` with their batches, made by other processes where workers are asked for."""
        steps = range(start, end)
        made = _Batches(self._recipe, self.progress.seed, stage.name)
        if not self._options.workers or not steps:
            return ((step, made[step]) for step in steps)
        loader: DataLoader[Batch] = DataLoader(
            made,
            batch_size=None,
            sampler=steps,
            num_workers=self._options.workers,
            pin_memory=self.progress.device.startswith("cuda"),
            worker_init_fn=_deaf,
            # One of its own: the loader draws from it, and torch's is the training's.
            generator=torch.Generator(),
        )
        return zip(steps, loader, strict=True)

    def _optimizer(self, stage: Stage) -> tuple[torch.optim.Optimizer, dict[str, nn.Parameter]]:
        """AdamW over what the stage trains, by groups of one rate, and its parameters by name."""
        shares = self._recipe.trained(self.model, stage.name)
        learning = {}
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad = name in shares
            if parameter.requires_grad:
                learning[name] = parameter
        if len(learning) != len(shares) or not shares:
            lacking = sorted(shares.keys() - learning.keys())
            raise UsageError(f"The stage {stage.name} trains {lacking[:1] or 'nothing'} of this model.")
        groups = [
            {"params": [learning[name] for name in shares if shares[name] == share], "share": share}
            for share in sorted(set(shares.values()))
        ]
        return torch.optim.AdamW(groups, lr=stage.learning_rate, weight_decay=stage.weight_decay), learning

    def _checkpoint(self, optimizer: torch.optim.Optimizer | None, names: Mapping[str, nn.Parameter]) -> None:
        self._save({name: optimizer.state[parameter] for name, parameter in names.items()} if optimizer else None)
        self._curves.draw()

    def _save(self, state: Mapping[str, Mapping[str, Tensor]] | None) -> None:
        save_checkpoint(self._options.out, self.progress, self.model.state_dict(), state or {})


class _Batches(Dataset[Batch]):
    """The batches of a stage by step; what is handed to other processes."""

    def __init__(self, recipe: Recipe, seed: int, stage: str) -> None:
        self._recipe, self._seed, self._stage = recipe, seed, stage

    def __getitem__(self, step: int) -> Batch:
        return self._recipe.batch(self._seed, self._stage, step)


def _deaf(number: int) -> None:  # noqa: ARG001 - torch's signature
    """Ctrl+C reaches the whole group of processes; workers end when the training does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    torch.set_num_threads(1)


def _known(recipe: Recipe, options: Options) -> Progress | None:
    """Where the training in the folder stands; None for a new one."""
    if not has_checkpoint(options.out):
        if options.resume:
            raise UsageError(f"There is no training to resume in {options.out}.", "Leave --resume out to begin one.")
        return None
    progress = load_progress(options.out)
    if progress.recipe != recipe.name:
        raise UsageError(f"{options.out} holds a training of {progress.recipe}, not {recipe.name}.", "Choose another.")
    if not options.resume:
        raise UsageError(f"{options.out} already holds a training.", "Go on with --resume, or choose another folder.")
    if options.seed not in (None, progress.seed):
        raise UsageError(f"The training in {options.out} has seed {progress.seed}.", "Leave --seed out to go on.")
    if options.start is not None:
        raise UsageError("A training that goes on has weights of its own.", "Leave --from out.")
    return progress


def _fresh(recipe: Recipe, options: Options) -> Progress:
    return Progress(
        recipe.name,
        recipe.revision,
        options.seed or 0,
        options.device or "cpu",
        options.threads or torch.get_num_threads(),
        str(torch.__version__),
        (),
    )


def _asked(recipe: Recipe, stage: str | None) -> tuple[Stage, ...]:
    found = tuple(known for known in recipe.stages if stage in (None, known.name))
    if not found:
        names = ", ".join(known.name for known in recipe.stages)
        raise UsageError(f"The recipe {recipe.name} has no stage {stage}.", f"Its stages are {names}.")
    return found


def _ready(progress: Progress) -> None:
    if progress.device.startswith("cuda") and not torch.cuda.is_available():
        raise DeviceError("There is no CUDA device to train on.", "Train with --device cpu.")
    torch.set_num_threads(progress.threads)


def _restore(
    optimizer: torch.optim.Optimizer, names: Mapping[str, nn.Parameter], state: Mapping[str, Mapping[str, Tensor]]
) -> None:
    """Gives each parameter back what the optimizer kept of it; `step` stays on the CPU, as AdamW makes it."""
    for name, kept in state.items():
        parameter = names[name]
        optimizer.state[parameter] = {
            key: value if key == "step" else value.to(parameter.device) for key, value in kept.items()
        }
