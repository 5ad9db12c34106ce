"""`cluster/slurm.sh` as it is, on one machine: a stand-in for Slurm, and a real head and worker of Ray."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

SCRIPT = Path(__file__).parents[1] / "cluster" / "slurm.sh"
JOB = str(3_000_000 + os.getpid())
SRUN = """#!/usr/bin/env bash
echo "srun $*" >> "$FAKE_LOG"
while [ "${1#--}" != "$1" ]; do shift; done
if [ "$1" = hostname ]; then echo 127.0.0.1; exit; fi
exec "$@"
"""
SCONTROL = """#!/usr/bin/env bash
[ "$1 $2 $3" = "show hostnames node[1-2]" ] && printf 'node1\\nnode2\\n'
"""
PYTHON = """#!/usr/bin/env bash
echo "driver $* at $RAY_ADDRESS" >> "$FAKE_LOG"
trap 'echo interrupted >> "$FAKE_LOG"; exit 130' INT
"$SWEEP_BIN/ray" status --address="$RAY_ADDRESS" >> "$FAKE_LOG" 2>&1
cp "$RAY_AUTH_TOKEN_PATH" "$FAKE_LOG.token"; stat -c %a "$RAY_AUTH_TOKEN_PATH" >> "$FAKE_LOG"
RAY_AUTH_TOKEN_PATH=/dev/null RAY_AUTH_TOKEN=wrong "$SWEEP_BIN/ray" status --address="$RAY_ADDRESS" > /dev/null 2>&1 \\
  && echo "another token was taken" >> "$FAKE_LOG"
echo looked >> "$FAKE_LOG"
while [ -n "$FAKE_WAITS" ]; do sleep 0.1; done
exit 3
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a job of two nodes, with programs of a site that has Slurm."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "venv").mkdir()
    for path, text in (("bin/srun", SRUN), ("bin/scontrol", SCONTROL), ("venv/python", PYTHON)):
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o700)
    (tmp_path / "venv" / "ray").symlink_to(Path(sys.executable).parent / "ray")
    yield {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "SLURM_JOB_ID": JOB,
        "SLURM_JOB_NUM_NODES": "2",
        "SLURM_JOB_NODELIST": "node[1-2]",
        "SLURM_SUBMIT_DIR": str(tmp_path),
        "SWEEP_BIN": str(tmp_path / "venv"),
        "SWEEP_RAY_OPTIONS": "--num-cpus=1 --object-store-memory=80000000",
        "FAKE_LOG": str(tmp_path / "log"),
        "FAKE_WAITS": "",
    }
    for process in psutil.Process().children(recursive=True):  # of a test that failed half-way
        with suppress(psutil.Error):
            if process.environ().get("SLURM_JOB_ID") == JOB:
                process.kill()
    shutil.rmtree(f"/tmp/ray-{JOB}", ignore_errors=True)


def start(site: dict[str, str], *words: str) -> subprocess.Popen[str]:
    Path(site["HOME"]).mkdir(exist_ok=True)
    how = {"env": site, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen([str(SCRIPT), *words], start_new_session=True, **how)  # type: ignore[call-overload,no-any-return]


def left_over() -> list[int]:
    """Processes of this job's Ray that are still there."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if f"/tmp/ray-{JOB}" in " ".join(process.info["cmdline"] or []):
            found.append(process.pid)
    return found


@pytest.mark.timeout(400)
def test_head_and_worker_start_and_the_driver_reaches_both(site: dict[str, str]) -> None:
    site["FAKE_WAITS"] = "yes"
    process = start(site, "sweep.yaml", "results=/a folder")
    log = Path(site["FAKE_LOG"])
    until = time.monotonic() + 300
    while not (log.is_file() and "looked" in log.read_text()):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)  # as Slurm does before the time is up
    out, _ = process.communicate(timeout=60)
    text = log.read_text()
    assert (process.returncode, "interrupted" in text) == (130, True), out
    port = 20_000 + int(JOB) % 4_000
    assert f"driver -m sweeps.run sweep.yaml results=/a folder at 127.0.0.1:{port}" in text
    assert text.count("\n 1 node_") == 2
    assert "\n600\n" in text
    assert "another token was taken" not in text
    token = Path(f"{log}.token").read_text()
    assert len(token) == 64
    assert token not in text + out
    assert not list(Path(site["HOME"]).rglob("*.token"))
    until = time.monotonic() + 60
    while left_over():
        assert time.monotonic() < until, left_over()
        time.sleep(0.5)


def test_it_says_what_is_missing_before_it_starts_anything(site: dict[str, str]) -> None:
    without = start({name: value for name, value in site.items() if name != "SLURM_JOB_ID"}, "sweep.yaml")
    assert "start it with sbatch" in without.communicate(timeout=60)[0]
    nothing = start(site)
    assert "no sweep file was given" in nothing.communicate(timeout=60)[0]
    gpus = start({**site, "SLURM_GPUS_ON_NODE": "4"}, "sweep.yaml")
    assert "SWEEP_GPU_GIB" in gpus.communicate(timeout=60)[0]
    assert (without.returncode, nothing.returncode) == (2, 2)
    assert gpus.returncode != 0
    assert not Path(site["FAKE_LOG"]).exists()


def test_bash_reads_it_and_it_can_be_started() -> None:
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)
    assert SCRIPT.stat().st_mode & stat.S_IXUSR
    directives = [line for line in SCRIPT.read_text().splitlines() if line.startswith("#SBATCH")]
    body = SCRIPT.read_text().partition("\nset -euo pipefail")
    assert len(directives) == 8
    assert "#SBATCH" not in body[2], "Slurm reads none after the first command"
