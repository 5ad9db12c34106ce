"""EfficientAT: MobileNetV3 on log-mel spectrograms, trained on AudioSet by distillation from Transformers.

Paper: Schmid et al. 2022, "Efficient Large-Scale Audio Tagging via Transformer-to-CNN Knowledge Distillation", arXiv
2211.04772.
Checkpoints, by width: 0.4 mn04_as_mAP_432.pt, 0.5 mn05_as_mAP_443.pt, 1.0 mn10_as_mAP_471.pt, 2.0 mn20_as_mAP_478.pt,
3.0 mn30_as_mAP_482.pt, 4.0 mn40_as_mAP_484.pt. The authors publish them in the releases of fschmid56/EfficientAT on
GitHub (v0.0.1), not on the hub: download them and put them, their names unchanged, into AUDIO_SWEEPS_CACHE/checkpoints
(~/.cache/audio-sweeps/checkpoints).
Licence: MIT. The miniatures are made here: Apache-2.0.
Input: mono, 32,000 Hz, up to 10 s -> log-mel (128, frames), 100 frames per second.

LoRA on a 1x1 convolution is a pair of 1x1 convolutions. NF4 reaches the Linears alone: those of squeeze and excitation,
and the classifier's first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchaudio.compliance import kaldi

from trainables.contract import Loaded, Preset, Size, Spectrogram, Task
from trainables.modeling.checkpoints import fetch
from trainables.modeling.head_loss import head_losses, head_outputs, head_targets
from trainables.networks.efficientat import Block, EfficientAT, EfficientATConfig
from trainables.networks.weights import fill, freeze, read_weights, write_weights

NAME = "efficientat"
TASKS = ("classification", "regression", "multilabel")
SAMPLE_RATE_HZ = 32_000
WINDOW_SECONDS = 10.0
MINIATURE_WINDOW_SECONDS = 5.0
SPECTROGRAM = Spectrogram(1, 0, bins=128)
HEAD_MODULES = ("classifier.5",)
ORIGIN = "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1"

# `total_params`: without the head, whose size depends on the labels
SIZES: Mapping[str, Size] = {
    "mn04": Size("mn04_as_mAP_432.pt", None, "MIT", 713_248, ORIGIN),
    "mn05": Size("mn05_as_mAP_443.pt", None, "MIT", 1_093_432, ORIGIN),
    "mn10": Size("mn10_as_mAP_471.pt", None, "MIT", 4_201_744, ORIGIN),
    "mn20": Size("mn20_as_mAP_478.pt", None, "MIT", 16_559_640, ORIGIN),
    "mn30": Size("mn30_as_mAP_482.pt", None, "MIT", 37_062_160, ORIGIN),
    "mn40": Size("mn40_as_mAP_484.pt", None, "MIT", 65_728_536, ORIGIN),
}
MINIATURE_SIZES: Mapping[str, Size] = {
    "mini-200k": Size("mini-200k", None, "Apache-2.0", 219_408),
    "mini-600k": Size("mini-600k", None, "Apache-2.0", 636_088),
}

# Smaller sooner than the published ones: most of a narrow network's time goes into its first, largest maps
_FEW = (
    Block(16, 3, 16, 16, squeeze=False, hard=False, stride=2),
    Block(16, 3, 64, 24, squeeze=False, hard=False, stride=1),
    Block(24, 5, 72, 40, squeeze=True, hard=False, stride=2),
    Block(40, 5, 120, 40, squeeze=True, hard=False, stride=1),
    Block(40, 3, 240, 80, squeeze=False, hard=True, stride=2),
    Block(80, 3, 200, 80, squeeze=False, hard=True, stride=1),
    Block(80, 3, 480, 112, squeeze=True, hard=True, stride=1),
)
CONFIGS: Mapping[str, EfficientATConfig] = {
    **{size: EfficientATConfig(width=int(size[2:]) / 10) for size in SIZES},
    "mini-200k": EfficientATConfig(width=0.4, blocks=_FEW),
    "mini-600k": EfficientATConfig(width=0.7, blocks=_FEW),
}

# Filters of one pixel, and nothing else that an adapter could take: depthwise ones would not merge
_POINTWISE = r"features\.\d+\.(block\.\d+\.)?0"
_EXCITATION = r"features\.\d+\.block\.2\.conc_se_layers\.0\.fc[12]"


def _matches(*, excitation: bool) -> dict[str, int]:
    """Two 1x1 filters per block, the first one's lacking one, and the last filter; two Linears per excitation."""
    linears = {size: 2 * sum(block.squeeze for block in config.blocks) for size, config in CONFIGS.items()}
    return {size: 2 * len(config.blocks) + excitation * linears[size] for size, config in CONFIGS.items()}


PRESETS: Mapping[str, Preset] = {
    "pointwise": Preset(_POINTWISE, _matches(excitation=False)),
    "pointwise+se": Preset(f"{_POINTWISE}|{_EXCITATION}", _matches(excitation=True)),
}

