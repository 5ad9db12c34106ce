"""How is the clip rated? Answered by a head with one output per rating, which is trained with the adapter.

Training: the mean over the clip's ratings of the squared, absolute or Huber error, in units of each rating's spread
over the training clips; or how little the answers to a batch agree with its ratings (`trainables.tasks.rating_losses`);
or a weighted sum of these. A missing rating has no part in it. An untuned backbone has no head and cannot answer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from trainables.errors import InputError
from trainables.records import Answers, Predictions
from trainables.tasks import rating_losses, rating_metrics
from trainables.tasks.options import option
from trainables.tasks.rating_losses import JOINT, LOSSES, shares_of

if TYPE_CHECKING:
    import numpy as np

EACH = ("pearson", "ccc", "mae")  # metrics that are shown of every rating too, where there are several


@dataclass(frozen=True)
class Regression:
    """`names` are the ratings, in the order of the head's outputs; `centre` and `spread` are their means and standard
    deviations over the training clips, which `completed` takes from the data.

    Raises InputError with every problem of the options at once.
    """

    names: tuple[str, ...] = option(
        "Names of the ratings; left out, those of data.columns.targets, else rating-1, rating-2, ...",
        default=(),
        pattern=r"[\w .-]+",
        rule="a name of letters, digits, spaces and . _ -",
    )
    loss: str | Mapping[str, float] = option(
        "What training makes small: mse, huber (linear beyond one spread) or mae, clip by clip; ccc, pearson or "
        "ranking, of the clips of a batch together; or a weighted sum, such as {ccc: 1, mse: 0.5}.",
        default="mse",
        choices=LOSSES,
        above=0,
    )
    target_weights: tuple[float, ...] | None = option(
        "Weight of each rating in the training loss; left out, all weigh the same.", default=None, above=0, unique=False
    )
    centre: tuple[float, ...] = option(
        "Mean of each rating; left out, that of the training clips.", default=(), unique=False
    )
    spread: tuple[float, ...] = option(
        "Unit of each rating's error; left out, its standard deviation over the training clips.",
        default=(),
        above=0,
        unique=False,
    )

    kind: ClassVar[str] = "regression"
    column: ClassVar[str] = "targets"
    named_by_columns: ClassVar[str] = "names"  # the option that the names of several columns fill
    stratified: ClassVar[bool] = False
    soft_targets: ClassVar[bool] = True
    shows_samples: ClassVar[bool] = False
    metrics: ClassVar[tuple[str, ...]] = ("pearson", "ccc", "mae", "rmse", "r2", "loss")
    lower_is_better: ClassVar[tuple[str, ...]] = ("mae", "rmse", "loss")
    answers_untuned: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in ("names", "target_weights", "centre", "spread"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else tuple(value))
        if isinstance(self.loss, Mapping):
            object.__setattr__(self, "loss", dict(self.loss))
        lengths = {
            name: len(value)
            for name in ("names", "target_weights", "centre", "spread")
            if (value := getattr(self, name))
        }
        problems = []
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"task.{name} has {count}" for name, count in lengths.items())
            problems.append(f"{told}: give one for each rating.")
        if len(set(self.names)) < len(self.names):
            problems.append(f"task.names repeats a name: {list(self.names)!r}; each may stand once.")
        if not self.loss:
            problems.append(f"task.loss is an empty mapping: name at least one of {', '.join(LOSSES)}.")
        if problems:
            raise InputError(problems)

    def completed(self, targets: Sequence[Any], training: Sequence[Any]) -> Regression:
        """The same task with what only the data says: how many ratings there are, and from those in `training` their
        means and spreads.

        Raises InputError: clips with different numbers of ratings, or a rating without two values in training.
        """
        import numpy as np

        counts = Counter(len(target) for target in targets)
        if len(counts) > 1:
            told = ", ".join(f"{clips:,} clips have {count}" for count, clips in sorted(counts.items()))
            raise InputError(
                f"data.source: clips have different numbers of ratings: {told}; write null for a missing one."
            )
        (count,) = counts
        for name in ("names", "target_weights", "centre", "spread"):
            if (value := getattr(self, name)) and len(value) != count:
                raise InputError(
                    f"task.{name} has {len(value)} entries, and clips have {count} ratings: give one for each."
                )
        names = self.names or tuple(f"rating-{place}" for place in range(1, count + 1))
        table = ratings_of(training)
        problems = []
        for name, column in zip(names, table.T, strict=True):
            known = column[np.isfinite(column)]
            if not len(known):
                problems.append(f"data.source: no training clip has the rating {name!r}.")
            elif known.min() == known.max():
                problems.append(
                    f"data.source: the rating {name!r} is {known[0]:g} in all {len(known):,} training clips "
                    "that have it: there is nothing to learn from it."
                )
            elif len(known) < self.fewest_clips:
                problems.append(
                    f"data.source: the rating {name!r} stands in {len(known)} training clips, and task.loss "
                    f"{self.joint} is of {self.fewest_clips} or more together."
                )
        if problems:
            raise InputError(problems)
        centre = self.centre or tuple(float(value) for value in np.nanmean(table, axis=0))
        spread = self.spread or tuple(float(value) for value in np.nanstd(table, axis=0))
        return replace(self, names=names, centre=centre, spread=spread)

    @property
    def joint(self) -> str:
        """The losses that are of the clips of a batch together, with commas; empty: each clip has its own."""
        return ", ".join(name for name in shares_of(self.loss) if name in JOINT)

    @property
    def fewest_clips(self) -> int:
        """Of a batch from which something can be learned."""
        return rating_losses.fewest_clips(self.loss)

    @property
    def head_outputs(self) -> int:
        """How many numbers the head gives. Raises ValueError before `completed`."""
        if not self.centre:
            raise ValueError("the number of ratings comes from the data: use the task that `completed` gives")
        return len(self.centre)

    def head_targets(self, targets: Sequence[Any]) -> dict[str, np.ndarray]:
        """`rating` (B, D) float32 in spreads from the centre; `target_weight` (B, D), 0 where it is missing, and
        `rating_weight`, the same so that a clip's sum to 1; `loss_share` (B, losses), the weights of LOSSES."""
        import numpy as np

        table = (ratings_of(targets) - np.array(self.centre)) / np.array(self.spread)
        rated = np.isfinite(table)
        weight = rated * np.array(self.target_weights or (1.0,) * len(self.centre))
        shares = shares_of(self.loss)
        return {
            "rating": np.where(rated, table, 0.0).astype(np.float32),
            "target_weight": weight.astype(np.float32),
            "rating_weight": (weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)).astype(np.float32),
            "loss_share": np.tile(
                np.array([shares.get(name, 0.0) for name in LOSSES], dtype=np.float32), (len(table), 1)
            ),
        }

    def check_target(self, value: Any) -> str | None:
        """None where `value` is a list of numbers, None for a missing one, else a sentence about the broken rule."""
        if not isinstance(value, list | tuple) or not value:
            return f"targets {value!r} must be a list of numbers"
        if all(rating is None for rating in value):
            return "every rating is missing; leave the clip out"
        if any(rating is not None and not math.isfinite(rating) for rating in value):
            return f"targets {value!r} must be finite numbers; write null for a missing one"
        if self.names and len(value) != len(self.names):
            return f"it has {len(value)} ratings, and task.names names {len(self.names)}"
        return None

    def usable_seconds(self, window_seconds: float) -> tuple[float, float]:
        """Clips of any length: what the window cuts off is rated alike."""
        return 0.0, math.inf

    def answers(self, targets: Sequence[Any], outputs: Sequence[Any]) -> Answers:
        """`outputs` is (N, D), in spreads from the centre; answers are ratings as the data has them."""
        import numpy as np

        said = np.asarray(outputs, dtype=float) * np.array(self.spread) + np.array(self.centre)
        return Answers(targets=list(ratings_of(targets)), outputs=list(said))

    def score(self, predictions: Predictions) -> dict[str, float]:
        """Every name in `metrics`, as means over the ratings; with several, those of EACH for every one of them too,
        such as `pearson/valence`. The loss is that of training without `target_weights`, of all clips together, so that
        it compares between runs."""
        import numpy as np

        targets, outputs = (np.array(list(side), dtype=float) for side in (predictions.targets, predictions.outputs))
        columns = rating_metrics.by_column(targets, outputs)
        found = rating_metrics.means(columns)
        found = {name: found[name] for name in self.metrics if name != "loss"} | {"loss": self._loss(targets, outputs)}
        if len(self.names) > 1:
            found |= {
                f"{name}/{rating}": float(columns[name][place])
                for name in EACH
                for place, rating in enumerate(self.names)
            }
        return found

    def _loss(self, targets: np.ndarray, outputs: np.ndarray) -> float:
        import numpy as np

        spread = np.array(self.spread)
        return rating_losses.mean_loss(targets / spread, outputs / spread, self.loss)


def ratings_of(targets: Sequence[Any]) -> np.ndarray:
    """(N, D) float64, NaN where a rating is missing."""
    import numpy as np

    return np.array([[np.nan if rating is None else rating for rating in target] for target in targets], dtype=float)
