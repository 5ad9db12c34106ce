"""The manifest of ESC-10: classes, recordings and official folds, out of the files' names."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from trainables.data.esc10 import main


def rows_of(folder: Path, output: Path) -> list[dict[str, str]]:
    assert main([str(folder), "--output", str(output)]) == 0
    return [json.loads(line) for line in output.read_text().splitlines()]


def test_names_say_class_fold_and_recording(tmp_path: Path) -> None:
    for name in ("001 - Dog bark/1-30226-A.ogg", "001 - Dog bark/2-30226-B.ogg", "002 - Rain/5-17367-A.ogg"):
        (tmp_path / "esc10" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "esc10" / name).touch()
    rows = rows_of(tmp_path, tmp_path / "lists" / "esc10.jsonl")
    assert [(row["label"], row["fold"], row["group"]) for row in rows] == [
        ("dog_bark", "1", "30226"),
        ("dog_bark", "2", "30226"),
        ("rain", "5", "17367"),
    ]
    assert (tmp_path / "lists" / rows[0]["audio"]).resolve().is_file()


def test_a_name_without_a_fold_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "esc10" / "001 - Dog bark").mkdir(parents=True)
    (tmp_path / "esc10" / "001 - Dog bark" / "bark.ogg").touch()
    assert main([str(tmp_path), "--output", str(tmp_path / "out.jsonl")]) == 2
    assert "its fold cannot be told" in capsys.readouterr().err
    assert main([str(tmp_path / "none"), "--output", str(tmp_path / "out.jsonl")]) == 2
    assert not (tmp_path / "out.jsonl").exists()


def test_the_published_data_set(audio_data: Path, tmp_path: Path) -> None:
    """40 clips a class, eight of them in every fold; no recording crosses a fold."""
    rows = rows_of(audio_data, tmp_path / "esc10.jsonl")
    assert Counter(Counter((row["label"], row["fold"]) for row in rows).values()) == {8: 50}
    assert len({row["group"] for row in rows}) == len({(row["group"], row["fold"]) for row in rows}) == 304
