"""Whether an export answers the test clips as the sweep recorded it: the same classes or texts, and the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sweeps.predict.model import probabilities
from trainables.contract import Task
from trainables.data.clips import Clips
from trainables.errors import SweepFailed
from trainables.records import Predictions

EXACT, ROUNDED = 1e-3, 0.05  # the most that a probability may differ: in float32; where bfloat16 has a part in it
SHOWN = 80  # characters of a text
NUMBERS = {"multilabel": "probabilities", "regression": "ratings"}  # kind of task -> what its answers are


@dataclass(frozen=True)
class Checked:
    """What was compared; every clip agreed."""

    clips: int
    of: int
    tolerance: float | None  # of a probability, or of a rating in its spread; None: texts, which are the same
    largest_difference: float | None
    what: str = "classes"  # classes | probabilities | ratings | texts
    ties: int = 0  # clips whose two best classes lie within the tolerance and changed places

    @property
    def in_words(self) -> str:
        which = f"{self.clips} test clips" if self.clips == self.of else f"{self.clips} of {self.of} test clips"
        if self.tolerance is None:
            return f"the same texts as recorded on {which}"
        if self.what != "classes":
            unit = " of a rating's spread" if self.what == "ratings" else ""
            return (
                f"the {self.what} that were recorded on {which}, to within {self.largest_difference:.1e}{unit} "
                f"(allowed: {self.tolerance:g})"
            )
        tied = f", of {self.ties} nearly tied ones the second" if self.ties else ""
        return (
            f"the same classes as recorded on {which}{tied}; probabilities differ by at most "
            f"{self.largest_difference:.1e} (allowed: {self.tolerance:g})"
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    recorded: Predictions,
    clips: Clips,
    outputs: Sequence[Any],
    task: Task,
    *,
    tolerance: float,
    of: int,
    answered: bool = False,
) -> Checked:
    """`outputs`: (C,) scores or a text for each of the clips; where `answered`, the ratings or probabilities themselves
    in place of a head's outputs. Raises SweepFailed with the first clip that differs."""
    rows = {example_id: row for row, example_id in enumerate(recorded.example_ids)}
    places = [rows[example.id] for example in clips.examples]
    if task.kind in NUMBERS:
        said = outputs if answered else task.answers([example.target for example in clips.examples], outputs).outputs
        return _numbers(recorded, places, clips, said, task, tolerance=tolerance, of=of)
    if recorded.scores is None:
        return _texts(recorded, places, clips, outputs, task, of)
    was = probabilities(np.asarray(recorded.scores, dtype=np.float64)[places])
    now = probabilities(np.asarray(outputs, dtype=np.float64))
    largest = _largest(np.abs(was - now), clips, tolerance)
    ties = int((was.argmax(axis=1) != now.argmax(axis=1)).sum())  # within the tolerance, or it would have failed
    return Checked(len(clips), of, tolerance, largest, ties=ties)


def _numbers(
    recorded: Predictions,
    places: Sequence[int],
    clips: Clips,
    said: Sequence[Any],
    task: Any,
    *,
    tolerance: float,
    of: int,
) -> Checked:
    """(C, D) ratings, each in its spread, or probabilities."""
    was = np.array([recorded.outputs[place] for place in places], dtype=np.float64)
    unit = np.array(task.spread) if task.kind == "regression" else 1.0
    differences = np.abs(was - np.array(list(said), dtype=np.float64)) / unit
    largest = _largest(differences, clips, tolerance, ratings=task.kind == "regression")
    return Checked(len(clips), of, tolerance, largest, NUMBERS[task.kind])


def _largest(differences: np.ndarray, clips: Clips, tolerance: float, *, ratings: bool = False) -> float:
    """Of all (N, C) `differences`. Raises SweepFailed with its clip where it is more than the tolerance, or NaN."""
    by_clip = differences.max(axis=1)
    worst = int(by_clip.argmax())
    if not by_clip[worst] <= tolerance:
        what, unit = ("a rating", " of its spread") if ratings else ("a probability", "")
        raise SweepFailed(
            f"the export answers clip {clips.examples[worst].id!r} otherwise than the sweep recorded: {what} differs "
            f"by {by_clip[worst]:.4f}{unit}, and {tolerance:g} is allowed. Nothing was exported."
        )
    return float(by_clip[worst])


def _texts(
    recorded: Predictions, places: Sequence[int], clips: Clips, outputs: Sequence[Any], task: Task, of: int
) -> Checked:
    answers = task.answers([example.target for example in clips.examples], outputs)
    for place, example, said in zip(places, clips.examples, answers.outputs, strict=True):
        if said != recorded.outputs[place]:
            raise SweepFailed(
                f"the export answers clip {example.id!r} otherwise than the sweep recorded: "
                f"{str(said)[:SHOWN]!r} in place of {str(recorded.outputs[place])[:SHOWN]!r}. Nothing was exported."
            )
    return Checked(len(clips), of, None, None, "texts")
