"""BEATs: published counts, keys and files, and the filter bank by Kaldi's formulas."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from trainables.backbones import beats
from trainables.contract import Loaded
from trainables.errors import InputError
from trainables.tasks.classification import Classification
from trainables.training.targets import count, resolve_targets

TASK = Classification(("bell", "drum", "horn"))
CPU = torch.device("cpu")
SIZE = "mini-300k"
PUBLISHED_CFG = {
    "layer_norm_first": False,
    "deep_norm": True,
    "conv_bias": False,
    "activation_fn": "gelu",
    "relative_position_embedding": True,
    "gru_rel_pos": True,
    "encoder_layerdrop": 0.05,
    "dropout": 0.1,
    "finetuned_model": True,
}


def labels(number: int) -> Classification:
    return Classification(tuple(f"class {index}" for index in range(number)))


def load(path: Path, quantization: str = "none", dtype: torch.dtype = torch.float32, size: str = SIZE) -> Loaded:
    return beats.load(str(path), TASK, size=size, quantization=quantization, dtype=dtype, device=CPU)


def published_file(path: Path, cfg: dict[str, Any] | None = None, **changes: Tensor | None) -> dict[str, Tensor]:
    """What the authors' `torch.save` wrote, in the shape of a miniature, with the predictor of another task."""
    weights = beats.build(SIZE, labels(527), seed=3).state_dict()
    weights |= {name.replace("__", "."): tensor for name, tensor in changes.items() if tensor is not None}
    for name in [name for name, tensor in changes.items() if tensor is None]:
        del weights[name.replace("__", ".")]
    whole = asdict(beats.CONFIGS[SIZE]) | PUBLISHED_CFG | (cfg or {})
    torch.save({"cfg": whole, "model": weights, "label_dict": {0: "/m/09x0r"}}, path)
    return weights


# Counts and keys, on the meta device


def test_beats_has_the_published_counts() -> None:
    with_predictor = sum(parameter.numel() for parameter in beats.skeleton("base", labels(527)).parameters())
    assert with_predictor == 90_717_055
    assert with_predictor - 527 * 769 == beats.SIZES["base"].total_params == 90_311_792


@pytest.mark.parametrize(
    ("preset", "modules", "adapter_params"),
    [("qv", 24, 294_912), ("attention", 48, 589_824), ("attention+mlp", 72, 1_327_104)],
)
def test_published_adapter_counts(preset: str, modules: int, adapter_params: int) -> None:
    model = beats.skeleton("base", TASK)
    names = resolve_targets(model, beats.PRESETS[preset], "base")
    counts = count(model, names, rank=8, head_modules=beats.HEAD_MODULES)
    assert (counts.matched_modules, counts.adapter_params) == (modules, adapter_params)
    assert counts.head_params == 3 * 769
    assert not [name for name in names if "grep_linear" in name or "post_extract_proj" in name]


def test_beats_reads_the_published_keys() -> None:
    """250, as listed by the authors' files; 12 of them are one tensor."""
    shapes = {name: tuple(tensor.shape) for name, tensor in beats.skeleton("base", labels(527)).state_dict().items()}
    expected: dict[str, tuple[int, ...]] = {
        "patch_embedding.weight": (512, 1, 16, 16),
        "layer_norm.weight": (512,),
        "layer_norm.bias": (512,),
        "post_extract_proj.weight": (768, 512),
        "post_extract_proj.bias": (768,),
        "encoder.pos_conv.0.bias": (768,),
        "encoder.pos_conv.0.weight_g": (1, 1, 128),
        "encoder.pos_conv.0.weight_v": (768, 48, 128),
        "encoder.layer_norm.weight": (768,),
        "encoder.layer_norm.bias": (768,),
    }
    for layer in range(12):
        at = f"encoder.layers.{layer}"
        linears = {f"self_attn.{name}_proj": (768, 768) for name in "qkv"} | {"self_attn.out_proj": (768, 768)}
        linears |= {"self_attn.grep_linear": (8, 64), "fc1": (3072, 768), "fc2": (768, 3072)}
        for name, shape in linears.items():
            expected |= {f"{at}.{name}.weight": shape, f"{at}.{name}.bias": shape[:1]}
        for name in ("self_attn_layer_norm", "final_layer_norm"):
            expected |= {f"{at}.{name}.weight": (768,), f"{at}.{name}.bias": (768,)}
        expected[f"{at}.self_attn.grep_a"] = (1, 12, 1, 1)
        expected[f"{at}.self_attn.relative_attention_bias.weight"] = (320, 12)
    assert len(expected) == 250
    assert shapes == expected | {"predictor.weight": (527, 768), "predictor.bias": (527,)}


