"""Scenes: none to three kinds a clip, the same for a seed, and every kind in enough places."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from trainables.data.generators import sound_scenes
from trainables.data.generators.noises import KINDS


def test_scenes(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    examples = sound_scenes.generate(tmp_path / "one", seed=3)
    assert len(examples) == sound_scenes.PLACES * sound_scenes.CLIPS_PER_PLACE
    assert set(Counter(len(each.target) for each in examples)) == {0, 1, 2, 3}
    places = {kind: {each.group for each in examples if kind in each.target} for kind in KINDS}
    assert min(len(groups) for groups in places.values()) > sound_scenes.PLACES / 2
    again = sound_scenes.generate(tmp_path / "two", seed=3)
    assert [each.target for each in again] == [each.target for each in examples]
    for one, other in list(zip(examples, again, strict=True))[::60]:
        assert Path(one.audio[0].path).read_bytes() == Path(other.audio[0].path).read_bytes()
