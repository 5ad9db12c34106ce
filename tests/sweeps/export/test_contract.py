"""Every backbone and task: exported, read again here and, without this package, in another process, alike."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweeps.export.exported import Exported
from sweeps.export.request import Request
from sweeps.export.write import export
from sweeps.predict.model import Model
from sweeps.predict.tuned import find_tuned
from sweeps.state.workspace import Workspace
from trainables import registry
from trainables.data.sound.store import SplitStore
from trainables.records import Predictions

pytestmark = pytest.mark.timeout(3000)  # some thirty pairs, twice exported, beside other tests

PAIRS = [
    (name, kind)
    for name in registry.BACKBONES
    if registry.backbone(name).MINIATURE_SIZES
    for kind in registry.backbone(name).TASKS
    if kind != "answering"  # a question of its own for each clip, which the card's code is given: below
]
OWN = ("beats", "efficientat")  # networks that transformers does not have
ALONE = """
import json, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("sweeps", "trainables", "analysis"):
            raise ImportError(name + " is not here")
sys.meta_path.insert(0, Refuse())
import numpy as np
found = {}
for name, folder, code, clips in json.load(open(sys.argv[1])):
    scope = {"FOLDER": folder}
    exec(code, scope)
    found[name] = [scope["answer"](np.load(clip)) for clip in clips]
json.dump(found, open(sys.argv[2], "w"))
"""


CLIPS = 3
NUMBERS = {"regression": "ratings", "multilabel": "probabilities"}  # kinds, and what an answer of theirs has


@dataclass(frozen=True)
class Case:
    kind: str
    merged: Exported
    store: SplitStore
    recorded: Predictions  # by the sweep's own run

    def agrees(self, answers: list[Any]) -> bool:
        """Whether answers to the first clips are those that the sweep recorded."""
        if isinstance(answers[0], str):
            task: Any = registry.task("transcription", {"language": "en"})
            return [task.form(text) for text in answers] == self.recorded.outputs[: len(answers)]
        if self.kind in NUMBERS:
            return np.allclose(np.array(answers), np.array(list(self.recorded.outputs[: len(answers)])), atol=2e-3)
        assert self.recorded.scores is not None
        return np.allclose(np.array(answers), self.recorded.scores[: len(answers)], atol=2e-3)


@pytest.fixture(scope="module")
def cases(
    make_sweep: Callable[..., Workspace], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Case]:
    """Each was read again and checked against the record when it was exported, the adapters too."""
    found = {}
    for name, kind in PAIRS:
        workspace = make_sweep(name, kind=kind)
        folder = tmp_path_factory.mktemp(f"exports-{name}")
        asked = Request("tones", folder / "adapter", seed=12, clips=CLIPS, results=str(workspace.results))
        adapter = export(asked, lambda text: None)
        assert adapter.checked[12].clips == CLIPS
        merged = export(replace(asked, out=folder / "merged", merge=True), lambda text: None)
        recorded = Predictions.read_parquet(merged.found.left[12] / "predictions" / "test.parquet")
        found[name, kind] = Case(kind, merged, SplitStore(workspace.store("test")), recorded)
    return found


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_merged_model_answers_here_as_the_sweep_recorded(
    cases: dict[tuple[str, str], Case], pair: tuple[str, str]
) -> None:
    case = cases[pair]
    model = Model(find_tuned(str(case.merged.folder)))
    assert model.lanes == {}
    if case.kind in NUMBERS:
        answers = list(model.predict([example.audio[0].path for example in case.store.examples[:CLIPS]]))
        assert case.agrees([list(getattr(answer, NUMBERS[case.kind]).values()) for answer in answers])
    else:
        assert case.agrees(list(model.outputs(case.store, None))[:CLIPS])


def test_free_answers_of_a_merged_model_are_those_of_the_record(
    make_sweep: Callable[..., Workspace], tmp_path: Path
) -> None:
    """By the card's code, each to the question of its own row."""
    workspace = make_sweep("qwen2_audio", kind="answering")
    asked = Request("tones", tmp_path / "out", seed=12, merge=True, results=str(workspace.results))
    done = export(asked, lambda text: None)
    assert done.code is not None
    assert done.checked[12].clips == len(SplitStore(workspace.store("test")))
    assert "audio-text-to-text" in (done.folder / "README.md").read_text()


def test_the_cards_code_answers_alike_in_a_process_without_this_package(
    cases: dict[tuple[str, str], Case], tmp_path: Path
) -> None:
    work = []
    for (name, kind), case in cases.items():
        clips = []
        for row in range(CLIPS):
            clips.append(str(tmp_path / f"{name}-{kind}-{row}.npy"))
            np.save(clips[-1], np.array(case.store.waveform(row)))
        if name in OWN:
            assert case.merged.code is None
            continue
        card = (case.merged.folder / "README.md").read_text()
        code = card.partition("```python\n")[2].partition("```")[0].partition("\n")[2]  # as a reader copies it
        work.append((f"{name}-{kind}", str(case.merged.folder), code, clips))
    (tmp_path / "work.json").write_text(json.dumps(work))
    command = [sys.executable, "-c", ALONE, str(tmp_path / "work.json"), str(tmp_path / "found.json")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert sorted(found) == sorted(f"{name}-{kind}" for name, kind in PAIRS if name not in OWN)
    assert [f"{n}-{k}" for (n, k), case in cases.items() if n not in OWN and not case.agrees(found[f"{n}-{k}"])] == []
