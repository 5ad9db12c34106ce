"""The losses of ratings against Lin's formula, scipy's correlation and all pairs written out."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr

from trainables.modeling.head_loss import head_losses, head_targets, mixed_targets
from trainables.tasks.rating_losses import JOINT, LOSSES, fewest_clips, mean_loss, shares_of
from trainables.tasks.regression import Regression

RNG = np.random.default_rng(7)
TARGETS = RNG.normal(size=(12, 3)).round(1)
TARGETS[[0, 3, 4], 0] = np.nan
TARGETS[1:, 2] = np.nan  # one clip has it: no loss of clips together can say anything about it
OUTPUTS = TARGETS + RNG.normal(size=TARGETS.shape)
OUTPUTS[np.isnan(OUTPUTS)] = 0.3


def lin(wanted: np.ndarray, said: np.ndarray) -> float:
    """Lin 1989, equation 1, of sample moments divided by n."""
    covariance = np.cov(wanted, said, bias=True)
    return float(2 * covariance[0, 1] / (covariance[0, 0] + covariance[1, 1] + (wanted.mean() - said.mean()) ** 2))


def pairs(wanted: np.ndarray, said: np.ndarray) -> float:
    found = [
        np.log1p(np.exp(said[b] - said[a])) for a, b in permutations(range(len(wanted)), 2) if wanted[a] > wanted[b]
    ]
    return float(np.mean(found))


BY_HAND = {
    "ccc": lambda wanted, said: 1 - lin(wanted, said),
    "pearson": lambda wanted, said: 1 - pearsonr(wanted, said).statistic,
    "ranking": pairs,
}


def by_hand(name: str, weights: tuple[float, float] = (1.0, 1.0)) -> float:
    values = []
    for column in (0, 1):
        rated = np.isfinite(TARGETS[:, column])
        values.append(BY_HAND[name](TARGETS[rated, column], OUTPUTS[rated, column]))
    return float(np.average(values, weights=weights))


def task(loss: object, **more: object) -> Regression:
    return Regression(loss=loss, centre=(0.0,) * 3, spread=(1.0,) * 3, **more)  # type: ignore[arg-type]


def ratings(table: np.ndarray) -> list[list[float | None]]:
    return [[None if np.isnan(value) else float(value) for value in row] for row in table]


def batch_losses(loss: object, outputs: torch.Tensor, table: np.ndarray = TARGETS, **more: object) -> torch.Tensor:
    return head_losses(outputs, head_targets(task(loss, **more), ratings(table)), label_smoothing=0.0)


@pytest.mark.parametrize("name", JOINT)
def test_a_loss_of_clips_together_is_the_formula_of_its_paper(name: str) -> None:
    assert mean_loss(TARGETS, OUTPUTS, name) == pytest.approx(by_hand(name), rel=1e-9)
    found = batch_losses(name, torch.tensor(OUTPUTS))
    np.testing.assert_allclose(
        found.numpy(), by_hand(name), rtol=1e-6
    )  # ratings are float32, and a spread has 1e-8 more
    weighted = batch_losses(name, torch.tensor(OUTPUTS), target_weights=(3.0, 1.0, 9.0))
    np.testing.assert_allclose(weighted.numpy(), by_hand(name, (3.0, 1.0)), rtol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_training_and_scores_have_one_loss(name: str) -> None:
    trained = batch_losses(name, torch.tensor(OUTPUTS)).mean().item()
    assert trained == pytest.approx(mean_loss(TARGETS, OUTPUTS, name), rel=1e-6)


def test_a_sum_weighs_its_losses() -> None:
    loss = {"ccc": 2.0, "huber": 0.5, "ranking": 1.0}
    wanted = sum(weight * mean_loss(TARGETS, OUTPUTS, name) for name, weight in loss.items())
    assert mean_loss(TARGETS, OUTPUTS, loss) == pytest.approx(wanted)
    assert batch_losses(loss, torch.tensor(OUTPUTS)).mean().item() == pytest.approx(wanted, rel=1e-6)
    assert shares_of(loss) == loss
    assert [fewest_clips(each) for each in ("mse", "ranking", loss)] == [1, 2, 3]
    assert (task(loss).joint, task("mae").joint) == ("ccc, ranking", "")


@pytest.mark.parametrize("name", JOINT)
def test_the_gradient_is_that_of_the_loss(name: str) -> None:
    outputs = torch.tensor(OUTPUTS, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: batch_losses(name, values).mean(), outputs, eps=1e-6, atol=1e-6)
    (gradient,) = torch.autograd.grad(batch_losses(name, outputs).mean(), outputs)
    missing = np.isnan(TARGETS)
    assert not gradient.numpy()[missing].any()
    assert (gradient.numpy()[:, :2][~missing[:, :2]] != 0).all()


@pytest.mark.parametrize("name", JOINT)
@pytest.mark.parametrize("clips", [1, 2, 5])
def test_what_says_nothing_has_no_part(name: str, clips: int) -> None:
    """Too few clips, one rating for all of them, one answer for all of them: no loss that is no number."""
    same = np.full((clips, 3), 2.0)
    outputs = torch.zeros(clips, 3, requires_grad=True)
    losses = batch_losses(name, outputs, same)
    losses.sum().backward()
    assert not losses.detach().any()
    assert torch.isfinite(outputs.grad).all()  # type: ignore[arg-type]
    assert mean_loss(same, np.zeros((clips, 3)), name) == 0.0
    varied = np.arange(3.0 * clips).reshape(clips, 3)
    outputs = torch.zeros(clips, 3, requires_grad=True)
    batch_losses(name, outputs, varied).sum().backward()
    assert torch.isfinite(outputs.grad).all()  # type: ignore[arg-type]
    assert bool(outputs.grad.any()) == (clips >= fewest_clips(name))  # type: ignore[union-attr]


def test_mixed_ratings_that_either_clip_lacks_have_no_part() -> None:
    partner = TARGETS[::-1].copy()
    batch = head_targets(task("ccc"), ratings(TARGETS)) | mixed_targets(task("ccc"), ratings(partner), [0.25] * 12)
    both = 0.25 * TARGETS + 0.75 * partner  # NaN where one is missing
    found = head_losses(torch.tensor(OUTPUTS), batch, label_smoothing=0.0).mean().item()
    assert found == pytest.approx(mean_loss(both, OUTPUTS, "ccc"), rel=1e-6)


def test_pairs_of_many_clips_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mean_loss(TARGETS, OUTPUTS, "ranking")
    monkeypatch.setattr("trainables.tasks.rating_losses.PAIRS_AT_ONCE", 20)
    assert mean_loss(TARGETS, OUTPUTS, "ranking") == pytest.approx(whole, rel=1e-12)
