"""Configurations of data sets on the hub: what is fetched, and how the card's splits are taken. No network."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub.utils import filter_repo_objects

from trainables.data import sources
from trainables.data.hub_card import configurations
from trainables.data.reading import Reading, Wanted
from trainables.errors import InputError

COMMIT = "0" * 39 + "a"


class Hub:
    """A repository in a folder; a download copies what is asked for into a snapshot, as the library's cache has it."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "repository"
        self.snapshot = folder / "cache" / "datasets--someone--clips" / "snapshots" / COMMIT
        self.asked: list[tuple[str, str | None]] = []
        self.repository.mkdir()

    def put(self, path: str, content: bytes | str) -> None:
        (self.repository / path).parent.mkdir(parents=True, exist_ok=True)
        (self.repository / path).write_bytes(content if isinstance(content, bytes) else content.encode())

    def download(self, name: str, *, repo_type: str, revision: str | None, allow_patterns: Any) -> str:
        self.asked.append((name, revision))
        paths = [p.relative_to(self.repository).as_posix() for p in self.repository.rglob("*") if p.is_file()]
        for path in filter_repo_objects(paths, allow_patterns=allow_patterns):
            (self.snapshot / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.repository / path, self.snapshot / path)
        return str(self.snapshot)

    @property
    def fetched(self) -> set[str]:
        return {p.relative_to(self.snapshot).as_posix() for p in self.snapshot.rglob("*") if p.is_file()}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub(tmp_path)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub.download)
    return hub


@pytest.fixture
def open_hub(tmp_path: Path) -> Callable[..., Reading]:
    def open_(source: str, column: str = "label") -> Reading:
        return sources.open_source(source, Wanted(column, tmp_path / "cache"), base_folder=tmp_path, seed=7)

    return open_


@pytest.fixture
def shard(tmp_path: Path, write_tone: Any) -> Callable[..., bytes]:
    def shard_(label: str) -> bytes:
        rows = [
            {
                "audio": {"bytes": write_tone(tmp_path / "x.wav", hz=100.0 + n).read_bytes(), "path": "x.wav"},
                "label": label,
            }
            for n in (sum(map(ord, label)), 999 + sum(map(ord, label)))
        ]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
        return (tmp_path / "x.parquet").read_bytes()

    return shard_


def card(text: str) -> str:
    return f"---\n{text}---\n# Clips\n"


TWO = """configs:
- config_name: en-US
  data_files:
  - split: train
    path: en-US/train-*
  - split: test
    path: en-US/test-*
- config_name: de-DE
  data_files:
  - split: train
    path: de-DE/train-*
  - split: test
    path: de-DE/test-*
"""


def put_two(hub: Hub, shard: Callable[..., bytes]) -> None:
    for language in ("en-US", "de-DE"):
        for split in ("train", "test"):
            hub.put(f"{language}/{split}-00000-of-00001.parquet", shard(f"{language} {split}"))


def found(reading: Reading) -> set[tuple[Any, Any]]:
    return {(clip.target, clip.split) for clip in reading.examples}


def test_only_the_named_configuration_is_fetched(hub: Hub, open_hub: Any, shard: Any) -> None:
    put_two(hub, shard)
    hub.put("README.md", card(TWO))
    reading = open_hub("hf://someone/clips:de-DE@v1.0")
    assert found(reading) == {("de-DE train", "train"), ("de-DE test", "test")}
    assert not any(path.startswith("en-US") for path in hub.fetched)
    assert set(hub.asked) == {("someone/clips", "v1.0")}
    assert "configuration de-DE" in reading.account.layout


def test_a_configuration_that_was_fetched_before_is_not_mixed_in(hub: Hub, open_hub: Any, shard: Any) -> None:
    put_two(hub, shard)
    hub.put("README.md", card(TWO))
    open_hub("hf://someone/clips:en-US")
    assert {target for target, _ in found(open_hub("hf://datasets/someone/clips:de-DE"))} == {
        "de-DE train",
        "de-DE test",
    }


@pytest.mark.parametrize("home", ["", "data/"])
def test_without_a_card_the_folder_of_that_name_is_meant(hub: Hub, open_hub: Any, shard: Any, home: str) -> None:
    for split in ("train", "test"):
        hub.put(f"{home}de/{split}-00000-of-00001.parquet", shard(split))
        hub.put(f"{home}en/{split}-00000-of-00001.parquet", shard("en"))
    assert found(open_hub("hf://someone/clips:de")) == {("train", "train"), ("test", "test")}
    assert not any("en/" in path for path in hub.fetched)


def test_the_converted_branch_has_a_folder_for_each_split(hub: Hub, open_hub: Any, shard: Any) -> None:
    for split in ("train", "validation"):
        hub.put(f"de/{split}/0000.parquet", shard(split))
    reading = open_hub("hf://someone/clips:de@refs/convert/parquet")
    assert found(reading) == {("train", "train"), ("validation", "validation")}
    assert hub.asked[0] == ("someone/clips", "refs/convert/parquet")


