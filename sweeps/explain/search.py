"""Stage 1 in plain words: where each trial came from, why it ended, and which became finalists."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sweeps.config.pruner_rules import HYPERBAND, PRUNERS, bracket_shares
from sweeps.config.resolve import baseline_config
from sweeps.config.sampler_rules import SAMPLERS
from sweeps.config.spec import SweepSpec
from sweeps.explain.cuts import Cut, cuts
from sweeps.search.finalists import choose_finalists, explored
from sweeps.state.decisions import FEWEST_RESULTS
from sweeps.state.progress import CLONED, COMPLETED, FAILED, PRUNED, STOPPED, StageProgress, TrialProgress

TPE = SAMPLERS["tpe"].proposes
MOST_PASSED_OVER = 5


def origins(progress: StageProgress, spec: SweepSpec) -> dict[str, str]:
    """Trial -> where it came from: drawn at random, proposed by the estimator, the file's own, or a person's clone."""
    clones: list[tuple[str, str]] = []  # of which trial, what it is given
    warm = [json.dumps(dict(point), sort_keys=True) for point in spec.warm_start]
    found: dict[str, str] = {}
    noted = progress.decisions
    at_random = FEWEST_RESULTS if noted is None else noted.random_trials
    sampler = SAMPLERS[spec.sampler]
    before = 0
    for event in progress.events:
        if event["event"] == CLONED:
            clones.append((event["trial"], json.dumps(event["given"], sort_keys=True)))
        elif event["event"] == "asked":
            given = json.dumps(event["given"], sort_keys=True)
            parent = next((of for of, sample in clones if sample == given), None)
            if parent is not None:
                clones.remove((parent, given))
                found[event["trial"]] = f"a clone that a person made of {said(parent)}"
            elif given in warm:
                warm.remove(given)
                found[event["trial"]] = "given by the file (warm_start)"
            elif sampler.learns and before < at_random:
                found[event["trial"]] = "drawn at random"
            else:
                found[event["trial"]] = sampler.proposes
            before += 1
    return found


def came_about(progress: StageProgress, spec: SweepSpec) -> list[str]:
    """`trials 0 to 9: drawn at random`, one line an origin that follows another."""
    lines: list[tuple[str, str, str]] = []
    for name, origin in origins(progress, spec).items():
        if lines and lines[-1][2] == origin and "clone" not in origin:
            lines[-1] = (lines[-1][0], name, origin)
        else:
            lines.append((name, name, origin))
    return [
        f"{said(first)}: {origin}" if first == last else f"trials {number(first)} to {number(last)}: {origin}"
        for first, last, origin in lines
    ]


def ends(progress: StageProgress, spec: SweepSpec, runs: Mapping[str, Sequence[str]]) -> list[str]:
    """A line a trial: how it ended, and why. `runs`: trial -> ids of its runs."""
    per = spec.finalists.per
    met = _cuts(progress, spec)
    lines = []
    for trial in progress.trials.values():
        ids = ", ".join(runs.get(trial.name, ())) or "not recorded"
        of = f" of {per} {trial.given.get(per)}" if per else ""
        lines.append(f"{said(trial.name)}: {why(trial, met.get(trial.name, ()), spec, of)}. Run {ids}.")
    return lines


def _cuts(progress: StageProgress, spec: SweepSpec) -> Mapping[str, Sequence[Cut]]:
    """Of a sweep that was pruned by halving; empty of another one."""
    if not PRUNERS[spec.pruner].halves:
        return {}
    per = spec.finalists.per
    shares = bracket_shares(spec.grace_epochs, spec.reduction_factor, spec.train.epochs)
    return cuts(
        progress,
        mode=spec.mode,
        epochs=spec.train.epochs,
        grace_epochs=spec.grace_epochs,
        reduction_factor=spec.reduction_factor,
        kind=lambda given: given.get(per) if per else None,
        bracket_shares=shares if spec.pruner == HYPERBAND else (1,),
    )


def why(trial: TrialProgress, met: Sequence[Cut], spec: SweepSpec, of: str = "") -> str:
    """How one trial ended; `of` says against which others it was held."""
    value = _value(trial.last.get("value"))
    epoch = trial.last.get("epoch", 0)
    if trial.status == COMPLETED:
        return f"trained to the end, {spec.metric} {value}"
    if trial.status == FAILED:
        return f"failed after epoch {epoch}: {trial.reason}"
    if trial.status == STOPPED:
        return f"stopped by a person (sweeps.control) after epoch {epoch}, {spec.metric} {value}"
    if trial.status == PRUNED and met and met[-1].cut is not None and not met[-1].passed(spec.mode):
        last = met[-1]
        many = f"the best 1/{spec.reduction_factor} of the {last.seen} trials{of} before it began at"
        best = many if last.seen > 1 else f"the one trial{of} before it had"
        tie = "; the loss broke the tie" if _value(last.cut) == value else ""
        return f"pruned after epoch {epoch}: {spec.metric} {value}, and {best} {_value(last.cut)}{tie}"
    if trial.status == PRUNED:
        return f"pruned after epoch {epoch}, {spec.metric} {value}: {PRUNERS[spec.pruner].stops}"
    return f"not over: epoch {epoch}, {spec.metric} {value}"


def chosen(progress: StageProgress, spec: SweepSpec, labels: Mapping[str, str], over: bool = True) -> list[str]:
    """How finalists are chosen, which trials these are, and the best of those that were passed over. `labels`: what the
    verdict calls them; `over`: whether stage 2 has begun, so that they stay."""
    trials = [explored(trial) for trial in progress.trials.values()]
    baseline = baseline_config(spec).config_id
    finalists = choose_finalists(trials, spec.finalists, mode=spec.mode, baseline_id=baseline)
    seeds = f"mean over {len(spec.explore_seeds)} seeds" if len(spec.explore_seeds) > 1 else "one seed"
    better = "largest" if spec.mode == "max" else "smallest"
    rule = (
        f"Of the trials that were trained to the end those with the {better} {spec.metric} on validation clips "
        f"({seeds}; a tie goes to the smaller loss), one for each configuration, without the baseline's own"
    )
    rule += f"; the best for each {spec.finalists.per}." if spec.finalists.per else f": {spec.finalists.count} of them."
    lines = [rule + " No test clip was seen."]
    if not over:
        lines.append("Stage 2 has not begun. " + ("As it stands:" if finalists else "No trial can be one yet."))
    for place, trial in enumerate(finalists, start=1):
        name = labels.get(f"finalist {place}", f"finalist {place}")
        lines.append(f"{name}: {said(trial.trial_id)}, {spec.metric} {_value(trial.value)}")
    names = {trial.trial_id for trial in finalists}
    known = {trial.config.config_id: trial.trial_id for trial in finalists}
    rest = [t for t in trials if t.status == COMPLETED and t.trial_id not in names and t.objective is not None]
    sign = -1.0 if spec.mode == "max" else 1.0
    rest.sort(key=lambda trial: sign * (trial.objective or 0.0))
    for trial in rest[:MOST_PASSED_OVER]:
        if trial.config.config_id == baseline:
            reason = "is the baseline's configuration"
        elif trial.config.config_id in known:
            reason = f"is the configuration of {said(known[trial.config.config_id])} again"
        else:
            per = spec.finalists.per
            reason = f"is not the best of {per} {trial.sample.get(per)}" if per else "was behind these"
        lines.append(f"passed over: {said(trial.trial_id)}, {spec.metric} {_value(trial.value)}: {reason}")
    if len(rest) > MOST_PASSED_OVER:
        lines.append(f"and {len(rest) - MOST_PASSED_OVER} more that were trained to the end")
    return lines


def said(name: str) -> str:
    """`trial 3` for trial_00003."""
    return f"trial {number(name)}"


def number(name: str) -> str:
    tail = name.rpartition("_")[2]
    return str(int(tail)) if tail.isdigit() else name


def _value(found: Any) -> str:
    return "-" if found is None else f"{found:.4f}"
