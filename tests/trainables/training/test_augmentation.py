"""Changes to training clips: as published, from the lane's own draws, and never in evaluation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from trainables import registry
from trainables.config import TrialConfig
from trainables.contract import Spectrogram
from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.store import SplitStore
from trainables.training.augmentation import NOISE_RANGE_DB, Augmentation, mixed, span
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey

PLAIN = TrialConfig("ast", "mini-450k", rank=2, alpha=4, learning_rate=3e-3, epochs=2, batch_size=4)
EVERYTHING = replace(
    PLAIN,
    mixup_alpha=0.2,
    time_shift_seconds=0.2,
    gain_db=6.0,
    noise_snr_db=10.0,
    frequency_mask_bins=30,
    time_mask_frames=40,
    label_smoothing=0.1,
)
LABELS = ("NONSPEECH", "SPEECH")


class Noises:
    """Clips of noise, all of one length."""

    def __init__(self, count: int, samples: int = 4000) -> None:
        rng = np.random.default_rng(0)
        self._waveforms = rng.standard_normal((count, samples), dtype=np.float32)
        self.examples = [Example(str(i), (AudioPiece("none"),), str(i), LABELS[i % 2]) for i in range(count)]

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        return self._waveforms[index]

    def key(self, index: int) -> tuple[str, int]:
        return ("noises", index)


def changing(seed: int = 1, spectrogram: Spectrogram | None = None, **settings: object) -> Augmentation:
    config = replace(PLAIN, **settings)  # type: ignore[arg-type]
    return Augmentation(config, seed, sample_rate_hz=16_000, spectrogram=spectrogram)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# SpecAugment


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        (Spectrogram(0, 1, 128), (150, 128)),  # AST, BEATs
        (Spectrogram(1, 0, 128), (128, 150)),  # EfficientAT
        (Spectrogram(1, 2, 64), (1, 150, 64)),  # HTS-AT
        (Spectrogram(1, 0, 128), (129, 150)),  # Qwen2-Audio: the last row is a mask of its own
    ],
)
def test_masks_are_whole_bands_of_the_mean_and_nothing_else(layout: Spectrogram, shape: tuple[int, ...]) -> None:
    changes = changing(spectrogram=layout, frequency_mask_bins=30, time_mask_frames=40)
    features = torch.randn(shape, generator=torch.Generator().manual_seed(0)) - 30
    for seed in range(50):
        original = features.clone()
        after = changes.masked(features, rng(seed))
        assert torch.equal(features, original)
        moved = after.movedim((layout.time_axis, layout.frequency_axis), (-2, -1)).reshape(150, -1)
        before = original.movedim((layout.time_axis, layout.frequency_axis), (-2, -1)).reshape(150, -1)
        hidden = moved != before  # (frames, bins and what follows)
        assert not hidden[:, layout.bins :].any()
        hidden = hidden[:, : layout.bins]
        bands, stretches = hidden.all(dim=0), hidden.all(dim=1)
        assert torch.equal(hidden, bands[None] | stretches[:, None])
        assert bands.sum() <= 2 * 30
        assert stretches.sum() <= 2 * 40
        filled = moved[:, : layout.bins][hidden]
        torch.testing.assert_close(filled, before[:, : layout.bins].mean().expand_as(filled))


def test_widths_and_places_of_masks_are_uniform() -> None:
    """Width from 0 to F, start anywhere the mask fits (Park et al. 2019, section 2)."""
    spans = np.array([span(30, 128, rng(seed)) for seed in range(4000)])
    widths = spans[:, 1] - spans[:, 0]
    counts = np.bincount(widths, minlength=31)
    assert len(counts) == 31
    assert counts.min() > 80  # 129 expected
    assert spans.min() == 0
    assert spans.max() == 128
    assert kstest((spans[:, 0] + rng().random(4000)) / (129 - widths), "uniform").pvalue > 0.01
    assert span(40, 16, rng())[1] <= 16  # a clip that is shorter than a mask


# Waveforms


def test_a_shift_turns_the_clip_round_within_its_bound() -> None:
    clip = np.arange(4000, dtype=np.float32)
    offsets = []
    for seed in range(300):
        after = changing(time_shift_seconds=0.05).waveform(clip, rng(seed))
        offset = int(after[0])
        assert np.array_equal(after, np.roll(clip, -offset))
        offsets.append((offset + 2000) % 4000 - 2000)
    assert -800 <= min(offsets) < -700
    assert 700 < max(offsets) <= 800


def test_gain_stays_within_its_decibels() -> None:
    clip = Noises(1).waveform(0)
    gains = [20 * np.log10(np.abs(changing(gain_db=6.0).waveform(clip, rng(s)) / clip).mean()) for s in range(200)]
    assert -6.01 < min(gains) < -5.5
    assert 5.5 < max(gains) < 6.01


def test_noise_has_the_ratio_that_was_asked_for() -> None:
    clip = np.sin(np.arange(40_000) / 20).astype(np.float32)
    ratios = []
    for seed in range(100):
        noise = changing(noise_snr_db=5.0).waveform(clip, rng(seed)) - clip
        ratios.append(10 * np.log10(np.mean(clip**2) / np.mean(noise**2)))
    assert 4.9 < min(ratios) < 6
    assert 5 + NOISE_RANGE_DB - 1 < max(ratios) < 5 + NOISE_RANGE_DB + 0.1
    silence = np.zeros(100, dtype=np.float32)
    assert not changing(noise_snr_db=5.0).waveform(silence, rng()).any()


# Mixup


def test_mixed_waveforms_are_the_weighted_sum_as_far_as_the_partner_reaches() -> None:
    clip, short = np.full(5, 1.0, np.float32), np.full(3, 10.0, np.float32)
    np.testing.assert_allclose(mixed(clip, short, 0.75), [3.25, 3.25, 3.25, 0.75, 0.75])
    np.testing.assert_allclose(mixed(short, clip, 0.75), [7.75, 7.75, 7.75])
    assert clip.tolist() == [1] * 5


def test_shares_come_from_the_beta_distribution_and_partners_from_all_clips() -> None:
    clips, changes = Noises(8), changing(mixup_alpha=0.2)
    found = []
    for epoch in range(250):
        changes.epoch = epoch
        for row in range(8):
            found.append(changes.change(clips, row, lambda: pytest.fail("cached"), torch.from_numpy))
    assert kstest([clip.share for clip in found], "beta", args=(0.2, 0.2)).pvalue > 0.01
    counts = np.bincount([clip.partner for clip in found if clip.partner is not None], minlength=8)
    assert counts.min() > 190  # 250 expected
    last = found[-1]
    assert last.partner is not None
    expected = last.share * clips.waveform(7) + (1 - last.share) * clips.waveform(last.partner)
    np.testing.assert_allclose(last.features.numpy(), expected, rtol=1e-5, atol=1e-6)


# On an engine


@pytest.fixture(scope="module")
def stores(tone_stores: dict[str, Path]) -> dict[str, SplitStore]:
    return {split: SplitStore(folder) for split, folder in tone_stores.items()}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from trainables.backbones import ast

    folder = tmp_path_factory.mktemp("ast")
    ast.write(ast.build("mini-450k", classification(), seed=0), "mini-450k", folder)
    return folder


def classification():  # type: ignore[no-untyped-def]
    return registry.task("classification", {"labels": LABELS})


def make_engine(checkpoint: Path, precision: str = "fp32") -> Engine:
    return Engine(EngineKey("ast", "mini-450k", "none", precision), str(checkpoint), classification(), EngineSettings())


@pytest.fixture(scope="module")
def engine(checkpoint: Path) -> Engine:
    return make_engine(checkpoint)


def open_lane(engine: Engine, stores: dict[str, SplitStore], config: TrialConfig, seed: int = 1) -> Lane:
    return Lane(engine, config, LaneKey(seed, "-"), stores["train"], stores["validation"])


def train_alone(engine: Engine, stores: dict[str, SplitStore], config: TrialConfig, seed: int = 1) -> list[object]:
    lane = open_lane(engine, stores, config, seed)
    metrics = [lane.train_epoch() for _ in range(lane.planned_epochs)]
    lane.close()
    return metrics


@pytest.mark.parametrize(
    "setting",
    ["mixup_alpha", "time_shift_seconds", "gain_db", "noise_snr_db", "frequency_mask_bins", "time_mask_frames"],
)
def test_every_setting_changes_training_and_never_evaluation(engine: Engine, stores: dict, setting: str) -> None:
    config = replace(PLAIN, epochs=1, learning_rate=1e-30)  # validation shows what evaluation hears
    changed = replace(config, **{setting: getattr(EVERYTHING, setting)})
    [plain], [after] = train_alone(engine, stores, config), train_alone(engine, stores, changed)
    assert after["train/loss"] != plain["train/loss"]  # type: ignore[index]
    assert after["val/loss"] == plain["val/loss"]  # type: ignore[index]


def test_the_cache_keeps_clips_as_they_are(engine: Engine, stores: dict) -> None:
    before = engine.features(stores["train"], 0).clone()
    train_alone(engine, stores, EVERYTHING)
    assert torch.equal(engine.features(stores["train"], 0), before)


def test_interleaved_lanes_equal_separate_runs(engine: Engine, stores: dict) -> None:
    other = replace(EVERYTHING, mixup_alpha=1.0, batch_size=3)
    alone = [train_alone(engine, stores, EVERYTHING, 1), train_alone(engine, stores, other, 2)]
    assert alone[0] == train_alone(engine, stores, EVERYTHING, 1)
    assert alone[0] != train_alone(engine, stores, EVERYTHING, 2)
    lanes = [open_lane(engine, stores, EVERYTHING, 1), open_lane(engine, stores, other, 2)]
    together: list[list[object]] = [[], []]
    for _ in range(2):
        for lane, metrics in zip(lanes, together, strict=True):
            metrics.append(lane.train_epoch())
    for lane in lanes:
        lane.close()
    assert together == alone


def test_a_resumed_lane_draws_what_the_uninterrupted_one_draws(engine: Engine, stores: dict, tmp_path: Path) -> None:
    whole = train_alone(engine, stores, EVERYTHING)
    lane = open_lane(engine, stores, EVERYTHING)
    first = lane.train_epoch()
    lane.save(tmp_path / "lane")
    lane.close()
    resumed = open_lane(engine, stores, EVERYTHING)
    resumed.load(tmp_path / "lane")
    assert [first, resumed.train_epoch()] == whole
    resumed.close()


def test_nothing_is_drawn_from_global_generators(engine: Engine, stores: dict) -> None:
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002 - the test is about the global generator
    states = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    train_alone(engine, stores, replace(EVERYTHING, epochs=1))
    assert torch.equal(torch.random.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002


def test_accumulated_small_batches_equal_one_large_batch(checkpoint: Path, stores: dict) -> None:
    """A clip's changes do not depend on the batch that it is in."""
    fp64 = make_engine(checkpoint, "fp64")
    small = train_alone(fp64, stores, replace(EVERYTHING, batch_size=3, gradient_accumulation=4))
    large = train_alone(fp64, stores, replace(EVERYTHING, batch_size=12))
    for a, b in zip(small, large, strict=True):
        assert a == pytest.approx(b, abs=1e-9)
