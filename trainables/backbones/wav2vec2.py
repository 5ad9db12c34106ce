"""wav2vec 2.0: speech representations learnt by telling what was masked from distractors.

Paper: Baevski et al. 2020, "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations", arXiv
2006.11477.
Checkpoints: base facebook/wav2vec2-base (960 hours), large facebook/wav2vec2-large-lv60 (60,000 hours).
Licence: Apache-2.0. The miniatures are made here: Apache-2.0.
Input: mono, 16,000 Hz, up to 10 s of waveform, zero mean and unit variance -> 50 frames per second.

How it is loaded, padded and asked: trainables/modeling/wav2vec2_family.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from transformers import Wav2Vec2Config, Wav2Vec2ForCTC, Wav2Vec2ForSequenceClassification

from trainables.contract import Size
from trainables.modeling import wav2vec2_family
from trainables.modeling.wav2vec2_family import Family

NAME = "wav2vec2"
TASKS = wav2vec2_family.TASKS
SAMPLE_RATE_HZ = wav2vec2_family.SAMPLE_RATE_HZ
WINDOW_SECONDS = 10.0
MINIATURE_WINDOW_SECONDS = 2.0
SPECTROGRAM = None
HEAD_MODULES = wav2vec2_family.HEAD_MODULES
WRITER = wav2vec2_family.WRITER
ARCHITECTURES = ("wav2vec2",)
BESIDE = wav2vec2_family.BESIDE

# `total_params`: without the head
SIZES: Mapping[str, Size] = {
    "base": Size("facebook/wav2vec2-base", None, "Apache-2.0", 94_370_944),
    "large": Size("facebook/wav2vec2-large-lv60", None, "Apache-2.0", 315_437_696),
}
MINIATURE_SIZES: Mapping[str, Size] = {
    "mini-300k": Size("mini-300k", None, "Apache-2.0", 289_088),
    "mini-600k": Size("mini-600k", None, "Apache-2.0", 637_416),
}

FAMILY = Family("wav2vec2", Wav2Vec2ForSequenceClassification, Wav2Vec2ForCTC, Wav2Vec2Config, SIZES)
PRESETS = FAMILY.presets
config, skeleton, load, build, write = FAMILY.config, FAMILY.skeleton, FAMILY.load, FAMILY.build, FAMILY.write
features, collate, predict = FAMILY.features, FAMILY.collate, FAMILY.predict
clip_losses, described = FAMILY.clip_losses, FAMILY.described
