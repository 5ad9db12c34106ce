from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from trainables.backbones import ast
from trainables.errors import InputError
from trainables.tasks.classification import Classification
from trainables.untrained import act, parse

TASK = Classification(labels=("a", "b"))
CPU = torch.device("cpu")


def made(out: Path, *options: str, shape: str = "2x32x4") -> Path:
    act(parse(["ast", shape, str(out), *options]))
    return out


def test_the_folder_is_a_checkpoint_of_the_shape_that_was_asked_for(tmp_path: Path, capsys) -> None:
    out = made(tmp_path / "small", "--seconds", "2")
    config = ast.config(str(out))
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (2, 32, 4)
    assert config.intermediate_size == 4 * 32
    assert ast.described(str(out)).window_seconds == pytest.approx(2, abs=0.01)
    assert "model_size:" in capsys.readouterr().out


def test_parameters_are_as_the_shape_has_them(tmp_path: Path, capsys) -> None:
    """Layers of 12 w^2 + 13 w, a layer norm, patches of 16 x 16, two tokens, and a position for each token."""
    weights = load_file(made(tmp_path / "small", shape="3x64x4") / "model.safetensors")
    width, tokens = 64, 8 * 64 + 2  # 128 bins and 1,024 frames, cut into squares of 16
    expected = 3 * (12 * width**2 + 13 * width) + 2 * width + (256 + 1) * width + 2 * width + tokens * width
    backbone = sum(tensor.numel() for name, tensor in weights.items() if not name.startswith("classifier."))
    assert backbone == expected
    assert f"{expected / 1e6:.1f} million" in capsys.readouterr().out


def test_a_sweep_loads_it_and_it_hears(tmp_path: Path) -> None:
    size = str(made(tmp_path / "small", "--seconds", "1", "--stride", "10"))
    loaded = ast.load(size, TASK, size=size, quantization="none", dtype=torch.float32, device=CPU)
    rng = np.random.default_rng(0)
    clips = [rng.normal(0, scale, 12_000).astype(np.float32) for scale in (0.01, 0.3)]
    batch = ast.collate(loaded, [ast.features(loaded, clip) for clip in clips], TASK, None)
    answers = ast.predict(loaded.model, batch)
    assert answers.shape == (2, 2)
    assert torch.isfinite(answers).all()
    assert not torch.allclose(answers[0], answers[1], atol=1e-4)


def test_the_seed_decides_the_weights(tmp_path: Path) -> None:
    first, again, other = (
        load_file(made(tmp_path / name, "--seed", seed, shape="1x16x2") / "model.safetensors")
        for name, seed in (("a", "3"), ("b", "3"), ("c", "4"))
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ast", "3x256"], "expected ast, SHAPE and OUT, got 2 words"),
        (["beats", "3x256x4", "out"], "beats: only ast can be made untrained."),
        (["ast", "3x256", "out"], "3x256: is no SHAPE"),
        (["ast", "3x250x4", "out"], "must be a multiple of the heads"),
        (["ast", "3x256x0", "out"], "heads at least 1"),
        (["ast", "30x256x4", "out"], "layers must be 1 to 24"),
        (["ast", "3x256x4", "."], "is there already"),
        (["ast", "3x256x4", "out", "--stride", "17"], "expected a whole number from 4 to 16"),
        (["ast", "3x256x4", "out", "--seconds", "0"], "expected 0.5 to 60 seconds"),
    ],
)
def test_what_cannot_be_made_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(InputError) as raised:
        parse(words)
    assert said in str(raised.value)
