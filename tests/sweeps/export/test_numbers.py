"""Ratings and several labels a clip are exported, checked and answered as classes are (test_contract.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sweeps.export import check, write
from sweeps.export.exported import Exported
from sweeps.export.request import Request
from sweeps.export.write import export
from sweeps.predict.model import Model
from sweeps.predict.tuned import find_tuned
from sweeps.state.workspace import Workspace
from tests.sweeps.finished import LABELS
from trainables.data.sound.store import SplitStore
from trainables.errors import SweepFailed
from trainables.records import Predictions
from trainables.release.plain_code import run

CASES = (("ast", "regression"), ("wav2vec2", "multilabel"), ("htsat", "multilabel"), ("efficientat", "regression"))


def recorded_of(found: Exported) -> np.ndarray:
    (left,) = found.found.left.values()
    return np.array(list(Predictions.read_parquet(left / "predictions" / "test.parquet").outputs))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_merged_it_answers_here_and_by_its_code_as_the_sweep_recorded(
    make_sweep: Callable[..., Workspace], tmp_path: Path, name: str, kind: str
) -> None:
    sweep = make_sweep(name, kind=kind)
    asked = Request("tones", tmp_path / "merged", seed=12, merge=True, results=str(sweep.results))
    found = export(asked, lambda text: None)
    store, recorded = SplitStore(sweep.store("test")), recorded_of(found)
    paths = [example.audio[0].path for example in store.examples]
    answers = list(Model(find_tuned(str(found.folder))).predict(paths))
    values = [answer.ratings if kind == "regression" else answer.probabilities for answer in answers]
    assert np.array([list(row.values()) for row in values]) == pytest.approx(recorded, abs=2e-3)
    assert list(values[0]) == (["high", "fast"] if kind == "regression" else LABELS)
    if name == "efficientat":  # a network of its own has no code for others
        assert found.code is None
        return
    answer = run(found.code or "", str(found.folder))
    said = [answer(np.array(store.waveform(row))) for row in range(len(store))]
    assert np.array(said) == pytest.approx(recorded, abs=2e-3)


@pytest.mark.parametrize(("name", "kind"), CASES[:2])
def test_the_card_has_a_row_for_each_label_or_rating(
    make_sweep: Callable[..., Workspace], tmp_path: Path, name: str, kind: str
) -> None:
    sweep = make_sweep(name, kind=kind)
    asked = Request("tones", tmp_path / "adapters", ensemble=True, results=str(sweep.results))
    card = (export(asked, lambda text: None).folder / "README.md").read_text()
    names, header = {
        "regression": (["high", "fast"], "| rating | clips | Pearson | CCC | MAE |"),
        "multilabel": (LABELS, "| label | clips | average precision | AUROC |"),
    }[kind]
    assert header in card
    for each in names:
        assert f"\n| {each} | " in card
    assert "to within" in card
    assert ("of a rating's spread" in card) == (kind == "regression")


def test_an_answer_that_lies_beside_the_record_ends_the_export(
    make_sweep: Callable[..., Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep("ast", kind="regression")

    def shifted(recorded: Predictions, *given: object, **more: object) -> check.Checked:
        moved = replace(recorded, outputs=[np.add(row, (0.0, 0.01)) for row in recorded.outputs])
        return check.compare(moved, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(write, "compare", shifted)
    asked = Request("tones", tmp_path / "out", seed=12, results=str(sweep.results))
    # the second rating's spread is 5: 0.01 of it is 0.002, and 0.001 is allowed
    with pytest.raises(SweepFailed, match=r"a rating differs by 0\.0020 of its spread, and 0\.001 is allowed"):
        export(asked, lambda text: None)
    assert not asked.out.exists()
