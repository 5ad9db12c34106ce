"""A verdict's form on disk: plain JSON, from which the same verdict comes back."""

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.predictions.align import correct
from analysis.verdict.result import Verdict
from analysis.verdict.rule import verdict
from analysis.verdict.wording import as_record, sentence
from trainables.records import Predictions


def accuracy(predictions: Predictions) -> float:
    return float(correct(predictions).mean())


def judged(make, chances: list[float], *, seeds: int = 3, clips: int = 40, **options) -> Verdict:
    """The last one is the baseline's."""
    rng = np.random.default_rng(0)
    arms = [{7 + seed: make(rng.random(clips) < chance) for seed in range(seeds)} for chance in chances]
    finalists = {f"finalist {number}": arm for number, arm in enumerate(arms[:-1], start=1)}
    return verdict(finalists, arms[-1], accuracy, metric_name="test accuracy", **options)


@pytest.mark.parametrize(
    ("chances", "options"),
    [
        ([0.9, 0.8, 0.7], {}),
        ([0.9, 0.8, 0.7], {"question": "each_other", "look": 1}),
        ([0.9, 0.7], {"seeds": 1}),
        ([1.0, 1.0], {}),
        ([0.9, 0.8], {"clips": 8, "seeds": 2}),
    ],
)
def test_a_verdict_comes_back_from_its_record(make, chances: list[float], options: dict) -> None:
    found = judged(make, chances, **options)
    plain = json.loads(json.dumps(as_record(found), allow_nan=False))
    assert plain["sentence"] == sentence(found)
    assert plain["against_baseline"][0]["first_values"].keys() == {
        str(seed) for seed in found.against_baseline[0].seeds
    }
    back = Verdict.from_dict(plain)
    assert back == found
    assert sentence(back) == sentence(found)


def test_the_untuned_backbones_comparison_comes_back_too(make) -> None:
    found = judged(make, [0.9, 0.7], untuned=make(np.arange(40) % 2 == 0))
    assert found.against_untuned is not None
    back = Verdict.from_dict(json.loads(json.dumps(found.as_dict())))
    assert back == found
    assert back != replace(found, against_untuned=None)
