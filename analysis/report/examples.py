"""The report's account of the clips: which classes and which clips are hard, what was answered, how they were split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.predictions.align import aligned, correct
from analysis.predictions.metrics import columns
from analysis.predictions.scores import probabilities
from analysis.predictions.text_rows import word_errors
from analysis.record.sweep import Arm, Recorded
from analysis.report.classes import certainty, clips_of_classes, confusions, per_class
from analysis.report.document import Block, Heading, Section, Table, Text
from analysis.report.numbers import value
from analysis.report.sharing import Shared
from trainables.errors import InputError
from trainables.records import LEFT_OUT_FILE, Predictions

WORST, SAMPLES, MOST_REASONS = 10, 8, 10
MOST_MATRICES = 6  # beside the best finalist's
STREAM = 42  # of the sample: the same record, the same clips
LONGEST = 60  # characters of a text

Runs = Mapping[int, Predictions]  # seed -> test predictions


def examples_section(recorded: Recorded, shared: Shared) -> Section:
    """Per class, what was taken for what, the worst clips, and some as they came; of the best finalist, beside the
    baseline and, what was taken for what, the other finalists."""
    best, baseline = _best(recorded), next((arm for arm in recorded.arms if arm.role == "baseline"), None)
    if best is None:
        return Section("The test clips", [Text("Cannot tell: no finalist answered the test clips.")])
    try:
        answers = {best.name: recorded.by_seed(best)}
        answers["baseline"] = recorded.by_seed(baseline) if baseline is not None else {}
        both = aligned({f"{name}, seed {seed}": run for name, runs in answers.items() for seed, run in runs.items()})
        ours, theirs = (
            {seed: both[f"{name}, seed {seed}"] for seed in answers[name]} for name in (best.name, "baseline")
        )
    except InputError as error:
        return Section("The test clips", [Text(f"Cannot tell: {error}", "warning")])
    first = next(iter(ours.values()))
    blocks: list[Block] = []
    if first.classes:
        blocks += per_class(best.name, ours, theirs)
        blocks.append(confusions(best.name, ours))
        blocks += [confusions(name, runs) for name, runs in _others(recorded, best)]
        blocks += certainty([(best.name, ours), *_others(recorded, best)])
    blocks += _worst(best.name, ours, theirs, shared)
    blocks += _samples(recorded, best.name, ours, theirs, shared)
    return Section("The test clips", blocks)


def _others(recorded: Recorded, best: Arm) -> list[tuple[str, Runs]]:
    """The other finalists and the baseline, with their answers."""
    arms = [arm for arm in recorded.arms if arm.role in ("finalist", "baseline") and arm.name != best.name]
    return [(arm.name, runs) for arm in arms[:MOST_MATRICES] if (runs := recorded.by_seed(arm))]


def data_section(recorded: Recorded, shared: Shared) -> Section:
    """Where the clips come from, and how many stand on each side."""
    inputs = recorded.source.parent.inputs.dataset_inputs if recorded.source.parent.inputs else []
    names = [entry.dataset.name for entry in inputs]
    fingerprint = recorded.params.get("data_fingerprint", "not recorded")
    source = ", ".join(map(shared.path, names)) or "not recorded"
    blocks: list[Block] = [Text(f"Source: {source}; fingerprint of clips and split: {fingerprint}.")]
    if recorded.left_out:
        clips = sum(count for _, count in recorded.left_out)
        reasons = [(reason.rstrip("."), f"{count:,}") for reason, count in recorded.left_out[:MOST_REASONS]]
        caption = f"Clips of the data that are left out: {clips:,}; {LEFT_OUT_FILE} lists them."
        blocks.append(Table(("left out, because it", "clips"), reasons, caption))
    if recorded.splits is not None:
        keys = [key for key in ("fold", "split") if key in recorded.splits and recorded.splits[key].nunique() > 1]
        rows = []
        for found, part in recorded.splits.groupby(keys or ["split"], sort=False):
            named = found if isinstance(found, tuple) else (found,)
            rows.append((" ".join(map(str, named)), f"{len(part):,}", f"{part['group'].nunique():,}"))
        order = {"train": 0, "validation": 1, "test": 2}
        rows.sort(key=lambda row: (row[0].split()[:-1], order.get(row[0].split()[-1], 3)))
        blocks.append(Table(("split", "clips", "groups"), rows, "No group stands in two splits of one sweep."))
        if recorded.splits["group"].nunique() == recorded.splits["example_id"].nunique():
            blocks.append(
                Text(
                    "Every clip is its own group: if clips share a speaker or a recording, intervals are too narrow.",
                    "warning",
                )
            )
    tested = _tested(recorded)
    if tested is not None and tested.classes:
        blocks += clips_of_classes(tested)
    return Section("Data and splits", blocks)


def _best(recorded: Recorded) -> Arm | None:
    best = recorded.verdict.best if recorded.verdict else None
    arm = next((arm for arm in recorded.arms if (arm.name == best if best else arm.rank == 1)), None)
    return arm if arm is not None and recorded.by_seed(arm) else None


def _tested(recorded: Recorded) -> Predictions | None:
    return next((found for arm in recorded.arms for found in recorded.by_seed(arm).values()), None)


def badness(runs: Runs) -> np.ndarray:
    """(N,) how wrong each clip was, mean over seeds, 0 at best.

    For classes 1 minus the probability of the right one, plus 1 where the answer was wrong; for numbers the absolute
    error; for texts the word errors.
    """
    return np.asarray(np.mean([_badness(run) for run in runs.values()], axis=0))


def _badness(run: Predictions) -> np.ndarray:
    if run.classes and run.scores is not None:
        chances = probabilities(run.scores)
        column = [run.classes.index(target) for target in run.targets]
        return (1.0 - correct(run)) + (1.0 - chances[np.arange(len(run)), column])
    if isinstance(run.targets[0], str):
        return np.array([word_errors(t, o)[0] for t, o in zip(run.targets, run.outputs, strict=True)], dtype=float)
    return np.asarray(np.abs(columns(run.outputs) - columns(run.targets)).mean(axis=1))


def _worst(name: str, ours: Runs, theirs: Runs, shared: Shared) -> list[Block]:
    first = next(iter(ours.values()))
    wrong = badness(ours)
    order = np.argsort(-wrong, kind="stable")[:WORST]
    classes = bool(first.classes)
    grouped = any(first.example_ids[row] != first.groups[row] for row in order)
    rows = []
    for row in order:
        answers = Counter(_shown(run.outputs[row]) for run in ours.values())
        said = ", ".join(f"{answer} ({count})" for answer, count in answers.most_common(3))
        cells = [shared.clip(first.example_ids[row])]
        cells += [shared.group(first.groups[row])] if grouped else []
        cells += [_shown(first.targets[row]), said]
        cells += [_confidence(ours, row)] if classes and first.scores is not None else []
        cells.append(_right(ours, row) if classes else value(float(wrong[row])))
        if theirs:
            cells.append(_right(theirs, row) if classes else value(float(badness(theirs)[row])))
        rows.append(cells)
    what = "right under" if classes else "error"
    header = ["clip", *(["group"] if grouped else []), "is", "answered (seeds)"]
    header += ["its probability"] if classes and first.scores is not None else []
    header += [f"{what}: {name}", *([f"{what}: baseline"] if theirs else [])]
    sounds = shared.sounds([first.example_ids[row] for row in order])
    heard = " Listen: as the models heard them." if any(sounds) else ""
    caption = f"Clips on which {name} was most wrong, over its seeds.{heard}"
    return [Heading("Hardest clips"), Table(header, rows, caption, sounds if any(sounds) else ())]


def _confidence(runs: Runs, row: int) -> str:
    """The probability of what was answered, mean over seeds."""
    found = [probabilities(run.scores[row : row + 1])[0].max() for run in runs.values() if run.scores is not None]
    return value(float(np.mean(found))) if found else "-"


def _samples(recorded: Recorded, name: str, ours: Runs, theirs: Runs, shared: Shared) -> list[Block]:
    first = next(iter(ours.values()))
    picked = np.random.default_rng(STREAM).permutation(len(first))[:SAMPLES]
    untuned = next((recorded.by_seed(arm) for arm in recorded.arms if arm.role == "untuned"), {})
    shown: list[tuple[str, Predictions]] = [(f"{name}, seed {next(iter(ours))}", first)]
    if theirs:
        shown.append((f"baseline, seed {next(iter(theirs))}", next(iter(theirs.values()))))
    for run in untuned.values():
        row_of = {example: row for row, example in enumerate(run.example_ids)}
        if set(row_of) >= set(first.example_ids):
            shown.append(("untuned", run.take(np.array([row_of[example] for example in first.example_ids]))))
    rows = [
        (
            shared.clip(first.example_ids[row]),
            _shown(first.targets[row]),
            *(_shown(run.outputs[row]) for _, run in shown),
        )
        for row in sorted(picked)
    ]
    header = ("clip", "is", *(title for title, _ in shown))
    return [Heading("Sample predictions"), Table(header, rows, "Drawn at random.")]


def _right(runs: Runs, row: int) -> str:
    right = sum(run.outputs[row] == run.targets[row] for run in runs.values())
    return f"{right} of {len(runs)} seeds"


def _shown(answer: Any) -> str:
    if isinstance(answer, str):
        return _cut(answer)
    return ", ".join(f"{number:.3g}" for number in np.atleast_1d(np.asarray(answer, dtype=float)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
