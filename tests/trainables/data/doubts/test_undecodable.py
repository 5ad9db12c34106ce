"""Damage behind a good header."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.doubts.check import check_examples
from trainables.data.doubts.listen import listen
from trainables.data.doubts.undecodable import leave_out_undecodable
from trainables.data.examples import AudioPiece, Example
from trainables.data.reading import Account, Skip
from trainables.errors import InputError


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Example]:
    """Twenty, of which the sixth and the eighth are damaged in the middle."""
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "cache"))
    found = []
    for number in range(20):
        path = tmp_path / f"{number}.flac"
        soundfile.write(path, np.random.default_rng(number).normal(0, 0.1, 16_000), 16_000)
        if number in (5, 7):
            content = bytearray(path.read_bytes())
            content[len(content) // 2 : len(content) // 2 + 400] = bytes(400)
            path.write_bytes(content)
        found.append(Example(path.name, (AudioPiece(str(path)),), path.name, "ab"[number % 2]))
    return found


@pytest.mark.parametrize("written", ["unreadable", 2, "10%"])
def test_they_are_left_out_and_listed(clips: list[Example], written: int | str, task) -> None:
    skip = Skip.from_text(written)
    for _ in range(2):  # and the same ones the next time
        account = Account()
        lasting = check_examples(clips, task, None, account, skip)
        seconds, heard = leave_out_undecodable(clips, lasting, account, skip, listen)
        assert heard is not None
        assert (len(heard.facts), heard.problems) == (18, {})
        assert [number for number, length in enumerate(seconds) if math.isnan(length)] == [5, 7]
        assert [row.where for row in account.left_out] == ["5.flac", "7.flac"]
        assert len({row.problem for row in account.left_out}) == 1
        assert all(row.sound and row.problem.startswith("cannot be decoded") for row in account.left_out)


@pytest.mark.parametrize("written", [1, "9%"])
def test_more_than_may_be_left_out_are_refused(clips: list[Example], written: int | str, task) -> None:
    with pytest.raises(InputError, match=r"5\.flac, 7\.flac: cannot be decoded"):
        leave_out_undecodable(clips, [1.0] * 20, Account(), Skip.from_text(written), listen)


def test_where_nothing_may_be_left_out_nothing_is_decoded(clips: list[Example]) -> None:
    found = leave_out_undecodable(clips, [1.0] * 20, Account(), Skip(), lambda _: pytest.fail("decoded"))
    assert found == ([1.0] * 20, None)
