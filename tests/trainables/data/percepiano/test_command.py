from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.formats.manifest import read_manifest
from trainables.data.percepiano import command
from trainables.data.percepiano.performances import DIMENSIONS
from trainables.data.reading import Wanted

RATINGS = [round(0.05 * number, 2) for number in range(19)]
LABELS = {
    "Schubert_D960_mv2_8bars_3_02": [*RATINGS, 7],
    "Schubert_D960_mv2_16bars_Score_01": [*RATINGS, 1],
    "Beethoven_WoO80_var3_8bars_14_2": [*RATINGS, 8],
    "Schubert_D935_no.3_4bars_Score2_5": [*RATINGS, 11],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four performances; a tone is rendered for each, by no FluidSynth."""
    root = tmp_path / "data"
    (root / "midi").mkdir(parents=True)
    (root / "labels_mean.json").write_text(json.dumps(LABELS))
    for name in LABELS:
        (root / "midi" / f"{name}.mid").write_text(name)

    def rendered(files: list[tuple[Path, Path]], program: str, soundfont: Path) -> int:
        for _, sound in files:
            sound.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(sound, 0.1 * np.sin(np.arange(16_000)), 16_000)
        return len(files)

    monkeypatch.setattr(command, "synthesiser", lambda soundfont: ("fluidsynth", Path("TimGM6mb.sf2")))
    monkeypatch.setattr(command, "render_all", rendered)
    return root


def test_rows_say_who_plays_what_and_how_it_was_rated(folder, tmp_path, capsys) -> None:
    output = tmp_path / "lists" / "piano.jsonl"
    assert command.main([str(folder), "--output", str(output)]) == 0
    assert "4 performances, 2 of them by people, 3 groups, 19 ratings; 4 rendered now" in capsys.readouterr().out
    rows = {row["id"]: row for row in map(json.loads, output.read_text().splitlines())}
    human, score = rows["Schubert_D960_mv2_8bars_3_02"], rows["Schubert_D960_mv2_16bars_Score_01"]
    assert human["group"] == score["group"] == "Schubert_D960_mv2-16bars-1"
    assert (human["performer"], human["composer"], human["score"]) == ("performer-07", "Schubert", False)
    assert (score["performer"], score["score"]) == ("score", True)
    assert rows["Schubert_D935_no.3_4bars_Score2_5"]["performer"] == "score"
    assert [human[name] for name in DIMENSIONS] == RATINGS
    assert (output.parent / human["midi"]).read_text() == human["id"]

    read = read_manifest(output, Wanted("targets", tmp_path / "cache", gathered=DIMENSIONS))
    assert len(read.examples) == 4


def test_deadpan_renderings_can_be_left_out(folder, tmp_path, capsys) -> None:
    output = tmp_path / "people.jsonl"
    assert command.main([str(folder), "--output", str(output), "--without-scores"]) == 0
    said = capsys.readouterr().out
    assert "2 performances, 2 of them by people, 2 groups" in said
    assert "no ratings" not in said
    assert not any(json.loads(line)["score"] for line in output.read_text().splitlines())


def test_files_with_the_same_notes_in_two_groups_are_counted(folder, tmp_path, capsys) -> None:
    for name in ("Schubert_D935_no.3_4bars_Score2_5", "Schubert_D960_mv2_8bars_3_02"):
        (folder / "midi" / f"{name}.mid").write_text("the same")
    (folder / "midi" / "other.mid").write_text("no labels")
    assert command.main([str(folder), "--output", str(tmp_path / "piano.jsonl")]) == 0
    said = capsys.readouterr().out
    assert "2 files are the same, byte for byte" in said
    assert "1 MIDI files have no ratings and are left out: other.mid" in said


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("Schubert_D960", [*RATINGS, 1], "are not PIECE_NUMBERbars_PLAYER_SEGMENT: Schubert_D960."),
        ("A_../../b_8bars_1_1", [*RATINGS, 1], "are not PIECE_NUMBERbars_PLAYER_SEGMENT"),
        ("A_b_8bars_1_" + "1" * 5000, [*RATINGS, 1], "are not PIECE_NUMBERbars_PLAYER_SEGMENT"),
        ("A_b_8bars_1_1", [*RATINGS, 10**400], "have not 19 ratings"),
        ("A_b_8bars_1_1", RATINGS, "have not 19 ratings and the number of a performer: A_b_8bars_1_1."),
        ("A_b_8bars_1_1", [*RATINGS[:-1], None, 1], "have not 19 ratings"),
        ("A_b_8bars_1_1", [*RATINGS[:-1], 1.5, 1], "have a rating outside 0 to 1"),
        ("A_b_8bars_1_1", [*RATINGS, 1], "have no file NAME.mid in"),
    ],
)
def test_labels_that_break_a_rule_are_named(name, row, said, folder, tmp_path, capsys) -> None:
    (folder / "labels_mean.json").write_text(json.dumps(LABELS | {name: row}))
    assert command.main([str(folder), "--output", str(tmp_path / "piano.jsonl")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "piano.jsonl").exists()


def test_another_folder_is_refused(tmp_path, folder, capsys) -> None:
    assert command.main([str(tmp_path), "--output", str(tmp_path / "piano.jsonl")]) == 2
    said = capsys.readouterr().err
    assert "holds no labels_mean.json" in said
    assert "holds no midi" in said
    (folder / "labels_mean.json").write_text("{")
    assert command.main([str(folder), "--output", str(tmp_path / "piano.jsonl")]) == 2
    assert "cannot be read as JSON" in capsys.readouterr().err
