"""Any checkpoint of transformers' audio classifiers: which kinds there are, what each hears and counts, and that
transformers alone answers alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForAudioClassification
from transformers.models.auto.modeling_auto import MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES

from tests.trainables.backbones.random_checkpoints import KINDS, write_checkpoint, write_configuration
from trainables import registry, sizes
from trainables.contract import Loaded
from trainables.errors import InputError
from trainables.release.merged import write_front_end, write_merged
from trainables.release.plain_code import plain_code, run
from trainables.training.targets import adapted_modules

BACKBONE: Any = registry.backbone("hf_classifier")
OPTIONS = {"labels": ("bell", "drum", "horn")}
TASK = registry.task("classification", dict(OPTIONS))
NOT_TAKEN = {"sew-d", "unispeech"}  # of which hardly a checkpoint is published
IN_MLP = {"wav2vec2-conformer": 4, "wav2vec2-bert": 4}  # feed-forward Linears of a layer; 2 of the others
PROJECTED = {"data2vec-audio", "unispeech-sat", "wav2vec2-conformer", "wav2vec2-bert", "wav2vec2", "hubert", "wavlm"}


def load(kind: str, folder: Path, dtype: torch.dtype = torch.float32, **changes: Any) -> Loaded:
    name = write_checkpoint("hf_classifier", kind, folder, {"labels": ("x", "y")}, **changes)
    loaded: Loaded = BACKBONE.load(name, TASK, size=name, quantization="none", dtype=dtype, device=torch.device("cpu"))
    return loaded


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def test_every_kind_that_transformers_has_is_taken_or_left_out_on_purpose() -> None:
    assert set(BACKBONE.ARCHITECTURES) == set(MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES) - NOT_TAKEN == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_counts_from_the_configuration_alone(kind: str, tmp_path: Path) -> None:
    name = write_configuration(kind, tmp_path)
    config = AutoConfig.from_pretrained(tmp_path, num_labels=3)
    config.mask_time_prob = config.mask_feature_prob = 0.0  # no embedding for what only pre-training masks
    with torch.device("meta"):
        independent: Any = AutoModelForAudioClassification.from_config(config)
    heads = [getattr(independent, head, None) for head in ("projector", "classifier")]
    in_heads = sum(p.numel() for head in heads if head is not None for p in head.parameters())
    whole = sum(p.numel() for p in independent.parameters())
    assert sizes.size_of(BACKBONE, name).total_params == whole - in_heads
    skeleton = BACKBONE.skeleton(name, TASK)
    layers, mlp, below = 2, IN_MLP.get(kind, 2), int(kind in PROJECTED)
    expected = {"qv": 2, "attention": 4, "attention+mlp": 4 + mlp, "all-linear": 4 + mlp}
    for preset, in_each in expected.items():
        found = adapted_modules(skeleton, BACKBONE, target_modules=preset, size=name, head="full")
        assert len(found) == layers * in_each + (below if preset == "all-linear" else 0), preset


@pytest.mark.parametrize("kind", KINDS)
def test_transformers_alone_answers_alike(kind: str, tmp_path: Path) -> None:
    loaded = load(kind, tmp_path / "base")
    shortest = 400 if kind == "audio-spectrogram-transformer" else 350  # with less its front end fails
    clips = [noise(16_000), noise(9_321, 1), noise(shortest, 2)]
    batches = [BACKBONE.collate(loaded, [BACKBONE.features(loaded, clip)], TASK, None) for clip in clips]
    with torch.no_grad():
        ours = [BACKBONE.predict(loaded.model, batch)[0].tolist() for batch in batches]
    code = plain_code(loaded, BACKBONE, TASK, 2.0)
    assert code is not None
    out = tmp_path / "out"
    write_merged(BACKBONE, loaded, loaded.model, TASK, size=str(tmp_path / "base"), dtype="fp32", folder=out)
    write_front_end(loaded, out)
    answer = run(code, str(out))
    for clip, expected in zip(clips, ours, strict=True):
        assert answer(clip) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", ["data2vec-audio", "sew", "wav2vec2-conformer"])
def test_kinds_that_hear_padding_behind_a_mask_are_never_given_any(kind: str, tmp_path: Path) -> None:
    loaded = load(kind, tmp_path, torch.float64)
    assert loaded.equal_shapes
    short, long = (noise(samples, samples)[None] for samples in (9600, 22_400))
    both = np.concatenate([np.pad(short, ((0, 0), (0, 12_800))), long])
    mask = torch.arange(22_400) < torch.tensor([[9600], [22_400]])
    with torch.no_grad():
        alone = loaded.model(torch.from_numpy(short).double()).logits
        together = loaded.model(torch.from_numpy(both).double(), attention_mask=mask.long()).logits
    assert (together[0] - alone[0]).abs().max() > 1e-5, "it hears no padding: clips of other lengths can be together"


def test_a_checkpoint_of_a_kind_without_a_norm_for_each_layer_is_padded_to_a_grid(tmp_path: Path) -> None:
    loaded = load("unispeech-sat", tmp_path, feat_extract_norm="group", do_stable_layer_norm=False)
    assert loaded.equal_shapes
    assert len(BACKBONE.features(loaded, noise(9_321))) == 9_600


@pytest.mark.parametrize(
    ("kind", "changes", "problem"),
    [
        ("whisper", {"model_type": "moonshine"}, "is a 'moonshine', and the backbone hf_classifier takes"),
        ("wav2vec2-bert", {"add_adapter": True}, "does not support the use of Wav2Vec2Bert adapters"),
        ("sew", {"conv_dim": [8, 16]}, "cannot be used"),
    ],
)
def test_what_is_no_such_classifier_is_refused(
    kind: str, changes: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    name = write_configuration(kind, tmp_path, **changes)
    with pytest.raises(InputError) as caught:
        sizes.size_of(BACKBONE, name)
    assert problem in caught.value.problems[0]
