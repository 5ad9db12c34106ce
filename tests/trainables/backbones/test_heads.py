"""Ratings and labels on every backbone that takes them: the head's size, and the loss of each clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainables.backbones.random_checkpoints import size_of
from trainables import registry
from trainables.tasks.multilabel import MultiLabel
from trainables.tasks.regression import Regression
from trainables.training.engine import Engine, EngineKey, EngineSettings

TAKE_THEM = [name for name in registry.BACKBONES if "regression" in registry.backbone(name).TASKS]
RATINGS = [[1.0, 10.0, 0.0], [3.0, 30.0, 1.0], [5.0, None, 5.0]]
TAGS = [["a"], [], ["b", "c"]]


@dataclass(frozen=True)
class Heads:
    """A checkpoint that was made for another task."""

    name: str
    checkpoint: Path

    def outputs_and_losses(self, task: Any, targets: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        backbone: Any = registry.backbone(self.name)
        key = EngineKey(self.name, size_of(self.name, self.checkpoint), "none", "fp32", "full")
        engine = Engine(key, str(self.checkpoint), task, EngineSettings())
        rng = np.random.default_rng(0)
        samples = round(0.5 * backbone.SAMPLE_RATE_HZ)
        clips = [0.1 * rng.standard_normal(samples).astype(np.float32) for _ in targets]
        features = [backbone.features(engine.loaded, clip) for clip in clips]
        model = engine.model.eval()
        with torch.no_grad():
            outputs = backbone.predict(model, backbone.collate(engine.loaded, features, task, None))
            batch = backbone.collate(engine.loaded, features, task, targets)
            return outputs.numpy(), backbone.clip_losses(model, batch, label_smoothing=0.0).numpy()


@pytest.fixture(scope="module", params=TAKE_THEM)
def heads(
    request: pytest.FixtureRequest, write_random: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> Heads:
    folder = tmp_path_factory.mktemp(request.param) / "checkpoint"
    write_random(request.param, {"labels": ("bell", "drum")}, folder)
    return Heads(request.param, folder)


def test_a_clips_loss_is_that_of_its_own_ratings(heads: Heads) -> None:
    task = Regression(loss="huber").completed(RATINGS, RATINGS)
    outputs, losses = heads.outputs_and_losses(task, RATINGS)
    assert outputs.shape == (3, 3)
    errors = outputs - task.head_targets(RATINGS)["rating"]
    each = np.where(abs(errors) <= 1, errors**2 / 2, abs(errors) - 0.5)
    each[2, 1] = np.nan
    np.testing.assert_allclose(losses, np.nanmean(each, axis=1), rtol=1e-4, atol=1e-6)


def test_a_clips_loss_is_that_of_its_own_labels(heads: Heads) -> None:
    task = MultiLabel(("a", "b", "c", "d"))
    outputs, losses = heads.outputs_and_losses(task, TAGS)
    assert outputs.shape == (3, 4)
    shares = 1 / (1 + np.exp(-outputs.astype(float)))
    right = np.where(task.table(TAGS) > 0, shares, 1 - shares)
    np.testing.assert_allclose(losses, -np.log(right).mean(axis=1), rtol=1e-4, atol=1e-6)
