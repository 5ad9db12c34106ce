"""What changes a sweep: the same requests that sweeps.control writes, answered by the process that runs the sweep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sweeps.browse.pages import about, about_trial, found, found_trial
from sweeps.browse.trials import View, open_axes
from sweeps.browse.watch import Stage, WatchedSweep, Watcher
from sweeps.config.axis import Axis, conditions
from sweeps.control.command import read_changes, submit, wait
from sweeps.control.requests import CLONE, FINISH, PAUSE, RESUME, STOP
from sweeps.state.progress import TrialProgress
from trainables.errors import InputError

WAIT_SECONDS = 4.0  # for the sweep's answer; a page that has none shows it when it comes
WHOLE = (PAUSE, RESUME, FINISH)
CLOSED = ""  # in a form: the axis has no value
PREFIX = "axis."
WORDS = {"uniform": "evenly", "log_uniform": "logarithmic", "int": "whole numbers", "log_int": "whole, logarithmic"}


@dataclass(frozen=True)
class Field:
    """An axis in the form of a clone."""

    name: str
    value: str  # as it stands in the form
    choices: tuple[tuple[str, str], ...]  # (as JSON, as shown); empty: to be typed
    hint: str


def add_actions(app: Flask, watcher: Watcher) -> None:
    @app.post("/sweeps/<sweep_id>/<command>")
    def whole_sweep(sweep_id: str, command: str) -> Response | tuple[str, int]:
        if command not in WHOLE:
            abort(404)
        with watcher.lock:
            sweep = found(watcher, sweep_id)
        try:
            asked = ask(sweep, command)
        except InputError as error:
            with watcher.lock:
                context = about(found(watcher, sweep_id), View())
                return render_template("sweep.html", **{**context, "problems": error.problems}), 409
        return redirect(url_for("one_sweep", sweep_id=sweep_id, asked=asked), code=303)

    @app.post("/sweeps/<sweep_id>/trials/<path:stage>/<name>/stop")
    def stop(sweep_id: str, stage: str, name: str) -> Response | tuple[str, int]:
        with watcher.lock:
            sweep = found(watcher, sweep_id)
            there, trial = found_trial(sweep, stage, name)
        try:
            asked = ask(sweep, STOP, trial.name)
        except InputError as error:
            with watcher.lock:
                context = about_trial(found(watcher, sweep_id), there, trial)
                return render_template("trial.html", **{**context, "problems": error.problems}), 409
        return redirect(url_for("one_sweep", sweep_id=sweep_id, asked=asked), code=303)

    @app.get("/sweeps/<sweep_id>/trials/<path:stage>/<name>/clone")
    def clone_form(sweep_id: str, stage: str, name: str) -> str:
        with watcher.lock:
            sweep = found(watcher, sweep_id)
            there, trial = found_trial(sweep, stage, name)
            return form(sweep, there, trial, {}, [])

    @app.post("/sweeps/<sweep_id>/trials/<path:stage>/<name>/clone")
    def clone(sweep_id: str, stage: str, name: str) -> Response | tuple[str, int]:
        with watcher.lock:
            sweep = found(watcher, sweep_id)
            there, trial = found_trial(sweep, stage, name)
            fields = fields_of(open_axes(there), trial.given)
        given = {field.name: request.form.get(PREFIX + field.name, field.value) for field in fields}
        try:
            changes = changed(fields, given)
            asked = ask(sweep, CLONE, trial.name, changes)
        except InputError as error:
            with watcher.lock:
                return form(found(watcher, sweep_id), there, trial, given, error.problems), 422
        return redirect(url_for("one_sweep", sweep_id=sweep_id, asked=asked), code=303)


def ask(sweep: WatchedSweep, command: str, trial: str = "", changes: Mapping[str, Any] | None = None) -> str:
    """Puts the request and waits a little for the answer; returns the request's id.

    Raises InputError where nothing runs that could answer, or where the sweep refuses.
    """
    asked = submit(sweep.workspace, command, trial, changes)
    answer = wait(sweep.workspace, asked, WAIT_SECONDS)
    if answer is not None and not answer.done:
        raise InputError(answer.said)
    return asked.id


def form(
    sweep: WatchedSweep, stage: Stage, trial: TrialProgress, given: Mapping[str, str], problems: Sequence[str]
) -> str:
    fields = fields_of(open_axes(stage), trial.given)
    return render_template(
        "clone.html",
        **{**about_trial(sweep, stage, trial), "problems": problems},
        fields=fields,
        given={**{field.name: field.value for field in fields}, **given},
        prefix=PREFIX,
    )


def fields_of(axes: Sequence[Axis], sample: Mapping[str, Any]) -> list[Field]:
    """One field an open axis, with the trial's value; axes of one name, of which one is open at a time, share it."""
    fields = []
    for name in dict.fromkeys(axis.name for axis in axes):
        own = [axis for axis in axes if axis.name == name]
        has = name in sample
        hints = [f"{_range(axis)}{f', when {conditions(axis)}' if axis.when else ''}" for axis in own]
        if all(axis.kind == "choice" for axis in own):
            values = dict.fromkeys(json.dumps(value) for axis in own for value in axis.values)
            if has:
                values.setdefault(json.dumps(sample[name]))
            choices = [(key, str(json.loads(key))) for key in values]
            if not has or any(axis.when for axis in own):
                choices.insert(0, (CLOSED, "(closed)"))
            value = json.dumps(sample[name]) if has else CLOSED
            hint = "; ".join(f"open when {conditions(axis)}" for axis in own if axis.when)
            fields.append(Field(name, value, tuple(choices), hint))
        else:
            fields.append(Field(name, f"{sample[name]}" if has else CLOSED, (), "; ".join(hints)))
    return fields


def changed(fields: Sequence[Field], given: Mapping[str, str]) -> dict[str, Any]:
    """Axis -> its new value, of those that were changed; written as in a sweep file. Raises InputError."""
    changes: dict[str, Any] = {}
    problems: list[str] = []
    typed = []
    for field in fields:
        text = given[field.name].strip()
        if text in (field.value, CLOSED):  # what the change closes has no value by itself
            continue
        if not field.choices:
            typed.append(f"{field.name}={text}")
        elif text not in dict(field.choices):
            problems.append(f"{field.name}: {text[:60]!r} is not offered.")
        else:
            changes[field.name] = json.loads(text)
    if typed:
        values, found = read_changes(typed)
        changes |= values
        problems += found
    if problems:
        raise InputError(problems)
    if not changes:
        raise InputError("A clone without a change would be the same trial again: change a value.")
    return changes


def _range(axis: Axis) -> str:
    if axis.kind == "choice":
        return f"one of {', '.join(map(str, axis.values))}"
    low, high = axis.values
    return f"{low:g} to {high:g}, {WORDS.get(axis.kind, axis.kind)}"
