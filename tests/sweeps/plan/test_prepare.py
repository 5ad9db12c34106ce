"""What is prepared from a sweep file, the data among it; and what a worker of stage 1 is told of it, and what not.

Covers `settle`, `data` and `prepare`."""

from __future__ import annotations

import gzip
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from sweeps.plan.plan import make_plan
from sweeps.plan.prepare import Prepared, prepare
from sweeps.stage.inputs import explore_job, make_stores, say_heard, write_splits
from sweeps.state.workspace import new_workspace
from trainables.errors import InputError

SWEEP = """\
name: tones
backbone: qwen2_audio
task: {{kind: label_scoring, labels: [HUM, HISS], prompt: "Is this a hum or a hiss? Answer HUM or HISS."}}
data: {{source: {manifest}, splits: {{validation: 0.25, test: 0.25}}}}
search:
  model_size: 7b
  rank: {{choice: [4, 8]}}
  learning_rate: {{log_uniform: [1.0e-3, 1.0e-2]}}
objective: {{metric: val/accuracy}}
trials: 2
seeds: {{explore: [42], confirm: [1, 2]}}
finalists: 1
baseline: {{rank: 4, learning_rate: 2.0e-3}}
"""


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    rng = np.random.default_rng(0)
    lines = ["audio,label,group"]
    for index in range(48):
        label = "HUM" if index % 2 else "HISS"
        sound = rng.standard_normal(8000) if label == "HISS" else np.sin(np.arange(8000) / 8 + index)
        soundfile.write(tmp_path / f"clip-{index:02}.wav", 0.1 * sound, 16_000)
        lines.append(f"clip-{index:02}.wav,{label},group-{index // 2:02}-{label}")
    (tmp_path / "clips.csv").write_text("\n".join(lines))
    (tmp_path / "tones.yaml").write_text(SWEEP.format(manifest="clips.csv"))
    return prepare(tmp_path / "tones.yaml", ["profile=cpu"], planning=False)


def test_no_test_example_reaches_a_worker_of_stage_one(prepared: Prepared, tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path / "results", prepared.spec.name)
    stores = make_stores(prepared, workspace, ("train", "validation"), Console(quiet=True))
    job = explore_job(prepared, stores, "-")

    told = pickle.dumps(job)  # what travels to the worker ...
    for folder in job.stores.values():  # ... and every file that it names
        for path in filter(Path.is_file, Path(folder).rglob("*")):
            told += gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    test, seen = prepared.of_split("test"), prepared.of_split("train")
    assert len(test) >= 8
    assert not any(Path(piece.path).name.encode() in told for example in test for piece in example.audio)
    assert not any(example.id.encode() in told or example.group.encode() in told for example in test)
    assert all(Path(example.audio[0].path).name.encode() in told for example in seen)  # the search above can find
    assert not workspace.store("test").exists()


