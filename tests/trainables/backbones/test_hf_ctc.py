"""Any recogniser by CTC: which kinds there are, what each spells and says; transformers alone answers alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCTC, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_CTC_MAPPING_NAMES

from tests.trainables.backbones.random_checkpoints import TEXTS, write_checkpoint, write_configuration
from trainables import registry, sizes
from trainables.contract import Loaded
from trainables.errors import InputError
from trainables.modeling.ctc import best_tokens
from trainables.modeling.spellings import spellings
from trainables.modeling.subwords import Subwords, own_spelling
from trainables.release.merged import write_front_end, write_merged
from trainables.release.plain_code import plain_code, run
from trainables.training.targets import adapted_modules, layer_names

BACKBONE: Any = registry.backbone("hf_ctc")
LETTERS = tuple("ethorsanlgwfxbcd")
TASK = registry.task("transcription", {"vocabulary": LETTERS})
NOT_TAKEN = {"sew-d", "unispeech", "lasr_ctc", "granite_speech5_ctc"}  # of which hardly a checkpoint is published
KINDS = ("data2vec-audio", "sew", "unispeech-sat", "wav2vec2-conformer", "wav2vec2-bert", "parakeet_ctc", "hubert")
ADAPTER = "wav2vec2-bert with an adapter"
ALL = (*KINDS, ADAPTER)


def load(kind: str, folder: Path, **changes: Any) -> Loaded:
    name = write_checkpoint("hf_ctc", kind, folder, {"vocabulary": LETTERS}, **changes)
    found: Loaded = BACKBONE.load(
        name, TASK, size=name, quantization="none", dtype=torch.float32, device=torch.device("cpu")
    )
    return found


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def test_every_kind_that_transformers_has_is_taken_or_left_out_on_purpose() -> None:
    assert set(BACKBONE.ARCHITECTURES) == set(MODEL_FOR_CTC_MAPPING_NAMES) - NOT_TAKEN


@pytest.mark.parametrize("kind", ALL)
def test_a_plan_counts_from_the_configuration_alone(kind: str, tmp_path: Path) -> None:
    name = write_configuration(kind, tmp_path)
    config = AutoConfig.from_pretrained(tmp_path)
    if kind != "parakeet_ctc":
        config.vocab_size, config.mask_time_prob, config.mask_feature_prob = 3, 0.0, 0.0
    with torch.device("meta"):
        independent: Any = AutoModelForCTC.from_config(config)
    head = independent.ctc_head if kind == "parakeet_ctc" else independent.lm_head
    whole = sum(p.numel() for p in independent.parameters())
    assert sizes.size_of(BACKBONE, name).total_params == whole - sum(p.numel() for p in head.parameters())


def test_the_top_layers_are_the_encoders_and_no_part_of_the_front_end(tmp_path: Path) -> None:
    name = write_configuration("parakeet_ctc", tmp_path)
    model = BACKBONE.skeleton(name, TASK)
    assert layer_names(model) == ["encoder.layers.0", "encoder.layers.1"]
    top = adapted_modules(model, BACKBONE, target_modules="qv", size=name, head="full", layers=1)
    assert top == ["encoder.layers.1.self_attn.q_proj", "encoder.layers.1.self_attn.v_proj"]
    with pytest.raises(InputError, match="layers: 3 is more than"):
        adapted_modules(model, BACKBONE, target_modules="qv", size=name, head="full", layers=3)


@pytest.mark.parametrize("kind", ALL)
def test_a_clip_has_the_frames_that_a_plan_counts(kind: str, tmp_path: Path) -> None:
    loaded = load(kind, tmp_path)
    said = BACKBONE.described(str(tmp_path)).writer or BACKBONE.WRITER
    for samples in (100, 320, 560, 880, 4_000, 4_321, 15_999, 16_000):
        features = BACKBONE.features(loaded, noise(samples))
        heard = len(features) if features.ndim == 1 else samples  # with silence behind, up to the grid
        frames = BACKBONE.collate(loaded, [features], TASK, None)["frames"].item()
        assert frames == said.frames.of(heard / 16_000), samples


@pytest.mark.parametrize("kind", ALL)
def test_a_clips_loss_is_transformers_own_and_its_own(kind: str, tmp_path: Path) -> None:
    loaded = load(kind, tmp_path)
    features = [BACKBONE.features(loaded, noise(16_000, seed)) for seed in (1, 2)]
    texts = [TEXTS[0], TEXTS[4]]
    batch = BACKBONE.collate(loaded, features, TASK, texts)
    with torch.no_grad():
        ours = BACKBONE.clip_losses(loaded.model, batch, label_smoothing=0.0)
        for own, clip, label in zip(ours, features, batch["labels"], strict=True):
            spelled = label[label >= 0]
            name = "input_values" if clip.ndim == 1 else "input_features"
            mask = torch.ones(1, len(clip), dtype=torch.long)
            loaded.model.config.ctc_loss_reduction = "mean"
            theirs = loaded.model(**{name: clip[None]}, attention_mask=mask, labels=spelled[None]).loss
            torch.testing.assert_close(own, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ALL)
def test_transformers_alone_answers_alike(kind: str, tmp_path: Path) -> None:
    loaded = load(kind, tmp_path / "base")
    clips = [noise(16_000), noise(9_321, 1), noise(350, 2)]
    ours = [
        BACKBONE.predict(loaded.model, BACKBONE.collate(loaded, [BACKBONE.features(loaded, clip)], TASK, None))[0]
        for clip in clips
    ]
    assert any(ours)
    code = plain_code(loaded, BACKBONE, TASK, 2.0)
    assert code is not None
    out = tmp_path / "out"
    write_merged(BACKBONE, loaded, loaded.model, TASK, size=str(tmp_path / "base"), dtype="fp32", folder=out)
    write_front_end(loaded, out)
    assert [run(code, str(out))(clip) for clip in clips] == ours
    again = BACKBONE.load(
        str(out), TASK, size=str(out), quantization="none", dtype=torch.float32, device=torch.device("cpu")
    )
    assert not again.new_heads  # it is a recogniser now
    assert again.model.tokenizer.tokens == loaded.model.tokenizer.tokens


# Parakeet's pieces of words


def pieces(folder: Path) -> Subwords:
    name = write_configuration("parakeet_ctc", folder)
    found = own_spelling(name, json.loads((folder / "config.json").read_text()))
    assert isinstance(found, Subwords)
    return found


def test_texts_are_spelled_and_read_as_transformers_tokenizer_does(tmp_path: Path) -> None:
    own = pieces(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    assert type(theirs).__name__ == "ParakeetTokenizer"
    for text in TEXTS:
        spelled = own.spell(text)
        assert spelled == theirs(text, add_special_tokens=False)["input_ids"]
        frames = [token for each in spelled for token in (each, each, own.blank)]
        assert own.read(frames) == text == theirs.decode(frames)
    assert own.fold == "lower"
    assert own.spell("Two!") == own.spell("two")  # case and punctuation are no letters that it lacks
    assert own.lacking("Two zebras, 7") == ["z", "7"]
    double = own.spell("a cab a cab")
    best = [token for each in double for token in (each, own.blank)]
    assert own.read(best) == "a cab a cab"


def test_tokens_are_of_the_best_frames_up_to_the_clips_end(tmp_path: Path) -> None:
    own = pieces(tmp_path)
    spelled = own.spell("two")
    logits = torch.zeros(1, len(spelled) + 2, own.outputs)
    for frame, token in enumerate([*spelled, *own.spell("ab")[:2]][: logits.shape[1]]):
        logits[0, frame, token] = 1.0
    (best,) = best_tokens(logits, torch.tensor([len(spelled)]))
    assert own.read(best) == "two"


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("tokenizer.json", None, "is a recogniser without tokenizer.json"),
        ("tokenizer.json", "{}", "its tokenizer.json cannot be read"),
        ("config.json", {"pad_token_id": 64}, "they do not fit each other"),
        ("config.json", {"vocab_size": 60}, "they do not fit each other"),
    ],
)
def test_a_tokenizer_that_is_absent_damaged_or_anothers_is_refused(
    file: str, content: Any, problem: str, tmp_path: Path
) -> None:
    write_configuration("parakeet_ctc", tmp_path)
    if content is None:
        (tmp_path / file).unlink()
    elif isinstance(content, str):
        (tmp_path / file).write_text(content)
    else:
        (tmp_path / file).write_text(json.dumps(json.loads((tmp_path / file).read_text()) | content))
    with pytest.raises(InputError) as caught:
        BACKBONE.skeleton(str(tmp_path), TASK)
    assert problem in caught.value.problems[0]


def test_a_plan_knows_the_frames_that_a_text_needs(tmp_path: Path) -> None:
    name = write_configuration("parakeet_ctc", tmp_path / "parakeet")
    other = write_configuration("wav2vec2-bert", tmp_path / "bert")
    found = spellings(BACKBONE, [sizes.size_of(BACKBONE, each) for each in (name, other)], miniature=False, fetch=False)
    own, made = found
    assert (own.makes_letters, made.makes_letters) == (False, True)
    assert own.writer.frames is not None
    assert own.writer.frames.of(1.0) == 13
    assert own.count is not None
    assert made.count is not None
    assert own.count(["two"]) == [len(pieces(tmp_path / "again").spell("two"))]
    assert made.count(["book"]) == [5]
    assert own.lacking is not None
    assert own.lacking("zebra") == ["z"]
