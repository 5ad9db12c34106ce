"""Parameters of models and adapters as published or counted in the published models, on shapes without weights."""

from __future__ import annotations

import pytest

from trainables import registry
from trainables.training.targets import Counts, adapted_modules, count, head_modules

FORTY = registry.task("classification", {"labels": tuple(f"class {index}" for index in range(40))})
TEXT = registry.task("transcription", {})


def counts(backbone_name: str, size: str, preset: str, head: str = "full", rank: int = 8) -> Counts:
    backbone = registry.backbone(backbone_name)
    model = backbone.skeleton(size, TEXT if backbone.TASKS[0] == "transcription" else FORTY)
    targets = adapted_modules(model, backbone, target_modules=preset, size=size, head=head)
    whole = () if backbone.PRESETS[preset].reaches_head else head_modules(backbone, model)
    return count(model, targets, rank, whole)


def test_ast_with_forty_classes() -> None:
    """The published recipe reaches the head through the adapter: 1,333,568 of 86,219,560 in 73 modules."""
    found = counts("ast", "base", "all-linear", head="lora")
    assert (found.total_params, found.matched_modules, found.adapter_params) == (86_219_560, 73, 1_333_568)
    assert found.head_params == 0
    assert counts("ast", "base", "attention+mlp").trainable_params == 1_359_400
    assert counts("ast", "base", "attention+mlp").adapter_params == 1_327_104
    assert counts("ast", "base", "qv").trainable_params == 327_208


HTSAT = {
    "unfused": (27_534_488, {"qkv": 211_968, "attention+mlp": 635_904, "all-linear": 668_160}),
    "larger": (67_824_408, {"qkv": 430_080, "attention+mlp": 1_290_240, "all-linear": 1_333_248}),
}


@pytest.mark.parametrize("size", HTSAT)
def test_htsat_has_the_published_counts(size: str) -> None:
    total, presets = HTSAT[size]
    found = counts("htsat", size, "qkv")
    assert found.total_params - found.head_params == total
    assert {preset: counts("htsat", size, preset).adapter_params for preset in presets} == presets


@pytest.mark.parametrize(
    ("size", "qv", "attention", "mlp"), [("tiny", 165_888, 331_776, 663_552), ("base", 319_488, 638_976, 1_277_952)]
)
def test_moonshine_has_the_published_counts(size: str, qv: int, attention: int, mlp: int) -> None:
    presets = {"qv": qv, "attention": attention, "attention+mlp": mlp}
    assert {preset: counts("moonshine", size, preset).adapter_params for preset in presets} == presets
    assert counts("moonshine", size, "qv").total_params == {"tiny": 27_092_736, "base": 61_513_920}[size]


@pytest.mark.parametrize(
    ("size", "total", "attention"),
    [("tiny", 37_760_640, 294_912), ("base", 72_593_920, 589_824), ("small", 241_734_912, 1_769_472)],
)
def test_whisper_has_the_published_counts(size: str, total: int, attention: int) -> None:
    found = counts("whisper", size, "attention")
    assert (found.total_params, found.adapter_params) == (total, attention)
