"""A stage on a real Ray Tune, its trials a counter: what holds it back, what goes wrong in it, and that it goes on."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.confirm import Listed
from sweeps.stage.failures import DIED, HUNG, STREAK
from sweeps.stage.holds import Hold, Order, Overseer
from sweeps.state.assignment import confirming
from sweeps.state.journal import Journal
from sweeps.state.progress import StageProgress, TrialProgress
from trainables.config import TrialConfig
from trainables.errors import SweepFailed, SweepStopped
from trainables.process.watchdog import HANG_FILE, Watchdog
from trainables.training.faults import BAD_INPUT, DISK_FULL, DIVERGED

EPOCHS = 3
KNOBS = "knobs.json"
CONFIG = TrialConfig(backbone="none", model_size="none")
PROFILE: Any = SimpleNamespace(concurrency=2, trial_resources={"CPU": 1.0}, worker_environment={})


@pytest.fixture(scope="module", autouse=True)
def on_ray() -> Iterator[None]:
    """One Ray for all tests; workers get the trials of this file by value, they cannot import it."""
    from sweeps.stage.ray_session import QUIET_ENVIRONMENT

    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUIET_ENVIRONMENT.items():
            patch.setenv(name, value)
        import ray
        from ray import cloudpickle

        module = sys.modules[__name__]
        cloudpickle.register_pickle_by_value(module)
        for attempt in range(4):
            try:
                ray.init(
                    address="local",
                    num_cpus=2,
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level="ERROR",
                    runtime_env={"env_vars": {"SWEEP_HANG_SECONDS": "1"}},
                )
                break
            except Exception:  # on a busy machine Ray gives itself up after 30 seconds
                ray.shutdown()
                if attempt == 3:
                    raise
        yield
        ray.shutdown()
        cloudpickle.unregister_pickle_by_value(module)


@pytest.fixture(autouse=True)
def counters(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray import tune

    import sweeps.worker.tune_trial

    class CountingTrial(tune.Trainable):
        """Counts epochs in its folder; KNOBS says how many, how many seconds one takes and what goes wrong."""

        def setup(self, config: dict[str, Any], job: Any) -> None:
            self.reset_config(config)

        def reset_config(self, config: dict[str, Any]) -> bool:
            self.folder = Path(config["folder"])
            self.knobs = json.loads((self.folder.parent / KNOBS).read_text())[self.folder.name]
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.knobs.get("fault") == "dies between" and not (self.folder / "fault-done").exists():
                (self.folder / "fault-done").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return True

        def step(self) -> dict[str, Any]:
            path = self.folder / "epoch.json"
            epoch = 1 + (json.loads(path.read_text()) if path.exists() else 0)
            time.sleep(self.knobs.get("seconds", 0.0))
            if failure := self.misbehave(epoch):
                return {"done": True, "failure": failure}
            path.write_text(json.dumps(epoch))
            planned = self.knobs.get("epochs", EPOCHS)
            report = {"epoch": epoch, "planned_epochs": planned, "done": epoch == planned}
            return {"report": report, "epoch": epoch, "done": epoch == planned}

        def misbehave(self, epoch: int) -> dict[str, str] | None:
            """Does what the knob `fault` says in the second epoch; with `once`, only the first time."""
            done, fault = self.folder / "fault-done", self.knobs.get("fault")
            mended = self.folder.parent / "mended"
            if fault is None or epoch != 2 or mended.exists() or (self.knobs.get("once") and done.exists()):
                return None
            done.touch()
            if fault == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            if fault == "raises":
                raise ZeroDivisionError("a bug of the model")
            if fault == "hangs":
                dog = Watchdog()
                dog.start(self.folder / HANG_FILE)
                time.sleep(1.1)
                dog.beat()
                time.sleep(600)
            return {"kind": fault, "reason": f"{fault} indeed", "traceback": "Traceback ..."}

        def save_checkpoint(self, checkpoint_dir: str) -> None: ...

    monkeypatch.setattr(sweeps.worker.tune_trial, "SweepTrial", CountingTrial)


JOB: Any = SimpleNamespace(trials_together=1)  # the rest of it is for real trials


class Heard:
    """Notes what observers are told."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, str]] = []

    def started(self, trial: TrialProgress) -> None: ...

    def reported(self, trial: TrialProgress) -> None: ...

    def retried(self, trial: TrialProgress) -> None: ...

    def ended(self, trial: TrialProgress) -> None:
        self.ends.append((trial.name, trial.status))


