"""BEATs: a Transformer over 16 x 16 patches of a filter bank, pre-trained on AudioSet with an acoustic tokenizer.

Paper: Chen et al. 2022, "BEATs: Audio Pre-Training with Acoustic Tokenizers", arXiv 2212.09058.
Checkpoints: base BEATs_iter3_plus_AS2M.pt. The authors publish it (and the earlier iterations, of the same shape) in
microsoft/unilm on GitHub, beats/README.md, not on the hub: download it and put it, its name unchanged, into
AUDIO_SWEEPS_CACHE/checkpoints (~/.cache/audio-sweeps/checkpoints).
Licence: MIT. The miniatures are made here: Apache-2.0.
Input: mono, 16,000 Hz, up to 10 s -> Kaldi filter bank (frames, 128), 100 frames per second -> 8 tokens per 16 frames.

Classification: one logit per class from every token, their mean over the clip, as in the published fine-tuning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.contract import Loaded, Preset, Size, Spectrogram, Task
from trainables.errors import InputError
from trainables.modeling.checkpoints import fetch
from trainables.modeling.head_loss import head_losses, head_outputs, head_targets
from trainables.networks import filter_bank
from trainables.networks.beats import Beats, BeatsConfig
from trainables.networks.weights import fill, freeze, read_weights, write_weights

NAME = "beats"
TASKS = ("classification", "regression", "multilabel")
SAMPLE_RATE_HZ = 16_000
WINDOW_SECONDS = 10.0
MINIATURE_WINDOW_SECONDS = 5.0
SPECTROGRAM = Spectrogram(0, 1, bins=128)
ORIGIN = "microsoft/unilm on GitHub (beats/README.md)"

# Parameters without the task's head
SIZES: Mapping[str, Size] = {
    "base": Size("BEATs_iter3_plus_AS2M.pt", None, "MIT", 90_311_792, origin=ORIGIN),
}
MINIATURE_SIZES: Mapping[str, Size] = {
    "mini-300k": Size("mini-300k", None, "Apache-2.0", 285_598),
    "mini-1m": Size("mini-1m", None, "Apache-2.0", 971_024),
}
CONFIGS: Mapping[str, BeatsConfig] = {
    "base": BeatsConfig(),
    "mini-300k": BeatsConfig(16, 64, 3, 96, 192, 2, conv_pos=32, conv_pos_groups=8, num_buckets=64, max_distance=200),
    "mini-1m": BeatsConfig(16, 96, 4, 160, 320, 4, conv_pos=32, conv_pos_groups=8, num_buckets=64, max_distance=200),
}

HEAD_MODULES = ("predictor",)
# Besides the head: the gates are an eight-hundredth of the attention's weights, and scale all of its positions.
NOT_QUANTIZED = r".*\.grep_linear"

_LAYER, _ATTENTION = r"encoder\.layers\.\d+\.", r"self_attn\.(q|k|v|out)_proj"


def _matches(per_layer: int) -> dict[str, int]:
    return {size: per_layer * config.encoder_layers for size, config in CONFIGS.items()}


# Never every Linear: that would be `grep_linear` and `post_extract_proj` too
PRESETS: Mapping[str, Preset] = {
    "qv": Preset(rf"{_LAYER}self_attn\.(q|v)_proj", _matches(2)),
    "attention": Preset(rf"{_LAYER}{_ATTENTION}", _matches(4)),
    "attention+mlp": Preset(rf"{_LAYER}({_ATTENTION}|fc1|fc2)", _matches(6)),
}

FBANK_MEAN, FBANK_DEVIATION = 15.41663, 6.55582  # of AudioSet, as published
FULL_SCALE = 2**15  # the filter bank is one of 16-bit samples
FRAME_SAMPLES, HOP_SAMPLES, MEL_BINS = 400, 160, 128
PATCH_FRAMES = 16


def skeleton(size: str, task: Task) -> nn.Module:
    """The model on the `meta` device: shapes and names without weights, network or memory."""
    with torch.device("meta"):
        return Beats(CONFIGS[size], classes=head_outputs(task), mel_bins=MEL_BINS)


def load(
    checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
) -> Loaded:
    """Loads a published `{"cfg", "model"}` file, safetensors, or a folder or hub id of the two; frozen, in eval mode.

    A predictor in the file is dropped: its labels are none of the task's. `quantization` nf4: 4-bit NormalFloat with
    double quantization (Dettmers et al. 2023), computed in `dtype`; the head and the gates are left alone.

    Raises InputError: the checkpoint cannot be had or read, or is of another size.
    """
    published = SIZES.get(size)
    revision = published.revision if published is not None and published.checkpoint == checkpoint else None
    path = fetch(checkpoint, revision, origin=ORIGIN)
    cfg, weights = read_weights(path)
    if (given := BeatsConfig.published(cfg, path)) != CONFIGS[size] and cfg:
        raise InputError(f"{path}: it is no BEATs of size {size}: it has {given}, and the size {CONFIGS[size]}.")
    model = skeleton(size, task)
    fill(model, weights, head=HEAD_MODULES[0], source=path)
    freeze(model, head=HEAD_MODULES[0], keep=NOT_QUANTIZED, quantization=quantization, dtype=dtype, device=device)
    window_seconds = WINDOW_SECONDS if size in SIZES else MINIATURE_WINDOW_SECONDS
    extra = {"window_samples": round(window_seconds * SAMPLE_RATE_HZ)}
    chain = r"patch_embedding|encoder\.layers\.\d+"
    return Loaded(model, None, HEAD_MODULES, chain=chain, pads_to_longest=True, extra=extra)


def build(size: str, task: Task, seed: int) -> nn.Module:
    """An untrained model on the CPU in float32, every weight drawn from `seed`, all of it trainable."""
    model = cast(Beats, skeleton(size, task).to_empty(device="cpu"))
    model.initialise(torch.Generator().manual_seed(seed))
    return model


def write(model: nn.Module, size: str, folder: Path) -> None:
    """Writes what `build` gave, and training changed, as a folder that `load` reads."""
    write_weights(folder, asdict(CONFIGS[size]), model)


def features(loaded: Loaded, waveform: np.ndarray) -> Tensor:
    """(samples,) float32 at 16 kHz -> (F, 128) float32, the normalised filter bank; F a multiple of 16, at least 16.

    Shorter clips are padded with silence to 16 frames (0.175 s); the frames behind the last whole patch are dropped.
    """
    clip = torch.from_numpy(np.array(waveform[: loaded.extra["window_samples"]], dtype=np.float32))
    shortest = FRAME_SAMPLES + (PATCH_FRAMES - 1) * HOP_SAMPLES
    clip = functional.pad(clip, (0, max(0, shortest - len(clip))))
    fbank = filter_bank.log_mel(clip * FULL_SCALE, bins=MEL_BINS, window="povey")
    whole = len(fbank) // PATCH_FRAMES * PATCH_FRAMES
    return (fbank[:whole] - FBANK_MEAN) / (2 * FBANK_DEVIATION)


def collate(loaded: Loaded, features: Sequence[Tensor], task: Task, targets: Sequence[Any] | None) -> dict[str, Tensor]:
    """A batch on the CPU: `fbank` (B, F, 128), and `frames` (B,) where the clips' lengths differ; with targets (label
    names) what `head_targets` gives."""
    del loaded
    batch = {"fbank": nn.utils.rnn.pad_sequence(list(features), batch_first=True)}
    if len({len(clip) for clip in features}) > 1:
        batch["frames"] = torch.tensor([len(clip) for clip in features])
    return batch if targets is None else batch | head_targets(task, targets)


def clip_losses(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """(B,): the cross-entropy of each clip."""
    return head_losses(model(batch["fbank"], batch.get("frames")), batch, label_smoothing=label_smoothing)


def predict(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """(B, C) float32 logits."""
    logits: Tensor = model(batch["fbank"], batch.get("frames"))
    return logits.float()
