"""Which miniatures a sweep needs, and whether they are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweeps.plan.prepare import prepare
from sweeps.stage.inputs import build_miniatures, miniatures_built
from trainables import miniature

SWEEP = Path(__file__).parents[3] / "search_spaces" / "audio_backbones.yaml"


def test_miniatures_are_built_once_all_sizes_of_all_backbones_are(monkeypatch: pytest.MonkeyPatch) -> None:
    built: set[tuple[str, str, str]] = set()
    monkeypatch.setenv("AUDIO_SWEEPS_MINIATURE", "test")
    monkeypatch.setattr(miniature, "is_ready", lambda *which: which in built)
    monkeypatch.setattr(miniature, "make", lambda wanted, recipe: built.update((*which, recipe) for which in wanted))
    prepared: Any = prepare(SWEEP, ["profile=cpu"], planning=False)
    assert not miniatures_built(prepared)
    build_miniatures(prepared)
    assert miniatures_built(prepared)
    assert {backbone for backbone, *_ in built} == {"ast", "htsat", "beats", "efficientat", "wav2vec2"}
    built.discard(next(iter(built)))
    assert not miniatures_built(prepared)
