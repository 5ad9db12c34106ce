"""AST, the Audio Spectrogram Transformer: a vision transformer over overlapping patches of a log-mel spectrogram.

Paper: Gong, Chung and Glass 2021, "AST: Audio Spectrogram Transformer", arXiv 2104.01778.
Checkpoints: MIT/ast-finetuned-audioset-10-10-0.4593 (patches every 10 bins and frames) and -16-16-0.442 (every 16: no
overlap, a third of the patches).
Licence: BSD-3-Clause. The miniatures are made here: Apache-2.0.
Input: mono, 16,000 Hz, up to 10.255 s -> Kaldi filter bank (1024 frames, 128 bins), normalised with AudioSet's mean and
standard deviation (times 2, as published), padded with zeros before that.

The head is a layer norm and one Linear on the mean of the class token and the distillation token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification
from transformers.models.audio_spectrogram_transformer.modeling_audio_spectrogram_transformer import ASTLayer

from trainables.contract import Described, Loaded, Preset, Size, Spectrogram, Task
from trainables.errors import InputError
from trainables.modeling import pretrained
from trainables.modeling.checkpoints import names_checkpoint
from trainables.modeling.head_loss import head_losses, head_targets, with_labels
from trainables.modeling.seeded import seeded_init
from trainables.networks import filter_bank

NAME = "ast"
TASKS = ("classification", "regression", "multilabel")
SAMPLE_RATE_HZ = 16_000
WINDOW_SECONDS = 10.255  # 1024 frames of 25 ms, 10 ms apart
MINIATURE_WINDOW_SECONDS = 5.135  # 512 frames
SPECTROGRAM = Spectrogram(0, 1, bins=128)
HEAD_MODULES = ("classifier",)
ARCHITECTURES = ("audio-spectrogram-transformer",)
BESIDE = (("preprocessor_config.json", "processor_config.json"),)

# `total_params`: without the head, whose size depends on the labels
SIZES: Mapping[str, Size] = {
    "base-16": Size("MIT/ast-finetuned-audioset-16-16-0.442", None, "BSD-3-Clause", 85_649_664),
    "base": Size("MIT/ast-finetuned-audioset-10-10-0.4593", None, "BSD-3-Clause", 86_187_264),
}
MINIATURE_SIZES: Mapping[str, Size] = {
    "mini-450k": Size("mini-450k", None, "Apache-2.0", 440_640),
    "mini-900k": Size("mini-900k", None, "Apache-2.0", 933_248),
}

_LAYER = r"audio_spectrogram_transformer\.layers\.\d+\."
_CHAIN = r"audio_spectrogram_transformer\.(embeddings|layers\.\d+)"
_ATTENTION, _MLP = r"attention\.(q_proj|k_proj|v_proj|o_proj)", r"mlp\.(fc1|fc2)"
_MINIATURE_LAYERS = {"mini-450k": 3, "mini-900k": 4}


def _in_each_layer(pattern: str, modules: int, *, once: int = 0, reaches_head: bool = False) -> Preset:
    return Preset(pattern, reaches_head=reaches_head, layers={"num_hidden_layers": modules}, once=once)


_TODAY: dict[str, Preset] = {
    "qv": _in_each_layer(_LAYER + r"attention\.(q_proj|v_proj)", 2),
    "qkv": _in_each_layer(_LAYER + r"attention\.(q_proj|k_proj|v_proj)", 3),
    "attention": _in_each_layer(_LAYER + _ATTENTION, 4),
    "attention+mlp": _in_each_layer(f"{_LAYER}({_ATTENTION}|{_MLP})", 6),
    "all-linear": _in_each_layer(rf"{_LAYER}({_ATTENTION}|{_MLP})|classifier\.dense", 6, once=1, reaches_head=True),
}
# What published sweeps wrote before transformers 5 renamed the modules; `dense` was every other Linear, the head's too.
_BEFORE = {"query,value": "qv", "query,key,value": "qkv", "query,key,value,dense": "all-linear"}
PRESETS: Mapping[str, Preset] = _TODAY | {old: _TODAY[new] for old, new in _BEFORE.items()}

FRAME_SAMPLES, HOP_SAMPLES = 400, 160
READ_TOKENS = 2  # of class and distillation; they stand first


def config(size: str) -> ASTConfig:
    """A size's configuration, from the published files, without the network; a checkpoint's from its own."""
    if names_checkpoint(size):
        return pretrained.configuration(ASTConfig, size, backbone=NAME)
    if size in SIZES:
        stride = 16 if size == "base-16" else 10
        return ASTConfig(frequency_stride=stride, time_stride=stride)
    width = {"mini-450k": 96, "mini-900k": 128}[size]
    return ASTConfig(
        hidden_size=width,
        num_hidden_layers=_MINIATURE_LAYERS[size],
        num_attention_heads=width // 32,
        intermediate_size=4 * width,
        patch_size=32,  # a quarter of the tokens for as many frames
        frequency_stride=32,
        time_stride=32,
        max_length=_frames(round(MINIATURE_WINDOW_SECONDS * SAMPLE_RATE_HZ)),
    )


def described(size: str) -> Described:
    """A checkpoint's window."""
    return Described(((config(size).max_length - 1) * HOP_SAMPLES + FRAME_SAMPLES) / SAMPLE_RATE_HZ)


