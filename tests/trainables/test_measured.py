"""A measurement is made once, whoever asks, and what is half written or cannot be written stops nobody."""

from pathlib import Path

import pytest

from trainables import measured


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path))
    return tmp_path / "measured"


def test_the_first_measurement_stays(folder: Path) -> None:
    assert measured.once("speed", lambda: {"seconds": 1.0}) == {"seconds": 1.0}
    assert measured.once("speed", lambda: {"seconds": 2.0}) == {"seconds": 1.0}
    assert measured.once("other", lambda: {"seconds": 2.0}) == {"seconds": 2.0}
    assert sorted(path.name for path in folder.iterdir()) == ["other.json", "speed.json"]


def test_of_two_at_the_same_time_the_first_to_write_decides_for_both(folder: Path) -> None:
    def slow() -> dict[str, float]:
        assert measured.once("speed", lambda: {"seconds": 1.0}) == {"seconds": 1.0}  # another process meanwhile
        return {"seconds": 2.0}

    assert measured.once("speed", slow) == {"seconds": 1.0}


def test_what_is_cut_short_is_measured_again(folder: Path) -> None:
    folder.mkdir()
    (folder / "speed.json").write_text('{"seconds": 1')
    assert measured.once("speed", lambda: {"seconds": 2.0}) == {"seconds": 2.0}


def test_a_folder_that_cannot_be_written_leaves_each_its_own(folder: Path) -> None:
    folder.write_text("no folder")
    assert measured.once("speed", lambda: {"seconds": 2.0}) == {"seconds": 2.0}