def test_groups_stand_on_one_side_and_the_split_is_written(prepared: Prepared, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    write_splits([("-", prepared)], tmp_path / "splits.parquet")
    rows = pq.read_table(tmp_path / "splits.parquet").to_pylist()
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    sides: dict[str, set[str]] = {}
    for row in rows:
        sides.setdefault(row["group"], set()).add(row["split"])
    assert all(len(side) == 1 for side in sides.values())


def test_the_same_file_is_prepared_alike_twice(prepared: Prepared, tmp_path: Path) -> None:
    again = prepare(tmp_path / "tones.yaml", ["profile=cpu"], planning=False)
    assert again.splits == prepared.splits
    assert again.spec == prepared.spec


def test_on_a_cpu_the_miniature_stands_in_and_its_sizes_replace_the_named_ones(prepared: Prepared) -> None:
    assert prepared.weights.miniature
    backbone = prepared.backbones["qwen2_audio"]
    assert prepared.spec.fixed["model_size"] in backbone.MINIATURE_SIZES
    assert [hearing.window_seconds for hearing in prepared.hearings] == [backbone.MINIATURE_WINDOW_SECONDS]


def test_every_file_is_opened_once_from_the_manifest_to_the_plan(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainables.data.sound import decoders, recording

    opened: list[str] = []
    monkeypatch.setattr(recording, "open_reader", lambda path: opened.append(path) or decoders.open_reader(path))
    plan = make_plan(prepare(tmp_path / "tones.yaml", ["profile=cpu"], planning=True))
    assert plan.clips.total_seconds == 48 * 0.5
    assert len(opened) == 48


def test_a_memory_limit_bounds_workers_and_what_they_keep_warm(tmp_path: Path, prepared: Prepared) -> None:
    limited = prepare(tmp_path / "tones.yaml", ["profile=cpu", "limits.memory_gb=2.5"], planning=False)
    assert limited.profile.concurrency == 1  # a trial on the miniature counts 2 GiB
    kept = explore_job(limited, {}, "-").engine_budget_bytes
    assert kept * 2 * limited.profile.concurrency <= 2.5e9
    assert kept <= explore_job(prepared, {}, "-").engine_budget_bytes * prepared.profile.concurrency


def test_inner_folds_hold_out_every_example_once_and_no_test_example_ever(prepared: Prepared, tmp_path: Path) -> None:
    from trainables.data.folds import fold_clips
    from trainables.data.sound.store import SplitStore

    folded = prepare(tmp_path / "tones.yaml", ["profile=cpu", "data.folds={inner: 3}"], planning=False)
    assert folded.splits == prepared.splits
    workspace = new_workspace(tmp_path / "results", folded.spec.name)
    folders = make_stores(folded, workspace, ("train", "validation"), Console(quiet=True))
    clips = fold_clips({split: SplitStore(Path(folder)) for split, folder in folders.items()}, folded.folds)

    seen = {example.id for example in folded.examples if folded.splits[example.id] != "test"}
    held_out = [example.id for _, validation in clips.values() for example in validation.examples]
    assert sorted(held_out) == sorted(seen)
    for train, validation in clips.values():
        assert {e.id for e in train.examples} | {e.id for e in validation.examples} == seen
        assert {e.group for e in train.examples}.isdisjoint(e.group for e in validation.examples)
        store_row = validation.key(0)
        assert np.array_equal(SplitStore(Path(store_row[0])).waveform(store_row[1]), validation.waveform(0))


def test_copies_stay_on_one_side_and_the_plan_says_so(prepared: Prepared, tmp_path: Path) -> None:
    assert not any("hold" in sentence for sentence in prepared.doubts)
    for number in range(12):
        other = tmp_path / f"clip-{47 - number}.wav"
        other.write_bytes((tmp_path / f"clip-{(47 - number) % 2:02}.wav").read_bytes())
    joined = prepare(tmp_path / "tones.yaml", ["profile=cpu"], planning=True)
    sides = {example.id: joined.splits[example.id] for example in joined.examples}
    for first in (0, 1):
        assert len({sides[f"clip-{number:02}.wav"] for number in (first, *range(36 + first, 48, 2))}) == 1
    assert any(sentence.startswith("12 clips hold sound of others") for sentence in make_plan(joined).understood.advice)


def test_given_splits_that_share_sound_are_refused(prepared: Prepared, tmp_path: Path) -> None:
    header, *lines = (tmp_path / "clips.csv").read_text().splitlines()
    split = [f"{line},{prepared.splits[line.split(',')[0]]}" for line in lines]
    (tmp_path / "clips.csv").write_text("\n".join([f"{header},split", *split]))
    again = prepare(tmp_path / "tones.yaml", ["profile=cpu"], planning=True)
    assert again.splits == prepared.splits
    test, train = (
        next(name for name, side in prepared.splits.items() if side == wanted) for wanted in ("test", "train")
    )
    (tmp_path / test).write_bytes((tmp_path / train).read_bytes())
    with pytest.raises(InputError, match=f"test: 1 of .* are heard in train or validation too .{test} is {train}"):
        prepare(tmp_path / "tones.yaml", ["profile=cpu"], planning=True)


def test_a_run_says_what_decoding_showed(
    prepared: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet = [example for example in prepared.of_split("train") if example.target == "HISS"][:2]
    for example in quiet:
        soundfile.write(example.audio[0].path, np.zeros(8000), 16_000)
    say_heard(prepared, {}, Console(width=200))
    assert capsys.readouterr().out == ""  # the plan decoded all of so few, and has said it
    prepared = replace(prepared, heard_all=False)
    workspace = new_workspace(tmp_path / "results", prepared.spec.name)
    stores = make_stores(prepared, workspace, ("train", "validation"), Console(quiet=True))
    say_heard(prepared, stores, Console(width=200))
    shown = capsys.readouterr().out
    assert "clips are silent throughout" in shown
    assert quiet[0].id in shown
    other = make_stores(prepared, workspace, ("test",), Console(quiet=True))
    say_heard(prepared, other, Console(width=200))
    assert "silent" not in capsys.readouterr().out


def test_a_sweep_trains_alike_on_every_kind_of_store(prepared: Prepared, tmp_path: Path) -> None:
    """The same samples, the same lengths and so the same order of clips."""
    from trainables.data.clips import lengths
    from trainables.data.sound.store import SplitStore

    heard = {}
    for kind in ("int16", "float32", "lazy"):
        other = prepare(tmp_path / "tones.yaml", ["profile=cpu", f"data.store={kind}"], planning=False)
        workspace = new_workspace(tmp_path / kind, other.spec.name)
        store = SplitStore(Path(make_stores(other, workspace, ("train",), Console(quiet=True))["train"]))
        heard[kind] = [[each.id for each in store.examples], lengths(store, 16_000)]
        heard[kind] += [store.waveform(row).tobytes() for row in range(len(store))]
        files = {path.name for path in Path(store.folder).iterdir()}
        assert ("samples.i2" in files) == (kind != "lazy")
        plan = make_plan(other)
        assert plan.store == kind
        assert (plan.disk_bytes < make_plan(prepared).disk_bytes) == (kind == "lazy")
    assert heard["int16"] == heard["float32"] == heard["lazy"]


def test_a_plan_decodes_some_clips_and_says_what_headers_do_not(prepared: Prepared, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for index in range(4):  # channels that cancel, as a cable that was soldered wrongly
        sound = 0.1 * rng.standard_normal(8000)
        soundfile.write(tmp_path / f"clip-{index:02}.wav", np.stack([sound, -sound], axis=1), 16_000)
    plan = make_plan(prepare(tmp_path / "tones.yaml", ["profile=cpu"], planning=True))
    advice = " ".join(plan.understood.advice)
    assert "4 of 48 clips are of channels that cancel" in advice


def test_a_plan_refuses_sound_that_a_run_could_not_decode(prepared: Prepared, tmp_path: Path) -> None:
    broken = tmp_path / "clip-05.wav"
    soundfile.write(tmp_path / "whole.flac", 0.1 * np.random.default_rng(2).standard_normal(60_000), 16_000)
    content = bytearray((tmp_path / "whole.flac").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = bytes(4000)
    broken.write_bytes(content)  # a good header, and frames that are none
    for planning in (True, False):
        with pytest.raises(InputError, match=r"clip-05.wav: cannot be decoded") as caught:
            prepare(tmp_path / "tones.yaml", ["profile=cpu"], planning=planning)
        assert "data.skip: unreadable" in " ".join(caught.value.problems)
    left = prepare(tmp_path / "tones.yaml", ["profile=cpu", "data.skip=unreadable"], planning=True)
    assert len(left.examples) == 47