class When:
    """Orders `hold` while `condition` holds."""

    def __init__(self, hold: Hold, condition: Any) -> None:
        self.hold, self.condition = hold, condition
        self.asked_while_held = 0

    def order(self) -> Order:
        if not self.condition():
            return Order()
        self.asked_while_held += 1
        return Order(self.hold, "enough for today")


class Stops:
    """Somebody who stops two trials once each has trained an epoch."""

    progress: StageProgress

    def order(self) -> Order:
        for trial in self.progress.unfinished:
            if trial.name in ("t0", "t1") and trial.results and not trial.stopping:
                self.progress.stop(trial.name)
        return Order()


def run(folder: Path, trials: Mapping[str, Mapping[str, Any]], *overseers: Overseer) -> tuple[StageProgress, Heard]:
    """What is left of a stage with these trials; the progress is readable whether or not it ends in good order."""
    from sweeps.stage.run import train_all

    progress, heard = StageProgress(folder, load_sweep("qwen_lora")), Heard()
    (folder / KNOBS).write_text(json.dumps(dict(trials)))
    for overseer in overseers:
        if isinstance(overseer, Stops):
            overseer.progress = progress
    runs = [confirming(name, "finalist", CONFIG, None) for name in trials]
    try:
        train_all(
            JOB,
            progress,
            Listed(runs, progress),
            profile=PROFILE,
            observers=[heard],
            overseers=overseers,
        )
    finally:
        progress.close()
    return progress, heard


def epochs_trained(folder: Path) -> dict[str, int]:
    return {path.parent.name: json.loads(path.read_text()) for path in folder.glob("*/epoch.json")}


def test_an_ended_stage_lets_running_epochs_end_and_goes_on_from_them(tmp_path: Path) -> None:
    trials = {f"t{index}": {"seconds": 0.7} for index in range(4)}
    enough = When(Hold.END, lambda: sum(epochs_trained(tmp_path).values()) >= 2)
    with pytest.raises(SweepStopped, match="enough for today"):
        run(tmp_path, trials, enough)
    cut_off = StageProgress(tmp_path)
    trained = epochs_trained(tmp_path)
    assert {trial.name: trial.last["epoch"] for trial in cut_off.trials.values()} == trained
    assert 2 <= sum(trained.values()) < 4 * EPOCHS
    assert not all(event.get("last") for event in cut_off.events if event["event"] == "result")
    cut_off.close()

    progress, heard = run(tmp_path, trials)
    assert epochs_trained(tmp_path) == dict.fromkeys(trials, EPOCHS)  # none was trained twice
    assert {trial.status for trial in progress.trials.values()} == {"completed"}
    assert len(heard.ends) == len(set(heard.ends)) == sum(trained.get(name, 0) < EPOCHS for name in trials)


def test_a_paused_stage_rests_and_goes_on_by_itself(tmp_path: Path) -> None:
    paused_from: list[float] = []

    def resting() -> bool:
        if not paused_from and sum(epochs_trained(tmp_path).values()) >= 2:
            paused_from.append(time.monotonic())
        return bool(paused_from) and time.monotonic() - paused_from[0] < 4.0

    pause = When(Hold.PAUSE, resting)
    progress, heard = run(tmp_path, {f"t{index}": {"seconds": 0.3} for index in range(3)}, pause)
    assert pause.asked_while_held >= 2
    assert epochs_trained(tmp_path) == {f"t{index}": EPOCHS for index in range(3)}
    assert sorted(heard.ends) == [(f"t{index}", "completed") for index in range(3)]
    assert progress.unfinished == []


def test_a_finishing_stage_begins_nothing_and_lets_trials_complete(tmp_path: Path) -> None:
    no_more = When(Hold.FINISH, lambda: len(epochs_trained(tmp_path)) >= 2)
    progress, heard = run(tmp_path, {f"t{index}": {"seconds": 0.6} for index in range(6)}, no_more)
    assert 2 <= len(progress.trials) < 6
    assert sorted(heard.ends) == [(name, "completed") for name in sorted(progress.trials)]


