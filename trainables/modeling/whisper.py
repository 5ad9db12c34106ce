"""What Whisper's two backbones share, the whole model and its encoder alone: sizes, front end, windows.

Front end: log-mel spectrogram, 80 bins (128 from large-v3 on), 100 frames per second, of a clip padded with silence to
the model's window (30 s as published). The encoder knows no mask: every clip fills a window, and none hears another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import WhisperConfig, WhisperFeatureExtractor
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from trainables.config import FIT
from trainables.contract import Loaded
from trainables.errors import InputError
from trainables.modeling import pretrained

SAMPLE_RATE_HZ = 16_000
WINDOW_SECONDS = 30.0
HOP_SAMPLES = 160
POSITIONS_PER_SECOND = 50  # of the encoder; two frames each
MINIATURE_HEADS = 4
WINDOW = "window_seconds"  # in `Loaded.extra`, where it is cut
# A window that fits has this much silence behind the clip, without which answers repeat themselves (whisper.cpp's
# audio_ctx and FUTO's whisper-acft had 64 to 128), and its length is a multiple, so that clips share batches.
SPARE_POSITIONS, BUCKET_POSITIONS = 64, 50
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


def window_seconds(config: WhisperConfig) -> float:
    """The longest clip that the encoder has positions for."""
    return float(config.max_source_positions) / POSITIONS_PER_SECOND


def extractor_of(source: Mapping[str, Any], config: WhisperConfig) -> WhisperFeatureExtractor:
    """A checkpoint's front end. Raises InputError: it cannot be read, or makes other features than the model hears."""
    extractor = pretrained.read(WhisperFeatureExtractor, source, "feature extractor (preprocessor_config.json)")
    made, heard = (
        (extractor.feature_size, extractor.nb_max_frames),
        (config.num_mel_bins, 2 * config.max_source_positions),
    )
    if made != heard:
        raise InputError(
            f"the checkpoint {source['pretrained_model_name_or_path']}: its feature extractor makes {made[0]} bins and "
            f"{made[1]} frames, and its model hears {heard[0]} and {heard[1]}; is it another model's?"
        )
    return extractor


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
        max_source_positions=round(POSITIONS_PER_SECOND * window_seconds),
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


def cut_window(loaded: Loaded, encoder: nn.Module, seconds: str | float) -> None:
    """From here on `loaded` hears `fit` or so many seconds: its encoder takes any length. In place."""
    encoder.__class__ = CutEncoder
    loaded.extra[WINDOW] = seconds
    loaded.equal_shapes = True


def cut(mel: Tensor, loaded: Loaded, most_positions: int) -> Tensor:
    """A clip's features (bins, frames), as long as its window: what is behind it is dropped, silence is repeated."""
    seconds = loaded.extra[WINDOW]
    if seconds == FIT:
        wanted = math.ceil(mel.shape[1] / 2) + SPARE_POSITIONS
        wanted = math.ceil(wanted / BUCKET_POSITIONS) * BUCKET_POSITIONS
    else:
        wanted = math.ceil(seconds * POSITIONS_PER_SECOND)
    frames = 2 * min(wanted, most_positions)
    return functional.pad(mel[None], (0, max(0, frames - mel.shape[1])), mode="replicate")[0, :, :frames].contiguous()


class CutEncoder(WhisperEncoder):  # type: ignore[misc]
    """transformers' own for features of any length: positions beyond them are left out."""

    def forward(self, input_features: Tensor, attention_mask: Tensor | None = None, **options: Any) -> BaseModelOutput:
        """(B, bins, 2 T) -> (B, T, d)"""
        heard = functional.gelu(self.conv2(functional.gelu(self.conv1(input_features)))).transpose(1, 2)
        states = heard + self.embed_positions.weight[: heard.shape[1]]
        for layer in self.layers:
            states = layer(states, None)
        return BaseModelOutput(last_hidden_state=self.layer_norm(states))


def windows(clips: Sequence[Tensor], positions: int) -> Tensor:
    """Clips (80, frames) -> (B, 80, 2 * positions): a clip's last frame, which is silence, repeats to the end."""
    frames = 2 * positions
    return torch.cat([functional.pad(clip[None], (0, frames - clip.shape[1]), mode="replicate") for clip in clips])