# Files


def test_a_published_file_loads_whole(tmp_path: Path) -> None:
    written = published_file(tmp_path / "BEATs_iter3_plus_AS2M.pt")
    loaded = load(tmp_path / "BEATs_iter3_plus_AS2M.pt").model.state_dict()
    for name, tensor in written.items():
        if not name.startswith("predictor"):
            assert torch.equal(loaded[name], tensor), name
    assert loaded["predictor.weight"].shape == (3, 96)


def test_a_checkpoint_that_was_pre_trained_alone_has_no_predictor(tmp_path: Path) -> None:
    published_file(tmp_path / "a.pt", predictor__weight=None, predictor__bias=None)
    published_file(tmp_path / "b.pt")
    first, second = load(tmp_path / "a.pt").model.state_dict(), load(tmp_path / "b.pt").model.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_files_that_do_not_fit_say_why(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    published_file(path, {"max_distance": 1280})
    with pytest.raises(InputError, match=r"x\.pt: it is no BEATs of size mini-300k.*max_distance=1280"):
        load(path)
    published_file(path)
    with pytest.raises(InputError, match="no BEATs of size mini-1m"):
        load(path, size="mini-1m")
    published_file(path, encoder__layer_norm__bias=None)
    with pytest.raises(InputError, match=r"lacks 1 of the model's \d+ tensors: encoder\.layer_norm\.bias"):
        load(path)
    published_file(path, quantize__embedding__weight=torch.zeros(2, 2))  # as a file of the tokenizer has
    with pytest.raises(InputError, match=r"1 of its tensors are none of the model's: quantize\.embedding\.weight"):
        load(path)
    published_file(path, layer_norm__bias=torch.zeros(7))
    with pytest.raises(InputError, match=r"layer_norm\.bias is \(7,\), and this size has \(64,\)"):
        load(path)


def test_the_named_file_is_looked_for_in_the_folder_for_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path))
    name = beats.SIZES["base"].checkpoint
    with pytest.raises(InputError, match=r"BEATs_iter3_plus_AS2M\.pt is not here: download it from microsoft/unilm"):
        beats.load(name, TASK, size="base", quantization="none", dtype=torch.float32, device=CPU)
    (tmp_path / "checkpoints").mkdir()
    written = published_file(tmp_path / "checkpoints" / name)
    loaded = beats.load(name, TASK, size=SIZE, quantization="none", dtype=torch.float32, device=CPU)
    assert torch.equal(loaded.model.state_dict()["layer_norm.bias"], written["layer_norm.bias"])


def test_in_nf4_gates_and_head_keep_their_weights(tmp_path: Path) -> None:
    written = published_file(tmp_path / "x.pt")
    loaded = load(tmp_path / "x.pt", "nf4", torch.bfloat16)
    kinds = {name: type(module).__name__ for name, module in loaded.model.named_modules()}
    plain = {name for name, kind in kinds.items() if kind == "Linear"}
    assert plain == {"predictor", *(f"encoder.layers.{layer}.self_attn.grep_linear" for layer in range(3))}
    assert sum(kind == "Linear4bit" for kind in kinds.values()) == 3 * 6 + 1
    assert loaded.model.predictor.weight.dtype == torch.float32  # type: ignore[union-attr]
    gate = loaded.model.state_dict()["encoder.layers.0.self_attn.grep_linear.weight"]
    assert torch.equal(gate, written["encoder.layers.0.self_attn.grep_linear.weight"].bfloat16())


