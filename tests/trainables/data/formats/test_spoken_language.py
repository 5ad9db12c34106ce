"""MELD and SLURP."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from trainables.data.reading import Reading

Lay, Read = Callable[..., Path], Callable[..., Reading]
SIDES = {"train": "train", "dev": "validation", "test": "test"}


def test_meld(lay: Lay, read_source: Read) -> None:
    header = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
    row = '1,"oh, {}",Joey,{},positive,0,{},1,1,"00:16:16,059","00:16:21,731"\n'
    texts = {f"{s}_sent_emo.csv": header + row.format(s, "joy", 0) + row.format(s, "fear", 1) for s in SIDES}
    folder = lay([f"{s}_splits/dia0_utt{n}.wav" for s in SIDES for n in (0, 1)], texts)
    reading = read_source(folder)
    assert len(reading.examples) == 6
    for clip in reading.examples:
        side = clip.id.partition(" ")[0]
        assert Path(clip.audio[0].path).parent.name == f"{side}_splits"  # files of one name in each
        assert (clip.split, clip.group) == (SIDES[side], f"{side} dialogue 0")
        assert clip.target == ("joy" if clip.id.endswith("0") else "fear")
        assert (clip.start_seconds, clip.seconds) == (0.0, None)  # the table's times are those of the episode
    assert {clip.target for clip in read_source(folder, "text").examples} == {"oh, train", "oh, dev", "oh, test"}


def test_slurp(lay: Lay, read_source: Read) -> None:
    texts, sounds = {}, []
    for number, side in enumerate(("train", "devel", "test")):
        files = [f"audio-{number}.flac", f"audio-{number}-headset.flac"]
        rows = [
            {
                "slurp_id": number,
                "sentence": f"say {number}",
                "intent": "greet",
                "recordings": [{"file": f} for f in files],
            },
            {"slurp_id": 9, "sentence": "none", "intent": "greet", "recordings": []},
        ]
        texts[f"{side}.jsonl"] = "".join(json.dumps(row) + "\n" for row in rows)
        sounds += [f"slurp_real/{file}" for file in files]
    reading = read_source(lay(sounds, texts), "text")
    assert sorted((clip.split, clip.group, clip.target) for clip in reading.examples) == [
        *[("test", "sentence 2", "say 2")] * 2,
        *[("train", "sentence 0", "say 0")] * 2,
        *[("validation", "sentence 1", "say 1")] * 2,
    ]
    assert "1 sentences of train.jsonl have no recording and are no clips." in reading.account.guesses
