"""What a sweep's stage 2 has left: an arm's configuration and its adapters, one per seed, with what they answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sweeps.config.load import parse_sweep
from sweeps.config.spec import SweepSpec
from sweeps.plan.settle import Settled, settle_recorded
from sweeps.state.find import find_workspace, results_folder
from sweeps.state.manifest import Manifest, state_of
from sweeps.state.progress import COMPLETED, StageProgress, TrialProgress
from sweeps.state.workspace import CONFIRM, REVISIONS, VERDICT, Workspace, lane_folder
from trainables import registry
from trainables.config import TrialConfig
from trainables.errors import InputError
from trainables.records import NO_FOLD, NO_SEED, Predictions
from trainables.training.resume_points import FINAL


@dataclass(frozen=True)
class Tuned:
    """An arm of a finished sweep."""

    sweep_id: str
    arm: str  # finalist 1, baseline, untuned
    spec: SweepSpec  # with the labels that the sweep took from its data
    settled: Settled
    precision: str
    config: TrialConfig
    adapters: Mapping[int, Path]  # seed -> folder in PEFT's format; empty for the untuned backbone
    revisions: Mapping[str, str]  # checkpoint -> commit of its hub repository

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes in which it answers, in the order of its scores; empty for texts."""
        return tuple(self.spec.task_options.get("labels", ()))

    @property
    def in_words(self) -> str:
        seeds = ", ".join(map(str, self.adapters))
        which = f", seed{'s' if len(self.adapters) > 1 else ''} {seeds}" if self.adapters else ""
        return f"{self.arm} of {self.sweep_id}{which}"


def find_tuned(
    sweep: str, results: str | None = None, *, arm: str | None = None, seed: int | None = None, ensemble: bool = False
) -> Tuned:
    """`sweep` as `find_workspace` takes it. Without `arm` the verdict's best; of several seeds the first, all of them
    with `ensemble`.

    Raises InputError with what there is instead.
    """
    workspace = find_workspace(sweep, results_folder(results))
    manifest, state = Manifest.read(workspace), state_of(workspace)
    workspace = replace(workspace, look=state.look)
    spec = parse_sweep(state.source_text, base_folder=manifest.base_folder, recorded=True)
    trials = _confirmed(workspace, spec)
    arms = list(dict.fromkeys(trial.assignment.arm for trial in trials))
    name = _chosen(arm or _best(workspace), arms, workspace.sweep_id)
    own = {trial.assignment.seed: trial for trial in trials if trial.assignment.arm == name}
    settled = settle_recorded(
        state.source_text, manifest.base_folder, like=replace(spec, profile="auto"), miniature=manifest.miniature
    )
    config = next(iter(own.values())).assignment.config
    if ensemble and registry.task_class(spec.task_kind).column != "label":
        raise InputError("--ensemble: texts cannot be averaged; name one seed with --seed.")
    seeds = _seeds(own, seed, name, ensemble=ensemble)
    folders = {number: own[number].folder / FINAL / lane_folder(number, NO_FOLD) for number in seeds}
    precision = manifest.precision if settled.profile.device == "cpu" else settled.profile.precision
    tested = next(iter(folders.values()), next(iter(own.values())).folder / FINAL / lane_folder(NO_SEED, NO_FOLD))
    return Tuned(
        sweep_id=workspace.sweep_id,
        arm=name,
        spec=_with_labels(settled.spec, tested),
        settled=settled,
        precision=precision,
        config=config,
        adapters={number: folder / "adapter" for number, folder in folders.items()},
        revisions=_pinned(workspace),
    )


def _confirmed(workspace: Workspace, spec: SweepSpec) -> list[TrialProgress]:
    folder = workspace.stage(CONFIRM)
    if not folder.is_dir():
        if any(workspace.folder.glob(f"fold-*/{CONFIRM}*")):
            raise InputError(
                f"SWEEP: {workspace.sweep_id} has outer folds, and every fold chose and trained its own "
                "configurations: there is no single model. Run the sweep without data.folds.outer for one."
            )
        raise InputError(
            f"SWEEP: {workspace.sweep_id} has no confirmed model yet: let the sweep come to its verdict "
            "(the same command goes on)."
        )
    progress = StageProgress(folder, spec, watching=True)
    trials = [trial for trial in progress.trials.values() if trial.status == COMPLETED]
    if not trials:
        raise InputError(f"SWEEP: no run of stage 2 of {workspace.sweep_id} was completed; the same command goes on.")
    return trials


def _best(workspace: Workspace) -> str:
    """The arm with the best mean on test data. Raises InputError without a verdict."""
    path = workspace.folder / VERDICT
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["best"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"SWEEP: {workspace.sweep_id} has no {VERDICT} to say which arm is best (it is not finished, or an earlier "
            "version ran it); name the arm with --arm."
        ) from None


def _chosen(arm: str, arms: list[str], sweep_id: str) -> str:
    wanted = arm.replace("-", " ").strip().lower()
    for name in arms:
        if name.lower() == wanted:
            return name
    shown = ", ".join(name.replace(" ", "-") for name in arms)
    raise InputError(f"--arm: {sweep_id} has no {arm!r}; its arms are {shown}.")


def _seeds(own: Mapping[int | None, object], seed: int | None, arm: str, *, ensemble: bool) -> list[int]:
    there = [number for number in own if number is not None]
    if seed is not None and ensemble:
        raise InputError("--seed and --ensemble: one of the two, a single model or all seeds together.")
    if seed is not None and seed not in there:
        shown = ", ".join(map(str, there)) or "none: nothing is trained"
        raise InputError(f"--seed: {arm} has no seed {seed}; its seeds are {shown}.")
    if ensemble:
        return there
    return [seed] if seed is not None else there[:1]


def _with_labels(spec: SweepSpec, folder: Path) -> SweepSpec:
    """The spec with the classes in which the arm answers, which the file may have left to the data."""
    task = registry.task_class(spec.task_kind)
    if task.column != "label":
        return spec
    path = folder / "predictions" / "test.parquet"
    if not path.is_file():
        raise InputError(f"SWEEP: {folder} has no predictions/test.parquet, so the classes are not known.")
    options = {**spec.task_options, "labels": Predictions.read_parquet(path).classes}
    return replace(spec, task_options={name: value for name, value in options.items() if name != "class_weights"})


def _pinned(workspace: Workspace) -> dict[str, str]:
    path = workspace.folder / REVISIONS
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
