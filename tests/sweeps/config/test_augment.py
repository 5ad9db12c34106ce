"""`augment:` in a sweep file, and its settings as axes."""

from __future__ import annotations

import pytest

from sweeps.config.load import load_sweep
from sweeps.config.resolve import baseline_config, resolve
from sweeps.plan.prepare import prepare
from trainables.errors import InputError


def problem(*overrides: str, sweep: str = "beats_lora") -> str:
    with pytest.raises(InputError) as caught:
        load_sweep(sweep, overrides)
    [only] = caught.value.problems
    return only


def test_the_published_recipe_of_ast_can_be_written() -> None:
    """Gong et al. 2021: two masks of 30 bins and 40 frames, mixup, with label smoothing and a warm-up."""
    spec = load_sweep(
        "beats_lora",
        [
            "augment={frequency_masks: 2, frequency_mask_bins: 30, time_masks: 2, time_mask_frames: 40, "
            "mixup_alpha: 0.2}",
            "train={epochs: 5, batch_size: 8, gradient_accumulation: 4, warmup_ratio: 0.1, weight_decay: 0.01, "
            "label_smoothing: 0.1}",
        ],
    )
    config = baseline_config(spec)
    assert (config.frequency_masks, config.frequency_mask_bins) == (2, 30)
    assert (config.time_masks, config.time_mask_frames) == (2, 40)
    assert (config.mixup_alpha, config.label_smoothing, config.weight_decay) == (0.2, 0.1, 0.01)
    assert (config.batch_size, config.gradient_accumulation, config.warmup_ratio) == (8, 4, 0.1)
    plain = baseline_config(load_sweep("beats_lora"))
    assert plain.config_id != config.config_id
    assert (plain.mixup_alpha, plain.frequency_mask_bins, plain.noise_snr_db) == (0.0, 0, None)


def test_an_axis_goes_before_the_fixed_setting() -> None:
    spec = load_sweep(
        "beats_lora",
        ["augment.mixup_alpha=0.4", "search.mixup_alpha={choice: [0, 0.2]}", "baseline.mixup_alpha=0"],
    )
    assert baseline_config(spec).mixup_alpha == 0.0
    sample = {axis.name: axis.values[-1] for axis in spec.axes}
    assert resolve(spec, sample).mixup_alpha == 0.2


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("augment.mixup=0.2", "augment.mixup: unknown key (nearest: mixup_alpha)."),
        ("augment.mixup_alpha=-1", "augment.mixup_alpha: expected a number of at least 0 and at most 100, got -1."),
        ("augment.time_masks=2", "augment.time_masks: masks nothing without a width: give time_mask_frames too."),
        ("augment.frequency_masks=1.5", "expected a whole number of at least 0 and at most 100, got 1.5."),
        ("mixup_alpha=0.2", "mixup_alpha: unknown key here: write augment.mixup_alpha."),
    ],
)
def test_problems(override: str, message: str) -> None:
    assert problem(override).endswith(message)


def test_mixup_needs_soft_targets() -> None:
    assert problem("augment.mixup_alpha=0.2", sweep="qwen_lora").endswith(
        "augment.mixup_alpha: mixes targets, which label_scoring cannot: those of classification, regression, "
        "multilabel can be mixed."
    )
    load_sweep("qwen_lora", ["augment.mixup_alpha=0"])


def test_masks_need_a_spectrogram(monkeypatch: pytest.MonkeyPatch) -> None:
    from sweeps.plan.plan import make_plan

    asked = ["augment={frequency_mask_bins: 30, gain_db: 6}", "profile=cpu"]
    prepared = prepare("beats_lora", asked, planning=True)
    make_plan(prepared)
    monkeypatch.setattr(prepared.backbones["beats"], "SPECTROGRAM", None)
    with pytest.raises(InputError) as caught:
        make_plan(prepared)
    assert caught.value.problems == (
        "frequency_mask_bins: beats takes no spectrogram that could be masked; leave it out.",
    )
