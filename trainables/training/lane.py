"""The training of one lane: an adapter, an optimizer, a schedule and random generators on an engine's backbone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import get_scheduler

from trainables.config import WEIGHTED, TrialConfig
from trainables.contract import mean_loss
from trainables.data.clips import Clips, clip_weights, samples
from trainables.records import Predictions
from trainables.training.batch import ClipBatch, joint_loss
from trainables.training.engine import Engine
from trainables.training.faults import TrainingDiverged
from trainables.training.joint_loss import learn_in_passes
from trainables.training.lane_state import flatten_optimizer, read_state, restore_optimizer, write_state
from trainables.training.sampling import Visits, drawn, odds_of
from trainables.training.schedule import (
    cut,
    grouped_by_length,
    part_size,
    planned_epochs,
    shuffled,
    steps_per_epoch,
    total_steps,
)
from trainables.training.thresholds import thresholds_by, with_thresholds, write_thresholds


@dataclass(frozen=True)
class LaneKey:
    """What tells the lanes of one configuration apart."""

    seed: int
    fold: str


class Lane:
    """One run in training. Lanes on one engine may take turns epoch by epoch; each gives what it would give alone."""

    def __init__(
        self,
        engine: Engine,
        config: TrialConfig,
        key: LaneKey,
        train: Clips,
        validation: Clips,
        *,
        objective: tuple[str, str] = ("val/loss", "min"),
        batch_parts: int = 1,
    ) -> None:
        """`batch_parts` cuts every batch into as many forward passes, for memory that does not hold a whole one; the
        gradient stays that of the whole batch."""
        self.engine = engine
        self.config = config
        self.key = key
        self.train = train
        self.validation = validation
        self.metric, self.mode = objective
        self.batch_parts = batch_parts
        self.epoch = 0  # epochs finished
        self.step = 0  # optimizer steps taken
        self.thresholds: np.ndarray | None = None  # by the latest validation, where the task chooses some
        self.best: tuple[float, dict[str, Tensor]] | None = None

        init_seed, order_seed, dropout_seed, augmentation_seed = lane_seeds(key)
        self.order = np.random.default_rng(order_seed)
        self.name, self.draws = engine.add_adapter(config, seed=init_seed, dropout_seed=dropout_seed)
        self.changes = engine.augmentation(config, augmentation_seed)
        self.joint = bool(joint_loss(engine.task))  # its loss is of the clips of a batch together
        self.indifferent_to_padding = engine.bank.indifferent_to_padding(self.name)
        self.parameters = engine.bank.parameters(self.name)
        self.optimizer = engine.accelerator.prepare_optimizer(engine.bank.optimizer(self.name, config))
        self.odds = odds_of(config.sampling, train)
        self.heard: Clips = train if self.odds is None else Visits(train)  # what rows in training are of
        # a clip that is drawn by its weight is not weighed again
        self.weights = None if config.sampling == WEIGHTED else clip_weights(train)
        steps = total_steps(config, len(train))
        self.schedule = get_scheduler(
            config.scheduler,
            optimizer=self.optimizer.optimizer,
            num_warmup_steps=round(config.warmup_ratio * steps),
            num_training_steps=steps,
        )
        self.last_step = steps
        self.planned_epochs = planned_epochs(config, len(train))

    @property
    def finished(self) -> bool:
        return self.epoch >= self.planned_epochs

    def train_epoch(self) -> dict[str, float]:
        """Trains one pass over the training clips, then scores the validation clips.

        Returns `train/loss` (mean over clips), `learning_rate` (of the last step) and `val/*`.
        """
        engine, config = self.engine, self.config
        engine.start_training(self.name)
        loss_sum, clips_seen = 0.0, 0
        for passes in self.steps():
            clips_in_step = sum(len(rows) for rows in passes)
            for rows in passes:
                # every clip weighs the same, also in a batch that is smaller than the others
                loss = self._learn(rows, len(rows) / clips_in_step)
                loss_sum += self.finite(loss) * len(rows)
                clips_seen += len(rows)
            if config.clip_norm is not None:
                torch.nn.utils.clip_grad_norm_(self.parameters, config.clip_norm)
            learning_rate = self.schedule.get_last_lr()[0]
            self.optimizer.step()
            self.schedule.step()
            self.optimizer.zero_grad(set_to_none=True)
            self.step += 1
        return self.end_epoch(loss_sum / clips_seen, learning_rate, self.predict(self.validation))

    def _learn(self, rows: list[int], share: float) -> float:
        """Adds `share` of the gradient of the mean loss of these clips. Returns the loss."""
        engine = self.engine
        if self.joint and len(passes := self._divided(rows)) > 1:
            return learn_in_passes(engine, self.clip_batch, passes, share)
        clips = self.clip_batch(rows)
        batch = engine.collated(clips)
        with engine.accelerator.autocast(), engine.without_prefix(clips):
            loss = self._loss(batch, rows)
        engine.accelerator.backward(loss * share)
        return float(loss.detach())

    def _divided(self, rows: list[int]) -> list[list[int]]:
        """A batch by forward pass, as memory and the shapes of its clips ask for."""
        micro_batch = part_size(self.config.batch_size, self.batch_parts)
        return [part for same in self.engine.passes(self.heard, rows) for part in cut(same, micro_batch)]

    def _loss(self, batch: dict[str, Tensor], rows: Sequence[int]) -> Tensor:
        """The mean over clips of (weight of the clip *) its loss; a scalar with a graph."""
        backbone, model, smoothing = self.engine.backbone, self.engine.model, self.config.label_smoothing
        if self.weights is None:
            return mean_loss(backbone, model, batch, label_smoothing=smoothing)
        return self.weighed(backbone.clip_losses(model, batch, label_smoothing=smoothing), rows).mean()

    def weighed(self, losses: Tensor, rows: Sequence[int]) -> Tensor:
        """(B,) losses of these training clips, each times the clip's own weight where the data give weights."""
        return losses if self.weights is None else losses * torch.from_numpy(self._weights_of(rows)).to(losses)

    def _weights_of(self, rows: Sequence[int]) -> np.ndarray:
        assert self.weights is not None
        return np.asarray(self.weights[[row % len(self.train) for row in rows]])

    def end_epoch(self, train_loss: float, learning_rate: float, validation: Predictions) -> dict[str, float]:
        """Counts an epoch that has been trained; what `train_epoch` returns."""
        self.epoch += 1
        self.observe(validation)
        metrics = {"train/loss": train_loss, "learning_rate": learning_rate}
        metrics |= self.engine.scores(self.last_validation, "val")
        if not math.isfinite(metrics["val/loss"]):
            raise TrainingDiverged(f"the validation loss is {metrics['val/loss']} {self._where(self.epoch, self.step)}")
        self._remember_best(metrics)
        return metrics

    def predict(self, clips: Clips) -> Predictions:
        self.engine.activate(self.name)
        said = self.engine.predict(clips, fold=self.key.fold, batch_parts=self.batch_parts)
        return with_thresholds(said, self.thresholds)

    def observe(self, validation: Predictions) -> None:
        """What the adapter as it is says of the validation clips decides what its answers are."""
        self.thresholds = thresholds_by(self.engine.task, validation)
        self.last_validation = with_thresholds(validation, self.thresholds)

    def settle(self) -> dict[str, float]:
        """Once, after the last epoch: with `keep: best` the best epoch's adapter becomes the run's. Returns `val/*`."""
        if self.config.keep == "best" and self.best is not None:
            self.engine.bank.load_tensors(self.name, self.best[1])
            self.observe(self.predict(self.validation))
        return self.engine.scores(self.last_validation, "val")

    def save(self, folder: Path) -> None:
        """Writes the resume point; once the run is finished only the adapter (PEFT's format) and the predictions."""
        if self.finished:
            folder.mkdir(parents=True, exist_ok=True)
            self.engine.bank.save(self.name, folder / "adapter")
            write_thresholds(folder / "adapter", self.engine.task, self.thresholds)
            self.last_validation.write_parquet(folder / "predictions" / "validation.parquet")
            return
        tensors = {f"adapter.{k}": v for k, v in self.engine.bank.tensors(self.name).items()}
        tensors |= {f"optimizer.{k}": v for k, v in flatten_optimizer(self.optimizer.optimizer).items()}
        values = self.progress()
        if self.best is not None:
            tensors |= {f"best.{k}": v for k, v in self.best[1].items()}
            values["best"] = self.best[0]
        write_state(folder, tensors, values)

    def load(self, folder: Path) -> None:
        """Continues from what `save` wrote before the run was finished."""
        tensors, values = read_state(folder)
        self.engine.bank.load_tensors(self.name, _under(tensors, "adapter."))
        restore_optimizer(self.optimizer.optimizer, _under(tensors, "optimizer."))
        self.restore(values)
        if "best" in values:
            self.best = (values["best"], _under(tensors, "best."))

    def progress(self) -> dict[str, Any]:
        """How far it has come, its weights, moments and best epoch apart; fit for JSON."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "order": self.order.bit_generator.state,
            "schedule": self.schedule.state_dict() | {"lr_lambdas": []},
        }

    def restore(self, values: Mapping[str, Any]) -> None:
        """Stands again where `progress` was asked."""
        self.epoch, self.step = values["epoch"], values["step"]
        self.order.bit_generator.state = values["order"]
        schedule = {**values["schedule"], "lr_lambdas": [None] * len(self.schedule.lr_lambdas)}
        self.schedule.load_state_dict(schedule)
        for group, rate in zip(self.optimizer.optimizer.param_groups, schedule["_last_lr"], strict=True):
            group["lr"] = rate

    def close(self) -> None:
        """Drops the adapter and everything that Accelerate remembers of this lane."""
        self.engine.remove_adapter(self.name)
        # Accelerate keeps every optimizer that it ever prepared
        self.engine.accelerator._optimizers.remove(self.optimizer)

    def clip_batch(self, rows: Sequence[int]) -> ClipBatch:
        """The clips of the next forward pass in training, as this lane hears them in this epoch."""
        self.draws.epoch, self.draws.rows = self.epoch, rows
        if self.changes is not None:
            self.changes.epoch = self.epoch
        return self.engine.clip_batch(self.heard, rows, with_targets=True, changes=self.changes)

    def steps(self) -> Iterator[list[list[int]]]:
        """An epoch's optimizer steps in this epoch's order, each as the rows of its forward passes, or of its batches
        where the loss is of a batch together; stops at the last step."""
        config = self.config
        if config.sampling == "group_by_length":
            lengths = [samples(self.train, row) for row in range(len(self.train))]
            order = grouped_by_length(lengths, config.batch_size, self.order)
        elif self.odds is not None:
            order = drawn(self.odds, self.order)
        else:
            order = shuffled(len(self.train), self.order)
        steps = min(steps_per_epoch(config, len(order)), self.last_step - self.step)
        for rows in cut(order, config.batch_size * config.gradient_accumulation)[:steps]:
            if self.joint:
                yield cut(rows, config.batch_size)
                continue
            yield [clips for part in self._parts(rows) for clips in self.engine.passes(self.heard, part)]

    def _parts(self, rows: list[int]) -> list[list[int]]:
        """The clips of an optimizer step by forward pass. Which clips pass together changes nothing about the gradient:
        clips of like length do, and several batches where the model is small. Where padding changes something, batches
        stay as they are."""
        config, engine = self.config, self.engine
        micro_batch = part_size(config.batch_size, self.batch_parts)
        if not self.indifferent_to_padding:
            return [part for batch in cut(rows, config.batch_size) for part in cut(batch, micro_batch)]
        most = max(micro_batch, engine.settings.clips_per_pass) if self.batch_parts == 1 else micro_batch
        return cut(engine.by_length(self.heard, rows), most)

    def finite(self, loss: float) -> float:
        """The loss of a forward pass. Raises TrainingDiverged where it is no number."""
        if not math.isfinite(loss):
            raise TrainingDiverged(f"the training loss is {loss} {self._where(self.epoch + 1, self.step + 1)}")
        return loss

    def _where(self, epoch: int, step: int) -> str:
        rate = self.schedule.get_last_lr()[0]
        return (
            f"in epoch {epoch}, step {step} (learning rate {rate:.2e}): lower the learning rate or set train.clip_norm"
        )

    def _remember_best(self, metrics: dict[str, float]) -> None:
        if self.config.keep != "best":
            return
        value = metrics[self.metric]
        better = self.best is None or (value > self.best[0] if self.mode == "max" else value < self.best[0])
        if better:
            self.best = (value, self.engine.bank.tensors(self.name))


def lane_seeds(key: LaneKey) -> Sequence[int]:
    """Independent seeds of one lane: the adapter's initialisation, the order of the clips, dropout, augmentation."""
    fold = [] if key.fold == "-" else list(key.fold.encode())
    return [int(word) for word in np.random.SeedSequence([key.seed, *fold]).generate_state(4, np.uint32)]


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
