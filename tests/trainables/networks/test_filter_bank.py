"""The filter bank is torchaudio's, bit by bit; and what AST hears is what transformers' own front end makes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchaudio.compliance import kaldi
from transformers import ASTFeatureExtractor

from trainables import registry
from trainables.contract import Loaded
from trainables.networks.filter_bank import log_mel


@pytest.mark.parametrize("samples", [400, 559, 560, 16_000, 82_160])
@pytest.mark.parametrize(
    ("window", "bins", "scale"), [("povey", 128, 2.0**15), ("hanning", 128, 1.0), ("povey", 80, 1.0)]
)
def test_it_is_torchaudios_to_the_last_bit(samples: int, window: str, bins: int, scale: float) -> None:
    clip = torch.randn(samples, generator=torch.Generator().manual_seed(samples)) * 0.1 * scale
    clip[200:380] = 0.0  # silence
    before = clip.clone()
    wanted = kaldi.fbank(clip[None], num_mel_bins=bins, sample_frequency=16_000, window_type=window)
    assert torch.equal(log_mel(clip, bins=bins, window=window), wanted)
    assert torch.equal(clip, before)


def test_silence_lies_on_the_floor() -> None:
    assert torch.equal(
        log_mel(torch.zeros(4000), bins=128, window="hanning"),
        kaldi.fbank(torch.zeros(1, 4000), num_mel_bins=128, sample_frequency=16_000, window_type="hanning"),
    )


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("samples", [100, 400, 16_037, 100_000])
def test_ast_hears_what_transformers_front_end_makes(samples: int, normalised: bool) -> None:
    extractor = ASTFeatureExtractor(max_length=512, do_normalize=normalised)
    clip = np.random.default_rng(samples).standard_normal(samples).astype(np.float32) * 0.1
    clip.flags.writeable = False
    ast = registry.backbone("ast")
    heard = ast.features(Loaded(torch.nn.Identity(), extractor, ()), clip)
    padded = np.pad(clip, (0, max(0, 400 - samples)))
    wanted = extractor(padded, sampling_rate=16_000, return_tensors="pt")["input_values"][0]
    assert torch.equal(heard, wanted[: len(heard)])
    assert len(heard) == min(512, 1 + (len(padded) - 400) // 160)
