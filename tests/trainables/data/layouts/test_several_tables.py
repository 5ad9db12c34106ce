"""Several tables that are the splits of one data set."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


ROWS = {"train": "a.wav,x\nb.wav,y\n", "valid": "c.wav,x\nd.wav,y\n", "test": "e.wav,x\nf.wav,y\n"}
SOUNDS = [f"{name}.wav" for name in "abcdef"]
SPLITS = dict.fromkeys("ab", "train") | dict.fromkeys("cd", "validation") | dict.fromkeys("ef", "test")


def splits_of(reading: Reading) -> dict[str, str | None]:
    return {Path(clip.audio[0].path).stem: clip.split for clip in reading.examples}


@pytest.mark.parametrize("form", ["{}.csv", "mydata_{}.csv", "clips-{}-v2.csv", "lists/{}.csv"])
def test_names_give_the_splits(lay: Lay, read_source: Read, form: str) -> None:
    sounds = [f"lists/{name}" for name in SOUNDS] if form.startswith("lists") else SOUNDS
    texts = {form.format(name): "audio,label\n" + rows for name, rows in ROWS.items()}
    reading = read_source(lay(sounds, texts))
    assert splits_of(reading) == SPLITS
    assert form.format("valid") in reading.account.origins["split"]


def test_folders_give_the_splits(lay: Lay, read_source: Read) -> None:
    texts = {f"{split}/list.csv": "audio,label\n" + rows for split, rows in ROWS.items()}
    sounds = [f"{split}/{row[:5]}" for split, rows in ROWS.items() for row in rows.split()]
    assert splits_of(read_source(lay(sounds, texts))) == SPLITS


def test_files_of_one_name_in_folders_of_splits_are_groups_of_their_own(lay: Lay, read_source: Read) -> None:
    texts = {f"{split}/list.csv": "audio,label\n1.wav,x\n" for split in ROWS}
    reading = read_source(lay([f"{split}/1.wav" for split in ROWS], texts))
    assert {clip.group for clip in reading.examples} == {f"{split}/1.wav" for split in ROWS}
    assert {clip.id for clip in reading.examples} == {f"{split}/1.wav" for split in ROWS}


def test_files_of_one_name_in_several_splits_have_ids_of_their_own(lay: Lay, read_source: Read) -> None:
    texts = {f"{split}.csv": f"audio,label\n{split}/1.wav,x\n" for split in ROWS}
    texts |= {"train.csv": "id,audio,label\n1,train/1.wav,x\n", "test.csv": "id,audio,label\n1,test/1.wav,x\n"}
    reading = read_source(lay([f"{split}/1.wav" for split in ROWS], texts))
    assert [clip.id for clip in reading.examples] == ["test.csv:1", "train.csv:1", "valid/1.wav"]


def test_a_test_that_is_kept_secret_is_not_read(lay: Lay, read_source: Read) -> None:
    texts = {
        "train.csv": "audio,label\na.wav,x\nb.wav,y\n",
        "test.csv": "audio\ne.wav\n",
        "sample.csv": "audio,label\n",
    }
    reading = read_source(lay(SOUNDS, texts))
    assert splits_of(reading) == {"a": "train", "b": "train"}
    unread = str(reading.account.files_unread)
    assert "test.csv" in unread
    assert "sample.csv" in unread


COLUMNS = "client_id\tpath\tsentence\tup_votes\tage\tlocale\n"


@pytest.mark.parametrize("home", ["", "cv-corpus-17.0/de/"])
@pytest.mark.parametrize("ending", [".mp3", ""])
def test_common_voice(lay: Lay, read_source: Read, home: str, ending: str) -> None:
    row = "voice{n}\tclip{n}{ending}\t{text}\t2\t\tde\n"
    lines = {
        name: COLUMNS + "".join(row.format(n=n, ending=ending, text=f'Satz "{n}') for n in numbers)
        for name, numbers in {"train": (1, 2), "dev": (3,), "test": (4,), "validated": (1, 2, 3, 4, 5)}.items()
    }
    texts = {f"{home}{name}.tsv": text for name, text in lines.items()}
    folder = lay([f"{home}clips/clip{n}.mp3" for n in range(1, 6)], texts)
    reading = read_source(folder, "text")
    found = {Path(c.audio[0].path).name: (c.target, c.group, c.language, c.split) for c in reading.examples}
    assert len(found) == 4
    assert found["clip1.mp3"] == ('Satz "1', "voice1", "de", "train")
    assert found["clip3.mp3"][3] == "validation"
    unread = str(reading.account.files_unread)
    assert "validated.tsv" in unread
    assert "clip5.mp3" in unread
    assert reading.account.columns_unread["up_votes"] == 4
    single = read_source(folder / f"{home}validated.tsv", "text")
    assert len(single.examples) == 5
    assert all(Path(clip.audio[0].path).is_file() for clip in single.examples)
    assert {clip.split for clip in single.examples} == {None}


def test_two_languages_are_two_data_sets(lay: Lay, read_source: Read) -> None:
    texts = {f"{home}/{name}.csv": "audio,label\na.wav,x\n" for home in ("de", "en") for name in ("train", "test")}
    with pytest.raises(InputError, match=r"de, en.*name the folder of one"):
        read_source(lay(["de/a.wav", "en/a.wav"], texts))


def test_supervisions_of_lhotse_beside_their_recordings(lay: Lay, read_source: Read) -> None:
    texts = {}
    for number, split in enumerate(("train", "dev", "test")):
        source = {"type": "file", "channels": [0], "source": f"{split}.wav"}
        recording = {"id": split, "sources": [source], "sampling_rate": 16000, "num_samples": 1600, "duration": 0.1}
        said = {"id": f"s{number}", "recording_id": split, "start": 0, "duration": 0.1, "channel": 0, "text": "one"}
        texts[f"my_recordings_{split}.jsonl"] = json.dumps(recording)
        texts[f"my_supervisions_{split}.jsonl"] = json.dumps(said)
    reading = read_source(lay(["train.wav", "dev.wav", "test.wav"], texts), "text")
    assert {clip.id: clip.split for clip in reading.examples} == {"s0": "train", "s1": "validation", "s2": "test"}


def test_tables_of_features_beside_class_folders(lay: Lay, read_source: Read) -> None:
    sounds = [f"genres/{kind}/{kind}.{number}.wav" for kind in ("blues", "rock") for number in range(3)]
    rows = "".join(f"{Path(sound).name},0.1,{Path(sound).parent.name}\n" for sound in sounds)
    texts = {
        "features_30_sec.csv": "filename,length,label\n" + rows,
        "train.csv": "length\n1\n",
        "test.csv": "length\n2\n",
    }
    reading = read_source(lay(sounds, texts))
    assert {clip.target for clip in reading.examples} == {"blues", "rock"}
    assert {clip.split for clip in reading.examples} == {None}


def test_beside_a_secret_test_evaluate_is_the_test(lay: Lay, read_source: Read) -> None:
    names = [f"audio/{n}.wav" for n in range(4)]
    rows = [f"{name}\t{'ab'[n % 2]}\n" for n, name in enumerate(names)]
    texts = {
        "evaluation_setup/fold1_train.csv": "filename\tscene_label\n" + "".join(rows[:2]),
        "evaluation_setup/fold1_evaluate.csv": "filename\tscene_label\n" + "".join(rows[2:]),
        "evaluation_setup/fold1_test.csv": "filename\n" + "".join(f"{name}\n" for name in names[2:]),
    }
    reading = read_source(lay(names, texts))
    assert {clip.id: clip.split for clip in reading.examples} == dict(
        zip(names, ["train"] * 2 + ["test"] * 2, strict=True)
    )


def test_tables_that_all_lack_the_target_are_refused(lay: Lay, read_source: Read) -> None:
    """Clotho has five captions in columns of their own."""
    names = ("development", "validation", "evaluation")
    texts = {f"clotho_captions_{s}.csv": f"file_name,caption_1,caption_2\n{s}.wav,one,two\n" for s in names}
    folder = lay([f"{s}/{s}.wav" for s in names], texts)
    with pytest.raises(InputError, match="has no column 'text'; its columns are file_name, caption_1, caption_2"):
        read_source(folder, "text")
    reading = read_source(folder, "text", text="caption_1")
    assert {clip.id: clip.split for clip in reading.examples} == {
        "development.wav": "train",
        "validation.wav": "validation",
        "evaluation.wav": "test",
    }


def test_fleurs_has_no_header(lay: Lay, read_source: Read) -> None:
    texts = {s: f"7\t{s}1.wav\tRaw {s}.\traw {s}\tr a w\t1600\tFEMALE\n" for s in ("train", "dev", "test")}
    folder = lay([f"audio/{s}/{s}1.wav" for s in texts], {f"{s}.tsv": text for s, text in texts.items()})
    reading = read_source(folder, "text")
    assert {clip.split: clip.target for clip in reading.examples} == {
        "train": "raw train",
        "validation": "raw dev",
        "test": "raw test",
    }
    assert any("has no header and is read as FLEURS has it" in sentence for sentence in reading.account.guesses)


def test_equal_names_in_folders_of_their_own_are_other_files(lay: Lay, read_source: Read) -> None:
    names = ("aa/1.wav", "bb/1.wav")
    tables = {
        f"{split}.csv": "wav_filename|transcript\n" + "".join(f"{name}|said\n" for name in names)
        for split in ("train", "val")
    }
    reading = read_source(lay([f"{split}/{name}" for split in ("train", "val") for name in names], tables), "text")
    assert len({clip.id for clip in reading.examples}) == len({clip.group for clip in reading.examples}) == 4
    shared = {f"{split}.csv": "path,text,speaker\naa/1.wav,said,ann\n" for split in ("train", "val")}
    reading = read_source(lay([f"{split}/aa/1.wav" for split in ("train", "val")], shared), "text")
    assert {clip.group for clip in reading.examples} == {"ann"}
