"""ESC-50, UrbanSound8K and FSD50K: the table lies in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


ESC = (
    "filename,fold,target,category,esc10,src_file,take\n"
    "1-11-A-0.wav,1,0,dog,True,11,A\n1-11-B-0.wav,1,0,dog,True,11,B\n2-22-A-1.wav,2,1,rooster,True,22,A\n"
)
ESC_SOUNDS = ["audio/1-11-A-0.wav", "audio/1-11-B-0.wav", "audio/2-22-A-1.wav"]
URBAN = (
    "slice_file_name,fsID,start,end,salience,fold,classID,class\n"
    "100-3-0-0.wav,100,58.5,62.5,1,1,3,dog_bark\n100-3-0-1.wav,100,60.5,64.5,1,1,3,dog_bark\n"
    "200-8-0-0.wav,200,0.0,4.0,2,2,8,siren\n"
)
URBAN_SOUNDS = ["audio/fold1/100-3-0-0.wav", "audio/fold1/100-3-0-1.wav", "audio/fold2/200-8-0-0.wav"]


@pytest.mark.parametrize("home", ["", "ESC-50-master/"])
def test_esc50(lay: Lay, read_source: Read, home: str) -> None:
    folder = lay([home + name for name in ESC_SOUNDS], {f"{home}meta/esc50.csv": ESC})
    for source in (folder, folder / f"{home}meta/esc50.csv"):
        reading = read_source(source)
        found = [(clip.target, clip.group, clip.fold) for clip in reading.examples]
        assert found == [("dog", "11", "1"), ("dog", "11", "1"), ("rooster", "22", "2")]
        assert all(Path(clip.audio[0].path).is_file() for clip in reading.examples)
        assert "ESC-50" in reading.account.layout
        assert reading.account.columns_unread["take"] == 3


def test_urbansound8k_is_not_cropped_by_places_in_other_recordings(lay: Lay, read_source: Read) -> None:
    folder = lay(URBAN_SOUNDS, {"metadata/UrbanSound8K.csv": URBAN})
    for source in (folder, folder / "metadata/UrbanSound8K.csv"):
        reading = read_source(source)
        found = [(clip.target, clip.group, clip.fold, clip.start_seconds, clip.seconds) for clip in reading.examples]
        assert found == [("dog_bark", "100", "1", 0.0, None)] * 2 + [("siren", "200", "2", 0.0, None)]
        assert all(Path(clip.audio[0].path).is_file() for clip in reading.examples)
        assert "crop nothing" in " ".join(reading.account.guesses)


@pytest.mark.parametrize(("sounds", "table"), [(ESC_SOUNDS, r"meta/esc50\.csv"), (URBAN_SOUNDS, r"UrbanSound8K\.csv")])
def test_without_the_table(lay: Lay, read_source: Read, sounds: list[str], table: str) -> None:
    with pytest.raises(InputError, match=rf"{table}.* is not there"):
        read_source(lay(sounds))


DEV = 'fname,labels,mids,split\n1,Bark,/m/a,train\n2,"Bark,Dog","/m/a,/m/b",train\n3,Rain,/m/c,val\n4,Rain,/m/c,train\n'
EVAL = "fname,labels,mids\n7,Bark,/m/a\n8,Rain,/m/c\n"


def test_fsd50k(lay: Lay, read_source: Read) -> None:
    sounds = [f"FSD50K.dev_audio/{number}.wav" for number in (1, 2, 3, 4)]
    sounds += [f"FSD50K.eval_audio/{number}.wav" for number in (7, 8)]
    uploaders = '{"1": {"uploader": "ann"}, "2": {"uploader": "ann"}, "3": {"uploader": "bo"}, "4": {"uploader": "cy"}}'
    texts = {
        "FSD50K.ground_truth/dev.csv": DEV,
        "FSD50K.ground_truth/eval.csv": EVAL,
        "FSD50K.ground_truth/vocabulary.csv": "0,Bark,/m/a\n1,Rain,/m/c\n",
        "FSD50K.metadata/dev_clips_info_FSD50K.json": uploaders,
    }
    folder = lay(sounds, texts)
    with pytest.raises(InputError, match=r"dev\.csv line 3: has several labels"):
        read_source(folder)
    several = [clip.target for clip in read_source(folder, "labels").examples]
    assert several == [["Bark"], ["Bark", "Dog"], ["Rain"], ["Rain"], ["Bark"], ["Rain"]]
    reading = read_source(folder, skip=1)
    found = {Path(clip.audio[0].path).stem: (clip.target, clip.group, clip.split) for clip in reading.examples}
    assert found == {
        "1": ("Bark", "ann", "train"),
        "3": ("Rain", "bo", "validation"),
        "4": ("Rain", "cy", "train"),
        "7": ("Bark", "7", "test"),
        "8": ("Rain", "8", "test"),
    }


def test_an_uploader_on_two_sides_is_no_group(lay: Lay, read_source: Read) -> None:
    uploaders = '{"1": {"uploader": "ann"}, "3": {"uploader": "ann"}, "4": {"uploader": "bo"}}'
    dev = "fname,labels,mids,split\n1,Bark,/m/a,train\n3,Rain,/m/c,val\n4,Rain,/m/c,train\n"
    texts = {
        "FSD50K.ground_truth/dev.csv": dev,
        "FSD50K.metadata/dev_clips_info_FSD50K.json": uploaders,
    }
    reading = read_source(lay([f"FSD50K.dev_audio/{number}.wav" for number in (1, 3, 4)], texts))
    assert [clip.group for clip in reading.examples] == ["1", "3", "bo"]
    assert "1 uploaders stand in train and val" in " ".join(reading.account.guesses)
