"""Any classifier of sound that transformers has: `AutoModelForAudioClassification` over a checkpoint that is named.

Kinds (`model_type`): AST, wav2vec 2.0, HuBERT, WavLM and Whisper, by the backbones of these names; data2vec-audio, SEW,
UniSpeech-SAT, wav2vec2-conformer and Wav2Vec2-BERT, by trainables/modeling/named_encoders.py, which has their papers.
Licence: the checkpoint's, as its card says. There are no sizes and no miniature.
Input: mono, 16,000 Hz; up to 10 s of waveform or filter bank; what the checkpoint has for AST, and 30 s for Whisper.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainables import registry
from trainables.contract import Size
from trainables.modeling import named_encoders, wav2vec2_family
from trainables.modeling.any_kind import AnyKind

NAME = "hf_classifier"
TASKS = ("classification", "regression", "multilabel")
SAMPLE_RATE_HZ = wav2vec2_family.SAMPLE_RATE_HZ
WINDOW_SECONDS = 10.0
MINIATURE_WINDOW_SECONDS = WINDOW_SECONDS
SPECTROGRAM = None  # some kinds take the waveform
HEAD_MODULES = wav2vec2_family.CLASSIFIER_HEAD  # AST has no projector
BESIDE = wav2vec2_family.BESIDE
SIZES: Mapping[str, Size] = {}
MINIATURE_SIZES: Mapping[str, Size] = {}

_BACKBONES = {
    "audio-spectrogram-transformer": "ast",
    "wav2vec2": "wav2vec2",
    "hubert": "hubert",
    "wavlm": "wavlm",
    "whisper": "whisper_encoder",
}
_KINDS: Mapping[str, Any] = {
    **{kind: registry.backbone(name) for kind, name in _BACKBONES.items()},
    **{kind: family for kind, family in named_encoders.FAMILIES.items() if family.model_class is not None},
}
ARCHITECTURES = tuple(_KINDS)

ANY = AnyKind(NAME, _KINDS)
PRESETS = ANY.presets(("qv", "attention", "attention+mlp", "all-linear"))
config, described, skeleton, load = ANY.config, ANY.described, ANY.skeleton, ANY.load
build, write = ANY.build, ANY.write
features, collate, clip_losses, predict = ANY.features, ANY.collate, ANY.clip_losses, ANY.predict
