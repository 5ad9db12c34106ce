"""The command line: python -m sweeps.replay SWEEP [--orders N] [--workers N] [--tracking-uri URI] [--json]"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainables import command_line
from trainables.command_line import NOT_NEGATIVE, POSITIVE
from trainables.doing import doing, done, silently
from trainables.errors import InputError
from trainables.records import TAG_LOOKS

if TYPE_CHECKING:
    from analysis.record.sweep import Recorded
    from sweeps.config.spec import SweepSpec
    from sweeps.replay.confirmation import Decided
    from sweeps.replay.rules import Curve, Row

DESCRIPTION = """\
Runs other stopping rules and budgets over the learning curves that a sweep recorded in MLflow: what each would have
saved, and how often it would have lost the trial that won. Trains nothing and changes nothing.

Trials that the sweep pruned have short curves; where a rule would have let one go on, the replay assumes that it stays
at its last value ("carried"). A sweep whose asha.grace_epochs is its train.epochs prunes nothing and is the best to
learn from.
"""
LOSS = "val/loss"
AS_RUN = "as run"

FEWEST_TRIALS = 10  # of which an order can lose a winner in more than one way

PARSER = command_line.Parser(
    "sweeps.replay", "SWEEP [--orders N] [--workers N] [--seed N] [--tracking-uri URI] [--json]", DESCRIPTION
)
PARSER.words({"SWEEP": "a sweep's id, the beginning of one, a name (its latest), or its results folder"})
PARSER.value("--orders", "N", "random orders of the trials (default: %(default)s)", read=POSITIVE, default=200)
PARSER.value("--workers", "N", "trials at once (default: %(default)s)", read=POSITIVE, default=2)
PARSER.value(
    "--seed",
    "N",
    "of the orders (default: %(default)s)",
    read=NOT_NEGATIVE,
    default=0,
)
PARSER.value("--tracking-uri", "URI", "MLflow's store (default: MLFLOW_TRACKING_URI, else results/mlflow.db)")
PARSER.flag("--json", "plain values instead of the table")


@dataclass(frozen=True)
class Command:
    sweep: str
    orders: int
    workers: int
    seed: int
    tracking_uri: str | None
    json: bool


@dataclass(frozen=True)
class Replayed:
    """What was found."""

    sweep_id: str
    objective: str
    mode: str
    trials: int
    epochs: int  # of a whole trial
    recorded_epochs: int  # that the sweep itself trained in stage 1
    completed: int
    winner: str
    pruner: str
    orders: int
    workers: int
    rows: tuple[Row, ...]
    confirmation: Decided | None = None  # when its stage 2 would have been decided

    def as_dict(self) -> dict[str, Any]:
        names = [name for name in self.__dataclass_fields__ if name not in ("rows", "confirmation")]
        decided = None if self.confirmation is None else self.confirmation.as_dict()
        rules = [row.as_dict() for row in self.rows]
        return {name: getattr(self, name) for name in names} | {"rules": rules, "confirmation": decided}


def replayed(sweep: str, uri: str, *, orders: int, workers: int, seed: int) -> Replayed:
    """Raises InputError: no such sweep, or one without a completed trial."""
    from analysis.record.sweep import folds_of
    from analysis.record.sweep_reader import read_recorded
    from sweeps.config.load import parse_sweep
    from sweeps.replay.rules import Recorded as Pruned
    from sweeps.replay.rules import over_orders, rules_of, winner_of
    from sweeps.search import pruning

    recorded = read_recorded(uri, sweep)
    if folds := folds_of(recorded):
        raise InputError(
            f"SWEEP: {recorded.name} has {len(folds)} outer folds, each a search of its own; replay others."
        )
    curves = curves_of(recorded)
    completed = sum(curve.completed for curve in curves)
    if not completed:
        raise InputError(f"SWEEP: {recorded.name} has no completed trial in its record: there is no winner to lose.")
    spec = parse_sweep(recorded.yaml_text, recorded=True)
    epochs = max(len(curve.values) for curve in curves if curve.completed)
    given: dict[str, Any] = {"mode": recorded.mode, "epochs": epochs}
    rules = rules_of(
        **given,
        trials=len(curves),
        recorded=Pruned(spec.pruner, spec.grace_epochs, spec.reduction_factor),
        asha=pruning.asha,
        hyperband=pruning.hyperband,
        median=pruning.median_rule,
    )
    return Replayed(
        sweep_id=recorded.name,
        objective=recorded.objective,
        mode=recorded.mode,
        trials=len(curves),
        epochs=epochs,
        recorded_epochs=sum(len(curve.values) for curve in curves),
        completed=completed,
        winner=winner_of(curves, recorded.mode).name,
        pruner=spec.pruner,
        orders=orders,
        workers=workers,
        rows=tuple(over_orders(curves, rule, **given, workers=workers, orders=orders, seed=seed) for rule in rules),
        confirmation=_confirmation(recorded, spec),
    )


def _confirmation(recorded: Recorded, spec: SweepSpec) -> Decided | None:
    from sweeps.judge import recorded_task
    from sweeps.replay.confirmation import decided_after

    record = recorded.source
    looks = json.loads(recorded.tags.get(TAG_LOOKS, "[]"))
    if len(looks) < record.look or not any(run.status == "completed" for run in record.confirm_runs):
        return None
    return decided_after(record, spec, recorded_task(spec, record), looks[record.look - 1])


def curves_of(recorded: Recorded) -> list[Curve]:
    """Stage 1's trials in the order of the record, means over their runs; those without an epoch are left out."""
    from sweeps.replay.rules import Curve

    table = recorded.source.curves([LOSS])
    losses = {(run, epoch): value for run, epoch, value in zip(table.run_id, table.epoch, table.value, strict=True)}
    found = []
    for trial in (trial for trial in recorded.trials if trial.curve):
        each = [[losses.get((run.run_id, epoch), 0.0) for run in trial.runs] for epoch in trial.curve]
        own_losses = tuple(sum(values) / len(values) for values in each)
        found.append(Curve(trial.trial_id, tuple(trial.curve.values()), own_losses, trial.completed))
    return found


