"""--extend: more trials for a sweep that is there, and a new verdict over all of them.

What may differ from the sweep's own file: the number of trials, the values of axes, how many finalists there are and
the confirm seeds. Everything else decides what a trial's value means, and trials that mean different things cannot be
ranked together.

A sweep that has its verdict has looked at the test data. An extension looks once more: with confirm seeds that no
earlier look used, for the baseline too, and at the level alpha / 2^look (analysis/verdict/rule.py). Before stage 2 has
begun, more trials cost no look.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sweeps.config.load import KEPT_FILE, parse_sweep
from sweeps.config.resolve import resolve
from sweeps.config.spec import SweepSpec
from sweeps.state.find import sweeps_of
from sweeps.state.journal import JOURNAL, read_journal
from sweeps.state.manifest import Manifest, State, note, state_of
from sweeps.state.resume import changes, listed
from sweeps.state.workspace import EXPLORE, Workspace, relative
from trainables.command_line import to_copy
from trainables.errors import InputError

MAY_DIFFER = ("trials", "search", "finalists", "seeds.confirm")
SEED_RANGE = (10_000, 100_000)  # five digits: drawn seeds are read by people


@dataclass(frozen=True)
class Extension:
    """What a sweep is extended to."""

    look: int  # at the test data, that its stage 2 will be; 1 the first
    confirm_seeds: tuple[int, ...]
    trials_before: int

    def in_words(self, spec: SweepSpec) -> str:
        there, more = self.trials_before, spec.trials - self.trials_before
        what = f"Extended: {there} trials are there, {more} come to them."
        if self.look == 1:
            return f"{what} No finalist is fixed yet, so this costs no look at the test data."
        return (
            f"{what} Look {self.look} at the test data: confirm seeds {', '.join(map(str, self.confirm_seeds))}, used "
            f"in no look before, and the verdict's level divided by {2 ** (self.look - 1)}."
        )

    def note(self, workspace: Workspace, spec: SweepSpec) -> None:
        note(
            workspace,
            event="extended",
            source_text=spec.source_text,
            look=self.look,
            confirm_seeds=list(self.confirm_seeds),
        )


def to_extend(results: Path, spec: SweepSpec, command: str) -> tuple[Workspace, Extension | None]:
    """The latest sweep of this name, and what it is extended to; None where this very extension was interrupted.

    Raises InputError where there is no such sweep, where it is interrupted elsewhere, or the file may not differ so.
    """
    there = sweeps_of(results, spec.name)
    if not there:
        raise InputError(
            f"--extend: {str(results)!r} has no sweep {spec.name!r} to extend; leave --extend away to start one."
        )
    workspace = there[-1]
    state = state_of(workspace)
    changed = changes(state.source_text, spec.source_text)
    if not state.finished and not changed:
        return workspace, None
    fixed = [text for key, text in changed.items() if not may_differ(key)]
    if fixed:
        own = to_copy("sweeps.run", relative(workspace.folder / KEPT_FILE), "--extend", "trials=N")
        raise InputError(
            f"{workspace.sweep_id} cannot be extended with a file that differs in more than {', '.join(MAY_DIFFER)}: "
            f"{listed(fixed)}. Its own file has all that it was begun with: {own}. "
            f"A new sweep: {command} --new."
        )
    before = recorded_spec(workspace, state)
    if not state.finished and (state.look_begun or set(changed) != {"trials"}):
        raise InputError(
            f"{workspace.sweep_id} was interrupted before its verdict: finish it first with {command} --resume, then "
            f"extend it ({listed(list(changed.values()))})."
        )
    if spec.trials <= before.trials:
        raise InputError(
            f"trials: {workspace.sweep_id} has {before.trials} and --extend adds to them, got {spec.trials}: give the "
            f"number that it shall have in all, trials={before.trials + max(before.trials // 2, 1)} for instance."
        )
    if not state.finished:
        return workspace, Extension(state.look, state.confirm_seeds or before.confirm_seeds, before.trials)
    seeds = confirm_seeds(spec, state, chosen="seeds.confirm" in changed)
    return workspace, Extension(state.look + 1, seeds, before.trials)


def may_differ(key: str) -> bool:
    return key in MAY_DIFFER or key.partition(".")[0] in MAY_DIFFER


def recorded_spec(workspace: Workspace, state: State) -> SweepSpec:
    """The file of a sweep as it stands, read again; sizes are the published ones."""
    return parse_sweep(state.source_text, base_folder=Manifest.read(workspace).base_folder, recorded=True)


def confirm_seeds(spec: SweepSpec, state: State, *, chosen: bool) -> tuple[int, ...]:
    """Seeds that no look has used: the file's where they were chosen for this one, else as many that are drawn.

    Raises InputError where a chosen one was used before.
    """
    used = {seed for look in state.looks for seed in look}
    if not chosen:
        return fresh_seeds(used | set(spec.explore_seeds), len(spec.confirm_seeds))
    again = sorted(used & set(spec.confirm_seeds))
    if again:
        raise InputError(
            f"seeds.confirm: {', '.join(map(str, again))} confirmed in an earlier look at the test data, and every "
            "look takes fresh ones: choose others, or leave seeds.confirm as it was and they are drawn."
        )
    return spec.confirm_seeds


def fresh_seeds(used: Collection[int], count: int) -> tuple[int, ...]:
    """`count` different seeds that are not in `used`; the same ones for the same `used`."""
    rng = np.random.default_rng(sorted(used))
    found: list[int] = []
    while len(found) < count:
        seed = int(rng.integers(*SEED_RANGE))
        if seed not in used and seed not in found:
            found.append(seed)
    return tuple(found)


def check_meaning(workspace: Workspace, before: SweepSpec, now: SweepSpec) -> None:
    """Raises InputError where a trial would mean another configuration under the file as it is now."""
    for stage in (stage for stage in workspace.stages() if stage.name == EXPLORE):
        for event in (event for event in read_journal(stage / JOURNAL) if event["event"] == "asked"):
            if not _same(before, now, event["given"]):
                raise InputError(
                    f"search: in {workspace.sweep_id} {event['trial']} would be another configuration with this file. "
                    "The values of axes may change in an extension, axes and their conditions may not; to narrow an "
                    "axis to one value leave it one choice, rank: {choice: [8]}."
                )


def _same(before: SweepSpec, now: SweepSpec, given: Mapping[str, Any]) -> bool:
    try:
        return resolve(before, given) == resolve(now, given)
    except ValueError:  # an axis was added
        return False
