"""Which of these labels does the clip have? Any number of them, none included: a head with one logit per label, which
is trained with the adapter.

Training: the mean over labels of the binary cross-entropy, or of the focal loss (Lin et al. 2017, arXiv 1708.02002), in
which labels that are easy to tell count less. A label's clips can weigh more than those without it. An untuned backbone
has no head and cannot answer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from trainables.errors import InputError
from trainables.records import Answers, Predictions
from trainables.tasks import tag_metrics
from trainables.tasks.labels import label_problems
from trainables.tasks.options import option

if TYPE_CHECKING:
    import numpy as np

BALANCED = "balanced"
LOSSES = ("bce", "focal")
F1, HALF = "f1", "half"
MOST_POSITIVE_WEIGHT = 100.0  # of a rare label under `balanced`: a single clip must not be all there is to learn


@dataclass(frozen=True)
class MultiLabel:
    """`labels` are in the order of the logits; without them `completed` takes them from the data.

    Raises InputError with every problem of the options at once.
    """

    labels: tuple[str, ...] = option(
        "The labels; left out, those of the data in sorted order.",
        default=(),
        pattern=r"\S([\s\S]*\S)?",
        rule="a label: text without white space at its ends",
        at_least=2,
    )
    loss: str = option(
        "bce: binary cross-entropy; focal: what is easy to tell counts less.", default="bce", choices=LOSSES
    )
    focal_gamma: float = option("How much less, under focal.", default=2.0, above=0)
    positive_weights: str | tuple[float, ...] | None = option(
        "Weight of the clips that have a label, against 1 for those that have not: balanced, or one number per label.",
        default=None,
        choices=(BALANCED,),
        above=0,
        at_least=2,
        unique=False,
    )

    thresholds: str = option(
        "From which probability on a label counts as found: half; f1, for each label the one that makes its F1 on the "
        "validation clips largest, kept with the adapter.",
        default=HALF,
        choices=(F1, HALF),
    )

    kind: ClassVar[str] = "multilabel"
    column: ClassVar[str] = "labels"
    named_by_columns: ClassVar[str] = "labels"  # the option that the names of several columns fill
    stratified: ClassVar[bool] = False
    soft_targets: ClassVar[bool] = True
    shows_samples: ClassVar[bool] = False
    metrics: ClassVar[tuple[str, ...]] = ("map", "macro_auroc", "micro_auroc", "macro_f1", "loss")
    lower_is_better: ClassVar[tuple[str, ...]] = ("loss",)
    answers_untuned: ClassVar[bool] = False

    def __post_init__(self) -> None:
        problems = label_problems(self.labels) if self.labels else []
        object.__setattr__(self, "labels", tuple(self.labels))
        weights: Any = self.positive_weights
        if weights is not None and weights != BALANCED:
            object.__setattr__(self, "positive_weights", tuple(float(weight) for weight in weights))
            if len(weights) != len(self.labels):
                problems.append(
                    f"task.positive_weights has {len(weights)} numbers for {len(self.labels)} task.labels: give both, "
                    "one for each."
                )
        if problems:
            raise InputError(problems)

    def completed(self, targets: Sequence[Sequence[str]], training: Sequence[Sequence[str]]) -> MultiLabel:
        """The same task with what only the data says: from all `targets` the labels, sorted; from those in `training`
        the balanced weights, clips without the label over clips with it, at most 100.

        Raises InputError: fewer than two labels, or a label that no training clip has.
        """
        labels = self.labels or tuple(sorted({label for target in targets for label in target}))
        if len(labels) < 2:
            raise InputError(f"data.source: the clips have {list(labels)!r} and no other label; two are needed.")
        counts = Counter(label for target in training for label in set(target))
        if never := [label for label in labels if not counts[label]]:
            shown = ", ".join(map(repr, never[:10])) + (f" and {len(never) - 10} more" if len(never) > 10 else "")
            raise InputError(
                f"data.source: no training clip has {shown}: it cannot be learned. Give such clips, or name in "
                "task.labels the others alone."
            )
        if self.positive_weights != BALANCED:
            return replace(self, labels=labels)
        ratios = ((len(training) - counts[label]) / counts[label] for label in labels)
        # a label of every clip has no clips without it
        weights = tuple(min(MOST_POSITIVE_WEIGHT, ratio) or 1.0 for ratio in ratios)
        return replace(self, labels=labels, positive_weights=weights)

    @property
    def head_outputs(self) -> int:
        return len(self.labels)

    def head_targets(self, targets: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
        """`tags` (B, C) float32, 0 or 1, `tag_weight` (B, C), what a label counts where the clip has it, and
        `focal_gamma` (B,), 0 for plain cross-entropy."""
        import numpy as np

        if isinstance(self.positive_weights, str):
            raise ValueError("balanced weights need the training data: use the task that `completed` gives")
        tags = self.table(targets)
        weights = np.array(self.positive_weights or (1.0,) * len(self.labels), dtype=np.float32)
        gamma = self.focal_gamma if self.loss == "focal" else 0.0
        return {
            "tags": tags.astype(np.float32),
            "tag_weight": np.broadcast_to(weights, tags.shape).copy(),
            "focal_gamma": np.full(len(tags), gamma, dtype=np.float32),
        }

    def table(self, targets: Sequence[Sequence[str]]) -> np.ndarray:
        """(N, C) float64, 1 where the clip has the label."""
        import numpy as np

        place = {label: column for column, label in enumerate(self.labels)}
        found = np.zeros((len(targets), len(self.labels)))
        for row, target in enumerate(targets):
            found[row, [place[label] for label in target]] = 1.0
        return found

    def check_target(self, value: Any) -> str | None:
        """None where `value` is a list of labels, which may be empty, else a sentence about the broken rule."""
        if not isinstance(value, list | tuple) or not all(isinstance(label, str) and label.strip() for label in value):
            return f"labels {value!r} must be a list of texts"
        unknown = [label for label in value if self.labels and label not in self.labels]
        return f"{', '.join(map(repr, unknown))}: not among task.labels ({', '.join(self.labels)})" if unknown else None

    def usable_seconds(self, window_seconds: float) -> tuple[float, float]:
        """Clips of any length."""
        return 0.0, math.inf

    def answers(self, targets: Sequence[Sequence[str]], outputs: Sequence[Any]) -> Answers:
        """`outputs` is (N, C), logits; answers are the probability of every label, targets 0 or 1 for each."""
        import numpy as np
        from scipy.special import expit

        shares = expit(np.asarray(outputs, dtype=np.float64))
        return Answers(targets=list(self.table(targets)), outputs=list(shares))

    def chosen_thresholds(self, validation: Predictions) -> np.ndarray | None:
        """(C,) probabilities from which on each label counts as found, by these clips; a half for a label that none of
        them has. None where a half is for all."""
        import numpy as np

        if self.thresholds == HALF:
            return None
        targets, shares = (np.array(list(side), dtype=float) for side in (validation.targets, validation.outputs))
        if not np.isfinite(shares).all():
            return None
        found = tag_metrics.best_f1_thresholds(targets, shares)
        return np.where(np.isfinite(found), found, 0.5)

    def score(self, predictions: Predictions) -> dict[str, float]:
        """Every name in `metrics`. A label counts as found from the run's threshold on, else from a half on. The loss
        is binary cross-entropy, neither weighted nor focal, so that it compares between runs."""
        import numpy as np

        targets, shares = (np.array(list(side), dtype=float) for side in (predictions.targets, predictions.outputs))
        known = predictions.thresholds
        thresholds = 0.5 if known is None else np.array(list(known), dtype=float)
        inside = np.clip(shares, 1e-12, 1 - 1e-12)
        entropy = -(targets * np.log(inside) + (1 - targets) * np.log(1 - inside))
        return {
            "map": tag_metrics.mean_known(tag_metrics.average_precisions(targets, shares)),
            "macro_auroc": tag_metrics.mean_known(tag_metrics.areas_under_roc(targets, shares)),
            "micro_auroc": tag_metrics.micro_auroc(targets, shares),
            "macro_f1": tag_metrics.macro_f1(targets, (shares >= thresholds).astype(float)),
            "loss": float(entropy.mean()),
        }
