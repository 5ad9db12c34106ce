"""A backbone without sizes of its own plans with checkpoints that are named, of several kinds at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweeps.plan.plan import make_plan
from sweeps.plan.prepare import prepare
from sweeps.plan.settle import settle
from tests.trainables.backbones.random_checkpoints import write_checkpoint
from trainables import registry
from trainables.errors import InputError
from trainables.training.targets import adapted_modules, count

TEXT = """
name: any
backbone: hf_classifier
task: {{kind: classification}}
data: {{source: speech_detection}}
search: {{model_size: {sizes}, target_modules: attention, rank: 4, learning_rate: {{log_uniform: [1.0e-5, 1.0e-3]}}}}
objective: {{metric: val/accuracy, mode: max}}
trials: 2
baseline: {{model_size: {baseline}, target_modules: attention, rank: 4, learning_rate: 1.0e-4}}
"""


def sweep(folder: Path, sizes: str, baseline: str) -> Path:
    path = folder / "any.yaml"
    path.write_text(TEXT.format(sizes=sizes, baseline=baseline))
    return path


def test_checkpoints_of_two_kinds_are_counted_each_its_own_way(tmp_path: Path) -> None:
    names = [
        write_checkpoint("hf_classifier", kind, tmp_path / kind, {"labels": ("x", "y")})
        for kind in ("data2vec-audio", "wav2vec2-bert")
    ]
    path = sweep(tmp_path, f"{{choice: [{', '.join(names)}]}}", "./wav2vec2-bert")
    plan = make_plan(prepare(path, [], planning=True))
    backbone: Any = registry.backbone("hf_classifier")
    task = registry.task("classification", {"labels": ("NONSPEECH", "SPEECH")})
    assert [row.model_size for row in plan.targets] == names
    for row in plan.targets:
        model = backbone.skeleton(row.model_size, task)
        targets = adapted_modules(model, backbone, target_modules="attention", size=row.model_size, head="full")
        counted = count(model, targets, 4, ("projector", "classifier"))
        assert (row.adapter_params, row.head_params) == (counted.adapter_params, counted.head_params)
        assert row.total_params == counted.total_params
    assert plan.problems == ()


@pytest.mark.parametrize("size", ["base", "huge"])
def test_a_size_is_no_checkpoint(size: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        settle(sweep(tmp_path, size, size), [], planning=True)
    (problem,) = caught.value.problems
    assert "hf_classifier has no sizes of its own; name a checkpoint" in problem


def test_a_name_beside_a_checkpoint_that_is_none_itself_is_told(tmp_path: Path) -> None:
    name = write_checkpoint("hf_classifier", "wavlm", tmp_path / "wavlm", {"labels": ("x", "y")})
    for backbone in ("hf_classifier", "wavlm"):
        path = sweep(tmp_path, f"{{choice: [huge, {name}]}}", name)
        with pytest.raises(InputError) as caught:
            settle(path, [f"backbone={backbone}"], planning=True)
        (problem,) = caught.value.problems
        assert problem == f"search.model_size: {backbone} has no size huge; it is no checkpoint either."
