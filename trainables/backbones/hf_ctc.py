"""Any recogniser by CTC that transformers has, or an encoder that is to become one, over a checkpoint that is named.

Kinds (`model_type`): wav2vec 2.0, HuBERT and WavLM, by the backbones of these names; data2vec-audio, SEW,
UniSpeech-SAT, wav2vec2-conformer, Wav2Vec2-BERT and Parakeet CTC, by trainables/modeling/named_encoders.py, which has
their papers.
Licence: the checkpoint's, as its card says. There are no sizes and no miniature.
Input: mono, 16,000 Hz, up to 20 s of waveform or filter bank -> 50 frames per second; of Parakeet 12.5, of
Wav2Vec2-BERT with a convolutional adapter 25 or fewer.

A checkpoint that was trained as a recogniser keeps its head and its letters, or pieces of words (Parakeet). Any other
one gets a new head for the letters of the task.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainables import registry
from trainables.contract import Size
from trainables.modeling import named_encoders, wav2vec2_family
from trainables.modeling.any_kind import AnyKind

NAME = "hf_ctc"
TASKS = ("transcription",)
SAMPLE_RATE_HZ = wav2vec2_family.SAMPLE_RATE_HZ
WINDOW_SECONDS = 20.0
MINIATURE_WINDOW_SECONDS = WINDOW_SECONDS
SPECTROGRAM = None  # some kinds take the waveform
HEAD_MODULES = ("lm_head", "ctc_head")  # Parakeet's is the second
WRITER = wav2vec2_family.WRITER
BESIDE = wav2vec2_family.BESIDE
SIZES: Mapping[str, Size] = {}
MINIATURE_SIZES: Mapping[str, Size] = {}

_KINDS: Mapping[str, Any] = {
    **{name: registry.backbone(name) for name in ("wav2vec2", "hubert", "wavlm")},
    **named_encoders.FAMILIES,
}
ARCHITECTURES = tuple(_KINDS)

ANY = AnyKind(NAME, _KINDS)
PRESETS = ANY.presets(("qv", "attention", "attention+mlp", "all-linear"))
config, described, skeleton, load = ANY.config, ANY.described, ANY.skeleton, ANY.load
build, write = ANY.build, ANY.write
features, collate, clip_losses, predict = ANY.features, ANY.collate, ANY.clip_losses, ANY.predict
logits = wav2vec2_family.logits
