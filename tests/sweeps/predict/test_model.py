"""A loaded model gives the answers that its sweep has recorded, whatever they are: a class, labels, ratings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweeps.predict.inputs import clips
from sweeps.predict.model import Model
from sweeps.predict.tuned import find_tuned
from sweeps.state.workspace import Workspace
from tests.sweeps.finished import LABELS, SEEDS, MakeSweep
from trainables.errors import InputError
from trainables.records import Predictions
from trainables.tasks.texts import normalised
from trainables.training.thresholds import THRESHOLDS

BACKBONE = "efficientat"


def answers_and_recorded(sweep: Workspace, seed: int | None) -> tuple[list[Any], list[Predictions]]:
    tuned = find_tuned(sweep.sweep_id, str(sweep.results), arm="finalist-1", seed=seed, ensemble=seed is None)
    clips = sorted(sweep.results.parent.glob("secret-recordings/*.wav"))
    left = sweep.folder / "confirm"
    files = [next(left.glob(f"finalist-1-seed-{each}/final/*/predictions/test.parquet")) for each in tuned.adapters]
    return list(Model(tuned).predict(clips)), [Predictions.read_parquet(file) for file in files]


@pytest.mark.parametrize("seed", [SEEDS[0], None])
def test_ratings_are_those_of_the_record_or_their_mean(make_sweep: MakeSweep, seed: int | None) -> None:
    answers, recorded = answers_and_recorded(make_sweep(BACKBONE, kind="regression"), seed)
    assert len(recorded) == (1 if seed else len(SEEDS))
    wanted = np.mean([run.outputs for run in recorded], axis=0)
    np.testing.assert_allclose(
        [[each.ratings[name] for name in ("high", "fast")] for each in answers], wanted, rtol=1e-4
    )
    assert json.loads(answers[0].answer) == list(answers[0].ratings.values())
    assert answers[0].probabilities == {}


@pytest.mark.parametrize("seed", [SEEDS[0], None])
def test_labels_are_those_of_the_record_or_of_mean_probabilities(make_sweep: MakeSweep, seed: int | None) -> None:
    answers, recorded = answers_and_recorded(make_sweep(BACKBONE, kind="multilabel"), seed)
    wanted = np.mean([run.outputs for run in recorded], axis=0)
    np.testing.assert_allclose([list(each.probabilities.values()) for each in answers], wanted, atol=1e-5)
    for each, row in zip(answers, wanted, strict=True):
        assert each.answer == ";".join(label for label, share in zip(LABELS, row, strict=True) if share >= 0.5)


@pytest.mark.parametrize("seed", [SEEDS[0], None])
def test_labels_are_found_from_the_thresholds_on_that_lie_beside_the_adapters(
    make_sweep: MakeSweep, seed: int | None
) -> None:
    sweep = make_sweep(BACKBONE, kind="multilabel")
    tuned = find_tuned(sweep.sweep_id, str(sweep.results), arm="finalist-1", seed=seed, ensemble=seed is None)
    answers, recorded = answers_and_recorded(sweep, seed)
    medians = np.median(np.mean([run.outputs for run in recorded], axis=0), axis=0)
    shifts = np.linspace(-0.01, 0.01, len(tuned.adapters)) if len(tuned.adapters) > 1 else np.zeros(1)
    try:
        for folder, shift in zip(tuned.adapters.values(), shifts, strict=True):
            said = dict(zip(LABELS, (medians + shift).tolist(), strict=True))
            (folder / THRESHOLDS).write_text(json.dumps(said))
        model = Model(tuned)
        np.testing.assert_allclose(model.thresholds, medians)
        found = list(model.predict([each.path for each in answers]))
        assert {";".join(each.answer) for each in found} != {";".join(each.answer) for each in answers}
        for each in found:
            wanted = [label for label, least in zip(LABELS, model.thresholds, strict=True)
                      if each.probabilities[label] >= least]  # fmt: skip
            assert each.answer == ";".join(wanted)
        next(iter(tuned.adapters.values())).joinpath(THRESHOLDS).write_text('{"another": 0.5}')
        with pytest.raises(InputError, match="expected a probability for each of the labels"):
            Model(tuned)
    finally:
        for folder in tuned.adapters.values():
            (folder / THRESHOLDS).unlink(missing_ok=True)


def test_a_class_is_that_of_the_record(make_sweep: MakeSweep) -> None:
    answers, (recorded,) = answers_and_recorded(make_sweep(BACKBONE), SEEDS[0])
    assert [each.answer for each in answers] == recorded.outputs
    assert all(sum(each.probabilities.values()) == pytest.approx(1.0) for each in answers)


def test_a_text_of_letters_is_that_of_the_record(make_sweep: MakeSweep) -> None:
    answers, (recorded,) = answers_and_recorded(make_sweep("wav2vec2", kind="transcription"), SEEDS[0])
    assert [normalised(each.answer, "basic") for each in answers] == recorded.outputs
    assert any(recorded.outputs)


def test_a_free_answer_is_that_of_the_record_where_a_table_asks_the_same(make_sweep: MakeSweep, tmp_path: Path) -> None:
    """Every second clip has a question of its own; without the table it is asked what the task asks."""
    sweep = make_sweep("qwen2_audio", kind="answering")
    answers, (recorded,) = answers_and_recorded(sweep, SEEDS[0])
    same = [normalised(each.answer, "basic") == said for each, said in zip(answers, recorded.outputs, strict=True)]
    assert all(same[::2])
    assert not all(same[1::2])
    rows = [f"{each.path},{'Is it loud?' * (row % 2)}" for row, each in enumerate(answers)]
    (tmp_path / "asked.csv").write_text("\n".join(["audio,question", *rows]))
    tuned = find_tuned(sweep.sweep_id, str(sweep.results), arm="finalist-1", seed=SEEDS[0])
    again = Model(tuned).predict(clips([str(tmp_path / "asked.csv")]))
    assert [normalised(each.answer, "basic") for each in again] == recorded.outputs


def test_what_cannot_be_read_has_no_answer(make_sweep: MakeSweep, tmp_path: Path) -> None:
    sweep = make_sweep(BACKBONE, kind="regression")
    tuned = find_tuned(sweep.sweep_id, str(sweep.results), arm="finalist-1", seed=SEEDS[0])
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    (answer,) = Model(tuned).predict([tmp_path / "broken.wav"])
    assert answer.problem
    assert (answer.answer, answer.ratings) == ("", {})
