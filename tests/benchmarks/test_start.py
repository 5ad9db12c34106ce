"""What a command takes to begin, on checkouts whose sweep only writes what the benchmark looks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import start

# a plan after 0.2 s; else a first epoch recorded after 1 s, of which SECONDS were batches; then it waits for Ctrl-C
COMMAND = """\
import json, os, pathlib, signal, sys, time, zlib
if sys.argv[-1] == "--plan":
    time.sleep(0.2)
    print("a plan")
    sys.exit()
assert "RAY_ADDRESS" not in os.environ
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it
time.sleep(1)
folder = pathlib.Path(sys.argv[-1].partition("=")[2]) / "sweep" / "explore"
folder.mkdir(parents=True)
with (folder / "journal.jsonl").open("w") as file:
    for event in ({"event": "asked"}, {"event": "result", "result": {"computed_seconds": SECONDS}}):
        text = json.dumps(event)
        file.write(f"{zlib.crc32(text.encode()):08x} {text}\\n")
try:
    time.sleep(60)
except KeyboardInterrupt:
    pathlib.Path("interrupted").touch()
"""


def checkout(folder: Path, command: str) -> Path:
    (folder / "sweeps").mkdir(parents=True)
    (folder / "sweeps" / "__init__.py").touch()  # else the installed package of this name would be taken
    (folder / "sweeps" / "run.py").write_text(command)
    return folder


def test_both_checkouts_are_measured_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "1.2.3.4:6379")
    monkeypatch.setattr(start, "HERE", checkout(tmp_path / "this", COMMAND.replace("SECONDS", "0.75")))
    other = checkout(tmp_path / "other", COMMAND.replace("SECONDS", "0.25"))
    assert start.main(["--against", str(other), "--repeat", "1", "--json", str(tmp_path / "start.json")]) == 0
    found = json.loads((tmp_path / "start.json").read_text())
    for name, batches in (("this", 0.75), ("other", 0.25)):
        assert len(found[name]["rounds"]) == 1
        assert found[name]["first_epoch_seconds"] > 1
        waited = found[name]["first_epoch_seconds"] - found[name]["first_batch_seconds"]
        assert waited == pytest.approx(batches)
        assert found[name]["plan_seconds"] > 0.2
        assert (tmp_path / name / "interrupted").exists()
    assert found["ratio"]["first_batch_seconds"] > 1
    assert "other / this" in capsys.readouterr().out


def test_a_sweep_that_fails_is_shown(tmp_path: Path) -> None:
    broken = checkout(tmp_path / "broken", "import sys\nsys.exit('no space left')")
    with pytest.raises(SystemExit, match="no space left"):
        start.begun(broken)
    with pytest.raises(SystemExit, match="no space left"):
        start.planned(broken)


def test_what_is_no_checkout_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        start.main(["--against", str(tmp_path)])
    assert "no sweeps/run.py" in capsys.readouterr().err