def test_several_configurations_and_none_is_named(hub: Hub, open_hub: Any, shard: Any) -> None:
    put_two(hub, shard)
    hub.put("README.md", card(TWO))
    with pytest.raises(InputError, match=r"en-US, de-DE.*hf://someone/clips:en-US"):
        open_hub("hf://someone/clips@v1.0")
    assert hub.fetched == {"README.md"}
    hub.put("README.md", card(TWO.replace("config_name: de-DE\n", "config_name: de-DE\n  default: true\n")))
    reading = open_hub("hf://someone/clips")
    assert {target for target, _ in found(reading)} == {"de-DE train", "de-DE test"}
    assert "its others are en-US" in " ".join(reading.account.guesses)


def test_an_unknown_configuration(hub: Hub, open_hub: Any, shard: Any) -> None:
    put_two(hub, shard)
    hub.put("README.md", card(TWO))
    with pytest.raises(InputError, match=r"configuration 'fr'.*its card lists: en-US, de-DE"):
        open_hub("hf://someone/clips:fr")


def test_the_card_s_splits_stand_above_names(hub: Hub, open_hub: Any) -> None:
    for name in ("abc", "holdout", "more"):
        hub.put(f"{name}.csv", f"audio,label\nsound/{name}.wav,{name}\n")
        hub.put(f"sound/{name}.wav", b"RIFF")
    files = "\n  ".join(
        f"- split: {split}\n    path: {path}"
        for split, path in (("train", "[abc.csv]"), ("test", "holdout.csv"), ("extra", "more.csv"))
    )
    hub.put("README.md", card(f"configs:\n- config_name: default\n  data_files:\n  {files}\n"))
    reading = open_hub("hf://someone/clips")
    assert found(reading) == {("abc", "train"), ("holdout", "test")}
    assert "sound/abc.wav" in hub.fetched  # which a table of the configuration names
    assert "calls its split 'extra'" in str(reading.account.files_unread)


def test_folders_of_sound(hub: Hub, open_hub: Any, tmp_path: Path, write_tone: Any) -> None:
    for number, path in enumerate(
        ("de/part1/cat/1.wav", "de/part1/dog/2.wav", "de/part2/cat/3.wav", "de/part2/dog/4.wav")
    ):
        hub.put(path, write_tone(tmp_path / "x.wav", hz=100.0 + number).read_bytes())
    hub.put("en/part1/cat/1.wav", b"RIFF")
    files = "data_dir: de\n  data_files:\n  - split: train\n    path: part1/**\n  - split: test\n    path: part2/**\n"
    hub.put("README.md", card(f"configs:\n- config_name: de\n  {files}"))
    with pytest.raises(InputError, match=r"data\.layout"):  # part1 and part2, or cat and dog?
        open_hub("hf://someone/clips:de")
    assert not any(path.startswith("en") for path in hub.fetched)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("hf://clips", "owner/name"),
        ("hf://someone/clips/en-US", r"Did you mean hf://someone/clips:en-US\?"),
        ("hf://someone/clips@main:en", "owner/name:configuration"),
        ("hf://someone/clips:", "owner/name"),
    ],
)
def test_addresses_of_another_form(hub: Hub, open_hub: Any, source: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        open_hub(source)
    assert hub.asked == []


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("data_files: data/*.csv", {"": ("data/*.csv",)}),
        ("data_files: [a.csv, b.csv]", {"": ("a.csv", "b.csv")}),
        ("data_files: {train: a.csv, test: [b.csv, c.csv]}", {"train": ("a.csv",), "test": ("b.csv", "c.csv")}),
        ("data_files: [{split: train, path: ./a.csv}]", {"train": ("a.csv",)}),
        ("data_dir: de/", {}),
    ],
)
def test_forms_of_data_files(tmp_path: Path, text: str, files: dict[str, tuple[str, ...]]) -> None:
    (tmp_path / "README.md").write_text(card(f"configs:\n- config_name: one\n  {text}\n"))
    (one,) = configurations(tmp_path / "README.md")
    assert (one.name, one.splits) == ("one", files)
    assert one.says_files


@pytest.mark.parametrize("text", ["", "no card", "---\nconfigs: [\n---\n", "---\nconfigs: x\n---\n", "---\n- a\n---\n"])
def test_cards_that_say_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "README.md").write_text(text)
    assert configurations(tmp_path / "README.md") == []
    assert configurations(tmp_path / "none.md") == []


def test_names_without_files_are_known(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(card("dataset_info:\n- config_name: en\n- config_name: de\n"))
    found = configurations(tmp_path / "README.md")
    assert [one.name for one in found] == ["en", "de"]
    assert not any(one.says_files for one in found)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("train-*", "train-0.parquet", True),
        ("*.csv", "other/x.csv", False),
        ("data/**", "data/a/b.wav", True),
        ("**/train/*", "train/x.csv", True),
        ("data/en", "data/en/x.csv", True),
        ("data/en", "data/english/x.csv", False),
        ("part-[0-2].csv", "part-1.csv", True),
        ("part-[", "part-[", True),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, path: str, fits: bool) -> None:
    (tmp_path / "README.md").write_text(card(f"configs:\n- config_name: one\n  data_files: '{pattern}'\n"))
    (one,) = configurations(tmp_path / "README.md")
    assert (one.split_of(path) is not None) == fits
