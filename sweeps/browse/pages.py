"""The pages that only show: all sweeps, one sweep, one trial, its report, its data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, abort, render_template, request, send_file, url_for

from analysis.verdict.labels import in_words
from sweeps.browse import axes, curves, trials
from sweeps.browse.svg import Shown
from sweeps.browse.trials import Drawn, View
from sweeps.browse.watch import Stage, WatchedSweep, Watcher
from sweeps.config.spec import SweepSpec
from sweeps.stage.live_table import short
from sweeps.stage.view import trial_name
from sweeps.state.assignment import values_shown
from sweeps.state.progress import TrialProgress
from trainables.errors import InputError

SHOWN_REQUESTS = 8
# scripts of a report may sort its tables; they run as if it were another site's, and reach nothing of these pages
REPORT_POLICY = (
    "sandbox allow-scripts allow-popups; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; media-src data:; font-src data:"
)


def add_pages(app: Flask, watcher: Watcher) -> None:
    app.jinja_env.globals.update(
        short=short,
        state=trials.state,
        number=trials.number,
        cell=trials.cell,
        value_text=trials.value_text,
        epoch_text=trials.epoch_text,
    )

    @app.get("/")
    def all_sweeps() -> str:
        with watcher.lock:
            return render_template("sweeps.html", sweeps=watcher.sweeps(), results=watcher.results)

    @app.get("/sweeps/<sweep_id>/")
    def one_sweep(sweep_id: str) -> Response:
        with watcher.lock:
            sweep = found(watcher, sweep_id)
            return fresh(sweep, lambda: render_template("sweep.html", **about(sweep, View.of(request.args))))

    @app.get("/sweeps/<sweep_id>/trials/<path:stage>/<name>")
    def one_trial(sweep_id: str, stage: str, name: str) -> Response:
        with watcher.lock:
            sweep = found(watcher, sweep_id)
            there, trial = found_trial(sweep, stage, name)
            return fresh(sweep, lambda: render_template("trial.html", **about_trial(sweep, there, trial)))

    @app.get("/sweeps/<sweep_id>/report")
    def report(sweep_id: str) -> Response:
        with watcher.lock:
            page = found(watcher, sweep_id).report
        if page is None:
            abort(404, "There is no report yet: a sweep writes it at its end, python -m analysis.report at any time.")
        response: Response = send_file(page, mimetype="text/html", conditional=True)
        response.headers["Content-Security-Policy"] = REPORT_POLICY
        return response

    @app.get("/sweeps/<sweep_id>/file")
    def sweep_file(sweep_id: str) -> str:
        with watcher.lock:
            sweep = found(watcher, sweep_id)
            return render_template("file.html", sweep=sweep, text=sweep.state.source_text, manifest=sweep.manifest)


def found(watcher: Watcher, sweep_id: str) -> WatchedSweep:
    """Ends the request with 404 where there is no such sweep, and with 500 where it cannot be read."""
    sweep = watcher.sweep(sweep_id)
    if sweep is None:
        abort(404, f"{watcher.results!s} holds no sweep {sweep_id[:80]!r}.")
    if sweep.problem:
        abort(500, f"{sweep.sweep_id} cannot be shown: {sweep.problem}")
    return sweep


def found_trial(sweep: WatchedSweep, stage: str, name: str) -> tuple[Stage, TrialProgress]:
    there = sweep.stage(stage)
    trial = None if there is None else there.progress.trials.get(name)
    if there is None or trial is None:
        abort(404, f"{sweep.sweep_id} has no trial {name[:80]!r} in {stage[:80]!r}.")
    return there, trial


def fresh(sweep: WatchedSweep, render: Callable[[], str]) -> Response:
    """The page; or 304 where whoever asks has it as it stands now."""
    tag = hashlib.sha256(f"{request.full_path} {sweep.version}".encode()).hexdigest()[:20]
    known = tag in request.if_none_match
    response = Response(status=304) if known else Response(render(), mimetype="text/html")
    response.set_etag(tag)
    return response


def named(sweep: WatchedSweep) -> Callable[[TrialProgress], str]:
    """How a trial is called: `trial 3`; a run of stage 2 by its arm's label and its seed."""
    labels: Mapping[str, str] = (sweep.verdict or {}).get("labels", {})

    def name(trial: TrialProgress) -> str:
        arm, seed = trial.given.get("arm"), trial.given.get("seed")
        if arm is None:
            return trial_name(trial.name)
        label = labels.get(arm, arm)
        return label if seed is None else f"{label}, seed {seed}"

    return name


