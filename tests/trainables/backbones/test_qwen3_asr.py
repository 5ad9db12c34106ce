"""Qwen3-ASR on a tiny random checkpoint: what its processor and transformers' own generation make of the same clips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Qwen3ASRProcessor

from tests.trainables.backbones.random_checkpoints import write_checkpoint, write_configuration
from trainables.backbones import qwen3_asr
from trainables.contract import Loaded
from trainables.errors import InputError
from trainables.sizes import size_of
from trainables.tasks.transcription import Transcription
from trainables.training.targets import adapted_modules, count

TASK = Transcription()
CPU = torch.device("cpu")
CHAT = (  # the turns of the authors' own template
    "{% for m in messages %}{% if loop.first and m.role != 'system' %}<|im_start|>system\n<|im_end|>\n{% endif %}"
    "<|im_start|>{{ m.role }}\n{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% else %}"
    "<|audio_start|><|audio_pad|><|audio_end|>{% endif %}{% endfor %}"
    "{% if not loop.last %}<|im_end|>\n{% endif %}{% endfor %}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("qwen3-asr")
    write_checkpoint("qwen3_asr", "qwen3_asr", home, {})
    return home


def load(folder: Path, dtype: torch.dtype = torch.float64) -> Loaded:
    how: dict[str, Any] = {"size": str(folder), "quantization": "none", "dtype": dtype, "device": CPU}
    return qwen3_asr.load(str(folder), TASK, **how)


def clip(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * 16_000))).astype(np.float32)


def by_processor(loaded: Loaded, waveform: np.ndarray, language: str) -> dict[str, torch.Tensor]:
    tokenizer = loaded.processor["tokenizer"]
    tokenizer.audio_token, tokenizer.audio_bos_token, tokenizer.audio_eos_token = (
        "<|audio_pad|>", "<|audio_start|>", "<|audio_end|>",
    )  # fmt: skip
    processor = Qwen3ASRProcessor(loaded.processor["feature_extractor"], tokenizer, chat_template=CHAT)
    return dict(processor.apply_transcription_request(waveform, language=language))


@pytest.mark.parametrize("seconds", [0.02, 0.3, 0.5, 0.99, 1.0, 1.57, 9.3])
def test_a_batch_is_what_the_processor_makes(folder: Path, seconds: float) -> None:
    loaded = load(folder)
    ours = qwen3_asr.collate(loaded, [qwen3_asr.features(loaded, clip(seconds))], TASK, None, ["de"])
    theirs = by_processor(loaded, clip(seconds), "German")
    assert ours["input_ids"].tolist() == theirs["input_ids"].tolist()
    assert ours["input_features_mask"].tolist() == theirs["input_features_mask"].tolist()
    mask = ours["input_features_mask"].bool()[:, None]
    heard = theirs["input_features"].to(ours["input_features"].dtype)
    assert torch.equal((ours["input_features"] * mask), heard * mask)


def test_transcripts_are_those_of_transformers_alone_and_together(folder: Path) -> None:
    loaded = load(folder)
    model: Any = loaded.model
    waveforms = [clip(seconds, seed) for seed, seconds in enumerate((1.2, 0.4, 2.7))]
    features = [qwen3_asr.features(loaded, waveform) for waveform in waveforms]
    languages = ["en", "de", None]
    batch = qwen3_asr.collate(loaded, features, TASK, None, languages)
    batch["most_tokens"] = torch.tensor(20)
    with torch.no_grad():
        together = qwen3_asr.predict(model, batch)
    alone = []
    for waveform, name in zip(waveforms, ("English", "German", "English"), strict=True):
        asked = by_processor(loaded, waveform, name)
        asked["input_features"] = asked["input_features"].double()
        said = model.generate(**asked, max_new_tokens=20, do_sample=False, eos_token_id=2, pad_token_id=2)
        text = loaded.processor["tokenizer"].decode(said[0, asked["input_ids"].shape[1] :], skip_special_tokens=True)
        alone.append(text.strip())
    assert together == alone
    assert len(set(alone)) == 3


def test_the_text_and_the_end_of_the_turn_are_learnt(folder: Path) -> None:
    loaded = load(folder)
    batch = qwen3_asr.collate(loaded, [qwen3_asr.features(loaded, clip(1.0))], TASK, ["it is said"])
    tokenizer = loaded.processor["tokenizer"]
    assert tokenizer.decode(batch["labels"][batch["labels"] != -100]) == "it is said<|im_end|>"
    with torch.no_grad():
        names = ("input_ids", "attention_mask", "labels", *qwen3_asr.SOUND)
        batch["input_features"] = batch["input_features"].double()
        own = loaded.model(**{name: batch[name] for name in names}).loss
    (ours,) = qwen3_asr.clip_losses(loaded.model, batch, label_smoothing=0.0)
    assert ours.item() == pytest.approx(own.item(), rel=1e-6)  # theirs is in float32


SHAPES: dict[str, tuple[dict[str, int], dict[str, int], int, dict[str, tuple[int, int]]]] = {
    "0.6B": (
        {
            "d_model": 896,
            "encoder_layers": 18,
            "encoder_attention_heads": 14,
            "encoder_ffn_dim": 3584,
            "output_dim": 1024,
        },
        {"hidden_size": 1024, "intermediate_size": 3072},
        782_426_112,
        {"lm-attention": (112, 2_293_760), "lm-attention+mlp": (196, 5_046_272), "attention+mlp": (304, 7_368_704)},
    ),
    "1.7B": (
        {"output_dim": 2048},
        {},
        2_038_052_480,
        {"lm-attention": (112, 3_211_264), "lm-attention+mlp": (196, 8_716_288), "attention+mlp": (340, 12_255_232)},
    ),
}  # of the audio tower and the language model, where they differ from the class


@pytest.mark.parametrize("name", SHAPES)
def test_published_counts(name: str, tmp_path: Path) -> None:
    audio, text, total, adapters = SHAPES[name]
    said = {
        "audio_config": {"model_type": "qwen3_asr_encoder", **audio},
        "text_config": {"model_type": "qwen3", **TEXT, **text},
    }
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen3_asr", **said}))
    assert size_of(qwen3_asr, str(tmp_path)).total_params == total  # type: ignore[arg-type]
    model = qwen3_asr.skeleton(str(tmp_path), TASK)
    for preset, wanted in adapters.items():
        names = adapted_modules(model, qwen3_asr, target_modules=preset, size=str(tmp_path), head="full")  # type: ignore[arg-type]
        counted = count(model, names, 8)
        assert (counted.matched_modules, counted.adapter_params) == wanted


TEXT = {
    "vocab_size": 151_936, "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28,
    "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "tie_word_embeddings": True,
}  # fmt: skip


def test_the_authors_own_layout_is_refused(tmp_path: Path) -> None:
    """transformers would make the 1.7B of the 0.6B's file, without a word."""
    name = write_configuration("qwen3_asr", tmp_path, thinker_config={"audio_config": {"d_model": 896}})
    with pytest.raises(InputError, match="whose name ends with -hf"):
        size_of(qwen3_asr, name)  # type: ignore[arg-type]


def test_a_tokenizer_without_the_chat_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        text = file.read_bytes()
        (tmp_path / file.name).write_bytes(
            text.replace(b"<asr_text>", b"<asr_nope>") if file.suffix == ".json" else text
        )
    with pytest.raises(InputError, match="its tokenizer lacks <asr_text>"):
        load(tmp_path)


def test_it_is_told_every_language_that_transformers_names() -> None:
    assert qwen3_asr.LANGUAGES["en"] == "English"
    assert qwen3_asr.LANGUAGES["tl"] == "Filipino"  # by our code
    assert len(qwen3_asr.LANGUAGES) == 30
