"""EfficientAT: published counts, keys and files, and the log-mel front end by its formulas."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from trainables.backbones import efficientat
from trainables.contract import Loaded
from trainables.errors import InputError
from trainables.tasks.classification import Classification
from trainables.training.targets import count, resolve_targets

TASK = Classification(("bell", "drum", "horn"))
CPU = torch.device("cpu")
SIZE = "mini-200k"


def labels(number: int) -> Classification:
    return Classification(tuple(f"class {index}" for index in range(number)))


def parameters(size: str, classes: int) -> int:
    return sum(parameter.numel() for parameter in efficientat.skeleton(size, labels(classes)).parameters())


def load(path: Path, quantization: str = "none", dtype: torch.dtype = torch.float32, size: str = SIZE) -> Loaded:
    return efficientat.load(str(path), TASK, size=size, quantization=quantization, dtype=dtype, device=CPU)


# Counts and keys, on the meta device


@pytest.mark.parametrize(
    ("size", "total"),
    [
        ("mn04", 983_599),
        ("mn05", 1_431_239),
        ("mn10", 4_876_831),
        ("mn20", 17_909_287),
        ("mn30", 39_086_367),
        ("mn40", 68_427_303),
    ],
)
def test_published_counts_with_audiosets_classes(size: str, total: int) -> None:
    assert parameters(size, 527) == total
    assert len(efficientat.skeleton(size, TASK).state_dict()) == 312


def test_published_count_with_forty_classes() -> None:
    assert parameters("mn10", 40) == 4_252_984


@pytest.mark.parametrize(
    ("size", "pointwise", "with_excitation", "with_head"),
    [
        ("mn04", 43_328, 76_224, 96_744),
        ("mn10", 107_136, 188_416, 239_656),
        ("mn20", 214_272, 376_704, 479_144),
        ("mn40", 428_544, 753_024, 957_864),
    ],
)
def test_published_adapter_counts(size: str, pointwise: int, with_excitation: int, with_head: int) -> None:
    model = efficientat.skeleton(size, labels(40))
    for preset, modules, expected in (("pointwise", 30, pointwise), ("pointwise+se", 46, with_excitation)):
        names = resolve_targets(model, efficientat.PRESETS[preset], size)
        counts = count(model, names, rank=8, head_modules=efficientat.HEAD_MODULES)
        assert (counts.matched_modules, counts.adapter_params) == (modules, expected)
        assert not [name for name in names if "classifier" in name]
    assert counts.trainable_params == with_head


def test_efficientat_reads_the_published_keys() -> None:
    shapes = {
        name: tuple(tensor.shape) for name, tensor in efficientat.skeleton("mn10", labels(527)).state_dict().items()
    }
    expected: dict[str, tuple[int, ...]] = {
        "features.0.0.weight": (16, 1, 3, 3),
        "features.0.1.running_mean": (16,),
        "features.0.1.num_batches_tracked": (),
        "features.1.block.0.0.weight": (16, 1, 3, 3),  # nothing to expand: the depthwise filter comes first
        "features.1.block.1.0.weight": (16, 16, 1, 1),
        "features.2.block.0.0.weight": (64, 16, 1, 1),
        "features.4.block.1.0.weight": (72, 1, 5, 5),
        "features.4.block.2.conc_se_layers.0.fc1.weight": (24, 72),
        "features.4.block.2.conc_se_layers.0.fc2.weight": (72, 24),
        "features.4.block.3.0.weight": (40, 72, 1, 1),
        "features.4.block.3.1.running_var": (40,),
        "features.11.block.2.conc_se_layers.0.fc1.bias": (120,),
        "features.15.block.3.0.weight": (160, 960, 1, 1),
        "features.16.0.weight": (960, 160, 1, 1),
        "features.16.1.bias": (960,),
        "classifier.2.weight": (1280, 960),
        "classifier.5.weight": (527, 1280),
        "classifier.5.bias": (527,),
    }
    assert {name: shapes[name] for name in expected} == expected
    assert not [name for name in shapes if name.startswith("features") and name.endswith("0.bias")]
    with_excitation = sorted({int(name.split(".")[1]) for name in shapes if "conc_se_layers" in name})
    assert with_excitation == [4, 5, 6, 11, 12, 13, 14, 15]


# Files


@cache
def weights(classes: int = 527) -> dict[str, Tensor]:
    """Of a miniature's shape; the statistics of batch norm are those of noise in different colours."""
    model = efficientat.build(SIZE, labels(classes), seed=3)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the plain mean over batches: here of one
    slopes = torch.linspace(-1, 1, 128)[:, None] * torch.linspace(-1, 1, 8)[:, None, None]
    with torch.no_grad():
        model.train()(torch.stack([efficientat.features(front_end(), noise(1.0, seed)) for seed in range(8)]) + slopes)
    return model.state_dict()


@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_a_published_file_loads_whole(tmp_path: Path, kind: str) -> None:
    written, path = weights(), tmp_path / f"mn10_as_mAP_471.{kind}"
    torch.save(written, path) if kind == "pt" else save_file(written, path)
    loaded = load(path).model.state_dict()
    for name, tensor in written.items():
        if not name.startswith("classifier.5"):
            assert torch.equal(loaded[name], tensor), name
    assert loaded["classifier.5.weight"].shape == (3, written["classifier.2.weight"].shape[0])


