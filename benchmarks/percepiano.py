"""What hears nothing, and what a forest hears, of PercePiano: python -m benchmarks.percepiano piano.jsonl

r of 19 ratings, as the mean over ratings and five test folds, of a lookup that reads no sound (the mean of the segment
plus what is the performer's own), and of random forests and ridge regression over statistics of log-mel energies. On
random splits clips of one segment stand on both sides; with whole groups of music held out a model has to listen.
The manifest is `trainables.data.percepiano`'s.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trainables.data.percepiano.performances import DIMENSIONS
from trainables.networks import filter_bank

FOLDS, SEED = 5, 42
RATE_HZ, BANDS = 16_000, 64
QUANTILES = (0.1, 0.5, 0.9)
Rows = Sequence[Mapping[str, Any]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.percepiano", description=__doc__.splitlines()[0])
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--people", action="store_true", help="performances by people alone")
    command = parser.parse_args()
    rows = [json.loads(line) for line in command.manifest.read_text().splitlines()]
    rows = [row for row in rows if not (command.people and row["score"])]
    ratings = np.array([[row[name] for name in DIMENSIONS] for row in rows])
    heard = statistics(rows, command.manifest.parent)
    groups = [row["group"] for row in rows]
    splits = {
        "random": list(KFold(FOLDS, shuffle=True, random_state=SEED).split(rows)),
        "by music": list(GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(rows, groups=groups)),
    }
    title = f"{len(rows)} performances, {len(set(groups))} groups of music: mean r of {len(DIMENSIONS)} ratings"
    table = Table(title=title)
    for heading in ("way", *splits):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for name, answers in ways(rows, heard, ratings).items():
        table.add_row(name, *(f"{mean_r(answers, ratings, folds):.3f}" for folds in splits.values()))
    Console().print(table)
    return 0


Answers = Callable[[np.ndarray, np.ndarray], np.ndarray]  # training and test rows -> (N, 19)


def ways(rows: Rows, heard: np.ndarray, ratings: np.ndarray) -> dict[str, Answers]:
    forest = RandomForestRegressor(300, min_samples_leaf=2, max_features=0.3, n_jobs=-1, random_state=SEED)
    ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(1, 5, 9)))

    def fitted(model: Any, training: np.ndarray, test: np.ndarray) -> np.ndarray:
        return np.asarray(model.fit(heard[training], ratings[training]).predict(heard[test]))

    return {
        "lookup, no sound": partial(lookup, rows, ratings),
        "forest, log-mel statistics": partial(fitted, forest),
        "ridge, log-mel statistics": partial(fitted, ridge),
    }


def lookup(rows: Rows, ratings: np.ndarray, training: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The mean of the clip's segment, plus how far its performer lies from the segments' means; of what training does
    not know, the mean of all."""
    overall = ratings[training].mean(axis=0)
    segments = _means(training, lambda row: _segment(rows[row]), ratings)
    left = {row: ratings[row] - segments[_segment(rows[row])] for row in training}
    own = _means(training, lambda row: rows[row]["performer"], left)
    nothing = np.zeros_like(overall)
    return np.array([
        segments.get(_segment(rows[row]), overall) + own.get(rows[row]["performer"], nothing) for row in test
    ])  # fmt: skip


def _segment(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["piece"], row["bars"], row["segment"])


def _means(rows: np.ndarray, key: Callable[[int], Any], values: Any) -> dict[Any, np.ndarray]:
    found: dict[Any, list[np.ndarray]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(values[row])
    return {name: np.mean(each, axis=0) for name, each in found.items()}


def mean_r(answers: Answers, ratings: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Of the test folds each by itself, every rating alone."""
    found = []
    for training, test in folds:
        said = answers(training, test)
        found += [np.corrcoef(said[:, column], ratings[test, column])[0, 1] for column in range(ratings.shape[1])]
    return float(np.mean(found))


def statistics(rows: Rows, folder: Path) -> np.ndarray:
    """(N, F): of every log-mel band and of its change, mean, spread and quantiles over time; and the length."""
    paths = [folder / row["audio"] for row in rows]
    with get_context("spawn").Pool() as pool:
        found: Iterator[np.ndarray] = pool.imap(of_clip, paths, chunksize=8)
        return np.array(list(track(found, "listening", len(paths), transient=True)))


def of_clip(path: Path) -> np.ndarray:
    """(F,). Kaldi's log-mel energies, as AST hears them: 16 kHz, 25 ms every 10 ms."""
    samples, rate_hz = soundfile.read(path, dtype="float32")
    assert rate_hz == RATE_HZ
    torch.set_num_threads(1)
    bands = filter_bank.log_mel(torch.from_numpy(samples), bins=BANDS, window="hanning").numpy()
    change = np.abs(np.diff(bands, axis=0))
    parts = [part for each in (bands, change) for part in (each.mean(0), each.std(0), *np.quantile(each, QUANTILES, 0))]
    return np.concatenate([*parts, [len(samples) / rate_hz]])


if __name__ == "__main__":
    raise SystemExit(main())
