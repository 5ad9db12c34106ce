"""A stage on a real Ray Tune, its trials a counter."""

from __future__ import annotations

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
from sweeps.confirm.looks import RunsByLook
from sweeps.stage.holds import Overseer
from sweeps.state.assignment import confirming
from sweeps.state.progress import StageProgress, TrialProgress
from trainables.config import TrialConfig
from trainables.process.watchdog import HANG_FILE, Watchdog

EPOCHS = 3
KNOBS = "knobs.json"
CONFIG = TrialConfig(backbone="none", model_size="none")
PROFILE: Any = SimpleNamespace(concurrency=2, trial_resources={"CPU": 1.0}, worker_environment={})


@pytest.fixture(scope="module")
def on_ray() -> Iterator[None]:
    """One Ray for the tests of a file; workers get the trials of this file by value, they cannot import it."""
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


@pytest.fixture
def counters(on_ray: None, monkeypatch: pytest.MonkeyPatch) -> None:
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
            written = path.with_suffix(".part")
            written.write_text(json.dumps(epoch))
            written.replace(path)  # the test reads it while trials run: whole or not at all
            planned = self.knobs.get("epochs", EPOCHS)
            report = {"epoch": epoch, "planned_epochs": planned, "done": epoch == planned}
            return {"report": report, "epoch": epoch, "done": epoch == planned}

        def misbehave(self, epoch: int) -> dict[str, str] | None:
            """Does what the knob `fault` says in the second epoch; with `once`, only the first time."""
            done, fault = self.folder / "fault-done", self.knobs.get("fault")
            mended = self.folder.parent / "mended"
            if (
                fault in (None, "dies between")
                or epoch != 2
                or mended.exists()
                or (self.knobs.get("once") and done.exists())
            ):
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


@pytest.fixture
def run(counters: None) -> Any:
    """Runs what is left of a stage: `run(folder, trials, *overseers)`; `trials` has the knobs of each."""
    return _run


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


def _never_asked(still: tuple[str, ...], seeds: tuple[int, ...]) -> Any:
    raise AssertionError("a stage that is looked at when it is over decides nothing before")


def _run(folder: Path, trials: Mapping[str, Mapping[str, Any]], *overseers: Overseer) -> tuple[StageProgress, Heard]:
    """What is left of a stage with these trials; the progress is readable whether or not it ends in good order."""
    from sweeps.stage.run import train_all

    progress, heard = StageProgress(folder, load_sweep("qwen_lora")), Heard()
    (folder / KNOBS).write_text(json.dumps(dict(trials)))
    for overseer in overseers:
        if hasattr(overseer, "progress"):
            overseer.progress = progress
    runs = [confirming(name, "finalist", CONFIG, None) for name in trials]
    try:
        train_all(
            JOB,
            progress,
            RunsByLook(runs, (0,), (1,), progress, judge=_never_asked),
            profile=PROFILE,
            observers=[heard],
            overseers=overseers,
        )
    finally:
        progress.close()
    return progress, heard
