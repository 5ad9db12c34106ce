"""Changes to training clips, drawn anew for every epoch: mixup, time shift, gain, noise, SpecAugment.

In this order, each where its setting says so:
- mixup (Zhang et al. 2018, arXiv 1710.09412): x = s x_1 + (1 - s) x_2 of two waveforms, s from Beta(alpha, alpha), for
  every clip its own; the partner is any training clip, cut or padded with silence to the clip's length. The targets mix
  alike: `head_losses`.
- time shift: the clip turned round in itself, by at most so many seconds to either side.
- gain: at most so many decibels to either side.
- noise: white and Gaussian, at a signal-to-noise ratio between the setting and NOISE_RANGE_DB above it.
- SpecAugment (Park et al. 2019, arXiv 1904.08779), its masks without its warping of time: each mask is as wide as a
  uniform draw from 0 to the setting, and holds the mean of the clip's spectrogram.

All but SpecAugment change the waveform: the features are then made anew each time, and no cache can serve them.
A draw depends on the lane's seed, the epoch and the clip alone: not on batches, other lanes or an interruption.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from trainables.config import TrialConfig
from trainables.contract import Spectrogram
from trainables.data.clips import Clips

NOISE_RANGE_DB = 20.0


@dataclass(frozen=True)
class Changed:
    """A clip as one epoch hears it."""

    features: Tensor
    partner: int | None  # row of the clip mixed in
    share: float  # of the clip itself, 0 to 1


class Augmentation:
    """The changes that one lane makes. `epoch` is set by the lane before each of its epochs."""

    def __init__(self, config: TrialConfig, seed: int, *, sample_rate_hz: int, spectrogram: Spectrogram | None) -> None:
        self.config = config
        self.seed = seed
        self.sample_rate_hz = sample_rate_hz
        self.spectrogram = spectrogram
        self.epoch = 0

    @property
    def changes_waveforms(self) -> bool:
        config = self.config
        moved = config.mixup_alpha or config.time_shift_seconds or config.gain_db
        return bool(moved) or config.noise_snr_db is not None

    @property
    def masks(self) -> bool:
        config = self.config
        return bool(config.frequency_masks * config.frequency_mask_bins or config.time_masks * config.time_mask_frames)

    @property
    def active(self) -> bool:
        return self.changes_waveforms or self.masks

    def change(
        self, clips: Clips, row: int, cached: Callable[[], Tensor], featurise: Callable[[np.ndarray], Tensor]
    ) -> Changed:
        """`cached` gives the features of the clip as it is, `featurise` those of a waveform."""
        rng = np.random.default_rng([self.seed, self.epoch, row])
        partner, share = None, 1.0
        if self.changes_waveforms:
            waveform = clips.waveform(row)
            if self.config.mixup_alpha:
                partner = int(rng.integers(len(clips)))
                share = float(rng.beta(self.config.mixup_alpha, self.config.mixup_alpha))
                waveform = mixed(waveform, clips.waveform(partner), share)
            features = featurise(self.waveform(waveform, rng))
        else:
            features = cached()
        return Changed(self.masked(features, rng) if self.masks else features, partner, share)

    def waveform(self, waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Shift, gain and noise: (samples,) float32 -> (samples,) float32."""
        config = self.config
        if config.time_shift_seconds:
            most = round(config.time_shift_seconds * self.sample_rate_hz)
            waveform = np.roll(waveform, rng.integers(-most, most + 1))
        if config.gain_db:
            waveform = waveform * np.float32(10 ** (rng.uniform(-config.gain_db, config.gain_db) / 20))
        if config.noise_snr_db is not None:
            snr_db = config.noise_snr_db + rng.uniform(0, NOISE_RANGE_DB)
            level = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))) * 10 ** (-snr_db / 20)
            waveform = waveform + np.float32(level) * rng.standard_normal(len(waveform), dtype=np.float32)
        return waveform

    def masked(self, features: Tensor, rng: np.random.Generator) -> Tensor:
        """A copy with the masks of SpecAugment, in the backbone's own layout."""
        if self.spectrogram is None:
            raise ValueError("SpecAugment masks a spectrogram, and this backbone takes none")
        config, layout = self.config, self.spectrogram
        copy = features.clone()
        shown = copy.movedim((layout.time_axis, layout.frequency_axis), (-2, -1))[..., : layout.bins]
        frames, bins = shown.shape[-2:]
        mean = shown.mean()
        for _ in range(config.frequency_masks):
            low, high = span(config.frequency_mask_bins, bins, rng)
            shown[..., low:high] = mean
        for _ in range(config.time_masks):
            first, last = span(config.time_mask_frames, frames, rng)
            shown[..., first:last, :] = mean
        return copy


def mixed(waveform: np.ndarray, partner: np.ndarray, share: float) -> np.ndarray:
    """(samples,): `share` of the clip, and the rest of its partner, as far as that reaches."""
    whole = np.float32(share) * waveform
    length = min(len(whole), len(partner))
    whole[:length] += np.float32(1 - share) * partner[:length]
    return whole


def span(widest: int, extent: int, rng: np.random.Generator) -> tuple[int, int]:
    """Where a mask begins and ends: a width from 0 to `widest` (at most `extent`), anywhere inside `extent`."""
    width = int(rng.integers(0, min(widest, extent) + 1))
    start = int(rng.integers(0, extent - width + 1))
    return start, start + width
