"""A task is one file and one line of the registry: from these two come the keys of a sweep file and the splits."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import soundfile

from sweeps.config.scalar_types import Name, Number, Text
from sweeps.config.task_options import kind_of, options_table
from trainables.tasks.options import Option, option

TEMPO = """
from dataclasses import dataclass, replace
from typing import ClassVar

from trainables.records import Answers
from trainables.tasks.options import option


@dataclass(frozen=True)
class Tempo:
    unit: str = option("What is counted.", choices=("beats", "bars"))
    slowest: float = option("Left out below.", default=0.0, minimum=0)
    fastest: float | None = option("Left to the data.", default=None, above=0)

    kind: ClassVar[str] = "tempo"
    column: ClassVar[str] = "text"
    stratified: ClassVar[bool] = False
    soft_targets: ClassVar[bool] = False
    metrics: ClassVar[tuple[str, ...]] = ("octave_rate", "error_bpm")
    lower_is_better: ClassVar[tuple[str, ...]] = ("error_bpm",)
    answers_untuned: ClassVar[bool] = False

    def check_target(self, value):
        return None if value.isdigit() else f"text {value!r} is no tempo"

    def completed(self, targets, training):
        return replace(self, fastest=float(max(map(int, targets))))

    def usable_seconds(self, window_seconds):
        return 0.5, window_seconds

    def answers(self, targets, outputs):
        return Answers(list(targets), list(outputs))

    def score(self, predictions):
        return {"octave_rate": 0.0, "error_bpm": 0.0}
"""

SWEEP = """
name: tempo
backbone: ast
task: {kind: tempo, unit: beats}
data: {source: clips.csv, splits: {validation: 0.25, test: 0.25}}
search: {model_size: base, learning_rate: {log_uniform: [1.0e-5, 1.0e-3]}}
objective: {metric: val/error_bpm}
trials: 2
baseline: {learning_rate: 1.0e-4}
"""

READING = """
import sys
from pathlib import Path
from trainables import registry
registry.TASKS["tempo"] = "tempo:Tempo"
from sweeps.config.load import load_sweep, parse_sweep
from sweeps.config.rules import natural_mode
from sweeps.plan.data import complete_task, read_clips, split_examples
from trainables.errors import InputError
spec = load_sweep("sweep.yaml")
assert natural_mode("val/error_bpm") == "min" and natural_mode("val/octave_rate") == "max"
assert spec.mode == "min"
task = registry.task(spec.task_kind, dict(spec.task_options))
clips = read_clips(spec, spec.data.source, task, 10.0)
splits = split_examples(spec, task, clips.examples)
spec, task = complete_task(spec, task, clips.examples, splits)
assert [(row.where, row.problem) for row in clips.account.left_out] == [
    ("0.wav", "is shorter than 0.5 s, which the task does not take.")
]
print(len(clips.examples), clips.left_out, sorted(set(splits.values())), spec.task_options)
text = Path("sweep.yaml").read_text()
mixup = "trials: 2\\naugment: {mixup_alpha: 0.2}"
for old, new in {"unit: beats": "unit: hours", "val/error_bpm": "val/wer", "trials: 2": mixup}.items():
    try:
        parse_sweep(text.replace(old, new), (), name="sweep.yaml")
    except InputError as error:
        print(error.problems[0])
assert "torch" not in sys.modules
"""


@pytest.fixture
def tempo_sweep(tmp_path: Path) -> Path:
    (tmp_path / "tempo.py").write_text(TEMPO)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    rows = ["audio,text,group"]
    for index in range(12):
        soundfile.write(tmp_path / f"{index}.wav", [0.1 + index / 100] * (8000 if index else 800), 8000)
        rows.append(f"{index}.wav,{60 + index},{index}")
    (tmp_path / "clips.csv").write_text("\n".join(rows))
    return tmp_path


def test_a_made_up_task_is_read_checked_and_split(tempo_sweep: Path) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", READING],
        cwd=tempo_sweep,
        env={"PYTHONPATH": f"{root}:{tempo_sweep}", "PATH": "", "AUDIO_SWEEPS_CACHE": str(tempo_sweep / "cache")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found, wrong_choice, wrong_metric, no_mixup = done.stdout.splitlines()
    options = {"unit": "beats", "slowest": 0.0, "fastest": 71.0}
    assert found == f"11 1 ['test', 'train', 'validation'] {options}"  # one clip is shorter than half a second
    assert "task.unit" in wrong_choice
    assert "tempo does not give val/wer" in wrong_metric
    assert "mixes targets, which tempo cannot" in no_mixup


def test_a_field_becomes_a_key() -> None:
    @dataclass(frozen=True)
    class Made:
        names: tuple[str, ...] = option("Given.", at_least=3, pattern="[a-z]+", rule="a small word")
        share: float | None = option("Left out.", default=None, above=0)

    table = options_table(Made)
    assert {name: (field.help, field.required) for name, field in table.fields.items()} == {
        "names": ("Given.", True),
        "share": ("Left out.", False),
    }
    schema = table.json_schema()["properties"]
    assert schema["names"]["minItems"] == 3
    assert schema["share"]["exclusiveMinimum"] == 0


def test_an_annotation_says_the_kind() -> None:
    assert kind_of(str, Option("")) == Text()
    assert kind_of(str, Option("", choices=("a", "b"))) == Name(("a", "b"))
    assert kind_of(int, Option("", minimum=1)) == Number(minimum=1, whole=True)
    with pytest.raises(TypeError, match="dict"):
        kind_of(dict, Option(""))
