"""A real sweep, steered from a second process: what is asked happens, is answered, and is in the record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SWEEP = """\
name: tones
backbone: qwen2_audio
task: {kind: label_scoring, labels: [HUM, HISS], prompt: "Is this a hum or a hiss? Answer HUM or HISS."}
data: {source: clips.csv, splits: {validation: 0.25, test: 0.25}}
search:
  model_size: 7b
  rank: {choice: [4, 8]}
  learning_rate: {log_uniform: [1.0e-3, 1.0e-2]}
train: {epochs: 4, batch_size: 4}
asha: {grace_epochs: 4}
objective: {metric: val/accuracy}
trials: 8
seeds: {explore: [42], confirm: [1, 2]}
finalists: 1
baseline: {rank: 4, learning_rate: 2.0e-3}
"""
ENVIRONMENT = {**os.environ, "AUDIO_SWEEPS_MINIATURE": "test", "OMP_NUM_THREADS": "1"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    rng = np.random.default_rng(0)
    lines = ["audio,label,group"]
    for index in range(96):
        label = "HUM" if index % 2 else "HISS"
        sound = rng.standard_normal(8000) if label == "HISS" else np.sin(np.arange(8000) / 8 + index)
        soundfile.write(tmp_path / f"clip-{index:02}.wav", 0.1 * sound, 16_000)
        lines.append(f"clip-{index:02}.wav,{label},group-{index // 2:02}-{label}")
    (tmp_path / "clips.csv").write_text("\n".join(lines))
    (tmp_path / "tones.yaml").write_text(SWEEP)
    with (tmp_path / "log.txt").open("w") as log:
        command = [sys.executable, "-m", "sweeps.run", "tones.yaml", "profile=cpu"]
        driver = subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stdout=log, stderr=log, text=True)
        try:
            yield tmp_path, driver
        finally:
            driver.kill()
            driver.wait()


def control(folder: Path, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "sweeps.control", "tones", *words]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def status(folder: Path) -> dict[str, Any]:
    code, text = control(folder, "status", "--json")
    return json.loads(text) if code == 0 else {"stages": [], "state": text}


def wait_for(
    folder: Path, driver: subprocess.Popen[str], condition: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    while True:
        found = status(folder)
        if condition(found):
            return found
        assert driver.poll() is None, (folder / "log.txt").read_text()[-3000:]
        time.sleep(1.0)


def trials(found: dict[str, Any], stage: int = 0) -> dict[str, dict[str, Any]]:
    return {trial["trial"]: trial for trial in found["stages"][stage]["trials"]} if found["stages"] else {}


def test_a_running_sweep_obeys(running: tuple[Path, subprocess.Popen[str]]) -> None:
    folder, driver = running
    wait_for(folder, driver, lambda found: any(trial["epoch"] for trial in trials(found).values()))
    assert control(folder, "clone", "0", "learning_rate=5e-3")[0] == 0
    code, text = control(folder, "clone", "0", "rank=5", "epochs=9")
    assert (code, "outside of choice" in text, "no open axis" in text) == (2, True, True)
    begun = [name for name, trial in trials(status(folder)).items() if trial["status"] == "running"]
    assert control(folder, "stop", begun[-1])[0] == 0
    wait_for(folder, driver, lambda found: trials(found)[begun[-1]]["status"] == "stopped")

    assert control(folder, "pause")[0] == 0
    time.sleep(20)
    rest = [trial["epoch"] for trial in trials(status(folder)).values()]
    time.sleep(20)
    paused = status(folder)
    assert (paused["state"], [trial["epoch"] for trial in trials(paused).values()]) == ("paused", rest)
    assert control(folder, "resume")[0] == 0
    wait_for(folder, driver, lambda found: len(trials(found)) >= 4)
    assert control(folder, "finish")[0] == 0
    wait_for(folder, driver, lambda found: len(found["stages"]) == 2)
    assert control(folder, "stop", "0")[0] == 2
    assert driver.wait(timeout=1200) == 0, (folder / "log.txt").read_text()[-3000:]
    assert control(folder, "pause") == (2, f"error: {status(folder)['sweep_id']} is over: there is nothing to pause.\n")

    from analysis.record.reader import read_sweep

    record = read_sweep(f"sqlite:///{folder / 'results' / 'mlflow.db'}", "tones")
    steered = [entry["command"] for entry in json.loads(record.parent.data.tags["sweep.control"])]
    assert steered == ["clone", "stop", "pause", "resume", "finish"]
    explored = record.runs[record.runs["tags.sweep.stage"] == "explore"].set_index("tags.sweep.trial_id")
    assert 4 <= len(explored) < 8
    assert explored.loc[begun[-1], "tags.sweep.status"] == "stopped"
    assert "5e-03" in " ".join(f"{float(rate):.0e}" for rate in explored["params.learning_rate"])
    for path in (folder / "results").rglob("*"):
        assert not path.stat().st_mode & 0o077, path