def show(found: Replayed) -> None:
    from rich.console import Console
    from rich.table import Table

    full = found.trials * found.epochs
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)
    console.print(
        f"{found.sweep_id}: {found.trials} trials of {found.epochs} epochs by {found.objective}; the sweep trained "
        f"{found.recorded_epochs} of {full} epochs, {found.completed} trials to their end; {found.winner} won. "
        f"{found.orders} random orders, {found.workers} workers.",
        soft_wrap=True,
        markup=False,
    )
    if not any(AS_RUN in row.rule for row in found.rows):
        console.print(
            f"Its own pruner, {found.pruner}, compares trainings one by one, of which the curves are the means: it is "
            "not among these rules.",
            soft_wrap=True,
        )
    if found.trials < FEWEST_TRIALS:
        console.print(
            f"{found.trials} trials are too few to learn a rule from: what follows is how this sweep would have gone, "
            f"and says little of the next; {FEWEST_TRIALS} trials or more say something.",
            style="yellow",
            soft_wrap=True,
        )
    table = Table(caption=f"Given up, at worst: {found.objective} of the best trial left, below the winner's.")
    for heading in ("rule", "epochs", "saved", "winner lost", "95 % interval", "given up", "at worst", "carried"):
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    for row in found.rows:
        table.add_row(
            row.rule,
            f"{row.epochs:.1f} ({row.epochs_low:.0f} to {row.epochs_high:.0f})",
            f"{row.saved_share:.0%}",
            f"{row.winner_lost:.1%}",
            f"{row.winner_lost_low:.1%} to {row.winner_lost_high:.1%}",
            f"{row.given_up:.4f}",
            f"{row.worst_given_up:.4f}",
            f"{row.carried:.1f}",
        )
    console.print(table)
    if found.confirmation is not None:
        console.print(found.confirmation.sentence, soft_wrap=True, markup=False)


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    if len(given.words) != 1:
        problems.append(f"one SWEEP is needed, got {len(given.words)}; see --help")
    if problems:
        raise InputError(problems)
    return Command(given.words[0], given.orders, given.workers, given.seed, given.tracking_uri, given.json)


def replay(command: Command) -> None:
    """Replays and prints. Raises InputError."""
    with silently(command.json):
        doing(f"reading the curves of {command.sweep}, and replaying them")
    from analysis.record.store import sweep_and_store

    sweep, uri = sweep_and_store(command.sweep, command.tracking_uri)
    found = replayed(sweep, uri, orders=command.orders, workers=command.workers, seed=command.seed)
    done()
    if command.json:
        print(json.dumps(found.as_dict(), indent=2))
    else:
        show(found)


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, replay, arguments)
