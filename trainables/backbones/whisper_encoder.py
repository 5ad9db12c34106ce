"""Whisper's encoder as a classifier: what it hears is projected, averaged over the window and given to one Linear.

Paper: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", arXiv 2212.04356.
Checkpoints: openai/whisper-tiny, -base, -small (multilingual); of their weights the decoder's are left out.
Licence: Apache-2.0. The miniatures are made here: Apache-2.0.
Input: mono, 16,000 Hz, up to 30 s -> `trainables/modeling/whisper.py`.

The average runs over the whole window, the silence behind a short clip included, as published
(`WhisperForAudioClassification`). Recognition is the backbone `whisper`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from transformers import WhisperConfig, WhisperForAudioClassification

from trainables.contract import Described, Loaded, Preset, Size, Task
from trainables.modeling import pretrained, whisper
from trainables.modeling.checkpoints import names_checkpoint
from trainables.modeling.head_loss import head_losses, head_targets, with_labels
from trainables.modeling.seeded import seeded_init

NAME = "whisper_encoder"
TASKS = ("classification", "regression", "multilabel")
SAMPLE_RATE_HZ = whisper.SAMPLE_RATE_HZ
WINDOW_SECONDS = whisper.WINDOW_SECONDS
MINIATURE_WINDOW_SECONDS = 2.0
HEAD_MODULES = ("projector", "classifier")
ARCHITECTURES = ("whisper",)
BESIDE = (("preprocessor_config.json", "processor_config.json"),)

# `total_params`: without the head, whose size depends on the labels
SIZES: Mapping[str, Size] = {
    "tiny": Size("openai/whisper-tiny", None, "Apache-2.0", 8_208_384),
    "base": Size("openai/whisper-base", None, "Apache-2.0", 20_590_592),
    "small": Size("openai/whisper-small", None, "Apache-2.0", 88_154_112),
}
MINIATURE_SIZES: Mapping[str, Size] = {
    "mini-300k": Size("mini-300k", None, "Apache-2.0", 284_736),
    "mini-700k": Size("mini-700k", None, "Apache-2.0", 622_592),
}
_MINIATURE_LAYERS = {"mini-300k": 3, "mini-700k": 4}
_MINIATURE_WIDTHS = {"mini-300k": 96, "mini-700k": 128}

_LAYER = r"encoder\.layers\.\d+\."
_ATTENTION, _MLP = r"self_attn\.(q_proj|k_proj|v_proj|out_proj)", r"(fc1|fc2)"


def _in_each_layer(pattern: str, modules: int) -> Preset:
    return Preset(pattern, layers={"encoder_layers": modules})


PRESETS: Mapping[str, Preset] = {
    "qv": _in_each_layer(_LAYER + r"self_attn\.(q_proj|v_proj)", 2),
    "attention": _in_each_layer(_LAYER + _ATTENTION, 4),
    "attention+mlp": _in_each_layer(f"{_LAYER}({_ATTENTION}|{_MLP})", 6),
    "all-linear": _in_each_layer(f"{_LAYER}({_ATTENTION}|{_MLP})", 6),  # the head apart
}


def config(size: str) -> WhisperConfig:
    """A size's configuration, from the published files, without the network; a checkpoint's from its own."""
    if names_checkpoint(size):
        return pretrained.configuration(WhisperConfig, size, backbone=NAME)
    if size in SIZES:
        return whisper.published_config(size)
    width = _MINIATURE_WIDTHS[size]
    return whisper.miniature_config(
        width, _MINIATURE_LAYERS[size], 1, window_seconds=MINIATURE_WINDOW_SECONDS, classifier_proj_size=width
    )


def described(size: str) -> Described:
    """A checkpoint's window."""
    return Described(whisper.window_seconds(config(size)))


def skeleton(size: str, task: Task) -> nn.Module:
    """The model on the `meta` device: shapes and names without weights, network or memory."""
    with torch.device("meta"):
        return cast(nn.Module, WhisperForAudioClassification(with_labels(config(size), task)))


def load(
    checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
) -> Loaded:
    """Loads a hub id or a local folder (of a whole Whisper or of such a classifier), frozen, in eval mode, without
    dropout, layerdrop and SpecAugment; its head starts anew.

    `quantization` nf4: 4-bit NormalFloat with double quantization (Dettmers et al. 2023), the head left alone, `dtype`
    for computing.
    """
    source = pretrained.source_of(checkpoint, size, SIZES)
    built = pretrained.read(WhisperConfig, source, "configuration")
    extractor = whisper.extractor_of(source, built)
    model = pretrained.load_pretrained(
        WhisperForAudioClassification,
        with_labels(built, task),
        source,
        heads=HEAD_MODULES,
        quantization=quantization,
        dtype=dtype,
        device=device,
        key_mapping={r"^model\.encoder\.": "encoder."},
    )
    return Loaded(model, extractor, HEAD_MODULES, chain=r"encoder(\.(conv\d|layers\.\d+))?")


def build(size: str, task: Task, seed: int) -> nn.Module:
    """An untrained model on the CPU in float32, every weight drawn from `seed`, all of it trainable."""
    built = with_labels(config(size), task)
    built.init_std = built.d_model**-0.5  # the default is for wide models
    with seeded_init(seed):
        return cast(nn.Module, WhisperForAudioClassification(built))


def write(model: nn.Module, size: str, folder: Path) -> None:
    """Writes what `build` gave, and training changed, as a folder that `load` reads."""
    del size
    cast(Any, model).save_pretrained(folder)
    whisper.miniature_extractor(MINIATURE_WINDOW_SECONDS).save_pretrained(folder)


def features(loaded: Loaded, waveform: np.ndarray) -> Tensor:
    """(samples,) float32 at 16 kHz -> (80, frames) float32, `whisper.features`."""
    return whisper.features(loaded.processor, waveform)


def collate(loaded: Loaded, features: Sequence[Tensor], task: Task, targets: Sequence[Any] | None) -> dict[str, Tensor]:
    """A batch on the CPU: input_features (B, 80, window); with targets `head_targets`."""
    positions = cast(Any, loaded.model).config.max_source_positions
    batch = {"input_features": whisper.windows(features, positions)}
    return batch if targets is None else batch | head_targets(task, targets)


def clip_losses(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """(B,): the cross-entropy of each clip."""
    return head_losses(_logits(model, batch), batch, label_smoothing=label_smoothing)


def predict(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """(B, C) float32 logits."""
    return _logits(model, batch).float()


def _logits(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    logits: Tensor = model(input_features=pretrained.own_dtype(model, batch["input_features"])).logits
    return logits
