"""Files of published formats from strangers: an InputError or examples, nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainables.data import sources
from trainables.data.examples import Example
from trainables.data.hub_card import configurations
from trainables.data.reading import Skip, Wanted
from trainables.errors import InputError

FUZZ = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WORD = st.sampled_from(
    ["a", "b", "a.wav", "a-1-1", "0.01", "0,02", "-1", "1e999", "nan", "|", "x |", "\\", "..", "/etc/passwd", "#", '"',
     "é", "~nobody/x", "a\0b", "x" * 300, "Begin Time (s)", "End Time (s)", "Channel", "View", "1", "2"]
)  # fmt: skip
LINE = st.lists(WORD, max_size=6).flatmap(
    lambda words: st.sampled_from([" ", "\t", "|", ","]).map(lambda s: s.join(words))
)
TEXT = st.lists(LINE, max_size=6).map("\n".join)
LISTS: dict[str, tuple[str, ...]] = {
    "Kaldi": ("wav.scp", "text", "utt2spk", "segments", "reco2file_and_channel"),
    "LibriSpeech": ("1/1/1-1.trans.txt",),
    "LJSpeech": ("metadata.csv",),
    "Speech Commands": ("validation_list.txt", "testing_list.txt"),
    "Raven": ("a.selections.txt",),
    "Audacity": ("a.txt",),
    "tables by split": ("train.csv", "test.csv"),
    "Common Voice": ("train.tsv", "dev.tsv"),
    "FSD50K": ("FSD50K.ground_truth/dev.csv", "FSD50K.metadata/dev_clips_info_FSD50K.json"),
}
HEADS = {
    "Raven": "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tBegin File\tSpecies\n",
    "LJSpeech": "a|one|one\n",
    "Audacity": "0.01\t0.02\tx\n",
    "Common Voice": "client_id\tpath\tsentence\n",
    "FSD50K": "fname,labels,mids,split\n",
}
KEYS = (
    "messages", "conversations", "audios", "audio", "role", "from", "content", "value", "query", "response", "type",
    "id", "start", "duration", "channel", "supervisions", "recording", "recording_id", "sources", "source", "channels",
    "text", "speaker", "custom", "transforms", "name", "sampling_rate", "num_samples", "audio_filepath", "offset",
    "label",
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["user", "assistant", "MonoCut", "MixedCut", "file", "a.wav", "", "<audio>a.wav</audio>", "/etc/passwd"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


def opened(source: Path, tmp_path: Path, column: str) -> list[Example]:
    wanted = Wanted(column, tmp_path / "cache", skip=Skip(most_percent=100.0))
    with suppress(InputError):
        examples = sources.open_source(str(source), wanted, base_folder=tmp_path, seed=7).examples
        assert all(isinstance(example, Example) for example in examples)
        return examples
    return []


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_folders(tmp_path: Path, lay: Callable[..., Path], name: str) -> None:
    folder = lay(["a.wav", "wavs/a.wav", "x/b_nohash_0.wav", "1/1/1-1-0.wav", "FSD50K.dev_audio/1.wav"])

    @FUZZ
    @given(st.data(), st.sampled_from(["label", "text"]), st.booleans())
    def check(data: st.DataObject, column: str, headed: bool) -> None:
        for file in LISTS[name]:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text((HEADS.get(name, "") if headed else "") + data.draw(TEXT), encoding="utf-8")
        opened(folder, tmp_path, column)

    check()


@FUZZ
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8), min_size=1, max_size=3))
def test_rows_of_json(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    for name in ("set_supervisions.jsonl", "set_recordings.jsonl"):
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))
        for column in ("label", "text"):
            opened(tmp_path / name, tmp_path, column)


SEEDS: dict[str, dict[str, Any]] = {
    "cut": {"id": "c", "type": "MonoCut", "start": 0, "duration": 1, "channel": 0, "supervisions": [{"text": "a"}]},
    "chat": {
        "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}],
        "audios": ["a.wav"],
    },
    "said": {"id": "s", "recording_id": "r", "start": 0, "duration": 1, "channel": 0, "text": "a"},
    "nemo": {"audio_filepath": "a.wav", "duration": 1, "offset": 0, "text": "a"},
}


@pytest.mark.parametrize("name", SEEDS)
def test_a_value_of_another_kind(tmp_path: Path, name: str) -> None:
    @FUZZ
    @given(st.sampled_from([*SEEDS[name], "recording", "custom"]), VALUES)
    def check(key: str, value: Any) -> None:
        rows = [SEEDS[name], {**SEEDS[name], key: value}]
        for file in ("supervisions.jsonl", "recordings.jsonl"):
            (tmp_path / file).write_text("\n".join(map(json.dumps, rows)))
        for column in ("label", "text"):
            opened(tmp_path / "supervisions.jsonl", tmp_path, column)

    check()


CARD_VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["config_name", "data_files", "data_dir", "split", "path"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


@FUZZ
@given(CARD_VALUES, CARD_VALUES)
def test_cards(tmp_path: Path, configs: Any, info: Any) -> None:
    (tmp_path / "README.md").write_text(f"---\n{json.dumps({'configs': configs, 'dataset_info': info})}\n---\n")
    for one in configurations(tmp_path / "README.md"):
        one.fetched()
        one.split_of("data/train.csv")
