"""A column `channel`: rows that hear one channel each of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from trainables.data.doubts.check import check_examples
from trainables.data.formats.manifest import read_manifest
from trainables.data.reading import Wanted
from trainables.data.sound.audio import load_waveform
from trainables.data.tables.channels import channel_of, tells_channels
from trainables.errors import InputError


@pytest.mark.parametrize(
    ("written", "channel"),
    [(0, 0), ("1", 1), (1.0, 1), ("1.0", 1), (" Right ", 1), ("left", 0), ("A", 0), ("b", 1), (None, None)],
)
def test_ways_to_name_a_channel(written: Any, channel: int | None) -> None:
    assert channel_of(written) == channel


@pytest.mark.parametrize("written", [-1, 1.5, "middle", True, [0, 1], 1000, "nan", "1e999"])
def test_what_names_no_channel(written: Any) -> None:
    with pytest.raises(InputError, match=r"channel is .* counted from 0"):
        channel_of(written)


def test_a_radio_station_is_no_channel_of_sound() -> None:
    assert not tells_channels("channel", ["BBC One", None, "ARD"])
    assert tells_channels("channel", [0, "x"])


@pytest.mark.parametrize(("values", "tells"), [([1, 1], False), ([2, 1], False), ([0, 1], True), (["left"], True)])
def test_channels_may_be_their_number(values: list[Any], tells: bool) -> None:
    assert tells_channels("channels", values) is tells
    assert tells_channels("channel", values)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_each_row_hears_its_channel(tmp_path: Path, task: Any) -> None:
    samples = np.stack([np.full(1600, 0.25), np.full(1600, -0.25)], axis=1)
    soundfile.write(tmp_path / "x.wav", samples, 16_000, subtype="FLOAT")
    rows = [{"audio": "x.wav", "label": "a", "channel": 0}, {"audio": "x.wav", "label": "b", "channel": 1}]
    examples = read_manifest(write_rows(tmp_path / "t.jsonl", rows), Wanted("label", tmp_path)).examples
    assert [example.id for example in examples] == ["x.wav@0#0", "x.wav@0#1"]
    assert {example.group for example in examples} == {"x.wav"}
    assert check_examples(examples, task) == [0.1, 0.1]
    left, right = (load_waveform(example, 16_000) for example in examples)
    np.testing.assert_allclose(left, 0.25)
    np.testing.assert_allclose(right, -0.25)


def test_a_channel_that_the_file_lacks_is_refused(tmp_path: Path, write_tone: Any, task: Any) -> None:
    write_tone(tmp_path / "x.wav")
    rows = [{"audio": "x.wav", "label": "a", "channel": 1}]
    examples = read_manifest(write_rows(tmp_path / "t.jsonl", rows), Wanted("label", tmp_path)).examples
    with pytest.raises(InputError, match=r"channel 1 is wanted and the file has 1; channels are counted from 0"):
        check_examples(examples, task)


def test_other_columns_of_that_name_are_not_read(tmp_path: Path) -> None:
    rows = [{"audio": "x.wav", "label": "a", "channel": "BBC One"}]
    (example,) = read_manifest(write_rows(tmp_path / "t.jsonl", rows), Wanted("label", tmp_path)).examples
    assert example.audio[0].channel is None
