"""Weights of clips in training, which not every sweep can use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sweeps.config.spec import SweepSpec
from trainables.config import WEIGHTED
from trainables.data.examples import Example
from trainables.errors import InputError

NONE = '`data.columns: {weight: ""}` leaves the column unread'


def check_weights(spec: SweepSpec, examples: Sequence[Example], splits: Mapping[str, str], *, joint: str = "") -> None:
    """Raises InputError: training clips that all weigh nothing; weights beside mixup, whose clips are of two, or beside
    `joint` losses, which are of the clips of a batch together."""
    used = spec.values_of("sampling")
    weights = [each.weight for each in examples if splits[each.id] == "train" and each.weight is not None]
    if not weights:
        if WEIGHTED in used:
            raise InputError(
                "train.sampling: weighted draws clips by their weight, and no training clip has one: give a column "
                "weight, or name it in data.columns."
            )
        return
    training = sum(splits[each.id] == "train" for each in examples)
    problems = []
    if len(weights) == training and not any(weights):
        problems.append(f"data.source: the weight of every training clip is 0, so that nothing is learnt; {NONE}.")
    joint = joint if set(used) - {WEIGHTED} else ""
    mixed = spec.fixed.get("mixup_alpha") or any(axis.name == "mixup_alpha" for axis in spec.axes)
    if mixed:
        problems.append(
            f"mixup_alpha: {len(weights):,} training clips have a weight, and mixup makes one clip of two: use one of "
            f"them; {NONE}."
        )
    if joint:
        problems.append(
            f"task.loss: {len(weights):,} training clips have a weight, and {joint} is of the clips of a batch "
            f"together, not of each: use mse, huber or mae, or draw clips by their weight (train.sampling: weighted); "
            f"{NONE}."
        )
    if problems:
        raise InputError(problems)