def test_a_stopped_trial_ends_after_its_epoch_and_the_others_go_on(tmp_path: Path) -> None:
    endless = {"seconds": 0.3, "epochs": 1000}  # whoever stops them cannot come too late
    progress, heard = run(tmp_path, {"t0": endless, "t1": endless, "t2": {}}, Stops())
    statuses = {name: trial.status for name, trial in progress.trials.items()}
    assert statuses == {"t0": "stopped", "t1": "stopped", "t2": "completed"}
    assert all(1 <= len(progress.trials[name].results) < 1000 for name in ("t0", "t1"))
    assert sorted(heard.ends) == sorted(statuses.items())


def test_an_order_that_stands_at_the_start_begins_nothing(tmp_path: Path) -> None:
    with pytest.raises(SweepStopped, match="enough"):
        run(tmp_path, {"t0": {}}, When(Hold.END, lambda: True))
    assert not epochs_trained(tmp_path)


def test_one_trial_after_the_other_goes_wrong_and_the_stage_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeps.stage.tune_experiment.MOST_RETRIES", 1)
    trials = {
        "sound": {},
        "dies": {"fault": "dies", "once": True},
        "hangs": {"fault": "hangs", "once": True},
        "diverges": {"fault": DIVERGED},
        "raises": {"fault": "raises"},
    }
    progress, heard = run(tmp_path, trials)
    assert {name: trial.status for name, trial in progress.trials.items()} == {
        "sound": "completed",
        "dies": "completed",
        "hangs": "completed",
        "diverges": "failed",
        "raises": "failed",
    }
    assert sorted(heard.ends) == sorted((name, trial.status) for name, trial in progress.trials.items())
    assert epochs_trained(tmp_path) == {"sound": 3, "dies": 3, "hangs": 3, "diverges": 1, "raises": 1}
    retried = {event["trial"]: event["kind"] for event in progress.events if event["event"] == "retried"}
    assert retried == {"dies": DIED, "hangs": HUNG, "raises": "ZeroDivisionError"}  # what diverges is not tried again
    assert progress.trials["dies"].mended == ["epoch 2: the worker process died"]
    assert "test_run.py, line" in progress.trials["hangs"].mended[0]
    assert progress.trials["diverges"].reason == "diverged indeed"
    assert progress.trials["raises"].reason == "ZeroDivisionError: a bug of the model"
    assert "misbehave" in (tmp_path / "raises" / "error.txt").read_text()


def test_a_worker_that_dies_between_two_trials_is_counted_once(tmp_path: Path) -> None:
    """Tune counts it twice against the trial that was to come."""
    trials: dict[str, Any] = {"t0": {}, "t1": {}, "next": {"fault": "dies between"}, "t2": {}}
    progress, heard = run(tmp_path, trials)
    assert {trial.status for trial in progress.trials.values()} == {"completed"}
    assert sorted(name for name, _ in heard.ends) == sorted(trials)
    assert [event["trial"] for event in progress.events if event["event"] == "retried"] == ["next"]
    assert progress.trials["next"].mended == ["epoch 1: the worker process died"]


def test_equal_failures_in_a_row_stop_the_stage_and_are_tried_again(tmp_path: Path) -> None:
    trials = {f"t{index}": {"fault": BAD_INPUT} for index in range(STREAK + 3)}
    with pytest.raises(SweepFailed, match=rf"{STREAK} trials one after the other .*\(bad input\).*bad input indeed"):
        run(tmp_path, trials)
    begun = len(list(tmp_path.glob("t*/fault-done")))
    assert STREAK <= begun < STREAK + 3

    (tmp_path / "mended").touch()
    progress, heard = run(tmp_path, trials)
    assert {trial.status for trial in progress.trials.values()} == {"completed"}
    assert sorted(name for name, _ in heard.ends) == sorted(trials)
    assert progress.trials["t0"].mended == ["epoch 2: bad input indeed"]


def test_a_full_disk_ends_the_stage_whoever_meets_it_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SweepStopped, match=r"disk is full .*free some space"):
        run(tmp_path / "worker", {"t0": {"fault": DISK_FULL}})

    write = Journal.write

    def full(journal: Journal, **event: Any) -> None:
        if event["event"] == "result" and event["result"]["epoch"] == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(journal, **event)

    monkeypatch.setattr(Journal, "write", full)
    with pytest.raises(SweepStopped, match="disk is full"):
        run(tmp_path / "driver", {"t0": {}})
    monkeypatch.undo()

    for side in ("worker", "driver"):
        progress = StageProgress(tmp_path / side)
        assert [(trial.status, trial.last["epoch"]) for trial in progress.trials.values()] == [("running", 1)]
        progress.close()