def test_another_width_is_an_error(tmp_path: Path) -> None:
    torch.save(weights(), tmp_path / "x.pt")
    with pytest.raises(
        InputError, match=r"x\.pt: features\.0\.0\.weight is \(8, 1, 3, 3\), and this size has \(16, 1, 3, 3\)"
    ):
        load(tmp_path / "x.pt", size="mini-600k")


def test_an_absent_file_says_where_it_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path))
    with pytest.raises(
        InputError, match=r"mn10_as_mAP_471\.pt is not here: download it from https://github\.com/fschmid56"
    ):
        load(Path(efficientat.SIZES["mn10"].checkpoint), size="mn10")


@pytest.mark.parametrize(("quantization", "within"), [("none", 0.05), ("nf4", 0.3)])
def test_half_precision_leaves_the_statistics_alone(tmp_path: Path, quantization: str, within: float) -> None:
    """A variance in bfloat16 would have 8 bits."""
    torch.save(weights(), tmp_path / "x.pt")
    exact, half = load(tmp_path / "x.pt"), load(tmp_path / "x.pt", quantization, torch.bfloat16)
    state = half.model.state_dict()
    assert torch.equal(state["features.0.1.running_mean"], exact.model.state_dict()["features.0.1.running_mean"])
    assert state["features.0.0.weight"].dtype == torch.bfloat16
    clips = [efficientat.features(exact, noise(seconds, seed)) for seed, seconds in enumerate((2.0, 1.0))]
    with torch.no_grad():
        batch = efficientat.collate(exact, clips, TASK, None)
        expected, got = efficientat.predict(exact.model, batch), efficientat.predict(half.model, batch)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = efficientat.predict(half.model, batch)
    assert (expected[0] - expected[1]).abs().max() > 0.01
    for answers in (got, mixed):
        assert answers.dtype == torch.float32
        assert (answers - expected).abs().max() < within * expected.abs().max()


def test_in_nf4_the_linears_but_the_head(tmp_path: Path) -> None:
    torch.save(weights(), tmp_path / "x.pt")
    kinds = {name: type(module).__name__ for name, module in load(tmp_path / "x.pt", "nf4").model.named_modules()}
    assert {name for name, kind in kinds.items() if kind == "Linear"} == {"classifier.5"}
    assert sum(kind == "Linear4bit" for kind in kinds.values()) == 3 * 2 + 1


# Features


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * 32_000))).astype(np.float32)


def front_end(window_seconds: float = 10.0) -> Loaded:
    return Loaded(torch.nn.Identity(), None, extra={"window_samples": round(window_seconds * 32_000)})


def log_mel(waveform: np.ndarray) -> np.ndarray:
    """(128, frames): pre-emphasis, a Hann window of 800 in the middle of 1024 points, every 320, mirrored at both ends;
    128 triangles on Kaldi's mel scale between 0 and 15 kHz."""

    def mel(hertz: np.ndarray | float) -> Any:
        return 1127 * np.log(1 + np.asarray(hertz) / 700)

    emphasised = waveform[1:].astype(np.float64) - 0.97 * waveform[:-1]
    mirrored = np.pad(emphasised, 512, mode="reflect")
    window = np.pad(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(800) / 799), 112)
    starts = range(0, len(emphasised) + 1, 320)
    power = np.array([np.abs(np.fft.rfft(mirrored[start : start + 1024] * window)) ** 2 for start in starts]).T
    edges = np.linspace(mel(0), mel(15_000), 130)
    bins = mel(np.arange(512) * 32_000 / 1024)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))  # (128, 512)
    return (np.log(triangles @ power[:512] + 1e-5) + 4.5) / 5


def test_features_are_the_published_log_mel() -> None:
    time = np.arange(32_000) / 32_000
    waveform = noise(1.0) + 0.3 * np.sin(2 * np.pi * (200 + 5000 * time) * time).astype(np.float32)
    got = efficientat.features(front_end(), waveform).numpy()
    assert got.shape == (128, 100)
    np.testing.assert_allclose(got, log_mel(waveform), atol=2e-4)


def test_ten_seconds_are_a_thousand_frames() -> None:
    assert efficientat.features(front_end(), noise(12.0)).shape == (128, 1000)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.1])
def test_the_shortest_clips_are_a_tenth_of_a_second(seconds: float) -> None:
    features = efficientat.features(front_end(), noise(seconds))
    assert features.shape == (128, 10)
    assert features.isfinite().all()


def test_silence_is_the_floor_of_the_log_mel() -> None:
    features = efficientat.features(front_end(), np.zeros(32_000, np.float32))
    np.testing.assert_allclose(features.numpy(), (np.log(1e-5) + 4.5) / 5, rtol=1e-6)


def test_only_clips_of_several_lengths_carry_their_lengths() -> None:
    one, longer = (efficientat.features(front_end(), noise(seconds)) for seconds in (1.0, 1.5))
    assert efficientat.collate(front_end(), [one, one], TASK, None).keys() == {"mel"}
    batch = efficientat.collate(front_end(), [one, longer], TASK, ["drum", "bell"])
    assert batch["mel"].shape == (2, 128, 150)
    assert batch["frames"].tolist() == [100, 150]
    assert batch["class_index"].tolist() == [1, 0]
