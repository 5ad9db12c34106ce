"""What deciding in order costs: python -m benchmarks.decisions [--searches 40] [--json FILE]

A search waits where a decision rests on a result that is not there yet (sweeps/state/decisions.py). Here the shipped
sampler and rungs decide for workers on a simulated clock, whose epochs take as long as trials of unlike sizes do: one
of two sizes, 1 to 1.65, half of them a fifth slower, and a random factor with a spread of 5, 15 or 30 %. Told is the
share of all places' time in which a worker had nothing to do but to wait, until no further trial begins.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from heapq import heappop, heappush
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from sweeps.config.load import load_sweep
from sweeps.config.spec import AS_THEY_COME, IN_ORDER, SweepSpec
from sweeps.search.rungs import RungsInOrder, make_pruner
from sweeps.search.sampler import OptunaProposals
from sweeps.state.decisions import Decisions
from sweeps.state.progress import StageProgress, TrialProgress

PLACES, TRIALS, SPREADS = (1, 2, 4, 8), (16, 64), (0.05, 0.15, 0.30)
EPOCHS = 3


@dataclass
class Searched:
    progress: StageProgress
    seconds: float = 0.0  # until no further trial began
    waited_seconds: float = 0.0  # of all places together, until then


def simulated_search(
    spec: SweepSpec,
    folder: Path,
    decisions: Decisions,
    *,
    epoch_seconds: Callable[[TrialProgress], float],
    score: Callable[[TrialProgress, int], float],
    after_event: Callable[[int], None] = lambda count: None,
    more: Callable[[TrialProgress, int], Mapping[str, Any]] = lambda trial, epoch: {},
) -> Searched:
    """What Tune and its workers do, on a simulated clock. A worker keeps an epoch until it may report it. `after_event`
    is told how many events the journal has; what it raises ends the search, and the next call goes on. `more`: what
    a result has beside its objective."""
    progress = StageProgress(folder, spec)
    found = Searched(progress)
    progress.space([asdict(axis) for axis in spec.axes])
    decisions = progress.decide(decisions)
    proposals = OptunaProposals(spec, decisions=decisions)
    proposals.replay(progress)
    pruner: Any = make_pruner(spec, progress, decisions)
    waiting, epochs = list(progress.unfinished), spec.train.epochs
    trained: list[tuple[float, str]] = []  # when each worker has its epoch
    kept: dict[str, float] = {}  # epochs that may not be reported yet, since when
    now, free_since = 0.0, [0.0] * decisions.places

    def work(trial: TrialProgress) -> None:
        heappush(trained, (now + epoch_seconds(trial), trial.name))

    def wait(since: float) -> None:
        found.waited_seconds += now - since
        found.seconds = now

    def begin() -> None:
        while free_since:
            if waiting:
                trial = waiting.pop(0)
            elif proposals.exhausted or not proposals.ready:
                return
            else:
                name, given = proposals.next() or ("", {})
                trial = progress.asked(name, given)
                pruner.on_trial_add(None, SimpleNamespace(trial_id=name))
                after_event(len(progress.events))
            wait(free_since.pop(0))
            work(trial)

    def report(trial: TrialProgress) -> None:
        epoch = len(trial.results) + 1
        result = {"epoch": epoch, "planned_epochs": epochs, "objective": score(trial, epoch), "done": epoch == epochs}
        result |= more(trial, epoch)
        last = result["done"] or pruner.on_trial_result(None, SimpleNamespace(trial_id=trial.name), result) == "STOP"
        progress.result(trial.name, result, last=last)
        after_event(len(progress.events))
        if last:
            proposals.tell(trial.name, trial.last)
            free_since.append(now)
        else:
            work(trial)

    def may_report(trial: TrialProgress) -> bool:
        epoch = len(trial.results) + 1
        return epoch == epochs or not isinstance(pruner, RungsInOrder) or pruner.may_report(trial) >= epoch

    while True:
        begin()
        ready = next((name for name in kept if may_report(progress.trials[name])), None)
        if ready is not None:
            since = kept.pop(ready)
            if not proposals.exhausted:
                wait(since)
            report(progress.trials[ready])
        elif trained:
            now, name = heappop(trained)
            kept[name] = now
        elif not kept:
            progress.close()
            return found
        else:
            raise RuntimeError("every worker waits for another one")


def waiting_shares(order: str, places: int, trials: int, spread: float, searches: int) -> list[float]:
    """Of every search, the share of its places' time in which a worker waited."""
    spec = load_sweep("qwen_lora", [f"trials={trials}", f"train.epochs={EPOCHS}"])
    shares = []
    for seed in range(searches):
        random = np.random.default_rng(seed)
        values = dict(enumerate(random.normal(size=trials)))

        def seconds(trial: TrialProgress, random: np.random.Generator = random) -> float:
            size = 1.65 if trial.given["model_size"] == "7b" or number(trial) % 2 else 1.0
            slower = 1.2 if number(trial) % 4 < 2 else 1.0
            return size * slower * float(random.lognormal(0, spread))

        def score(trial: TrialProgress, epoch: int, values: dict[int, float] = values) -> float:
            return epoch + values[number(trial)]

        with tempfile.TemporaryDirectory() as folder:
            found = simulated_search(spec, Path(folder), Decisions(order, places), epoch_seconds=seconds, score=score)
        shares.append(found.waited_seconds / (found.seconds * places))
    return shares


def number(trial: TrialProgress) -> int:
    return int(trial.name.rpartition("_")[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--searches", type=int, default=40, help="of each setting")
    parser.add_argument("--json", type=Path)
    words = parser.parse_args()
    settings = [(places, trials, spread) for places in PLACES for trials in TRIALS for spread in SPREADS]
    rows = []
    for places, trials, spread in track(settings, "Searches", console=Console(stderr=True)):
        shares = {
            order: waiting_shares(order, places, trials, spread, words.searches) for order in (IN_ORDER, AS_THEY_COME)
        }
        mean = {order: statistics.fmean(found) for order, found in shares.items()}
        rows.append({"places": places, "trials": trials, "spread": spread, **mean, "worst": max(shares[IN_ORDER])})
    table = Table("places", "trials", "spread of an epoch", "waits in order", "worst search", "as they come")
    for row in rows:
        shown = [f"{row[name]:.1%}" for name in (IN_ORDER, "worst", AS_THEY_COME)]
        table.add_row(str(row["places"]), str(row["trials"]), f"{row['spread']:.0%}", *shown)
    Console().print(table)
    if words.json:
        words.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
