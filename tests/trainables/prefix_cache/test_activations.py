"""What is recorded of the frozen part changes nothing: in float64 a lane that starts from it is the lane that computes
all, for every backbone that has such a part; and it is recorded once, whoever trains.

Covers `cut` and `tensors` too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file
from torch import nn

from tests.trainables.backbones.random_checkpoints import OWN, SOME, size_of, write_checkpoint
from trainables import registry
from trainables.config import TrialConfig
from trainables.data.clips import Selection
from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.store import SplitStore, write_store
from trainables.prefix_cache.activations import DECISION
from trainables.prefix_cache.cut import chain, draws, highest_cut
from trainables.prefix_cache.tensors import KEPT, KeptTensors
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey

TASKS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "classification": ({"labels": ("bell", "drum")}, ["bell", "drum"]),
    "label_scoring": ({"labels": ("SPEECH", "NOISE"), "prompt": "Which?"}, ["NOISE", "SPEECH"]),
    "transcription": ({}, ["ab", "a cab"]),
}
WITH_CHAIN = [name for name in registry.BACKBONES if name not in ("htsat", "qwen3_asr")]
CONFIG = TrialConfig(
    backbone="", model_size="", rank=2, alpha=4, learning_rate=3e-3, lora_dropout=0.1, epochs=3, batch_size=2, layers=1
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path) -> Callable[[str], tuple[str, Path]]:
    """A backbone's smallest miniature with random weights: (size, folder)."""

    @cache
    def make(name: str) -> tuple[str, Path]:
        backbone: Any = registry.backbone(name)
        if name == "qwen2_audio":
            return "mini-1m", tiny_checkpoint
        folder = tmp_path_factory.mktemp(name)
        kind = backbone.TASKS[0]
        size = size_of(name, folder)
        if not backbone.MINIATURE_SIZES:
            write_checkpoint(name, SOME[name], folder, TASKS[kind][0])
            return size, folder
        backbone.write(backbone.build(size, registry.task(kind, dict(TASKS[kind][0])), 0), size, folder)
        return size, folder

    return make


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A new store of six clips of two lengths for a backbone."""
    folder = tmp_path_factory.mktemp("clips")
    made = iter(range(1000))

    def write(name: str) -> Path:
        backbone = registry.backbone(name)
        targets = TASKS[backbone.TASKS[0]][1]
        rate, examples = backbone.SAMPLE_RATE_HZ, []
        for index in range(6):
            rng = np.random.default_rng(index)
            sound = 0.1 * rng.standard_normal(round((0.5 + 0.2 * (index // 3)) * rate))
            path = folder / f"{rate}-{index}.wav"
            soundfile.write(path, sound.astype(np.float32), rate)
            examples.append(Example(f"{index}", (AudioPiece(str(path)),), f"{index}", targets[index % 2]))
        store = folder / f"store-{next(made)}"
        write_store(store, examples, sample_rate_hz=rate, window_seconds=backbone.MINIATURE_WINDOW_SECONDS)
        return store

    return write


def engine_of(name: str, checkpoint: tuple[str, Path], *, precision: str = "fp64", **settings: Any) -> Engine:
    kind = registry.backbone(name).TASKS[0]
    key = EngineKey(name, checkpoint[0], "none", precision)
    return Engine(key, str(checkpoint[1]), registry.task(kind, dict(TASKS[kind][0])), EngineSettings(**settings))


def open_lane(engine: Engine, store: Path, **changes: Any) -> Lane:
    clips = SplitStore(store)
    few = Selection([clips], {"0", "5"})
    config = replace(CONFIG, backbone=engine.key.backbone, model_size=engine.key.model_size, **changes)
    if "target_modules" not in changes:
        config = replace(config, target_modules=next(iter(engine.backbone.PRESETS)))
    return Lane(engine, config, LaneKey(7, "-"), clips, few)


def trained(engine: Engine, store: Path, **changes: Any) -> list[float]:
    lane = open_lane(engine, store, **changes)
    epochs = [lane.train_epoch() for _ in range(lane.planned_epochs)]
    lane.close()
    return [epoch[name] for epoch in epochs for name in ("train/loss", "val/loss")]


@pytest.mark.parametrize("name", WITH_CHAIN)
def test_a_lane_that_starts_from_what_is_kept_is_the_lane_that_computes_all(
    name: str, checkpoint: Callable[[str], tuple[str, Path]], split: Callable[[str], Path]
) -> None:
    store = split(name)
    plain = trained(engine_of(name, checkpoint(name), activations="off"), store, epochs=10)  # 30 steps
    assert not list(store.glob(f"{KEPT}/activations-*"))
    kept = trained(engine_of(name, checkpoint(name), activations="always"), store, epochs=10)
    assert len(list(store.glob(f"{KEPT}/activations-*/*.safetensors"))) == 6
    np.testing.assert_allclose(kept, plain, rtol=0, atol=1e-10)
    assert kept[0] != kept[2]  # it learns


@pytest.mark.parametrize("kind", OWN)
def test_and_so_of_every_kind_of_checkpoint(kind: str, tmp_path: Path, split: Callable[[str], Path]) -> None:
    name = "hf_classifier"
    checkpoint = write_checkpoint(name, kind, tmp_path, TASKS["classification"][0]), tmp_path
    store = split(name)
    plain = trained(engine_of(name, checkpoint, activations="off"), store)
    kept = trained(engine_of(name, checkpoint, activations="always"), store)
    assert len(list(store.glob(f"{KEPT}/activations-*/*.safetensors"))) == 6
    np.testing.assert_allclose(kept, plain, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["ast", "beats", "wav2vec2"])
def test_a_higher_cut_is_recorded_from_a_lower_one_to_the_last_bit(
    name: str, checkpoint: Callable[[str], tuple[str, Path]], split: Callable[[str], Path]
) -> None:
    from_the_beginning, from_below = split(name), split(name)
    trained(engine_of(name, checkpoint(name), activations="always", precision="fp32"), from_the_beginning)
    engine = engine_of(name, checkpoint(name), activations="always", precision="fp32")
    trained(engine, from_below, layers=2)
    [lower] = engine.activations.decisions()
    computed: list[str] = []
    inside = next(iter(engine.model.get_submodule(lower).children()))
    inside.register_forward_hook(lambda *_: computed.append(lower))
    trained(engine, from_below)
    assert not computed
    [expected] = from_the_beginning.glob(f"{KEPT}/activations-*")
    for file in expected.glob("*.safetensors"):
        assert torch.equal(load_file(file)["value"], load_file(from_below / KEPT / expected.name / file.name)["value"])


def test_every_backbone_that_is_not_in_the_test_above_has_no_such_part(
    checkpoint: Callable[[str], tuple[str, Path]],
) -> None:
    for name in set(registry.BACKBONES) - set(WITH_CHAIN):
        assert engine_of(name, checkpoint(name)).loaded.chain == ""


def test_a_second_worker_and_a_second_trial_compute_nothing_again(
    checkpoint: Callable[[str], tuple[str, Path]], split: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = split("ast")
    first = engine_of("ast", checkpoint("ast"), activations="always", precision="fp32")
    once = trained(first, store)
    second = engine_of("ast", checkpoint("ast"), activations="always", precision="fp32")
    heard: list[int] = []
    features, run = second.backbone.features, second.activations.run
    monkeypatch.setattr(second.backbone, "features", lambda *given: heard.append(1) or features(*given))
    second.activations.run = lambda clips, row: heard.append(1) or run(clips, row)
    assert trained(second, store) == once  # to the last bit
    assert sum(heard) <= 2  # a clip of each length tells it the shapes
    assert trained(second, store) == once
    assert sum(heard) <= 2


def test_features_that_are_cut_short_are_computed_again(tmp_path: Path) -> None:
    kept = KeptTensors(tmp_path, "features", limit_bytes=10_000)
    assert kept.put(3, torch.arange(100.0))
    assert kept.get(4) is None
    path = tmp_path / KEPT / "features" / "3.safetensors"
    whole = path.read_bytes()
    for wrong in (whole[:-1], whole[:9], b"", b"\0" * len(whole)):
        path.write_bytes(wrong)
        again = KeptTensors(tmp_path, "features", limit_bytes=10_000)
        assert again.get(3) is None
        assert again.put(3, torch.arange(100.0))
        assert torch.equal(KeptTensors(tmp_path, "features", limit_bytes=0).get(3), torch.arange(100.0))  # type: ignore[arg-type]


def test_the_folder_is_bounded_over_all_kinds(tmp_path: Path) -> None:
    one, other = (KeptTensors(tmp_path, kind, limit_bytes=3000) for kind in ("a", "b"))
    assert [one.put(i, torch.zeros(250)) for i in range(2)] == [True, True]
    assert not other.put(0, torch.zeros(250))
    assert other.get(0) is None
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.safetensors")) <= 3000
    assert not KeptTensors(tmp_path / "gone", "a", limit_bytes=3000).put(0, torch.zeros(1))
    assert not (tmp_path / "gone").exists()


def test_one_decision_holds_for_all(
    checkpoint: Callable[[str], tuple[str, Path]],
    split: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path))
    store = split("ast")
    trained(engine_of("ast", checkpoint("ast"), precision="fp32"), store, epochs=1)
    (measured,) = (tmp_path / "measured").iterdir()
    (decision,) = store.glob(f"{KEPT}/activations-*/{DECISION}")
    found = json.loads(decision.read_text())
    assert found["computing_seconds"] > 0
    assert found["clip_bytes"] > 0
    for use in (False, True):
        decision.write_text(json.dumps(found | {"use": use}))
        engine = engine_of("ast", checkpoint("ast"), precision="fp32")
        trained(engine, store, epochs=1)
        assert list(engine.activations.decisions().values()) == [use]
    slow = json.loads(measured.read_text()) | {"computing_seconds": 1.0, "reading_seconds": 0.1}
    for times, use in ((slow, True), (slow | {"reading_seconds": 0.9}, False), (slow | {"clip_bytes": 1 << 40}, False)):
        measured.write_text(json.dumps(times))  # another sweep on this machine decides by what was measured before
        engine = engine_of("ast", checkpoint("ast"), precision="fp32")
        trained(engine, split("ast"), epochs=1)
        assert list(engine.activations.decisions().values()) == [use]


def test_augmented_clips_are_never_taken_from_what_is_kept(
    checkpoint: Callable[[str], tuple[str, Path]], split: Callable[[str], Path]
) -> None:
    store = split("ast")
    plain, kept = (engine_of("ast", checkpoint("ast"), activations=mode) for mode in ("off", "always"))
    losses = [trained(engine, store, gain_db=12.0) for engine in (plain, kept)]
    np.testing.assert_allclose(*losses, rtol=0, atol=1e-10)
    assert abs(losses[0][0] - trained(plain, store)[0]) > 1e-6  # the changes reach the training loss


class Stack(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.1)) for _ in range(2))


def test_a_cut_lies_below_everything_that_is_adapted() -> None:
    model = Stack()
    names = chain(model, r"tower(\.\d)?|layers\.\d")
    assert names == ["tower.0", "tower.1", "tower", "layers.0", "layers.1"]
    cuts = {
        "layers.1.0": "layers.0",
        "layers.0.0": "tower",
        "tower.1": "tower.0",
        "tower.0": None,
    }
    for adapted, cut in cuts.items():
        assert highest_cut(names, [adapted, "layers.1.0"]) == cut
    assert draws(model, names)
    assert not draws(model, names[:3])
