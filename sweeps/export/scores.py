"""What a card says of the test answers: by class, label or rating, and how far groups lie apart. Nobody's name stands
there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.predictions.tags import tables
from trainables.records import Predictions
from trainables.tasks import rating_metrics, tag_metrics


def rows_of(answers: Predictions, task: Any) -> tuple[str, list[str]]:
    """A table of Markdown: its header, and a row for each class, label or rating; no rows for texts."""
    if task.kind == "multilabel":
        return "| label | clips | average precision | AUROC |", tag_rows(answers, task.labels)
    if task.kind == "regression":
        return "| rating | clips | Pearson | CCC | MAE |", rating_rows(answers, task.names)
    return "| class | clips | recall | precision | F1 |", class_rows(answers)


def tag_rows(answers: Predictions, labels: Sequence[str]) -> list[str]:
    targets, shares = tables(answers)
    columns = (tag_metrics.average_precisions(targets, shares), tag_metrics.areas_under_roc(targets, shares))
    return [_row(label, targets[:, at].sum(), [column[at] for column in columns]) for at, label in enumerate(labels)]


def rating_rows(answers: Predictions, names: Sequence[str]) -> list[str]:
    targets, outputs = tables(answers)
    found = rating_metrics.by_column(targets, outputs)
    columns = [found[name] for name in ("pearson", "ccc", "mae")]
    rated = np.isfinite(targets).sum(axis=0)
    return [_row(name, rated[at], [column[at] for column in columns]) for at, name in enumerate(names)]


def _row(name: str, clips: float, values: Sequence[float]) -> str:
    shown = " | ".join("-" if not np.isfinite(value) else f"{value:.3f}" for value in values)
    return f"| {_cell(name)} | {int(clips):,} | {shown} |"


def class_rows(answers: Predictions) -> list[str]:
    """A row of Markdown for each class: clips, recall, precision, F1."""
    targets, outputs = np.array(answers.targets), np.array(answers.outputs)
    rows = []
    for label in answers.classes:
        wanted, said = targets == label, outputs == label
        right = int((wanted & said).sum())
        recall = right / wanted.sum() if wanted.any() else None
        precision = right / said.sum() if said.any() else None
        f1 = 2 * right / (wanted.sum() + said.sum()) if wanted.any() or said.any() else None
        shown = " | ".join("-" if value is None else f"{value:.3f}" for value in (recall, precision, f1))
        rows.append(f"| {_cell(label)} | {int(wanted.sum()):,} | {shown} |")
    return rows


def group_lines(answers: Predictions, task: Any, metric: str, mode: str) -> list[str]:
    """How the metric lies over groups, which go unnamed; nothing where there is one."""
    groups = np.array(answers.groups)
    values = []
    for group in dict.fromkeys(answers.groups):
        score = task.score(_rows(answers, np.flatnonzero(groups == group))).get(metric)
        if score is not None and np.isfinite(score):
            values.append(float(score))
    if len(values) < 2:
        return []
    ordered = sorted(values, reverse=mode == "min")  # the worst first
    return [
        f"By group ({len(values)} of them, unnamed here): {metric} {ordered[0]:.3f} in the worst, "
        f"{float(np.median(values)):.3f} in the middle, {ordered[-1]:.3f} in the best."
    ]


def _rows(answers: Predictions, rows: np.ndarray) -> Predictions:
    def of(values: Any) -> Any:
        return [values[row] for row in rows]

    return Predictions(
        of(answers.example_ids),
        of(answers.groups),
        of(answers.folds),
        of(answers.targets),
        of(answers.outputs),
        None if answers.scores is None else answers.scores[rows],
        answers.classes,
        None if answers.seconds is None else of(answers.seconds),
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
