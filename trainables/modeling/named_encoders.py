"""Encoders that have no sizes of their own here: kinds of checkpoints (`model_type`), each with what is particular to
it. Shared by the backbones that take any checkpoint.

data2vec-audio: Baevski et al. 2022, arXiv 2202.03555. SEW: Wu et al. 2021, arXiv 2109.06870. UniSpeech-SAT: Chen et al.
2021, arXiv 2110.05752. wav2vec2-conformer: Wang et al. 2020 (fairseq S2T), arXiv 2010.05171. wav2vec2-bert: Seamless
Communication 2023, arXiv 2312.05187. Parakeet: Rekesh et al. 2023, "Fast Conformer", arXiv 2305.05084.

Which of them hear padding behind a mask was measured: tests/trainables/modeling/test_named_encoders.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import (
    Data2VecAudioConfig,
    Data2VecAudioForCTC,
    Data2VecAudioForSequenceClassification,
    ParakeetCTCConfig,
    ParakeetFeatureExtractor,
    ParakeetForCTC,
    SeamlessM4TFeatureExtractor,
    SEWConfig,
    SEWForCTC,
    SEWForSequenceClassification,
    UniSpeechSatConfig,
    UniSpeechSatForCTC,
    UniSpeechSatForSequenceClassification,
    Wav2Vec2BertConfig,
    Wav2Vec2BertForCTC,
    Wav2Vec2BertForSequenceClassification,
    Wav2Vec2ConformerConfig,
    Wav2Vec2ConformerForCTC,
    Wav2Vec2ConformerForSequenceClassification,
)

from trainables.modeling.frames_family import FramesFamily, has_adapter
from trainables.modeling.layer_modules import CONFORMER, PARAKEET, Modules
from trainables.modeling.wav2vec2_family import Family


def always(config: Any) -> bool:
    """It hears padding, masked or not."""
    del config
    return True


def never(config: Any) -> bool:
    del config
    return False


_KNOWN = (  # prefix, classes, configuration; no sizes
    Family(
        "data2vec_audio", Data2VecAudioForSequenceClassification, Data2VecAudioForCTC, Data2VecAudioConfig, {},
        hears_padding=always,
    ),
    Family(
        "sew", SEWForSequenceClassification, SEWForCTC, SEWConfig, {},
        chain="feature_extractor", modules=Modules(projection=""), hears_padding=always,
    ),
    Family(
        "unispeech_sat", UniSpeechSatForSequenceClassification, UniSpeechSatForCTC, UniSpeechSatConfig, {},
    ),
    Family(
        "wav2vec2_conformer", Wav2Vec2ConformerForSequenceClassification, Wav2Vec2ConformerForCTC,
        Wav2Vec2ConformerConfig, {}, modules=CONFORMER, hears_padding=always,
    ),
    FramesFamily(
        "wav2vec2_bert", Wav2Vec2BertForSequenceClassification, Wav2Vec2BertForCTC, Wav2Vec2BertConfig, {},
        chain=r"encoder\.layers\.\d+", modules=CONFORMER, hears_padding=has_adapter,
        extractor_class=SeamlessM4TFeatureExtractor, shortest_samples=560, first_samples=560, step_samples=320,
    ),
    FramesFamily(
        "", None, ParakeetForCTC, ParakeetCTCConfig, {},
        chain=r"encoder\.(subsampling|layers\.\d+)", modules=PARAKEET, hears_padding=never,
        extractor_class=ParakeetFeatureExtractor, recogniser_head=("ctc_head",),
        shortest_samples=320, first_samples=160, step_samples=1280,
    ),
)  # fmt: skip
FAMILIES: Mapping[str, Family] = {family.config_class.model_type: family for family in _KNOWN}
