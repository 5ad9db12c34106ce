"""Several lanes of one engine trained in one batch: the frozen backbone reads it once, every lane has its own adapter.

LoRA on a shared frozen backbone: Hu et al. 2021 (arXiv 2106.09685); many adapters in one batch: Chen et al. 2023,
"Punica" (arXiv 2310.18547), for answers; Ye et al. 2023, "ASPEN" (arXiv 2312.02515), for training.

A pack lasts an epoch. It copies what its lanes hold, trains, and gives back: between two epochs a lane is what it would
be alone, so that it can be saved, pruned, resumed, or trained in another pack or none. The order of its clips, their
masks and changes come from its own seed. In float64 it gets the numbers that it gets alone, up to rounding, whoever
shares the pack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

from trainables.packing.compatibility import PackKey
from trainables.packing.lane_rows import LaneRows
from trainables.packing.layers import Occupancy, PackedHead, PackedLora, packed
from trainables.records import Predictions
from trainables.training.batch import ClipBatch
from trainables.training.engine import Engine
from trainables.training.faults import TrainingDiverged
from trainables.training.lane import Lane
from trainables.training.schedule import part_size

Passes = list[list[int]]  # of one lane's optimizer step: rows by forward pass


class Pack:
    """The lanes of one epoch. Which lanes may share one: `trainables.packing.compatibility`."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.lanes = list(lanes)
        self.engine: Engine = lanes[0].engine
        self.occupancy = Occupancy()
        dtype, device = lanes[0].parameters[0].dtype, lanes[0].parameters[0].device
        self.rows = LaneRows(len(lanes), dtype, device)
        bank = self.engine.bank
        parts = [bank.lora_parts(lane.name) for lane in lanes]
        heads = [bank.heads(lane.name) for lane in lanes]
        names = dict.fromkeys(name for own in parts for name in own)
        self.layers = [PackedLora([own.get(name) for own in parts], self.rows, self.occupancy) for name in names]
        self.heads = {name: PackedHead([own[name] for own in heads], self.rows, self.occupancy) for name in heads[0]}
        self.diverged: dict[int, TrainingDiverged] = {}
        self.loss_sums = [0.0 for _ in lanes]
        self.clips_seen = [0 for _ in lanes]
        self.learning_rates = [0.0 for _ in lanes]

    def train_epoch(self) -> list[dict[str, float] | TrainingDiverged]:
        """One epoch of every lane: what `Lane.train_epoch` returns or raises, lane by lane."""
        self.rows.take([lane.optimizer.optimizer for lane in self.lanes])
        self.engine.start_training(self.lanes[0].name)
        with packed(self.engine.bank, self.layers, self.heads):
            self._train()
            left = [number for number in range(len(self.lanes)) if number not in self.diverged]
            validations = dict(zip(left, self._predict(left), strict=True))
        for number in left:
            lane = self.lanes[number]
            self.rows.give(number, lane.optimizer.optimizer, lane.step)
        return [self._ended(number, validations.get(number)) for number in range(len(self.lanes))]

    def _ended(self, number: int, validation: Predictions | None) -> dict[str, float] | TrainingDiverged:
        if validation is None:
            return self.diverged[number]
        mean_loss = self.loss_sums[number] / self.clips_seen[number]
        try:
            return self.lanes[number].end_epoch(mean_loss, self.learning_rates[number], validation)
        except TrainingDiverged as error:
            return error

    @property
    def names(self) -> list[str]:
        """All lanes': whoever passes, the modules that any of them adapts expect the clips of a whole pass."""
        return [lane.name for lane in self.lanes]

    def _train(self) -> None:
        for lane in self.lanes:
            if lane.step == 0:
                # a schedule wants to see its optimizer step first; without gradients that changes nothing
                lane.optimizer.step()
        for plans in zip_longest(*(lane.steps() for lane in self.lanes)):
            self._step({number: plan for number, plan in enumerate(plans) if plan and number not in self.diverged})

    def _step(self, plans: dict[int, Passes]) -> None:
        """One optimizer step of the lanes that have one left."""
        clips_in_step = {number: sum(map(len, passes)) for number, passes in plans.items()}
        for passes in zip_longest(*plans.values()):
            batches = {
                number: self.lanes[number].clip_batch(rows)
                for number, rows in zip(plans, passes, strict=True)
                if rows and number not in self.diverged
            }
            for together in self._joinable(batches):
                self._learn({number: batches[number] for number in together}, clips_in_step)
        self._update([number for number in plans if number not in self.diverged])

    def _learn(self, batches: dict[int, ClipBatch], clips_in_step: dict[int, int]) -> None:
        """One forward and backward pass."""
        engine = self.engine
        batch = engine.collated(*batches.values())
        clips = self._seat(batches)
        with engine.accelerator.autocast(), engine.without_prefix(*batches.values(), names=self.names):
            smoothing = self.lanes[0].config.label_smoothing
            each = engine.backbone.clip_losses(engine.model, batch, label_smoothing=smoothing)
        parts = {
            number: self.lanes[number].weighed(part, batches[number].rows)
            for number, part in zip(batches, torch.split(each, clips), strict=True)
        }
        # every clip of a lane weighs the same, also in a batch that is smaller than the others
        total = torch.stack([part.sum() / clips_in_step[number] for number, part in parts.items()]).sum()
        self.rows.backward(total)
        means = torch.stack([part.detach().mean() for part in parts.values()]).tolist()
        for number, mean, count in zip(batches, means, clips, strict=True):
            try:
                self.loss_sums[number] += self.lanes[number].finite(mean) * count
                self.clips_seen[number] += count
            except TrainingDiverged as error:
                self.diverged[number] = error

    def _update(self, active: list[int]) -> None:
        """A step of AdamW for every lane that has learnt something, at its own rate."""
        lanes, infinite = self.lanes, float("inf")
        norms = [infinite if lane.config.clip_norm is None else lane.config.clip_norm for lane in lanes]
        rates = [lane.schedule.get_last_lr()[0] for lane in lanes]
        defaults = lanes[0].optimizer.optimizer.defaults
        self.rows.clip(_column(norms))
        self.rows.adamw(
            steps=_column([lane.step + 1 for lane in lanes]),
            rates=_column(rates),
            decays=_column([lane.config.weight_decay for lane in lanes]),
            active=_column([float(number in active) for number in range(len(lanes))]),
            betas=defaults["betas"],
            epsilon=defaults["eps"],
        )
        for number in active:
            self.learning_rates[number] = rates[number]
            lanes[number].schedule.step()
            lanes[number].step += 1

    def _seat(self, batches: dict[int, ClipBatch]) -> list[int]:
        self.occupancy.lanes = list(batches)
        self.occupancy.clips = [len(part.features) for part in batches.values()]
        return self.occupancy.clips

    def _joinable(self, batches: dict[int, ClipBatch]) -> Iterator[list[int]]:
        """Lanes whose clips may be one batch."""
        groups: dict[Any, list[int]] = {}
        for number, part in batches.items():
            shape = part.features[0].shape if self.engine.loaded.equal_shapes else None
            groups.setdefault((shape, bool(part.partners)), []).append(number)
        yield from groups.values()

    @torch.no_grad()
    def _predict(self, numbers: Sequence[int]) -> list[Predictions]:
        """What these lanes say about their validation clips."""
        engine = self.engine
        engine.model.eval()
        lanes = [self.lanes[number] for number in numbers]
        outputs: list[list[Any]] = [[None] * len(lane.validation) for lane in lanes]
        size = part_size(engine.settings.evaluation_batch_size, max((lane.batch_parts for lane in lanes), default=1))
        each = part_size(size, len(lanes)) if lanes else size
        for passes in zip_longest(*(engine.evaluation_passes(lane.validation, each) for lane in lanes)):
            batches = {
                number: engine.clip_batch(lane.validation, rows, with_targets=False)
                for number, lane, rows in zip(numbers, lanes, passes, strict=True)
                if rows
            }
            for together in self._joinable(batches):
                clips = self._seat({number: batches[number] for number in together})
                answers = iter(engine.answers(*(batches[number] for number in together), names=self.names))
                for number, count in zip(together, clips, strict=True):
                    place = numbers.index(number)
                    for row in passes[place][:count]:
                        outputs[place][row] = next(answers)
        return [
            engine.predictions(lane.validation, own, lane.key.fold) for lane, own in zip(lanes, outputs, strict=True)
        ]


def pack_key(lane: Lane) -> PackKey:
    """What a lane asks of those that it shares a pack with."""
    engine = lane.engine
    return PackKey.of(
        lane.config,
        precision=engine.key.precision,
        head=engine.key.head,
        clips=len(lane.train),
        batch_parts=lane.batch_parts,
        in_order=not engine.loaded.that_concatenate(engine.bank.lora_parts(lane.name)),
        in_one_pass=not lane.joint or (lane.batch_parts == 1 and not engine.loaded.equal_shapes),
    )


def _column(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]
