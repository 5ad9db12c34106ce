"""What Whisper's two backbones share, the whole model and its encoder alone: sizes, front end, windows.

Front end: log-mel spectrogram, 80 bins, 100 frames per second, of a clip padded with silence to the model's window
(30 s as published). The encoder knows no mask: every clip fills a window, and none hears another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import WhisperConfig, WhisperFeatureExtractor

SAMPLE_RATE_HZ = 16_000
WINDOW_SECONDS = 30.0
HOP_SAMPLES = 160
MINIATURE_HEADS = 4
LAYERS: Mapping[str, int] = {"tiny": 4, "base": 6, "small": 12}  # of the encoder, and of the decoder
_WIDTHS = {"tiny": 384, "base": 512, "small": 768}


def published_config(size: str) -> WhisperConfig:
    """A multilingual checkpoint's configuration, from the published files, without the network."""
    width, layers = _WIDTHS[size], LAYERS[size]
    return WhisperConfig(
        d_model=width,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=width // 64,
        decoder_attention_heads=width // 64,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
    )


def miniature_config(
    width: int, encoder_layers: int, decoder_layers: int, *, window_seconds: float, **further: Any
) -> WhisperConfig:
    return WhisperConfig(
        d_model=width,
        encoder_layers=encoder_layers,
        decoder_layers=decoder_layers,
        encoder_attention_heads=MINIATURE_HEADS,
        decoder_attention_heads=MINIATURE_HEADS,
        encoder_ffn_dim=2 * width,
        decoder_ffn_dim=2 * width,
        max_source_positions=round(50 * window_seconds),
        begin_suppress_tokens=None,  # the published ones are of another vocabulary
        **further,
    )


def miniature_extractor(window_seconds: float) -> WhisperFeatureExtractor:
    return WhisperFeatureExtractor(chunk_length=round(window_seconds))


def features(extractor: WhisperFeatureExtractor, waveform: np.ndarray) -> Tensor:
    """(samples,) float32 at 16 kHz -> (80, frames) float32: the front end's output up to where silence begins.

    What the window cuts off is dropped. Of the silence up to the window one frame is kept: `windows` repeats it.
    """
    clip = np.asarray(waveform, dtype=np.float32)
    mel = extractor(clip, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")["input_features"][0]  # (80, window)
    # The analysis window reaches 200 samples to either side: the third frame behind the clip hears none of it.
    kept = min(math.ceil(len(clip) / HOP_SAMPLES) + 3, mel.shape[1])
    return torch.as_tensor(mel[:, :kept]).contiguous()


def windows(clips: Sequence[Tensor], positions: int) -> Tensor:
    """Clips (80, frames) -> (B, 80, 2 * positions): a clip's last frame, which is silence, repeats to the end."""
    frames = 2 * positions
    return torch.cat([functional.pad(clip[None], (0, frames - clip.shape[1]), mode="replicate") for clip in clips])
