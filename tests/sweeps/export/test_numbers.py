"""Ratings and several labels a clip are exported, checked and answered as classes are (test_contract.py)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sweeps.export import check, write
from sweeps.export.request import Request
from sweeps.export.write import export
from sweeps.predict.model import Model
from sweeps.predict.tuned import find_tuned
from sweeps.state.workspace import Workspace
from tests.sweeps.finished import LABELS
from trainables.data.sound.store import SplitStore
from trainables.errors import SweepFailed
from trainables.records import Predictions
from trainables.training.thresholds import THRESHOLDS

CASES = (("ast", "regression"), ("wav2vec2", "multilabel"))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_answers_bear_the_names_of_labels_and_ratings(
    make_sweep: Callable[..., Workspace], tmp_path: Path, name: str, kind: str
) -> None:
    sweep = make_sweep(name, kind=kind)
    found = export(Request("tones", tmp_path / "out", seed=12, results=str(sweep.results)), lambda text: None)
    path = SplitStore(sweep.store("test")).examples[0].audio[0].path
    (answer,) = Model(find_tuned(str(found.folder))).predict([path])
    values = answer.ratings if kind == "regression" else answer.probabilities
    assert list(values) == (["high", "fast"] if kind == "regression" else LABELS)


@pytest.mark.parametrize("merge", [False, True])
def test_chosen_thresholds_go_along(make_sweep: Callable[..., Workspace], tmp_path: Path, merge: bool) -> None:
    sweep = make_sweep("efficientat", kind="multilabel")
    adapter = find_tuned("tones", str(sweep.results), seed=12).adapters[12]
    chosen = dict(zip(LABELS, (0.25, 0.5, 0.75), strict=True))
    (adapter / THRESHOLDS).write_text(json.dumps(chosen))
    try:
        asked = Request("tones", tmp_path / "out", seed=12, merge=merge, results=str(sweep.results))
        found = export(asked, lambda text: None)
    finally:
        (adapter / THRESHOLDS).unlink()
    assert Model(find_tuned(str(found.folder))).thresholds == pytest.approx(list(chosen.values()))


@pytest.mark.parametrize(("name", "kind"), CASES)
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
