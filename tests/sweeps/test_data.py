"""The command that says how a data source is understood, and the manifest that it writes of it."""

from __future__ import annotations

import csv
import json
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from sweeps import data
from sweeps.config.overrides import read_overrides
from sweeps.data import TASKS, Command, main, next_command, parse
from sweeps.plan.data import read_source
from trainables import registry
from trainables.data.doubts.files import read_traits
from trainables.data.doubts.report import together
from trainables.data.reading import Wanted
from trainables.data.splits import draw_splits
from trainables.errors import InputError

CLASSES = ("cat", "dog")


def sound(path: Path, index: int) -> Path:
    """Every file its own sound, of 0.1 to 0.3 s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(index).uniform(-0.5, 0.5, 800 + 40 * index).astype(np.float32)
    soundfile.write(path, samples, 8000)
    return path


def class_folders(folder: Path) -> Path:
    for index in range(16):
        sound(folder / CLASSES[index % 2] / f"{index}.wav", index)
    return folder


def split_folders(folder: Path) -> Path:
    for index in range(18):
        sound(folder / ("train", "validation", "test")[index % 3] / CLASSES[index // 3 % 2] / f"{index}.wav", index)
    return folder


def table(folder: Path) -> Path:
    rows = [
        {
            "file": f"sound/{i} ü.wav",
            "label": CLASSES[i % 2],
            "group": f"voice {i // 2}",
            "fold": str(i % 4),
            "take": "1",
        }
        for i in range(16)
    ]
    for index, row in enumerate(rows):
        sound(folder / row["file"], index)
    with (folder / "t.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / "t.csv"


def crops(folder: Path) -> Path:
    """Several clips of a file, clips joined of several files, a low-pass; splits are given."""
    files = [sound(folder / f"{index}.wav", index) for index in range(16)]
    rows: list[dict[str, Any]] = []
    for index, file in enumerate(files):
        pieces = [file.name, {"path": file.name, "start_seconds": 0.01, "seconds": 0.05}]
        start = {"start_seconds": 0.01, "seconds": 0.03}
        of_file = {"label": CLASSES[index % 2], "split": ("train", "train", "dev", "test")[index // 4]}
        rows += [{"audio": file.name, **start, **of_file}, {"audio": pieces, "lowpass_hz": 3000, **of_file}]
    (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "t.jsonl"


def embedded(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = [sound(folder / "made" / f"{index}.wav", index) for index in range(16)]
    rows = [
        {"audio": {"bytes": file.read_bytes(), "path": file.name}, "label": CLASSES[index % 2]}
        for index, file in enumerate(files)
    ]
    (folder / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(rows[:10]), folder / "data" / "train-00000-of-00001.parquet")
    pq.write_table(pa.Table.from_pylist(rows[10:]), folder / "data" / "test-00000-of-00001.parquet")
    shutil.rmtree(folder / "made")
    return folder


def texts(folder: Path) -> Path:
    rows = [{"audio": f"{index}.wav", "text": f"twenty {index}, ¿sí? «Ü»"} for index in range(12)]
    for index, row in enumerate(rows):
        sound(folder / row["audio"], index)
    (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "t.jsonl"


def copies(folder: Path) -> Path:
    """Two names for the same sound, in groups of their own."""
    source = table(folder)
    for index in (2, 6):
        shutil.copy(folder / "sound" / "10 ü.wav", folder / "sound" / f"{index} ü.wav")
    return source


Layout = Callable[[Path], Path]
LAYOUTS: dict[str, tuple[Layout, str, list[str]]] = {
    "class folders": (class_folders, "classification", []),
    "split folders": (split_folders, "classification", []),
    "a table with other names": (table, "classification", ["--columns", "audio=file"]),
    "copies": (copies, "classification", ["--columns", "audio=file"]),
    "crops and pieces": (crops, "classification", []),
    "embedded sound": (embedded, "classification", []),
    "texts": (texts, "transcription", ["--task", "transcription"]),
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(folder))
    monkeypatch.setenv("COLUMNS", "100")
    return folder


def understood(source: Path, kind: str, cache: Path, columns: dict[str, str] | None = None) -> Any:
    """Examples in the groups of a sweep, and the sides that it would draw."""
    task = registry.task(kind, {})
    wanted = Wanted(task.column, cache, columns or {})
    clips = read_source(str(source), wanted, task, base_folder=Path.cwd(), seed=42)
    examples = together(clips.examples, read_traits(clips.headers)).examples
    return examples, draw_splits(examples, validation=0.2, test=0.2, seed=42, stratify=task.stratified)


@pytest.mark.parametrize("inside", [True, False], ids=["in the folder of the sound", "elsewhere"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_clean_manifest_gives_the_same_clips_and_sides(
    layout: str, inside: bool, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, kind, options = LAYOUTS[layout]
    source = make(tmp_path / "F")
    before = understood(source, kind, cache, {"audio": "file"} if "--columns" in options else None)
    output = (tmp_path / "F" if inside else tmp_path / "elsewhere") / "clean.jsonl"
    assert main([str(source), *options, "--output", str(output)]) == 0
    assert understood(output, kind, cache) == before
    shown = capsys.readouterr().out
    assert f"{len(before[0])} clips written to" in shown
    assert f"data.source={output} --plan" in shown
    assert ("16 of its sound files lie in the cache" in shown) == (layout == "embedded sound")


def test_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = split_folders(tmp_path / "F")
    (source / "notes.pdf").write_text("x")
    assert main([str(source)]) == 0
    shown = capsys.readouterr().out
    for part in (
        f"{source}: 18 clips of 18 groups, for classification",
        "How it was read",
        "1 .pdf file",
        "Sound",
        ".wav (18 files)",
        "8,000 Hz (18 files)",
        "Splits that the source gives",
        "2 classes",
        "Next",
        f"python -m sweeps.run search_spaces/efficientat_lora.yaml data.source={source} --plan",
    ):
        assert part in shown
    assert all(len(line) <= 150 for line in shown.splitlines())


def test_doubts_and_what_a_sweep_would_refuse_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = split_folders(tmp_path / "F")
    (source / "train" / "Dog").mkdir()
    sound(source / "train" / "Dog" / "x.wav", 40)
    shutil.copy(source / "train" / "cat" / "0.wav", source / "test" / "cat" / "copy.wav")
    assert main([str(source)]) == 0
    shown = capsys.readouterr().out
    assert "Problems: a sweep refuses these clips" in shown
    assert "learnt by heart" in shown
    assert "To look at" in shown
    assert "'Dog'" in shown


def test_what_decoding_finds_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = class_folders(tmp_path / "F")
    for name in ("1", "3"):
        soundfile.write(source / "dog" / f"{name}.wav", np.zeros(900 + int(name)), 8000)
    for index in range(20, 26):
        soundfile.write(source / "dog" / f"{index}.wav", np.full(800 + index, 0.01 + index / 1e5), 8000)
    for name in ("0.wav", "2.wav"):
        path = source / "cat" / name
        flac = path.with_suffix(".flac")
        soundfile.write(flac, np.random.default_rng(7 + int(name[0])).normal(0, 0.1, 9000), 8000)
        content = bytearray(flac.read_bytes())
        content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
        flac.write_bytes(content)
        path.unlink()
    assert main([str(source), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    levels = {row["label"]: row["level_db"] for row in found["classes"]}
    assert levels["cat"] == pytest.approx(-10.8, abs=0.5)  # even noise between -0.5 and 0.5
    assert sum("2 of 20 clips are silent throughout" in sentence for sentence in found["understood"]["advice"]) == 1
    assert len(found["problems"]) == 1
    assert found["problems"][0].startswith("cat/0.flac, cat/2.flac: ")


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "clean.jsonl"
    assert main([str(texts(tmp_path / "F")), "--task", "transcription", "--json", "--output", str(output)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clips"], found["groups"], found["task"]) == (12, 12, "transcription")
    assert found["texts"] == {"different": 12, "fewest_words": 4, "median_words": 4.0, "most_words": 4}
    assert found["sound"]["rates_hz"] == [[8000, 12]]
    assert found["written"] == str(output)
    assert found["understood"]["layout"]


def test_what_cannot_be_read_is_an_error_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = table(tmp_path / "F")
    (tmp_path / "F" / "sound" / "3 ü.wav").write_bytes(b"")
    output = tmp_path / "clean.jsonl"
    words = [str(source), "--columns", "audio=file", "--output", str(output)]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "3 ü.wav" in said
    assert "With data.skip: unreadable, clips whose sound cannot be read are left out" in said
    assert not output.exists()
    assert main([*words, "--skip", "unreadable"]) == 0
    shown = capsys.readouterr().out
    assert "left out  1 clip; a run lists them in left_out.csv" in shown
    assert len(output.read_text(encoding="utf-8").splitlines()) == 15
    (tmp_path / "F" / "sound" / "5 ü.wav").unlink()
    assert main([*words[:-2], "--skip", "unreadable"]) == 0
    assert "left out  2 clips" in capsys.readouterr().out


def test_the_task_under_which_it_can_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(texts(tmp_path / "F"))]) == 2
    said = capsys.readouterr().err
    assert "label" in said
    assert "It can be read for another task: --task transcription." in said


def test_a_manifest_that_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = table(tmp_path / "F")
    before = source.read_bytes()
    other = tmp_path / "F" / "t.jsonl"
    other.write_text("mine")
    assert main([str(source), "--columns", "audio=file", "--output", str(other)]) == 2
    assert "holds something else" in capsys.readouterr().err
    assert (source.read_bytes(), other.read_text()) == (before, "mine")


def test_what_comes_next_repeats_how_it_was_read() -> None:
    command = Command(
        "clips.csv", "transcription", {"text": "sentence"}, "classes", Path("/clips"), "2%", Path("/x/a b.jsonl")
    )
    assert next_command(command).endswith("search_spaces/whisper_lora.yaml 'data.source=/x/a b.jsonl' --plan")
    words = shlex.split(next_command(replace(command, output=None)))[4:-1]
    values, problems = read_overrides(words)
    assert problems == []
    assert {".".join(map(str, each.path)): each.node.plain() for each in values} == {
        "data.source": "clips.csv",
        "data.columns": {"text": "sentence"},
        "data.layout": "classes",
        "data.audio_folder": "/clips",
        "data.skip": "2%",
    }


WRONG = {
    "no source": ([], "expected one SOURCE, none was given"),
    "two sources": (["a", "b"], "expected one SOURCE, got 'a b'"),
    "a task of another kind": (["a", "--task", "tagging"], "--task tagging: expected one of"),
    "columns without names": (["a", "--columns", "label"], "--columns label: expected our names and the table's"),
    "a column twice": (["a", "--columns", "label=a,label=b"], "each once"),
    "a layout that is none": (["a", "--layout", "deep"], "--layout deep: expected one of classes"),
    "a share that is none": (["a", "--skip", "half"], "--skip half: expected none, unreadable"),
    "more than all": (["a", "--skip", "101%"], "--skip 101%: expected none, unreadable"),
    "an option that is none": (["a", "--colums", "x=y"], "--colums is not an option"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_command_line(case: str) -> None:
    words, message = WRONG[case]
    with pytest.raises(InputError) as caught:
        parse(words)
    assert any(message in problem for problem in caught.value.problems)


def test_the_tasks_are_those_that_need_no_options() -> None:
    assert TASKS == ("classification", "regression", "multilabel", "transcription")
    assert set(data.SWEEPS) <= set(TASKS)  # of the others a person names the sweep file
    assert parse(["F", "--skip", "12", "--columns", " label = a b , group=c"]) == Command(
        "F", "classification", {"label": "a b", "group": "c"}, skip=12
    )


def test_decoded_sound_is_doubted_unless_headers_are_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    rows = ["audio,label,group"]
    for index in range(12):
        sound = 0.1 * rng.standard_normal((16_000, 2))
        if index == 3:
            sound[:, 1] = -sound[:, 0]
        soundfile.write(tmp_path / f"{index}.wav", sound, 16_000)
        rows.append(f"{index}.wav,{'ab'[index % 2]},g{index}")
    (tmp_path / "clips.csv").write_text("\n".join(rows))
    said = "1 of 12 clips is of channels that cancel"
    assert main([str(tmp_path / "clips.csv")]) == 0
    assert said in " ".join(capsys.readouterr().out.split())
    assert main([str(tmp_path / "clips.csv"), "--headers-only"]) == 0
    assert said not in " ".join(capsys.readouterr().out.split())


def test_a_column_may_be_said_to_be_none() -> None:
    from sweeps.data import next_command, parse

    command = parse(["clips.csv", "--columns", "group=,label=category"])
    assert command.columns == {"group": "", "label": "category"}
    assert '"group": ""' in next_command(command)
