"""What a run leaves behind: its predictions, and the names under which MLflow keeps the rest. Loads no torch."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

NO_FOLD = "-"
NO_SEED = "-"

# Tags of a child run
TAG_SWEEP_ID = "sweep.id"
TAG_STAGE = "sweep.stage"  # explore | confirm
TAG_ROLE = "sweep.role"  # trial | finalist | baseline | untuned
TAG_CONFIG_ID = "sweep.config_id"
TAG_TRIAL_ID = "sweep.trial_id"
TAG_SEED = "sweep.seed"
TAG_FOLD = "sweep.fold"
TAG_STATUS = "sweep.status"  # completed | pruned | failed | stopped (by a person)
TAG_MINIATURE = "sweep.miniature"  # true | false
TAG_REASON = "sweep.reason"  # why a run failed
TAG_MENDED = "sweep.mended"  # what went wrong and did not end the run: a lost worker, memory that did not suffice
TAG_MICRO_BATCH = "sweep.micro_batch"  # clips in a forward pass, where memory did not hold a whole batch
TAG_KEPT = "sweep.kept_below"  # the module whose output was recorded once instead of computed in every epoch
TAG_PACK = "sweep.pack"  # lanes that trained in one batch, this one among them, where there were several
TAG_CONTROL = "sweep.control"  # of the parent: what a person asked of the running sweep, as JSON
TAG_DECISIONS = "decisions"  # of a sweep: what its search decides by
TAG_MADE = "sweep.made"  # drawn for the making of a run: whether it was made, where the store's answer was lost
TAG_PARENT = "mlflow.parentRunId"

# The parent run has TAG_SWEEP_ID, this role, and
ROLE_SWEEP = "sweep"
TAG_FINALISTS = "sweep.finalists"  # their config_ids as JSON, fixed before stage 2
PARAM_OBJECTIVE, PARAM_MODE = "objective", "mode"  # such as val/accuracy and max
PARAM_DEVICE, PARAM_PRECISION, PARAM_DATA = "device", "precision", "data_fingerprint"
PARAM_DATA_REVISION = "data_revision"  # the commit, where the data comes from the hub
PARAM_LEFT_OUT = "data_left_out"  # rows and clips of the data that the sweep does not use, where there are some
LEFT_OUT_FILE = "left_out.csv"  # which, and why: in the sweep's folder and with its own run
PARAM_TEXTS = "texts_scored_as"  # the form of texts that error rates are of, where answers are texts
PARAM_RECIPE = "miniature_recipe"  # where the miniature stood in
TAG_LOOKS = "sweep.looks"  # the confirm seeds of every look at the test data, as JSON
TAG_INTERIM = "sweep.interim"  # numbers of seeds at which stage 2 was looked at, and what that decided, as JSON
TAG_LOOK = "sweep.look"  # which look a confirm run belongs to; of a sweep the last one that came to a verdict
TAG_SESSIONS = "sweep.sessions"  # how often the sweep was started or taken up

# Params of a child run that, besides counts of parameters, are no choice of the search by themselves
NOT_CHOSEN = ("alpha", "seed", "checkpoint", "checkpoint_revision", "matched_modules")

# Metrics of a child run that say what it cost, per epoch
COST_SECONDS = "cost/epoch_seconds"  # its share of an epoch that several runs train together
COST_MEMORY = "cost/peak_memory_bytes"  # of the worker that trained it

SCORE_PREFIX = "score/"
SECONDS = "seconds"
THRESHOLD = "threshold"
# of a predictions file, by field of `Predictions`; besides them one score column per class
COLUMNS = {
    "example_ids": "example_id",
    "groups": "group",
    "folds": "fold",
    "targets": "target",
    "outputs": "output",
}
FURTHER = "test_"  # before the name of a further test set: its split, and the prefix of its metrics


def has_silence(targets: Sequence[Any]) -> bool:
    """Whether one of them is an empty text: a clip in which nothing is said."""
    return any(isinstance(target, str) and not target for target in targets)


def further_split(name: str) -> str:
    """`far` -> `test_far`"""
    return FURTHER + name


def further_name(split: str) -> str:
    """`test_far` -> `far`"""
    return split.removeprefix(FURTHER)


def allowed_name(name: str) -> str:
    """A name that MLflow takes for a metric, a param or a tag: letters, digits, spaces and _ - . /"""
    return re.sub(r"[^\w\-./ ]", "_", name)


def of_look(name: str, look: int) -> str:
    """A file or a tag of the sweep's own run, as the look at the test data has it that it belongs to."""
    return name if look == 1 else f"look-{look}/{name}"