def objective_of(sweep: WatchedSweep) -> tuple[str, str, SweepSpec | None]:
    """(metric, max | min, the file's spec); of a file that this version cannot read the spec is None."""
    try:
        spec = sweep.spec
    except InputError:
        return "objective", "max", None
    return spec.metric, spec.mode, spec


def about(sweep: WatchedSweep, view: View) -> dict[str, Any]:
    """Everything that the page of one sweep shows."""
    metric, mode, spec = objective_of(sweep)
    stage = sweep.stage(view.stage)
    if stage is None and view.stage is not None:
        abort(404, f"{sweep.sweep_id} has no stage {view.stage[:80]!r}.")
    context: dict[str, Any] = {
        "sweep": sweep,
        "view": view,
        "stage": stage,
        "metric": metric,
        "mode": mode,
        "verdict": sweep.verdict,
        "said": sweep.said_to(request.args.get("asked", "")),
        "requests": [(asked, sweep.answers.get(asked.id)) for asked in sweep.requests[-SHOWN_REQUESTS:]][::-1],
        "problems": [],
        "may_finish": stage is not None and sweep.stages[-1].searches and sweep.word == "running",
        "warnings": warnings(sweep),
    }
    if stage is None:
        return context
    all_trials = list(stage.progress.trials.values())
    table = trials.table(stage, view, mode, metric)
    best = table.best
    name = named(sweep)
    href = linked(sweep, stage)
    pictured = all_trials if view.pruned else [trial for trial in all_trials if trial.status != "pruned"]
    open_axes = stage.axes if stage.searches else []
    shown = Shown(trials.drawn(pictured, mode), mode, metric, best, href, name)
    return {
        **context,
        "table": table,
        "done": sum(trial.over for trial in all_trials),
        "page": min(view.page, table.pages),
        "name": name,
        "href": href,
        "best": best,
        "planned": None if spec is None or not stage.searches else spec.trials + stage.progress.clones,
        "curves": curves.learning_curves(shown),
        "drawn": len(shown.chosen.all),
        "pictured": len(pictured),
        "parallel": axes.parallel_coordinates(shown, open_axes),
        "along": axes.along_each_axis(shown, open_axes),
    }


def warnings(sweep: WatchedSweep) -> list[str]:
    """Those of the verdict, with the arms under their labels."""
    verdict = sweep.verdict or {}
    found = [*verdict.get("warnings", []), *verdict.get("design", [])]
    return [in_words(str(warning), verdict.get("labels", {})) for warning in found]


def linked(sweep: WatchedSweep, stage: Stage) -> Callable[[TrialProgress], str]:
    """From the sweep's own page, for short."""
    prefix = url_for("one_trial", sweep_id=sweep.sweep_id, stage=stage.name, name="@")[:-1]
    prefix = prefix.removeprefix(url_for("one_sweep", sweep_id=sweep.sweep_id))

    def href(trial: TrialProgress) -> str:
        return prefix + trial.name

    return href


def about_trial(sweep: WatchedSweep, stage: Stage, trial: TrialProgress) -> dict[str, Any]:
    """Everything that the page of one trial shows. Scores on test clips come with the verdict, and not before it."""
    metric, mode, _ = objective_of(sweep)
    names = list(
        dict.fromkeys(name for result in trial.results for lane in result["lanes"] for name in lane["metrics"])
    )
    shown = [name for name in names if sweep.finished or not name.startswith("test")]
    name = named(sweep)
    return {
        "sweep": sweep,
        "stage": stage,
        "trial": trial,
        "metric": metric,
        "title": name(trial),
        "values": values_shown(trial.given),
        "names": shown,
        "hidden": len(names) - len(shown),
        "may_stop": stage.searches and sweep.takes_requests and not trial.over and not trial.stopping,
        "may_clone": stage.searches and stage is sweep.stages[-1] and sweep.word in ("running", "paused"),
        "seconds": trials.seconds_trained(trial),
        "counts": trial.last.get("counts", {}),
        "curve": curves.learning_curves(Shown(Drawn((), (trial,)), mode, metric, None, lambda trial: trial.name, name)),
        "problems": [],
    }
