"""Rules about a loss that is of the clips of a batch together: what a batch has to hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeps.config.axis import discrete_values
from sweeps.config.located_yaml import Path
from sweeps.config.scalar_types import Problems
from sweeps.config.spec import TrainSpec
from trainables.tasks.rating_losses import JOINT, fewest_clips, shares_of

Values = Mapping[str, Any]


def loss_rule(values: Values, problems: Problems) -> None:
    """Batches of too few clips for `task.loss`, wherever a batch's size stands."""
    loss = values.get("task", {}).get("loss", "")
    if problems.touch("task") or not loss or (fewest := fewest_clips(loss)) < 2:
        return
    search, train = values.get("search", {}), values.get("train", {})
    places: list[tuple[Path, Values]] = [(("search",), search), (("baseline",), values.get("baseline", {}))]
    places += [(("warm_start", index), point) for index, point in enumerate(values.get("warm_start", ()))]
    given = [((*path, "batch_size"), point["batch_size"]) for path, point in places if "batch_size" in point]
    if "batch_size" not in search:
        given.append((("train", "batch_size"), train.get("batch_size", TrainSpec.batch_size)))
    joint = ", ".join(name for name in shares_of(loss) if name in JOINT)
    for path, value in given:
        smallest = min(discrete_values(value) or (fewest,))
        if smallest < fewest and not problems.touch(*path):
            why = "; two clips always lie on a line, so that their correlation is 1 or -1" if fewest > 2 else ""
            problems.add(
                path,
                f"task.loss {joint} is of the clips of a batch together: expected {fewest} or more of them, got "
                f"{smallest}{why}",
            )
