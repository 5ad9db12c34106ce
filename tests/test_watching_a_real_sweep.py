"""A real sweep is scraped as Prometheus would, and its hooks hear how it ended."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest
import soundfile

from sweeps.stage.metrics import COUNTERS, GAUGES
from tests.sweeps.stage.test_hooks import SECRET, Server, server

__all__ = ["server"]
pytestmark = pytest.mark.timeout(900)
DASHBOARD = Path(__file__).parents[1] / "cluster" / "grafana_dashboard.json"
EXPORTED = {f"ray_{name}" for name in GAUGES} | {f"ray_{name}_total" for name in COUNTERS}
APPEND = "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read())"
SWEEP = """\
name: tones
backbone: qwen2_audio
task: {kind: label_scoring, labels: [HUM, HISS], prompt: "Is this a hum or a hiss? Answer HUM or HISS."}
data: {source: clips.csv, splits: {validation: 0.25, test: 0.25}}
search: {model_size: 7b, rank: 4, learning_rate: {log_uniform: [1.0e-3, 1.0e-2]}}
train: {epochs: 2, batch_size: 4}
asha: {grace_epochs: 2}
objective: {metric: val/accuracy}
trials: 3
seeds: {explore: [42], confirm: [1, 2]}
finalists: 1
baseline: {learning_rate: 2.0e-3}
notify: {webhook: SWEEP_WEBHOOK, command: SWEEP_COMMAND}
"""


def write_clips(folder: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["audio,label,group"]
    for index in range(48):
        label = "HUM" if index % 2 else "HISS"
        sound = rng.standard_normal(8000) if label == "HISS" else np.sin(np.arange(8000) / 8 + index)
        soundfile.write(folder / f"clip-{index:02}.wav", 0.1 * sound, 16_000)
        lines.append(f"clip-{index:02}.wav,{label},group-{index // 2:02}-{label}")
    (folder / "clips.csv").write_text("\n".join(lines))
    (folder / "tones.yaml").write_text(SWEEP)


def scrape(ray_folder: Path) -> str:
    """What the addresses that Ray names for Prometheus answer; empty before there are any."""
    named = ray_folder / "ray" / "prom_metrics_service_discovery.json"
    try:
        targets = [target for entry in json.loads(named.read_text()) for target in entry["targets"]]
        return "".join(urlopen(f"http://{target}/metrics", timeout=10).read().decode() for target in targets)
    except (OSError, ValueError):
        return ""


@pytest.fixture
def ray_folder() -> Iterator[Path]:
    """Below /tmp: the path of a socket has at most 107 bytes."""
    with TemporaryDirectory(prefix="r", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def test_a_real_sweep_is_scraped_and_tells_its_end(tmp_path: Path, ray_folder: Path, server: Server) -> None:
    write_clips(tmp_path)
    heard = tmp_path / "heard.json"
    environment = {
        **os.environ,
        "AUDIO_SWEEPS_MINIATURE": "test",
        "OMP_NUM_THREADS": "1",
        "RAY_TMPDIR": str(ray_folder),
        "SWEEP_WEBHOOK": f"{server.address}/{SECRET}",
        "SWEEP_COMMAND": f"{sys.executable} -c {json.dumps(APPEND)} {heard}",
        "RAY_metrics_report_interval_ms": "1000",
    }
    with (tmp_path / "log.txt").open("w") as log:
        command = [sys.executable, "-m", "sweeps.run", "tones.yaml", "profile=cpu"]
        how: dict[str, Any] = {"cwd": tmp_path, "env": environment, "stdout": log, "stderr": log}
        driver = subprocess.Popen(command, **how)
        try:
            seen: dict[str, float] = {}
            while driver.poll() is None:
                seen.update(own(scrape(ray_folder)))
                time.sleep(0.5)
        finally:
            driver.kill()
            driver.wait()
    text = (tmp_path / "log.txt").read_text()
    assert driver.returncode == 0, text[-3000:]
    names = {re.sub(r"\{.*", "", series) for series in seen}
    assert EXPORTED - names <= {"ray_sweep_retries_total"}, "no worker was lost; all else was there"
    by_stage = {series: value for series, value in seen.items() if 'stage="explore"' in series}
    assert value_of(by_stage, "ray_sweep_trials_planned") == 3
    assert 1 <= value_of(by_stage, "ray_sweep_epochs_total") <= 6
    assert value_of(by_stage, "ray_sweep_clips_total") % 24 == 0
    assert 0 <= value_of(by_stage, "ray_sweep_best_value") <= 1
    assert value_of(by_stage, "ray_sweep_disk_bytes") > 10_000

    ((path, _, body),) = server.got
    told = json.loads(body)
    assert (path, told["state"]) == (f"/{SECRET}", "finished")
    assert json.loads(heard.read_text()) == told
    assert told["verdict"] in text.replace("\n", " ")
    assert Path(told["report"]).is_file()
    left = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert not [path for path in (*left, tmp_path / "log.txt") if SECRET.encode() in path.read_bytes()]


def own(text: str) -> dict[str, float]:
    """This project's series: name and labels -> value."""
    lines = [line for line in text.splitlines() if line.startswith("ray_sweep_")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def value_of(series: dict[str, float], name: str) -> float:
    return max(value for key, value in series.items() if key.startswith(f"{name}{{"))


def test_every_panel_of_the_dashboard_asks_for_a_metric_that_is_exported() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = {name for query in queries for name in re.findall(r"\bray_\w+", query)}
    assert len(dashboard["panels"]) >= 8
    assert asked == EXPORTED
    (variable,) = [entry for entry in dashboard["templating"]["list"] if entry["type"] == "query"]
    assert set(re.findall(r"\bray_\w+", variable["query"])) <= EXPORTED
    ids = [panel["id"] for panel in dashboard["panels"]]
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    assert len(set(ids)) == len(set(places)) == len(ids)
