"""Encoders like wav2vec 2.0's that take frames of a filter bank in place of the waveform: Wav2Vec2-BERT and Parakeet.

A clip's features are made and normalised alone, and the last frame is dropped where the front end says that it lies
behind the clip. Behind a mask padding changes nothing, save where strided convolutions follow the encoder
(`add_adapter`), which hear it: a forward pass then takes clips of one length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from trainables.contract import Described, Loaded
from trainables.modeling.wav2vec2_family import SAMPLE_RATE_HZ, WRITER, Family
from trainables.writing import Frames


def has_adapter(config: Any) -> bool:
    return bool(getattr(config, "add_adapter", False))


@dataclass(frozen=True)
class FramesFamily(Family):
    """As `Family`, with what its front end and subsampling make of sound."""

    shortest_samples: int = 0  # with fewer the features cannot be normalised
    first_samples: int = 0  # that give one frame of the output
    step_samples: int = 0  # that give each further one

    def described(self, size: str) -> Described:
        """A recogniser's frames."""
        config = self.config(size)
        stride = config.adapter_stride**config.num_adapter_layers if has_adapter(config) else 1
        frames = Frames(SAMPLE_RATE_HZ, self.first_samples, self.step_samples * stride)
        return Described(writer=replace(WRITER, frames=frames))

    def write(self, model: nn.Module, size: str, folder: Path) -> None:
        """Writes what `build` gave as a folder that `load` reads; where there is an encoder by itself, that alone."""
        del size
        whole: Any = model
        (whole.base_model if hasattr(whole, "lm_head") else whole).save_pretrained(folder)
        self.extractor_class().save_pretrained(folder)

    def features(self, loaded: Loaded, waveform: np.ndarray) -> Tensor:
        """(samples,) float32 at 16 kHz -> (frames, bins) float32; what is too short gets silence behind."""
        clip = np.asarray(waveform, dtype=np.float32)
        clip = np.pad(clip, (0, max(0, self.shortest_samples - len(clip))))
        found = loaded.processor(clip, sampling_rate=SAMPLE_RATE_HZ, return_attention_mask=True, return_tensors="pt")
        heard: Tensor = found["input_features"][0][found["attention_mask"][0].bool()]
        return heard.contiguous()
