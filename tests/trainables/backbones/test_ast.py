"""AST's last layer, which answers for two tokens alone, against transformers' own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor

from trainables import registry
from trainables.backbones import ast
from trainables.contract import Loaded

OPTIONS = {"labels": ("bell", "drum", "horn")}


def loaded(folder: Path) -> Loaded:
    task = registry.task("classification", dict(OPTIONS))
    whole = {"size": "mini-450k", "quantization": "none", "dtype": torch.float64, "device": torch.device("cpu")}
    return ast.load(str(folder), task, **whole)  # type: ignore[arg-type]


def loss_and_gradients(parts: Loaded) -> tuple[float, dict[str, Tensor]]:
    """Of adapters in every Linear, none of whose matrices is zero."""
    task = registry.task("classification", dict(OPTIONS))
    torch.manual_seed(0)
    config = LoraConfig(r=4, target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "fc1", "fc2"])
    model = get_peft_model(parts.model, config).double()
    rng = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data.normal_(std=0.1, generator=rng)
    clips = [torch.randn(frames, 128, generator=rng) for frames in (60, 200)]
    loss = ast.clip_losses(model, ast.collate(parts, clips, task, ["horn", "bell"]), label_smoothing=0.1).mean()
    loss.backward()
    return float(loss.detach()), {name: own.grad for name, own in model.named_parameters() if own.grad is not None}


def test_the_last_layer_answers_for_what_the_head_reads(write_random: Callable[..., None], tmp_path: Path) -> None:
    write_random("ast", OPTIONS, tmp_path)
    ours, whole = loaded(tmp_path), loaded(tmp_path)
    transformer = whole.model.audio_spectrogram_transformer
    transformer.layers[-1].__class__ = ast.ASTLayer
    seen: list[int] = []
    for parts in (ours, whole):
        last = parts.model.audio_spectrogram_transformer.layers[-1]
        last.register_forward_hook(lambda module, given, output: seen.append(output.shape[1]))
    loss, gradients = loss_and_gradients(ours)
    whole_loss, whole_gradients = loss_and_gradients(whole)
    assert seen[0] == 2 < seen[1]
    assert abs(loss - whole_loss) < 1e-12
    assert len(gradients) == len(whole_gradients) == 2 * 6 * 3
    for name, gradient in whole_gradients.items():
        torch.testing.assert_close(gradients[name], gradient, rtol=0, atol=1e-12)
