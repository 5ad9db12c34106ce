"""A sweep for programs: what is written, and that every line is JSON by itself."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

from sweeps.config.load import load_sweep
from sweeps.config.resolve import baseline_config
from sweeps.stage.events import Events, StageEvents
from sweeps.stage.voice import Voice
from sweeps.state.assignment import confirming
from sweeps.state.progress import StageProgress

DOCS = Path(__file__).parents[3] / "docs" / "events.md"
SAMPLE = {"model_size": "3b", "quantization": "none", "rank": 8, "alpha_ratio": 1, "target_modules": "attention",
          "learning_rate": 2e-4}  # fmt: skip


def test_a_trial_from_its_start_to_its_end(tmp_path: Path) -> None:
    written, progress = StringIO(), StageProgress(tmp_path, load_sweep("qwen_lora"))
    observer = StageEvents(Events(written), "explore")
    trial = progress.asked("trial_00003", SAMPLE)
    observer.started(trial)
    for epoch, value in ((1, 0.75), (2, float("nan"))):
        result = {"epoch": epoch, "planned_epochs": 3, "value": value, "value_se": None, "objective": value}
        progress.result("trial_00003", result, last=epoch == 2)
        observer.reported(trial)
    observer.ended(trial)
    started, first, second, ended = map(json.loads, written.getvalue().splitlines())
    assert started["values"]["rank"] == 8
    assert started["event"] == "trial_started"
    assert {name: first[name] for name in ("event", "stage", "trial", "epoch", "planned_epochs", "value")} == {
        "event": "epoch", "stage": "explore", "trial": "trial_00003", "epoch": 1, "planned_epochs": 3, "value": 0.75,
    }  # fmt: skip
    assert second["value"] is None  # JSON has no NaN
    assert (ended["event"], ended["status"], ended["epoch"]) == ("trial_ended", "pruned", 2)


def test_stage_2_says_arm_and_seed(tmp_path: Path) -> None:
    spec, written = load_sweep("qwen_lora"), StringIO()
    run = confirming("baseline", "baseline", baseline_config(spec), 7)
    progress = StageProgress(tmp_path, spec)
    StageEvents(Events(written), "confirm").started(progress.asked(run.name, run.given))
    event = json.loads(written.getvalue())
    assert (event["arm"], event["seed"], event["trial"]) == ("baseline", 7, "baseline-seed-7")


def test_a_voice_for_a_program_shows_a_person_nothing(capsys: object) -> None:
    voice = Voice.of(events=True)
    voice.console.print("a table")
    voice.last("the verdict")
    voice.tell("verdict", winner=None)
    assert capsys.readouterr().out.count("\n") == 1  # type: ignore[attr-defined]


def test_a_quiet_voice_says_the_last_words_alone(capsys: object) -> None:
    voice = Voice.of(quiet=True)
    voice.console.print("a table")
    voice.tell("verdict", winner=None)
    voice.last("the verdict")
    assert capsys.readouterr().out == "the verdict\n"  # type: ignore[attr-defined]


def test_every_event_is_documented() -> None:
    """The names that the source writes, and those that the page lists, are the same."""
    root = Path(__file__).parents[3] / "sweeps"
    text = "".join(
        (root / name).read_text() for name in ("sweep.py", "confirm/stage.py", "stage/events.py", "stage/run.py")
    )
    import re

    written = set(re.findall(r'(?:\.tell|\.write|_write)\(\s*"([a-z_]+)"', text))
    listed = set(re.findall(r"^\| `([a-z_]+)` \|", DOCS.read_text(), re.MULTILINE))
    assert written == listed
    assert len(written) == 9
