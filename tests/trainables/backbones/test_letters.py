"""wav2vec 2.0, HuBERT and WavLM as recognisers: counts, losses, neighbours, heads, 4 bits, and files for others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from trainables import registry
from trainables.modeling.vocabulary import Vocabulary
from trainables.release.merged import stock_class, write_front_end, write_merged
from trainables.release.plain_code import plain_code, run
from trainables.training.adapters import AdapterBank
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.targets import adapted_modules, count, head_modules

NAMES = ("wav2vec2", "hubert", "wavlm")
MASK_EMBEDDING = 768  # of `masked_spec_embed`: what pre-training puts in place of masked frames; never loaded here
TOTALS = {"wav2vec2": 94_396_320, "hubert": 94_396_320, "wavlm": 94_406_544}  # as published, of 32 tokens
LETTERS = tuple("etaonihsrdlumwcfgypbvk'xjqz25")  # with blank, unknown and space 32
TASK = registry.task("transcription", {"vocabulary": LETTERS})
TEXTS = ["hello book", "two", ""]


def load(name: str, size: str, folder: Path, dtype: torch.dtype = torch.float32, quantization: str = "none") -> Any:
    backbone: Any = registry.backbone(name)
    if not (folder / "config.json").is_file():
        backbone.write(backbone.build(size, TASK, seed=0), size, folder)
    return backbone.load(
        str(folder), TASK, size=size, quantization=quantization, dtype=dtype, device=torch.device("cpu")
    )


def clip(samples: int) -> np.ndarray:
    return np.random.default_rng(samples).standard_normal(samples).astype(np.float32) * 0.1


def batch_of(name: str, loaded: Any, lengths: list[int], texts: list[str] | None) -> dict[str, Tensor]:
    backbone = registry.backbone(name)
    return backbone.collate(loaded, [backbone.features(loaded, clip(length)) for length in lengths], TASK, texts)


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_the_published_ones(name: str) -> None:
    backbone = registry.backbone(name)
    model = backbone.skeleton("base", TASK)
    assert head_modules(backbone, model) == ("lm_head",)
    names = adapted_modules(model, backbone, target_modules="attention", size="base", head="full")
    found = count(model, names, 8, ("lm_head",))
    assert (found.total_params + MASK_EMBEDDING, found.head_params) == (TOTALS[name], 768 * 32 + 32)
    assert (found.matched_modules, found.adapter_params) == (48, 589_824)
    more = adapted_modules(model, backbone, target_modules="attention+mlp", size="base", head="full")
    assert (len(more), count(model, more, 8).adapter_params) == (72, 1_327_104)
    everything = adapted_modules(model, backbone, target_modules="all-linear", size="base", head="lora")
    assert (len(everything), count(model, everything, 8).adapter_params) == (74, 1_343_744)


@pytest.mark.parametrize("size", ["mini-300k", "mini-600k"])
@pytest.mark.parametrize("name", NAMES)
def test_a_clips_loss_is_transformers_own_and_its_own(name: str, size: str, tmp_path: Path) -> None:
    """torch's in float64; transformers' takes the logarithm in float32. Its clips are of one length, or masked."""
    loaded = load(name, size, tmp_path, torch.float64)
    backbone: Any = registry.backbone(name)
    lengths = [16_000, 16_000] if loaded.equal_shapes else [16_000, 11_200]
    batch = batch_of(name, loaded, lengths, TEXTS[:2])
    each = backbone.clip_losses(loaded.model, batch, label_smoothing=0.0)
    stock = stock_class(loaded.model, TASK)(loaded.model.config).double().eval()
    stock.load_state_dict(loaded.model.state_dict())
    for reduction, ours in (("mean", each.mean()), ("sum", (each * torch.tensor([10, 3])).sum())):
        stock.config.ctc_loss_reduction = reduction
        theirs = stock(
            batch["input_values"].double(), attention_mask=batch.get("attention_mask"), labels=batch["labels"]
        )
        torch.testing.assert_close(ours.float(), theirs.loss, rtol=1e-5, atol=1e-5)
    shares = theirs.logits.log_softmax(-1).transpose(0, 1)
    exact = torch.nn.functional.ctc_loss(
        shares, batch["labels"].clamp(min=0), batch["frames"], torch.tensor([10, 3]), reduction="mean"
    )
    torch.testing.assert_close(each.mean(), exact, rtol=1e-9, atol=1e-9)
    for row, (length, text) in enumerate(zip(lengths, TEXTS, strict=False)):
        alone = backbone.clip_losses(loaded.model, batch_of(name, loaded, [length], [text]), label_smoothing=0.0)
        torch.testing.assert_close(alone[0], each[row], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_does_not_depend_on_longer_neighbours(name: str, tmp_path: Path) -> None:
    loaded = load(name, "mini-600k", tmp_path)
    backbone: Any = registry.backbone(name)
    (alone,) = backbone.predict(loaded.model, batch_of(name, loaded, [8_000], None))
    together = backbone.predict(loaded.model, batch_of(name, loaded, [8_000, 24_000], None))
    assert alone == together[0]
    assert alone  # or nothing is tested
    assert backbone.predict(loaded.model, batch_of(name, loaded, [100], None)) is not None  # shorter than a frame


def engine(name: str, folder: Path, **key: Any) -> Engine:
    load(name, "mini-300k", folder)
    return Engine(EngineKey(name, "mini-300k", **({"quantization": "none", "precision": "fp32"} | key)), str(folder),
                  TASK, EngineSettings())  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_adapter_and_head_learn_and_are_read_by_peft_alone(name: str, tmp_path: Path) -> None:
    """WavLM's attention included, whose adapters would otherwise never be asked."""
    from peft import PeftModel

    built = engine(name, tmp_path / "base")
    backbone: Any = built.backbone
    targets = adapted_modules(built.model, backbone, target_modules="attention", size="mini-300k", head="full")
    built.bank.add("a", targets=targets, rank=2, alpha=4, dropout=0.0, seed=1)
    built.start_training("a")
    batch = batch_of(name, built.loaded, [16_000, 16_000], TEXTS[:2])
    optimizer = torch.optim.AdamW(built.bank.parameters("a"), lr=1e-2)
    first = None
    for _ in range(12):
        loss = backbone.clip_losses(built.model, batch, label_smoothing=0.0).mean()
        first = loss.item() if first is None else first
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.8 * first
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in built.bank.parameters("a"))
    built.model.eval()
    with torch.no_grad():
        ours = built.backbone.clip_losses(built.model, batch, label_smoothing=0.0)
        built.bank.save("a", tmp_path / "adapter")
        other = load(name, "mini-300k", tmp_path / "base")
        tuned = PeftModel.from_pretrained(other.model, tmp_path / "adapter").eval()
        theirs = backbone.clip_losses(tuned, batch, label_smoothing=0.0)
    torch.testing.assert_close(theirs, ours, rtol=1e-5, atol=1e-5)


