"""From which probability on a label counts as found: chosen on a run's validation clips, kept beside its adapter."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trainables.contract import Task
from trainables.errors import InputError
from trainables.records import Predictions

THRESHOLDS = "thresholds.json"  # label -> probability, in the folder of the adapter


def thresholds_by(task: Task, validation: Predictions) -> np.ndarray | None:
    """(C,) in the order of the task's labels; None where the task chooses none."""
    choose = getattr(task, "chosen_thresholds", None)
    return None if choose is None else choose(validation)


def with_thresholds(predictions: Predictions, thresholds: np.ndarray | None) -> Predictions:
    return replace(predictions, thresholds=None if thresholds is None else [thresholds] * len(predictions))


def write_thresholds(folder: Path, task: Task, thresholds: np.ndarray | None) -> None:
    """Nothing where there are none."""
    if thresholds is not None:
        labels: Any = getattr(task, "labels", ())
        said = dict(zip(labels, thresholds.tolist(), strict=True))
        (folder / THRESHOLDS).write_text(json.dumps(said, indent=1), encoding="utf-8")


def copy_thresholds(source: Path, folder: Path) -> None:
    """From one folder to another; nothing where there are none."""
    if (source / THRESHOLDS).is_file():
        shutil.copyfile(source / THRESHOLDS, folder / THRESHOLDS)


def read_thresholds(folder: Path, labels: Sequence[str]) -> np.ndarray | None:
    """(C,) in the order of `labels`; None where the folder holds none. Raises InputError: of other labels, or no
    probabilities."""
    path = folder / THRESHOLDS
    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        found = np.array([said[label] for label in labels], dtype=float)
    except (OSError, ValueError, KeyError, TypeError):
        found = np.array([np.nan])
    if not ((found >= 0.0) & (found <= 1.0)).all():
        raise InputError(f"{path}: expected a probability for each of the labels {', '.join(labels[:10])}.")
    return found
