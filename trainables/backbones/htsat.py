"""HTS-AT: a hierarchical (Swin) transformer over a log-mel spectrogram; here CLAP's audio encoder, and a Linear on it.

Papers: Chen et al. 2022, "HTS-AT: A Hierarchical Token-Semantic Audio Transformer", arXiv 2202.00874; Wu et al. 2023,
"Large-Scale Contrastive Language-Audio Pretraining" (CLAP), arXiv 2211.06687.
Checkpoints: unfused laion/clap-htsat-unfused, fused laion/clap-htsat-fused, larger laion/larger_clap_general.
Licence: Apache-2.0; the miniatures are made here: Apache-2.0.
Input: mono, 48,000 Hz, up to 10 s -> repeated as often as it fits into 10 s, then silence -> (1, 1001, 64): 64 mel
bands in decibels, 10 ms apart. Slaney's filters where CLAP was trained without fusion, HTK's where with.

A longer clip is its first 10 s: CLAP's own crop is random. So nothing is ever "longer" here, and of a fused model the
fusion of crops rests, though its weights are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from transformers import ClapAudioConfig, ClapAudioModel, ClapFeatureExtractor

from trainables.contract import Loaded, Preset, Size, Spectrogram, Task
from trainables.modeling import pretrained
from trainables.modeling.head_loss import head_losses, head_targets, with_labels
from trainables.modeling.seeded import seeded_init

NAME = "htsat"
TASKS = ("classification", "regression", "multilabel")
SAMPLE_RATE_HZ = 48_000
WINDOW_SECONDS = 10.0
MINIATURE_WINDOW_SECONDS = 2.0
SPECTROGRAM = Spectrogram(1, 2, bins=64)
HEAD_MODULES = ("classifier",)

# `total_params`: without the head, whose size depends on the labels
SIZES: Mapping[str, Size] = {
    "unfused": Size("laion/clap-htsat-unfused", None, "Apache-2.0", 27_534_488),
    "fused": Size("laion/clap-htsat-fused", None, "Apache-2.0", 27_549_128),
    "larger": Size("laion/larger_clap_general", None, "Apache-2.0", 67_824_408),
}
MINIATURE_SIZES: Mapping[str, Size] = {
    "mini-500k": Size("mini-500k", None, "Apache-2.0", 504_566),
    "mini-1m": Size("mini-1m", None, "Apache-2.0", 1_128_497),
}
_DEPTHS: Mapping[str, tuple[int, ...]] = {
    "unfused": (2, 2, 6, 2),
    "fused": (2, 2, 6, 2),
    "larger": (2, 2, 12, 2),
    "mini-500k": (1, 1, 2),
    "mini-1m": (1, 1, 2),
}

_BLOCK = r"audio_encoder\.layers\.\d+\.blocks\.\d+\."
_QKV, _DENSE = r"attention\.self\.(query|key|value)", r"attention\.output\.dense"
_MLP, _REDUCTION = r"(intermediate|output)\.dense", r"audio_encoder\.layers\.\d+\.downsample\.reduction"


def _matches(per_block: int, per_border: int = 0) -> dict[str, int]:
    return {size: per_block * sum(depths) + per_border * (len(depths) - 1) for size, depths in _DEPTHS.items()}


PRESETS: Mapping[str, Preset] = {
    "qv": Preset(_BLOCK + r"attention\.self\.(query|value)", _matches(2)),
    "qkv": Preset(_BLOCK + _QKV, _matches(3)),
    "attention": Preset(f"{_BLOCK}({_QKV}|{_DENSE})", _matches(4)),
    "attention+mlp": Preset(f"{_BLOCK}({_QKV}|{_DENSE}|{_MLP})", _matches(6)),
    "all-linear": Preset(f"{_BLOCK}({_QKV}|{_DENSE}|{_MLP})|{_REDUCTION}", _matches(6, per_border=1)),
}

POWER_FLOOR = 1e-10  # less counts as this much: -100 decibels


class HtsatClassifier(ClapAudioModel):  # type: ignore[misc]
    """CLAP's audio encoder under its own names, and `classifier` on what it pools. (B, 1, T, 64) -> (B, C) logits."""

    supports_gradient_checkpointing = True  # its stages are layers that can

    def __init__(self, config: ClapAudioConfig) -> None:
        super().__init__(config)
        self.classifier = nn.Linear(self.audio_encoder.num_features, config.num_labels)
        self.post_init()

    def forward(self, input_features: Tensor) -> Tensor:
        longer = torch.zeros(len(input_features), 1, dtype=torch.bool, device=input_features.device)
        pooled = self.audio_encoder(input_features=input_features, is_longer=longer).pooler_output  # (B, width)
        logits: Tensor = self.classifier(pooled)
        return logits