def recogniser(folder: Path) -> Path:
    """As somebody publishes one: a trained head, capitals, its own order of letters."""
    backbone: Any = registry.backbone("wav2vec2")
    tokens = ["<pad>", "<unk>", "|", *"OWTHRENFUIVGSX"]
    model = backbone.build("mini-300k", registry.task("transcription", {"vocabulary": tuple(tokens[3:])}), seed=3)
    model.save_pretrained(folder)
    backbone.write(backbone.build("mini-300k", TASK, seed=3), "mini-300k", folder / "front")
    (folder / "preprocessor_config.json").write_text((folder / "front" / "preprocessor_config.json").read_text())
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}))
    return folder


def test_a_recogniser_keeps_its_head_and_letters(tmp_path: Path) -> None:
    folder = recogniser(tmp_path / "theirs")
    loaded = load("wav2vec2", str(folder), folder)
    letters: Vocabulary = loaded.model.tokenizer
    assert letters.tokens[3:5] == ("O", "W")
    assert not loaded.new_heads
    skeleton = registry.backbone("wav2vec2").skeleton(str(folder), TASK)
    assert skeleton.get_submodule("lm_head").weight.shape == loaded.model.lm_head.weight.shape
    batch = batch_of("wav2vec2", loaded, [16_000], ["two"])
    assert batch["labels"].tolist() == [[letters.tokens.index(letter) for letter in "TWO"]]
    bank = AdapterBank(loaded.model, loaded.head_modules, new_heads=loaded.new_heads)
    before = loaded.model.lm_head.weight.clone()
    bank.add("a", targets=["wav2vec2.encoder.layers.0.attention.q_proj"], rank=2, alpha=4, dropout=0.0, seed=9)
    assert torch.equal(bank.heads("a")["lm_head"].weight, before)


def test_another_checkpoint_gets_a_head_of_its_own(tmp_path: Path) -> None:
    loaded = load("wav2vec2", "mini-300k", tmp_path)
    assert loaded.new_heads
    assert loaded.model.tokenizer.tokens == ("<pad>", "<unk>", "|", *LETTERS)
    assert loaded.model.config.vocab_size == 32
    again = load("wav2vec2", "mini-300k", tmp_path)
    assert torch.equal(again.model.lm_head.weight, loaded.model.lm_head.weight)


@pytest.mark.parametrize("name", NAMES)
def test_four_bits_leave_the_head_alone(name: str, tmp_path: Path) -> None:
    load(name, "mini-300k", tmp_path)
    loaded = load(name, "mini-300k", tmp_path, quantization="nf4")
    kinds = {module: type(part).__name__ for module, part in loaded.model.named_modules()}
    assert kinds["lm_head"] == "Linear"
    assert {kind for module, kind in kinds.items() if module.endswith("q_proj")} == {"Linear4bit"}
    batch = batch_of(name, loaded, [16_000], TEXTS[:1])
    assert torch.isfinite(registry.backbone(name).clip_losses(loaded.model, batch, label_smoothing=0.0)).all()


@pytest.mark.parametrize("size", ["mini-300k", "mini-600k"])
@pytest.mark.parametrize("name", NAMES)
def test_transformers_alone_answers_alike(name: str, size: str, tmp_path: Path) -> None:
    loaded = load(name, size, tmp_path / "base")
    backbone: Any = registry.backbone(name)
    clips = [clip(16_000), clip(9_321)]
    ours = [
        backbone.predict(loaded.model, backbone.collate(loaded, [backbone.features(loaded, one)], TASK, None))[0]
        for one in clips
    ]
    code = plain_code(loaded, backbone, TASK, 2.0)
    assert code is not None
    out = tmp_path / "out"
    write_merged(backbone, loaded, loaded.model, TASK, size=size, dtype="fp32", folder=out)
    assert "vocab.json" in {*write_front_end(loaded, out), *(path.name for path in out.iterdir())}
    assert [run(code, str(out))(one) for one in clips] == ours
    assert any(ours)
    again = load(name, size, out)  # it is a recogniser now
    assert again.model.tokenizer.tokens == loaded.model.tokenizer.tokens
    torch.testing.assert_close(again.model.lm_head.weight, loaded.model.lm_head.weight)
