"""What an export holds, and what is refused. Every backbone: test_contract.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sweeps.export import check, write
from sweeps.export.command import main
from sweeps.export.exported import Exported
from sweeps.export.request import Request
from sweeps.export.write import export
from sweeps.predict.model import Model
from sweeps.predict.tuned import find_tuned
from sweeps.state.workspace import Workspace
from trainables.data.sound.store import SplitStore
from trainables.errors import InputError, SweepFailed

SMALL = "efficientat"


def quiet(text: str) -> None: ...


@pytest.fixture(scope="module")
def sweep(make_sweep: Callable[..., Workspace]) -> Workspace:
    return make_sweep(SMALL)


@pytest.fixture(scope="module")
def ensemble(sweep: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    out = tmp_path_factory.mktemp("exports") / "ensemble"
    return export(Request("tones", out, ensemble=True, results=str(sweep.results)), quiet)


def test_an_ensemble_keeps_every_seed_and_answers_with_the_mean(sweep: Workspace, ensemble: Exported) -> None:
    assert {path.name for path in ensemble.folder.iterdir()} == {
        *("seed-11", "seed-12", "base", "README.md", "export.json"),
    }
    assert set(ensemble.checked) == {11, 12}
    store = SplitStore(sweep.store("test"))
    paths = [example.audio[0].path for example in store.examples]
    ours = list(Model(find_tuned("tones", str(sweep.results), ensemble=True)).predict(paths))
    theirs = list(Model(find_tuned(str(ensemble.folder), ensemble=True)).predict(paths))
    assert [answer.answer for answer in ours] == [answer.answer for answer in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_a_file_that_changed_is_named(ensemble: Exported, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(ensemble.folder, folder)
    (folder / "README.md").write_text("The card may be edited.")
    assert find_tuned(str(folder), seed=12).adapters == {12: folder / "seed-12"}
    with (folder / "seed-11" / "adapter_model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    with pytest.raises(InputError, match=r"1 files of .* have changed .*: seed-11/adapter_model.safetensors"):
        find_tuned(str(folder))


def test_an_exported_folder_has_its_own_arm_and_seeds_alone(ensemble: Exported) -> None:
    with pytest.raises(InputError, match="holds finalist-1 alone"):
        find_tuned(str(ensemble.folder), arm="baseline")
    with pytest.raises(InputError, match=r"no seed 5; it has 11, 12"):
        find_tuned(str(ensemble.folder), seed=5)


def test_a_merge_into_nf4_is_refused_and_into_full_precision_answers_alike(
    make_sweep: Callable[..., Workspace], tmp_path: Path
) -> None:
    workspace = make_sweep("qwen2_audio", "nf4")
    results = str(workspace.results)
    with pytest.raises(InputError, match=r"round what was trained.*--dtype bf16 or --dtype fp32"):
        export(Request("tones", tmp_path / "out", merge=True, results=results), quiet)
    with pytest.raises(InputError, match="round what was trained"):
        export(Request("tones", tmp_path / "out", merge=True, dtype="nf4", results=results), quiet)
    assert not (tmp_path / "out").exists()
    done = export(Request("tones", tmp_path / "out", merge=True, dtype="fp32", results=results), quiet)
    assert done.checked[11].largest_difference == pytest.approx(0.0, abs=1e-3)
    assert "quantization_config" not in json.loads((done.folder / "config.json").read_text())


def test_bf16_is_said_and_within_its_tolerance(sweep: Workspace, tmp_path: Path) -> None:
    done = export(Request("tones", tmp_path / "out", merge=True, dtype="bf16", results=str(sweep.results)), quiet)
    (checked,) = done.checked.values()
    assert checked.tolerance == check.ROUNDED
    assert "rounded to bfloat16" in (done.folder / "README.md").read_text()


def test_what_answers_otherwise_is_not_exported(
    sweep: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One weight of the copy is another: the clip is named, and nothing is there."""
    from safetensors.numpy import load_file, save_file

    def spoilt(tuned, folder: Path) -> None:  # type: ignore[no-untyped-def]
        whole(tuned, folder)
        path = folder / "adapter_model.safetensors"
        tensors = load_file(path)
        (name,) = (name for name in tensors if name.endswith("classifier.5.bias"))
        save_file({**tensors, name: tensors[name] + np.arange(3, dtype=np.float32)}, path)

    whole = write._write_adapters
    monkeypatch.setattr(write, "_write_adapters", spoilt)
    with pytest.raises(SweepFailed, match=r"answers clip 'secret-clip-\d' otherwise"):
        export(Request("tones", tmp_path / "out", results=str(sweep.results)), quiet)
    assert list(tmp_path.iterdir()) == []


def test_the_untuned_backbone_has_no_adapter(sweep: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing was trained of untuned"):
        export(Request("tones", tmp_path / "out", arm="untuned", results=str(sweep.results)), quiet)


def test_a_folder_that_is_not_empty_stays_as_it_is(
    sweep: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["tones", str(tmp_path), "--results", str(sweep.results)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_nothing_of_the_owner_goes_along(
    ensemble: Exported, sweep: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every byte of every file of two exports: no clip, group, path, user or machine."""
    import getpass
    import socket

    merged = export(Request("tones", tmp_path / "out", merge=True, results=str(sweep.results)), quiet)
    data = sweep.results.parent / "secret-recordings"
    never = ["secret-", str(sweep.results), str(data), str(Path.home()) + "/"]
    never += [name for name in (getpass.getuser(), socket.gethostname()) if len(name) > 4]  # short ones are anywhere
    for folder in (ensemble.folder, merged.folder):
        for path in (path for path in folder.rglob("*") if path.is_file()):
            content = path.read_bytes()
            assert [word for word in never if word.encode() in content] == [], path
            assert not content.startswith((b"RIFF", b"fLaC", b"OggS")), path


def test_the_clips_that_are_answered_again_are_evenly_drawn(sweep: Workspace, tmp_path: Path) -> None:
    done = export(Request("tones", tmp_path / "out", clips=3, results=str(sweep.results)), quiet)
    (checked,) = done.checked.values()
    assert (checked.clips, checked.of) == (3, 8)
    assert "3 of 8 test clips" in checked.in_words


def test_sound_that_was_cleaned_away_is_decoded_again(
    make_sweep: Callable[..., Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sweeps.export import clips as export_clips
    from sweeps.predict.tuned import find_arm

    workspace = make_sweep(SMALL)
    found = find_arm("tones", str(workspace.results))
    store = SplitStore(workspace.store("test"))
    monkeypatch.setattr(export_clips, "SPLIT", "gone")
    monkeypatch.setattr(export_clips, "_from_the_data", lambda found: list(store.examples))
    again = export_clips.read_clips(found, 100)
    for row in range(8):
        assert np.array_equal(again.clips.waveform(row), store.waveform(row))