def config(size: str) -> ClapAudioConfig:
    """A size's configuration, from the published files, without the network."""
    depths = _DEPTHS[size]
    if size in SIZES:
        width = 128 if size == "larger" else 96
        return ClapAudioConfig(
            depths=depths, patch_embeds_hidden_size=width, hidden_size=8 * width, enable_fusion=size == "fused"
        )
    width = {"mini-500k": 32, "mini-1m": 48}[size]
    return ClapAudioConfig(
        depths=depths,
        num_attention_heads=(width // 16, width // 8, width // 4),
        num_hidden_layers=len(depths),
        patch_embeds_hidden_size=width,
        hidden_size=width * 2 ** (len(depths) - 1),
        spec_size=128,
        patch_size=8,  # a quarter of the tokens for as many frames
        patch_stride=(8, 8),
        window_size=4,  # the last stage is 4 x 4 tokens
    )


def skeleton(size: str, task: Task) -> nn.Module:
    """The model on the `meta` device: shapes and names without weights, network or memory."""
    with torch.device("meta"):
        return cast(nn.Module, HtsatClassifier(with_labels(config(size), task)))


def load(
    checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
) -> Loaded:
    """Loads a hub id or a local folder (of a whole CLAP or of its audio encoder), frozen, in eval mode, without
    dropout; its head starts anew.

    `quantization` nf4: 4-bit NormalFloat with double quantization (Dettmers et al. 2023), the head left alone, `dtype`
    for computing.
    """
    source = pretrained.source_of(checkpoint, size, SIZES)
    model = pretrained.load_pretrained(
        HtsatClassifier,
        with_labels(ClapAudioConfig.from_pretrained(**source), task),
        source,
        heads=HEAD_MODULES,
        quantization=quantization,
        dtype=dtype,
        device=device,
        key_mapping={r"^audio_model\.audio_encoder": "audio_encoder"},
    )
    extractor = ClapFeatureExtractor.from_pretrained(**source)
    filters = extractor.mel_filters if extractor.truncation == "fusion" else extractor.mel_filters_slaney
    extra = {"mel_filters": torch.from_numpy(filters).float()}  # (513, 64)
    return Loaded(model=model, processor=extractor, head_modules=HEAD_MODULES, extra=extra)


def build(size: str, task: Task, seed: int) -> nn.Module:
    """An untrained model on the CPU in float32, every weight drawn from `seed`, all of it trainable."""
    built = with_labels(config(size), task)
    pretrained.silence(built)  # training draws nothing either
    with seeded_init(seed):
        return cast(nn.Module, HtsatClassifier(built))


def write(model: nn.Module, size: str, folder: Path) -> None:
    """Writes what `build` gave, and training changed, as a folder that `load` reads."""
    seconds = WINDOW_SECONDS if size in SIZES else MINIATURE_WINDOW_SECONDS
    cast(Any, model).save_pretrained(folder)
    ClapFeatureExtractor(
        max_length_s=int(seconds), frequency_min=50, truncation="fusion" if size == "fused" else "rand_trunc"
    ).save_pretrained(folder)


def features(loaded: Loaded, waveform: np.ndarray) -> Tensor:
    """(samples,) float32 at 48 kHz -> (1, frames, 64) float32, decibels; as ClapFeatureExtractor, without its dice."""
    extractor = loaded.processor
    clip = np.asarray(waveform, dtype=np.float32)[: extractor.nb_max_samples]
    if extractor.padding == "repeatpad" and len(clip) > 0:
        clip = np.tile(clip, extractor.nb_max_samples // len(clip))
    samples = torch.from_numpy(np.pad(clip, (0, extractor.nb_max_samples - len(clip))))
    spectrum = torch.stft(
        samples,
        extractor.fft_window_size,
        extractor.hop_length,
        window=torch.hann_window(extractor.fft_window_size),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )  # (513, frames)
    mel = spectrum.abs().square().T @ loaded.extra["mel_filters"]
    decibels: Tensor = 10 * mel.clamp(min=POWER_FLOOR).log10()
    return decibels[None]


def collate(loaded: Loaded, features: Sequence[Tensor], task: Task, targets: Sequence[Any] | None) -> dict[str, Tensor]:
    """A batch on the CPU: input_features (B, 1, frames, 64); with targets what `head_targets` gives."""
    del loaded
    batch = {"input_features": torch.stack(list(features))}
    return batch if targets is None else batch | head_targets(task, targets)


def clip_losses(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """(B,): the cross-entropy of each clip."""
    return head_losses(_logits(model, batch), batch, label_smoothing=label_smoothing)


def predict(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """(B, C) float32 logits."""
    return _logits(model, batch).float()


def _logits(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    logits: Tensor = model(input_features=pretrained.own_dtype(model, batch["input_features"]))
    return logits
