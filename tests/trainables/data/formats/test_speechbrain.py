"""SpeechBrain's lists, with placeholders before their paths; and fairseq's, which are named and refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.formats.manifest import read_manifest
from trainables.data.reading import Reading, Wanted
from trainables.errors import InputError


def read(path: Path) -> Reading:
    return read_manifest(path, Wanted(column="text", cache_folder=path.parent))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        (tmp_path / "wavs").mkdir(exist_ok=True)
        soundfile.write(tmp_path / "wavs" / f"{number}.wav", np.full(800, 0.1, np.float32), 8000)
    return tmp_path


def test_csv_and_json_with_placeholders(folder: Path) -> None:
    rows = [f"u{n},0.1,$data_root/wavs/{n}.wav,s{n},HELLO {n}" for n in range(3)]
    (folder / "train.csv").write_text("\n".join(["ID,duration,wav,spk_id,wrd", *rows]))
    entries = {f"u{n}": {"wav": f"{{data_root}}/wavs/{n}.wav", "length": 0.1, "words": f"HELLO {n}"} for n in range(3)}
    (folder / "train.json").write_text(json.dumps(entries))
    for name in ("train.csv", "train.json"):
        found = read(folder / name)
        assert [example.target for example in found.examples] == [f"HELLO {n}" for n in range(3)]
        assert all(Path(example.audio[0].path).is_file() for example in found.examples)
        assert "(3, such as $data_root)" in " ".join(found.account.guesses)
    assert [example.group for example in read(folder / "train.csv").examples] == ["s0", "s1", "s2"]


def test_a_list_of_fairseq_says_what_it_is(folder: Path) -> None:
    (folder / "train.tsv").write_text("\n".join([str(folder / "wavs"), *(f"{n}.wav\t800" for n in range(3))]))
    with pytest.raises(InputError, match="a list as fairseq has it"):
        read(folder / "train.tsv")