PRE_EMPHASIS = 0.97
FFT_SAMPLES, WINDOW_SAMPLES, HOP_SAMPLES = 1024, 800, 320
MEL_BINS, LOWEST_HZ, HIGHEST_HZ = 128, 0.0, 15_000.0
FLOOR, SHIFT, SCALE = 1e-5, 4.5, 5.0
SHORTEST_SAMPLES = 3200  # 0.1 s: the transform mirrors 512 samples at either end


def skeleton(size: str, task: Task) -> nn.Module:
    """The model on the `meta` device: shapes and names without weights, network or memory."""
    with torch.device("meta"):
        return EfficientAT(CONFIGS[size], classes=head_outputs(task))


def load(
    checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
) -> Loaded:
    """Loads a published file, safetensors, or a folder or hub id that holds these; frozen, in eval mode.

    The file's last layer is dropped: its labels are none of the task's. `quantization` nf4: 4-bit NormalFloat with
    double quantization (Dettmers et al. 2023) of the Linears, computed in `dtype`; the head is left alone.

    Raises InputError: the checkpoint cannot be had or read, or is of another size.
    """
    published = SIZES.get(size)
    revision = published.revision if published is not None and published.checkpoint == checkpoint else None
    path = fetch(checkpoint, revision, origin=ORIGIN)
    _, weights = read_weights(path)
    model = skeleton(size, task)
    fill(model, weights, head=HEAD_MODULES[0], source=path)
    # a pattern that matches nothing: every Linear but the head
    freeze(model, head=HEAD_MODULES[0], keep="", quantization=quantization, dtype=dtype, device=device)
    window_seconds = WINDOW_SECONDS if size in SIZES else MINIATURE_WINDOW_SECONDS
    extra = {"window_samples": round(window_seconds * SAMPLE_RATE_HZ)}
    return Loaded(model, None, HEAD_MODULES, chain=r"features\.\d+", pads_to_longest=True, extra=extra)


def build(size: str, task: Task, seed: int) -> nn.Module:
    """An untrained model on the CPU in float32, every weight drawn from `seed`, all of it trainable."""
    model = cast(EfficientAT, skeleton(size, task).to_empty(device="cpu"))
    model.initialise(torch.Generator().manual_seed(seed))
    return model


def write(model: nn.Module, size: str, folder: Path) -> None:
    """Writes what `build` gave, and training changed, as a folder that `load` reads."""
    write_weights(folder, asdict(CONFIGS[size]), model)


def features(loaded: Loaded, waveform: np.ndarray) -> Tensor:
    """(samples,) float32 at 32 kHz -> (128, F) float32 log-mel; clips under 0.1 s are padded with silence to it.

    Pre-emphasis, power spectrum, Kaldi's mel bands, logarithm, and the fixed normalisation of the published models.
    """
    clip = torch.from_numpy(np.array(waveform[: loaded.extra["window_samples"]], dtype=np.float32))
    clip = functional.pad(clip, (0, max(0, SHORTEST_SAMPLES - len(clip))))
    emphasised = clip[1:] - PRE_EMPHASIS * clip[:-1]
    spectrum = torch.stft(
        emphasised,
        FFT_SAMPLES,
        hop_length=HOP_SAMPLES,
        win_length=WINDOW_SAMPLES,
        window=torch.hann_window(WINDOW_SAMPLES, periodic=False),
        center=True,
        return_complex=True,
    )  # (513, F)
    power = spectrum.real.square() + spectrum.imag.square()
    return ((mel_bands() @ power + FLOOR).log() + SHIFT) / SCALE


@cache
def mel_bands() -> Tensor:
    """(128, 513): Kaldi's triangles; the last frequency, half the sample rate, is in none of them."""
    bands, _ = kaldi.get_mel_banks(
        MEL_BINS,
        FFT_SAMPLES,
        SAMPLE_RATE_HZ,
        LOWEST_HZ,
        HIGHEST_HZ,
        vtln_low=100.0,
        vtln_high=-500.0,
        vtln_warp_factor=1.0,
    )
    return functional.pad(bands, (0, 1))


def collate(loaded: Loaded, features: Sequence[Tensor], task: Task, targets: Sequence[Any] | None) -> dict[str, Tensor]:
    """A batch on the CPU: `mel` (B, 128, F), and `frames` (B,) where the clips' lengths differ; with targets (label
    names) what `head_targets` gives."""
    del loaded
    lengths = [clip.shape[1] for clip in features]
    longest = max(lengths)
    mel = [functional.pad(clip, (0, longest - clip.shape[1])) for clip in features]
    batch = {"mel": torch.stack(mel)}
    if min(lengths) < longest:
        batch["frames"] = torch.tensor(lengths)
    return batch if targets is None else batch | head_targets(task, targets)


def clip_losses(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """(B,): the cross-entropy of each clip."""
    return head_losses(model(batch["mel"], batch.get("frames")), batch, label_smoothing=label_smoothing)


def predict(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """(B, C) float32 logits."""
    logits: Tensor = model(batch["mel"], batch.get("frames"))
    return logits.float()
