"""What a sweep's stage 2 has left: an arm's configuration and its adapters, one per seed, with what they answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sweeps.config.load import parse_sweep
from sweeps.config.spec import SweepSpec
from sweeps.plan.settle import Settled, settle_recorded
from sweeps.predict.loadable import Tuned
from sweeps.state.find import find_workspace, results_folder
from sweeps.state.manifest import Manifest, state_of
from sweeps.state.progress import COMPLETED, StageProgress, TrialProgress
from sweeps.state.workspace import CONFIRM, REVISIONS, TASK, VERDICT, Workspace, lane_folder
from trainables import registry
from trainables.errors import InputError
from trainables.records import NO_FOLD, NO_SEED, Predictions
from trainables.training.resume_points import FINAL

TEST = Path("predictions", "test.parquet")  # in the folder that a run of stage 2 left
# Options that a sweep may take from its data
FITTED = ("answer_length", "vocabulary", "labels", "names", "centre", "spread")


@dataclass(frozen=True)
class Found:
    """An arm of a sweep, with the sweep that it comes from."""

    workspace: Workspace
    manifest: Manifest
    source_text: str  # the sweep's file as it stands
    spec: SweepSpec
    settled: Settled
    tuned: Tuned
    left: Mapping[int | None, Path]  # seed -> folder with what its run left; None: nothing was trained


def find_tuned(
    sweep: str, results: str | None = None, *, arm: str | None = None, seed: int | None = None, ensemble: bool = False
) -> Tuned:
    """`sweep` as `find_workspace` takes it, or a folder that sweeps.export wrote. Without `arm` the verdict's best; of
    several seeds the first, all of them with `ensemble`.

    Raises InputError with what there is instead.
    """
    from sweeps.predict.exported import is_export, read_export

    if is_export(Path(sweep)):
        return read_export(Path(sweep), arm=arm, seed=seed, ensemble=ensemble)
    return find_arm(sweep, results, arm=arm, seed=seed, ensemble=ensemble).tuned


def find_arm(
    sweep: str, results: str | None = None, *, arm: str | None = None, seed: int | None = None, ensemble: bool = False
) -> Found:
    """`find_tuned` of a sweep, with where it was found."""
    workspace = find_workspace(sweep, results_folder(results))
    manifest, state = Manifest.read(workspace), state_of(workspace)
    workspace = replace(workspace, look=state.look)
    spec = parse_sweep(state.source_text, base_folder=manifest.base_folder, recorded=True)
    trials = _confirmed(workspace, spec)
    arms = list(dict.fromkeys(trial.assignment.arm for trial in trials))
    name = _chosen(arm or best_arm(workspace), arms, workspace.sweep_id)
    own = {trial.assignment.seed: trial for trial in trials if trial.assignment.arm == name}
    settled = settle_recorded(
        state.source_text, manifest.base_folder, like=replace(spec, profile="auto"), miniature=manifest.miniature
    )
    config = next(iter(own.values())).assignment.config
    if ensemble and registry.task_class(spec.task_kind).column == "text":
        raise InputError("--ensemble: texts cannot be averaged; name one seed with --seed.")
    seeds = _seeds(own, seed, name, ensemble=ensemble)
    left: dict[int | None, Path] = {
        number: own[number].folder / FINAL / lane_folder(number, NO_FOLD) for number in seeds
    } or {None: next(iter(own.values())).folder / FINAL / lane_folder(NO_SEED, NO_FOLD)}
    precision = manifest.precision if settled.profile.device == "cpu" else settled.profile.precision
    tuned = Tuned(
        sweep_id=workspace.sweep_id,
        arm=name,
        task_kind=spec.task_kind,
        task_options=_as_fitted(workspace) | _with_labels(settled.spec, next(iter(left.values()))),
        config=config,
        precision=precision,
        profile=settled.profile,
        miniature=settled.weights.miniature,
        adapters={number: left[number] / "adapter" for number in seeds},
        recipe=settled.miniature_recipe,
        sizes=tuple(settled.spec.sizes_of(config.backbone)),
        revisions=_pinned(workspace),
    )
    return Found(workspace, manifest, state.source_text, settled.spec, settled, tuned, left)


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


def read_verdict(workspace: Workspace) -> dict[str, Any]:
    """`verdict.json` of the sweep's latest look; empty where there is none."""
    try:
        found = json.loads((workspace.folder / VERDICT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def best_arm(workspace: Workspace) -> str:
    """The arm with the best mean on test data. Raises InputError without a verdict."""
    verdict = read_verdict(workspace)
    if not verdict.get("best"):
        raise InputError(
            f"SWEEP: {workspace.sweep_id} has no {VERDICT} to say which arm is best (it is not finished, or an earlier "
            "version ran it); name the arm with --arm."
        )
    return str(verdict["best"])


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


def _with_labels(spec: SweepSpec, folder: Path) -> dict[str, Any]:
    """The task's options with the classes in which the arm answers, which the file may have left to the data."""
    options = dict(spec.task_options)
    if registry.task_class(spec.task_kind).column != "label":
        return options
    if not (folder / TEST).is_file():
        raise InputError(f"SWEEP: {folder} has no {TEST.as_posix()}, so the classes are not known.")
    options["labels"] = Predictions.read_parquet(folder / TEST).classes
    return {name: value for name, value in options.items() if name != "class_weights"}


def _as_fitted(workspace: Workspace) -> dict[str, Any]:
    """What the sweep took from its data: how long answers may become, the labels of clips that have several, and the
    names and units of ratings; nothing of a sweep of an earlier version."""
    path = workspace.folder / TASK
    options = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    fitted = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    return {name: fitted[name] for name in FITTED if fitted.get(name) is not None}


def _pinned(workspace: Workspace) -> dict[str, str]:
    path = workspace.folder / REVISIONS
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
