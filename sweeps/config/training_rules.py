"""Rules about what a training asks of its task and of its batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeps.config.axis import discrete_values
from sweeps.config.located_yaml import Path
from sweeps.config.scalar_types import Problems
from sweeps.config.spec import TrainSpec
from trainables.config import BALANCED, WEIGHTED
from trainables.registry import task_class
from trainables.tasks.rating_losses import JOINT, fewest_clips, shares_of

Values = Mapping[str, Any]
CLASSES = ("label", "labels")  # columns whose values are classes


def loss_rule(values: Values, problems: Problems) -> None:
    """Batches of too few clips for `task.loss`, wherever a batch's size stands."""
    loss = values.get("task", {}).get("loss", "")
    if problems.touch("task") or not loss or (fewest := fewest_clips(loss)) < 2:
        return
    joint = ", ".join(name for name in shares_of(loss) if name in JOINT)
    for path, value in _given(values, "batch_size", TrainSpec.batch_size):
        smallest = min(discrete_values(value) or (fewest,))
        if smallest < fewest and not problems.touch(*path):
            why = "; two clips always lie on a line, so that their correlation is 1 or -1" if fewest > 2 else ""
            problems.add(
                path,
                f"task.loss {joint} is of the clips of a batch together: expected {fewest} or more of them, got "
                f"{smallest}{why}",
            )


def sampling_rule(values: Values, problems: Problems) -> None:
    """Classes that are to be heard alike, where the task has none."""
    kind = values.get("task", {}).get("kind")
    if problems.touch("task") or kind is None or task_class(kind).column in CLASSES:
        return
    for path, value in _given(values, "sampling", TrainSpec.sampling):
        if BALANCED in (discrete_values(value) or ()) and not problems.touch(*path):
            problems.add(
                path, f"balanced hears every class alike, and {kind} has none: take {WEIGHTED}, with a column weight"
            )


def _given(values: Values, name: str, default: Any) -> list[tuple[Path, Any]]:
    """Everywhere that says a setting, and what it says."""
    search, train = values.get("search", {}), values.get("train", {})
    places: list[tuple[Path, Values]] = [(("search",), search), (("baseline",), values.get("baseline", {}))]
    places += [(("warm_start", index), point) for index, point in enumerate(values.get("warm_start", ()))]
    given = [((*path, name), point[name]) for path, point in places if name in point]
    return given if name in search else [*given, (("train", name), train.get(name, default))]
