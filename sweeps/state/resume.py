"""Which sweep a command means: a new one, or one that was interrupted; and what of it has changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeps.config import located_yaml
from sweeps.state.find import sweeps_of
from sweeps.state.manifest import state_of
from sweeps.state.workspace import Workspace
from trainables.errors import InputError

AUTO, RESUME, NEW, EXTEND = "auto", "resume", "new", "extend"
# Where, how fast and who hears of it, not what; and `miniature` has been applied where it holds
MAY_CHANGE = ("results", "limits", "notify", "profile", "miniature")
SHOWN_DIFFERENCES = 8
SHOWN_CHARACTERS = 60


def choose(results: Path, name: str, source_text: str, mode: str, command: str) -> Workspace | None:
    """The sweep to take up; None for a new one.

    Raises InputError: an interrupted sweep of this name was started with another file, or none is there to take up.
    """
    if mode == NEW:
        return None
    there = sweeps_of(results, name)
    interrupted = [workspace for workspace in there if not state_of(workspace).finished]
    if not interrupted:
        if mode == RESUME:
            raise InputError(
                f"--resume: {str(results)!r} has no interrupted sweep {name!r}; leave --resume away to start one."
            )
        return None
    workspace = interrupted[-1]
    state = state_of(workspace)
    changed = changes(state.source_text, source_text)
    if changed and mode != RESUME:
        ways = [f"Go on with it as it was: {command} --resume."]
        if more_trials(state.source_text, source_text) and not state.look_begun:
            ways.append(f"Go on with that many trials: {command} --extend.")
        ways.append(f"Leave it and start a new one: {command} --new.")
        raise InputError(
            f"{workspace.sweep_id} was interrupted, and was started with another file: "
            f"{listed(list(changed.values()))}. {' '.join(ways)}"
        )
    return workspace


def extendable(results: Path, name: str, source_text: str) -> Workspace | None:
    """The finished sweep to which this file would only add trials."""
    there = sweeps_of(results, name)
    if there and (state := state_of(there[-1])).finished and more_trials(state.source_text, source_text):
        return there[-1]
    return None


def more_trials(before: str, after: str) -> bool:
    """Whether the second file differs from the first in nothing but a larger number of trials."""
    old, new = _keys(before).get("trials"), _keys(after).get("trials")
    return list(changes(before, after)) == ["trials"] and isinstance(old, int) and isinstance(new, int) and new > old


def changes(before: str, after: str) -> dict[str, str]:
    """key -> `trials: 16 -> 32`, for every key in which two sweep files differ and that changes what is found."""
    old, new = _keys(before), _keys(after)
    return {
        key: f"{key}: {_shown(old.get(key))} -> {_shown(new.get(key))}"
        for key in dict.fromkeys([*old, *new])
        if key.partition(".")[0] not in MAY_CHANGE and old.get(key) != new.get(key)
    }


def listed(changed: Sequence[str]) -> str:
    more = len(changed) - SHOWN_DIFFERENCES
    return "; ".join(changed[:SHOWN_DIFFERENCES]) + (f"; and {more} more" if more > 0 else "")


def _keys(text: str) -> dict[str, Any]:
    return _leaves(located_yaml.parse(text, "sweep")[0].plain())


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """`version.torch: 2.13 -> 2.14`: what of code and libraries is not what the sweep was begun with."""
    keys = sorted({*before, *after})
    return [f"{k}: {before.get(k, '-')} -> {after.get(k, '-')}" for k in keys if before.get(k) != after.get(k)]


def _leaves(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {
            key: leaf
            for name, inner in value.items()
            for key, leaf in _leaves(inner, f"{prefix}.{name}" if prefix else str(name)).items()
        }
    return {prefix: value}


def _shown(value: Any) -> str:
    text = "(absent)" if value is None else json.dumps(value, default=str)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."
