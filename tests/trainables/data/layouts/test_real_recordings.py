"""Real recordings laid out as other data sets are published: each is understood without a word from the person."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from trainables.data.doubts.check import check_examples
from trainables.data.examples import Example
from trainables.data.reading import Reading
from trainables.data.splits import draw_splits

WORDS = ("zero", "one", "two")
SPLITS = {
    **dict.fromkeys(("george", "jackson", "lucas", "nicolas"), "train"),
    "theo": "validation",
    "yweweler": "test",
}
KINDS = ("Dog bark", "Rain", "Rooster")


@dataclass(frozen=True)
class Clip:
    """A recording, what is right about it, and where it was laid."""

    path: Path
    target: str
    group: str
    split: str | None = None
    fold: str | None = None


@dataclass(frozen=True)
class Task:
    column: str

    def check_target(self, value: Any) -> str | None:
        return None if isinstance(value, str) else "no text"


@pytest.fixture(scope="session")
def digits(audio_data: Path) -> list[Clip]:
    """Three words of six voices, twice."""
    found = []
    for speaker, split in SPLITS.items():
        for digit, word in enumerate(WORDS):
            for take in (3, 7):
                path = audio_data / "fsdd" / "recordings" / f"{digit}_{speaker}_{take}.wav"
                found.append(Clip(path, word, speaker, split))
    return found


@pytest.fixture(scope="session")
def kinds(audio_data: Path) -> list[Clip]:
    """Three kinds of environmental sound, three clips of each of the five folds."""
    found = []
    for kind in KINDS:
        (folder,) = (audio_data / "esc10").glob(f"*{kind}")
        for fold in "12345":
            for path in sorted(folder.glob(f"{fold}-*.ogg"))[:3]:
                found.append(Clip(path, kind.lower().replace(" ", "_"), path.stem.split("-")[1], None, fold))
    return found


def put(clip: Clip, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(clip.path, path)
    return path.stem


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


SHORT = {"train": "train", "validation": "dev", "test": "test"}


def nemo(folder: Path, clips: list[Clip]) -> Path:
    rows: dict[str, list[str]] = {split: [] for split in SHORT}
    for clip in clips:
        put(clip, folder / "wav" / clip.path.name)
        row = {"audio_filepath": f"wav/{clip.path.name}", "duration": 0.3, "text": clip.target, "speaker": clip.group}
        rows[str(clip.split)].append(json.dumps(row))
    for split, lines in rows.items():
        write(folder / f"{SHORT[split]}_manifest.json", lines)
    return folder


def common_voice(folder: Path, clips: list[Clip]) -> Path:
    header = "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tlocale\tsegment"
    rows: dict[str, list[str]] = {split: [header] for split in SHORT}
    for clip in clips:
        put(clip, folder / "en" / "clips" / clip.path.name)
        rows[str(clip.split)].append(f"{clip.group}\t{clip.path.name}\t{clip.target}\t2\t0\t\t\t\ten\t")
    for split, lines in rows.items():
        write(folder / "en" / f"{SHORT[split]}.tsv", lines)
    write(folder / "en" / "validated.tsv", [header, *(line for lines in rows.values() for line in lines[1:])])
    return folder


def kaldi(folder: Path, clips: list[Clip]) -> Path:
    for split, short in SHORT.items():
        files: dict[str, list[str]] = {"wav.scp": [], "text": [], "utt2spk": []}
        for clip in (clip for clip in clips if clip.split == split):
            name = f"{clip.group}-{clip.path.stem}"
            put(clip, folder / "downloads" / clip.path.name)
            for file, value in zip(files, (f"downloads/{clip.path.name}", clip.target, clip.group), strict=True):
                files[file].append(f"{name} {value}")
        for file, lines in files.items():
            write(folder / "data" / short / file, lines)
    return folder / "data"


def librispeech(folder: Path, clips: list[Clip]) -> Path:
    parts = {"train": "train-clean-100", "validation": "dev-clean", "test": "test-clean"}
    lines: dict[Path, list[str]] = {}
    for number, clip in enumerate(clips):
        chapter = folder / "LibriSpeech" / parts[str(clip.split)] / clip.group / "1"
        name = put(clip, chapter / f"{clip.group}-1-{number:04d}.wav")
        lines.setdefault(chapter / f"{clip.group}-1.trans.txt", []).append(f"{name} {clip.target}")
    for path, listed in lines.items():
        write(path, listed)
    return folder


def speech_commands(folder: Path, clips: list[Clip]) -> Path:
    lists: dict[str, list[str]] = {"validation": [], "test": []}
    for number, clip in enumerate(clips):
        name = put(clip, folder / clip.target / f"{clip.group}_nohash_{number}.wav")
        lists.get(str(clip.split), []).append(f"{clip.target}/{name}.wav")
    put(clips[0], folder / "_background_noise_" / "hiss.wav")
    write(folder / "validation_list.txt", lists["validation"])
    write(folder / "testing_list.txt", lists["test"])
    return folder


def lhotse(folder: Path, clips: list[Clip]) -> Path:
    for split, short in SHORT.items():
        rows = []
        for clip in (clip for clip in clips if clip.split == split):
            name = put(clip, folder / "wav" / clip.path.name)
            source = {"type": "file", "channels": [0], "source": f"wav/{name}.wav"}
            said = {"id": name, "recording_id": name, "start": 0, "duration": 0.2, "channel": 0, "text": clip.target}
            cut = {"id": name, "start": 0, "duration": 0.2, "channel": 0, "type": "MonoCut"}
            recording = {"id": name, "sources": [source], "sampling_rate": 8000, "num_samples": 1600, "duration": 0.2}
            rows.append({**cut, "recording": recording, "supervisions": [{**said, "speaker": clip.group}]})
        (folder / f"cuts_{short}.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    return folder


def chat(folder: Path, clips: list[Clip]) -> Path:
    for split, short in SHORT.items():
        rows = []
        for clip in (clip for clip in clips if clip.split == split):
            put(clip, folder / "audio" / clip.path.name)
            asked = {"role": "user", "content": "<audio>Which word is it?"}
            turns = [asked, {"role": "assistant", "content": clip.target}]
            rows.append({"messages": turns, "audios": [f"audio/{clip.path.name}"], "speaker": clip.group})
        write(folder / f"digits_{short}.jsonl", [json.dumps(row) for row in rows])
    return folder


def esc50(folder: Path, clips: list[Clip]) -> Path:
    rows = ["filename,fold,target,category,esc10,src_file,take"]
    for clip in clips:
        put(clip, folder / "ESC-50-master" / "audio" / clip.path.name)
        rows.append(f"{clip.path.name},{clip.fold},0,{clip.target},True,{clip.group},A")
    write(folder / "ESC-50-master" / "meta" / "esc50.csv", rows)
    return folder


def urbansound8k(folder: Path, clips: list[Clip]) -> Path:
    rows = ["slice_file_name,fsID,start,end,salience,fold,classID,class"]
    for number, clip in enumerate(clips):
        name = f"{clip.group}-0-0-{number}.ogg"
        put(clip, folder / "audio" / f"fold{clip.fold}" / name)
        rows.append(f"{name},{clip.group},71.2,75.2,1,{clip.fold},0,{clip.target}")
    write(folder / "metadata" / "UrbanSound8K.csv", rows)
    return folder


def raven(folder: Path, clips: list[Clip]) -> Path:
    for clip in clips:
        name = put(clip, folder / clip.path.name)
        header = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tSpecies"
        write(
            folder / f"{name}.Table.1.selections.txt",
            [header, f"1\tSpectrogram 1\t1\t0.5\t4.5\t0\t9000\t{clip.target}"],
        )
    return folder


def audacity(folder: Path, clips: list[Clip]) -> Path:
    for clip in clips:
        name = put(clip, folder / clip.path.name)
        write(folder / f"{name}.txt", [f"0.500000\t4.500000\t{clip.target}"])
    return folder


SPOKEN: Mapping[str, tuple[Callable[[Path, list[Clip]], Path], str]] = {
    "NeMo": (nemo, "text"),
    "Common Voice": (common_voice, "text"),
    "Kaldi": (kaldi, "text"),
    "LibriSpeech": (librispeech, "text"),
    "Speech Commands": (speech_commands, "label"),
    "Lhotse": (lhotse, "text"),
    "conversations": (chat, "label"),
}
SOUNDS: Mapping[str, tuple[Callable[[Path, list[Clip]], Path], bool]] = {  # whether the layout has group and fold
    "ESC-50": (esc50, True),
    "UrbanSound8K": (urbansound8k, True),
    "Raven": (raven, False),
    "Audacity": (audacity, False),
}


def content(example: Example) -> bytes:
    return Path(example.audio[0].path).read_bytes()


def checked(reading: Reading, column: str) -> dict[bytes, Example]:
    """The examples by what is heard, all of which can be opened."""
    assert all(seconds > 0 for seconds in check_examples(reading.examples, Task(column)))  # type: ignore[arg-type]
    return {content(example): example for example in reading.examples}


@pytest.mark.parametrize("name", SPOKEN)
def test_spoken_digits(tmp_path: Path, digits: list[Clip], read_source: Callable[..., Reading], name: str) -> None:
    lay_out, column = SPOKEN[name]
    found = checked(read_source(lay_out(tmp_path / "data", digits), column), column)
    right = {clip.path.read_bytes(): (clip.target, clip.group, clip.split) for clip in digits}
    assert {key: (clip.target, clip.group, clip.split) for key, clip in found.items()} == right
    examples = list(found.values())
    splits = draw_splits(examples, validation=0.2, test=0.2, seed=0, stratify=column == "label")
    assert {splits[example.id] for example in examples} == {"train", "validation", "test"}


@pytest.mark.parametrize("name", SOUNDS)
def test_environmental_sounds(
    tmp_path: Path, kinds: list[Clip], read_source: Callable[..., Reading], name: str
) -> None:
    lay_out, has_folds = SOUNDS[name]
    found = checked(read_source(lay_out(tmp_path / "data", kinds)), "label")
    assert {key: clip.target for key, clip in found.items()} == {clip.path.read_bytes(): clip.target for clip in kinds}
    if has_folds:
        right = {clip.path.read_bytes(): (clip.group, clip.fold) for clip in kinds}
        assert {key: (clip.group, clip.fold) for key, clip in found.items()} == right
    crops = {(clip.start_seconds, clip.seconds) for clip in found.values()}
    assert crops == {(0.0, None) if has_folds else (0.5, 4.0)}