@pytest.mark.parametrize(("quantization", "within"), [("none", 0.05), ("nf4", 0.3)])
def test_bfloat16_is_close_with_and_without_autocast(tmp_path: Path, quantization: str, within: float) -> None:
    published_file(tmp_path / "x.pt")
    exact, half = load(tmp_path / "x.pt"), load(tmp_path / "x.pt", quantization, torch.bfloat16)
    clips = [beats.features(exact, noise(seconds, seed)) for seed, seconds in enumerate((2.0, 1.0))]
    with torch.no_grad():
        batch = beats.collate(exact, clips, TASK, None)
        expected, got = beats.predict(exact.model, batch), beats.predict(half.model, batch)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = beats.predict(half.model, batch)
    scale = expected.abs().max()
    assert got.dtype == mixed.dtype == torch.float32
    assert (got - expected).abs().max() < within * scale
    assert (mixed - expected).abs().max() < within * scale


# Features


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * 16_000))).astype(np.float32)


def front_end(window_seconds: float = 10.0) -> Loaded:
    return Loaded(torch.nn.Identity(), None, extra={"window_samples": round(window_seconds * 16_000)})


def kaldi_fbank(waveform: np.ndarray) -> np.ndarray:
    """Povey et al.'s defaults: frames of 25 ms without their mean, pre-emphasis 0.97, a Hann window to the power 0.85,
    the power spectrum of 512 points, 128 triangles on the mel scale between 20 Hz and 8 kHz, logarithm."""

    def mel(hertz: np.ndarray | float) -> Any:
        return 1127 * np.log(1 + np.asarray(hertz) / 700)

    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)) ** 0.85
    edges = np.linspace(mel(20), mel(8000), 130)
    bins = mel(np.arange(256) * 16_000 / 512)[:, None]
    rising, falling = (bins - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - bins) / np.diff(edges)[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))  # (256, 128)
    rows = []
    for start in range(0, len(waveform) - 399, 160):
        frame = waveform[start : start + 400].astype(np.float64) * 2**15
        frame = frame - frame.mean()
        frame = frame - 0.97 * np.concatenate([frame[:1], frame[:-1]])
        power = np.abs(np.fft.rfft(frame * window, 512)) ** 2
        rows.append(np.log(np.maximum(power[:256] @ triangles, np.finfo(np.float32).eps)))
    return (np.array(rows) - 15.41663) / (2 * 6.55582)


def test_features_are_kaldis_filter_bank() -> None:
    time = np.arange(16_000) / 16_000
    waveform = noise(1.0) + 0.3 * np.sin(2 * np.pi * (200 + 2000 * time) * time).astype(np.float32)
    got = beats.features(front_end(), waveform).numpy()
    assert got.shape == (96, 128)  # of 98 frames, whole patches
    np.testing.assert_allclose(got, kaldi_fbank(waveform)[:96], atol=2e-4)


def test_ten_seconds_are_496_tokens() -> None:
    features = beats.features(front_end(), noise(12.0))
    assert features.shape == (992, 128)
    with torch.device("meta"):
        tokens, _ = beats.skeleton("base", TASK).tokens(torch.empty(2, 992, 128))  # type: ignore[operator]
    assert tokens.shape == (2, 496, 768)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.17, 0.18])
def test_the_shortest_clips_are_one_patch_long(seconds: float) -> None:
    features = beats.features(front_end(), noise(seconds))
    assert features.shape == (16, 128)
    assert features.isfinite().all()


def test_features_leave_the_store_alone() -> None:
    waveform = noise(1.0)
    waveform.flags.writeable = False
    before = waveform.copy()
    assert torch.equal(beats.features(front_end(), waveform), beats.features(front_end(), waveform))
    assert np.array_equal(waveform, before)


def test_only_clips_of_several_lengths_carry_their_lengths() -> None:
    one, two = (beats.features(front_end(), noise(seconds)) for seconds in (1.0, 1.004))
    assert beats.collate(front_end(), [one, two], TASK, None).keys() == {"fbank"}  # equal once rounded
    longer = beats.features(front_end(), noise(2.0))
    batch = beats.collate(front_end(), [one, longer], TASK, ["drum", "bell"])
    assert batch["frames"].tolist() == [96, 192]
    assert batch["class_index"].tolist() == [1, 0]
    assert "clip_weight" not in batch
    weighted = Classification(TASK.labels, class_weights=(1.0, 2.0, 3.0))
    assert beats.collate(front_end(), [one], weighted, ["horn"])["clip_weight"].tolist() == [3.0]