@dataclass(frozen=True)
class Answers:
    """What a task makes of a backbone's outputs, row by row: the part of `Predictions` that is the task's."""

    targets: list[Any]  # in the form in which they are compared
    outputs: list[Any]
    scores: np.ndarray | None = None
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Predictions:
    """What one run said about one split, row by row; the rows keep the split's order.

    `targets` and `outputs` are labels (str) for classification tasks, texts for transcription, or arrays (N, D) for
    regression. `scores` is (N, C), one column per entry of `classes`, or None where the task has no classes. `seconds`
    is how long each clip lasts, recorded where a score needs it: where some targets are empty texts. `thresholds` is,
    where the run has chosen them, the probability from which on each label of a clip counts as found: (N, C), the same
    in all rows of a run.
    """

    example_ids: list[str]
    groups: list[str]
    folds: list[str]
    targets: list[Any]
    outputs: list[Any]
    scores: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    seconds: list[float] | None = None
    thresholds: list[Any] | None = None

    def __len__(self) -> int:
        return len(self.example_ids)

    def write_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {column: getattr(self, field) for field, column in COLUMNS.items()}
        if self.seconds is not None:
            columns[SECONDS] = self.seconds
        if self.thresholds is not None:
            columns[THRESHOLD] = self.thresholds
        if self.scores is not None:
            for index, name in enumerate(self.classes):
                columns[SCORE_PREFIX + name] = self.scores[:, index]
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), path)

    def take(self, rows: np.ndarray) -> Predictions:
        """The rows with these indices (R,), in this order."""
        import numpy as np

        places = rows.tolist()  # plain integers, which a list takes several times as fast

        def taken(values: Any) -> Any:
            return values[rows] if isinstance(values, np.ndarray) else [values[place] for place in places]

        scores = None if self.scores is None else self.scores[rows]
        return Predictions(
            **{field: taken(getattr(self, field)) for field in COLUMNS},
            scores=scores,
            classes=self.classes,
            seconds=None if self.seconds is None else taken(self.seconds),
            thresholds=None if self.thresholds is None else taken(self.thresholds),
        )

    @classmethod
    def joined(cls, parts: Sequence[Predictions]) -> Predictions:
        """The rows of all parts, in order; parts answer the same task. Scores and thresholds where all parts have
        them; seconds where one has them, nan in the others."""
        import numpy as np

        if len(parts) == 1:
            return parts[0]
        scores = [part.scores for part in parts if part.scores is not None]
        chosen = [part.thresholds for part in parts if part.thresholds is not None]
        timed = any(part.seconds is not None for part in parts)
        return cls(
            **{field: [row for part in parts for row in getattr(part, field)] for field in COLUMNS},
            scores=np.concatenate(scores) if len(scores) == len(parts) else None,
            classes=parts[0].classes,
            thresholds=[row for own in chosen for row in own] if len(chosen) == len(parts) else None,
            seconds=[s for part in parts for s in part.seconds or [math.nan] * len(part)] if timed else None,
        )

    @classmethod
    def read_parquet(cls, path: Path) -> Predictions:
        import numpy as np
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        classes = tuple(n.removeprefix(SCORE_PREFIX) for n in table.column_names if n.startswith(SCORE_PREFIX))
        scores = np.column_stack([table[SCORE_PREFIX + n].to_numpy() for n in classes]) if classes else None
        answers = {field: table[column].to_pylist() for field, column in COLUMNS.items()}
        seconds = table[SECONDS].to_pylist() if SECONDS in table.column_names else None
        thresholds = table[THRESHOLD].to_pylist() if THRESHOLD in table.column_names else None
        return cls(**answers, scores=scores, classes=classes, seconds=seconds, thresholds=thresholds)