def skeleton(size: str, task: Task) -> nn.Module:
    """The model on the `meta` device: shapes and names without weights, network or memory."""
    with torch.device("meta"):
        return cast(nn.Module, ASTForAudioClassification(with_labels(config(size), task)))


def load(
    checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
) -> Loaded:
    """Loads a hub id or a local folder, frozen, in eval mode, without dropout; its head starts anew.

    `quantization` nf4: 4-bit NormalFloat with double quantization (Dettmers et al. 2023), the head left alone, `dtype`
    for computing. Checkpoints with the module names of transformers 4 load as well.
    """
    source = pretrained.source_of(checkpoint, size, SIZES)
    built = pretrained.read(ASTConfig, source, "configuration")
    extractor = pretrained.read(ASTFeatureExtractor, source, "feature extractor (preprocessor_config.json)")
    if extractor.max_length != built.max_length:
        raise InputError(
            f"the checkpoint {checkpoint}: its feature extractor makes {extractor.max_length} frames, and its model "
            f"hears {built.max_length}; is it another model's?"
        )
    model = pretrained.load_pretrained(
        ASTForAudioClassification,
        with_labels(built, task),
        source,
        heads=HEAD_MODULES,
        quantization=quantization,
        dtype=dtype,
        device=device,
    )
    cast(Any, model).audio_spectrogram_transformer.layers[-1].__class__ = LastLayer
    silence = float(extractor.normalize(np.float32(0.0))) if extractor.do_normalize else 0.0
    return Loaded(model, extractor, HEAD_MODULES, chain=_CHAIN, extra={"silence": silence})


class LastLayer(ASTLayer):  # type: ignore[misc]
    """The last layer, which answers only for the two tokens that the head reads, from what all tokens say: a sixth of
    its products, the same numbers."""

    def forward(self, hidden_states: Tensor, attention_mask: Tensor | None = None, **options: Any) -> Tensor:
        attention = self.attention
        normed = self.layernorm_before(hidden_states)
        query, key, value = (
            torch.unflatten(projected, 2, (-1, attention.head_dim)).transpose(1, 2)
            for projected in (
                attention.q_proj(normed[:, :READ_TOKENS]),
                attention.k_proj(normed),
                attention.v_proj(normed),
            )
        )
        heard = functional.scaled_dot_product_attention(query, key, value, scale=attention.scaling)
        read = attention.o_proj(heard.transpose(1, 2).flatten(2)) + hidden_states[:, :READ_TOKENS]
        out: Tensor = self.mlp(self.layernorm_after(read)) + read
        return out


def build(size: str, task: Task, seed: int) -> nn.Module:
    """An untrained model on the CPU in float32, every weight drawn from `seed`, all of it trainable."""
    built = with_labels(config(size), task)
    built.initializer_range = built.hidden_size**-0.5  # the default is for wide models
    pretrained.silence(built)  # training draws nothing either
    with seeded_init(seed):
        return cast(nn.Module, ASTForAudioClassification(built))


def write(model: nn.Module, size: str, folder: Path) -> None:
    """Writes what `build` gave, and training changed, as a folder that `load` reads."""
    cast(Any, model).save_pretrained(folder)
    ASTFeatureExtractor(max_length=config(size).max_length).save_pretrained(folder)


def features(loaded: Loaded, waveform: np.ndarray) -> Tensor:
    """(samples,) float32 at 16 kHz -> (frames, 128) float32: the front end's output without the padding behind."""
    clip = np.array(waveform, dtype=np.float32)  # a store's are read-only, which torch warns of
    if len(clip) < FRAME_SAMPLES:
        clip = np.pad(clip, (0, FRAME_SAMPLES - len(clip)))
    extractor = loaded.processor
    bank = filter_bank.log_mel(torch.from_numpy(clip), bins=extractor.num_mel_bins, window="hanning")
    kept = bank[: extractor.max_length]
    if extractor.do_normalize:
        kept = cast(Tensor, extractor.normalize(kept))
    return kept.contiguous()


def collate(loaded: Loaded, features: Sequence[Tensor], task: Task, targets: Sequence[Any] | None) -> dict[str, Tensor]:
    """A batch on the CPU: input_values (B, frames, 128), padded to the window; with targets `head_targets`."""
    padded = pretrained.pad_frames(features, loaded.processor.max_length, loaded.extra["silence"])
    batch = {"input_values": torch.stack(padded)}
    return batch if targets is None else batch | head_targets(task, targets)


def clip_losses(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """(B,): the cross-entropy of each clip."""
    return head_losses(_logits(model, batch), batch, label_smoothing=label_smoothing)


def predict(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """(B, C) float32 logits."""
    return _logits(model, batch).float()


def _logits(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    logits: Tensor = model(input_values=pretrained.own_dtype(model, batch["input_values"])).logits
    return logits


def _frames(samples: int) -> int:
    return 1 + (samples - FRAME_SAMPLES) // HOP_SAMPLES
