"""A whole sweep, from the file to the verdict."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sweeps.config.load import KEPT_FILE
from sweeps.control.steering import Steering
from sweeps.plan.head import plan_facts, print_head, write_plan
from sweeps.plan.left_out import write_left_out
from sweeps.plan.packing import trials_per_worker
from sweeps.plan.parts import make_console
from sweeps.plan.prepare import Prepared, prepare, prepare_settled, rounds_of
from sweeps.plan.restore import check_same_data, manifest_of, settle_again
from sweeps.plan.settle import Settled, settle
from sweeps.plan.texts import texts_scored_as
from sweeps.record.store import default_uri, is_new
from sweeps.stage.hooks import Hooks, hooks_of
from sweeps.stage.inputs import (
    build_miniatures,
    miniatures_built,
    write_splits,
)
from sweeps.stage.limits import limits_of
from sweeps.stage.listening import sound_of
from sweeps.stage.notify import Notifier
from sweeps.stage.place import Place, results_at
from sweeps.stage.ray_session import EarlyRay
from sweeps.stage.voice import Voice
from sweeps.state.extend import Extension, to_extend
from sweeps.state.manifest import Manifest, held, note, note_rest, note_session, seconds_before, state_of
from sweeps.state.resume import AUTO, EXTEND, choose, extendable, moved
from sweeps.state.workspace import TASK, VERDICT, Workspace, check_results, new_workspace, relative
from trainables.command_line import to_copy
from trainables.data.hub import hub_revision
from trainables.doing import doing, done
from trainables.errors import InputError, SweepStopped
from trainables.records import (
    LEFT_OUT_FILE,
    PARAM_DATA,
    PARAM_DATA_REVISION,
    PARAM_DEVICE,
    PARAM_LEFT_OUT,
    PARAM_MODE,
    PARAM_OBJECTIVE,
    PARAM_PRECISION,
    PARAM_RECIPE,
    PARAM_TEXTS,
)

if TYPE_CHECKING:
    from sweeps.record.tracker import Tracker


def plan_sweep(file: str, overrides: Sequence[str], *, as_json: bool) -> None:
    """Prints what the sweep would do and cost; starts nothing."""
    from sweeps.plan.plan import make_plan
    from sweeps.plan.view import render

    doing(f"reading {file} and the clips' headers")
    prepared = prepare(file, overrides, planning=True)
    doing("counting parameters, memory and disk")
    plan = make_plan(prepared, file, overrides)
    done()
    if as_json:
        print(json.dumps(plan.as_dict(), indent=2))
    else:
        console = make_console()
        console.print(render(plan))
        console.print(plan.next_command, soft_wrap=True, markup=False)  # a command is one line, however long


def run_sweep(
    file: str, overrides: Sequence[str], mode: str = AUTO, *, quiet: bool = False, events: bool = False
) -> Workspace:
    """Explores, confirms, compares and reports; an interrupted sweep goes on where it was. `quiet` and `events` as
    `--quiet` and `--json` have them.

    Raises InputError before anything starts, SweepFailed after.
    """
    voice = Voice.of(quiet=quiet, events=events)
    settled = settle(file, overrides, planning=False)
    hooks = hooks_of(settled.spec.notify)
    with results_at(settled.spec.results, partial(voice.console.print, soft_wrap=True, markup=False)) as place:
        return _run_in(place, settled, hooks, voice, file, overrides, mode)


def _run_in(
    place: Place, settled: Settled, hooks: Hooks, voice: Voice, file: str, overrides: Sequence[str], mode: str
) -> Workspace:
    """`run_sweep`, now that its file is read and there is a place for results."""
    from sweeps.plan.plan import make_plan

    started, console, folder = time.monotonic(), voice.console, place.folder
    spec = settled.spec
    command = to_copy("sweeps.run", file, *overrides)
    workspace: Workspace | None
    extension: Extension | None = None
    if mode == EXTEND:
        workspace, extension = to_extend(folder, spec, command)
    else:
        workspace = choose(folder, spec.name, spec.source_text, mode, command)
    if workspace is not None:
        place.bring(workspace)
    doing(f"reading the clips' headers: {spec.data.source}")
    # only now are data read: those of the sweep that is meant
    if workspace is not None:
        begun_with = Manifest.read(workspace).data_fingerprint
        prepared = prepare_settled(settle_again(settled, workspace, extension), begun_with)
        check_same_data(prepared, workspace)
    else:
        prepared = prepare_settled(settled)
        if mode == AUTO and (there := extendable(folder, spec.name, spec.source_text)):
            done()
            console.print(
                f"A new sweep. {there.sweep_id} differs from it by its number of trials only: {command} --extend would "
                "add to that one.",
                soft_wrap=True,
            )
    doing("counting parameters, memory and disk")
    plan = make_plan(prepared, file, overrides)
    done()
    if plan.problems:
        raise InputError(plan.problems)
    going_on = workspace is not None and extension is None  # its data are there, and most of its runs
    check_results(str(folder), needed_bytes=0 if going_on else plan.disk_bytes)
    new = workspace is None
    workspace = workspace or new_workspace(folder, prepared.spec.name)
    place.begin(workspace)
    ray = EarlyRay(prepared.profile, preload=trials_per_worker(prepared) == 1)  # else most are light proxies
    notifier = Notifier(workspace, hooks, console)
    with held(workspace), ray, notifier:
        print_head(console, plan, relative(write_plan(plan, workspace.folder)), again=not new)
        voice.tell("begun", **plan_facts(plan), sweep=workspace.sweep_id, folder=str(workspace.folder), new=new)
        # not before the record is known to be good, nor beside what takes all cores: Ray gives up on a busy machine
        if is_new(default_uri(folder)) and miniatures_built(prepared):
            ray.begin()
        manifest = manifest_of(prepared)
        if new:
            manifest.write(workspace)
        else:
            console.print(f"Goes on with {workspace.sweep_id}", soft_wrap=True, markup=False)
            for change in moved(Manifest.read(workspace).versions, manifest.versions):
                console.print(f"Note: since it was started, {change}: numbers may differ", style="yellow", markup=False)
        if extension is not None:
            extension.note(workspace, prepared.spec)
            console.print(extension.in_words(prepared.spec), soft_wrap=True, markup=False)
        workspace = replace(workspace, look=state_of(workspace).look)
        # every session writes them, the same: a power failure may have taken those of the first
        write_splits(rounds_of(prepared), workspace.folder / "splits.parquet")
        write_left_out(prepared, workspace.folder)
        (workspace.folder / KEPT_FILE).write_text(prepared.spec.source_text, encoding="utf-8")
        task = json.dumps(dict(prepared.spec.task_options), indent=1)
        (workspace.folder / TASK).write_text(task, encoding="utf-8")
        note_session(workspace, manifest.versions)
        place.flush()
        doing("opening the record")
        try:
            record_and_conclude(prepared, workspace, manifest, voice, ray, started, notifier, place)
        finally:
            done()
            note_rest(workspace, time.monotonic() - started)
        note(workspace, event="finished")
        place.flush()
    return workspace


def record_and_conclude(
    prepared: Prepared,
    workspace: Workspace,
    manifest: Manifest,
    voice: Voice,
    ray: EarlyRay,
    started: float,
    notifier: Notifier,
    place: Place,
) -> None:
    """The sweep with its parent run in MLflow, which is closed however the sweep ends."""
    from analysis.report.command import write_report
    from sweeps.machine.provenance import collect
    from sweeps.record.sweep_view import SweepView
    from sweeps.record.tracker import Tracker

    spec = prepared.spec
    results, data_id = workspace.results, manifest.data_fingerprint
    revision = hub_revision(spec.data.source, prepared.examples)
    tracker = Tracker(default_uri(results), results, spec.name, miniature=prepared.weights.miniature)
    if miniatures_built(prepared):
        ray.begin()
    tracker.start_sweep(
        workspace.sweep_id,
        spec.source_text,
        collect(),
        {
            "profile": prepared.profile.describe(),
            PARAM_DATA: data_id,
            **({PARAM_DATA_REVISION: revision} if revision else {}),
            **({PARAM_LEFT_OUT: manifest.left_out} if manifest.left_out else {}),
            PARAM_DEVICE: manifest.device,
            PARAM_PRECISION: manifest.precision,
            **({PARAM_TEXTS: scored_as} if (scored_as := texts_scored_as(prepared.task)) else {}),
            **({PARAM_RECIPE: prepared.miniature_recipe} if prepared.miniature_recipe else {}),
            "seeds": str(spec.confirm_seeds),
            PARAM_OBJECTIVE: spec.metric,
            PARAM_MODE: spec.mode,
        },
        dataset=(spec.data.source, data_id),
        look=workspace.look,
    )
    tracker.share_view(SweepView.of(spec, workspace.sweep_id, tracker.parent_id))
    for name in ("splits.parquet", *([LEFT_OUT_FILE] if manifest.left_out else [])):
        tracker.log_file(workspace.folder / name)
    try:
        conclude(prepared, workspace, tracker, voice, ray, started, notifier, place)
    except KeyboardInterrupt:
        voice.tell("ended", state="interrupted", reason="")
        tracker.finish_sweep("interrupted")
        raise
    except SweepStopped as stop:
        voice.tell("ended", state="stopped", reason=str(stop))
        tracker.finish_sweep("interrupted", reason=str(stop))
        raise
    except BaseException as error:
        voice.tell("ended", state="failed", reason=str(error) or type(error).__name__)
        tracker.finish_sweep("failed", reason=str(error) or type(error).__name__)
        raise
    doing("writing the report")
    sound = sound_of(prepared, workspace)
    page = write_report(tracker.uri, workspace.sweep_id, workspace.folder / "report", sound=sound)
    done()
    voice.console.print(f"Report:    {relative(page)}", soft_wrap=True, markup=False)
    voice.last(f"Report: {relative(page)}")
    voice.tell("ended", state="finished", reason="", report=str(page))


def conclude(
    prepared: Prepared,
    workspace: Workspace,
    tracker: Tracker,
    voice: Voice,
    ray: EarlyRay,
    started: float,
    notifier: Notifier,
    place: Place,
) -> None:
    """Every round and the verdict."""
    from analysis.verdict.wording import as_record, sentence
    from sweeps.judgement import judge, labelled
    from sweeps.rounds import run_round
    from sweeps.stage.run import Session
    from sweeps.summary import print_summary

    console = voice.console
    done()
    build_miniatures(prepared)
    doing("starting Ray's workers")
    url, browse = ray.session().dashboard_url, to_copy("sweeps.browse", relative(workspace.results))
    done()
    also = f"Ray's dashboard {url}, or " if url else ""  # the command last, so that it is easily taken
    console.print(f"Watch:     {also}{browse}", soft_wrap=True, markup=False)
    disk, others = limits_of(prepared, workspace, tracker, place, started)
    session = Session(
        workspace,
        prepared.profile,
        tracker,
        console,
        overseers=[disk, *others],
        events=voice.events,
        observers=[notifier, place],
        disk_bytes=lambda: disk.used_bytes,
        flush=place.flush,
    )
    steering = Steering(workspace, tracker, console)
    outcomes = [
        run_round(part, replace(session, workspace=replace(workspace, outer_fold=fold)), steering)
        for fold, part in rounds_of(prepared)
    ]
    ray.end()
    if left_over := tracker.runs.drop_unclaimed():
        console.print(f"{left_over} runs that the journal lost were taken out of MLflow", style="yellow")
    doing("judging the answers to the test clips")
    found = labelled(judge(prepared, tracker, look=workspace.look), prepared, outcomes)
    seconds = seconds_before(workspace) + time.monotonic() - started
    trials = float(sum(len(outcome.explored) for outcome in outcomes))
    (workspace.folder / VERDICT).write_text(json.dumps(as_record(found), indent=1), encoding="utf-8")
    tracker.finish_sweep(verdict=as_record(found), metrics={"sweep/seconds": seconds, "sweep/trials": trials})
    done()
    print_summary(console, prepared, workspace, tracker, outcomes, found, seconds)
    voice.last(sentence(found))
    voice.tell("verdict", sentence=sentence(found), winner=found.winner, best=found.best, seconds=round(seconds, 1))
