"""A bundle tells, on another machine, what was found; and whoever changes it is found out. Covers write.py too."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.record.reader import read_sweep
from analysis.record.sweep_reader import read_recorded
from sweeps.bundle.command import main, parse
from sweeps.bundle.write import write_bundle
from sweeps.rerun.recorded import read_run
from sweeps.state.workspace import Workspace
from trainables.errors import InputError


@pytest.fixture(scope="module")
def bundle(finished: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written, and carried to a folder where nothing else is."""
    path = tmp_path_factory.mktemp("written") / "birds.zip"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        write_bundle("birds", path, str(finished.results))
    return Path(shutil.move(path, tmp_path_factory.mktemp("elsewhere") / "carried.zip"))


def rewritten(bundle: Path, to: Path, change: Callable[[str, bytes], bytes], *, honest: bool = False) -> Path:
    """A copy whose files are what `change` makes of them; `honest`: with new hashes, as a forger would."""
    with zipfile.ZipFile(bundle) as old:
        contents = {name: change(name, old.read(name)) for name in old.namelist()}
    if honest:
        listed = json.loads(contents["bundle.json"])
        for name in listed["files"]:
            found = hashlib.sha256(contents[name]).hexdigest()
            listed["files"][name] = {"sha256": found, "bytes": len(contents[name])}
        contents["bundle.json"] = json.dumps(listed).encode()
    with zipfile.ZipFile(to, "w") as new:
        for name, content in contents.items():
            new.writestr(name, content)
    return to


def test_the_verdict_is_computed_again_to_the_last_digit(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", str(bundle)]) == 0
    said = capsys.readouterr().out
    assert "is the same to the last digit" in said
    assert "finalist 1 is better than the baseline" in said


def test_one_bit_of_one_file_is_noticed(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def flipped(name: str, content: bytes) -> bytes:
        return content[:-1] + bytes([content[-1] ^ 1]) if name == "report/report.md" else content

    assert main(["--check", str(rewritten(bundle, tmp_path / "f.zip", flipped))]) == 1
    assert "1 files are not what was bundled: report/report.md" in capsys.readouterr().out


def test_a_file_that_nobody_bundled_is_noticed(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = Path(shutil.copy(bundle, tmp_path / "more.zip"))
    with zipfile.ZipFile(more, "a") as file:
        file.writestr("more.txt", "more")
    assert main(["--check", str(more)]) == 1
    assert "more.txt" in capsys.readouterr().out


def test_a_verdict_that_was_embellished_does_not_follow(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All hashes fit; the predictions say otherwise."""

    def better(name: str, content: bytes) -> bytes:
        if name != "verdict.json":
            return content
        found = json.loads(content)
        found["rows"][0]["mean"] += 0.01
        return json.dumps(found).encode()

    assert main(["--check", str(rewritten(bundle, tmp_path / "v.zip", better, honest=True))]) == 1
    said = capsys.readouterr().out
    assert "does not follow from the predictions: 1 of" in said
    assert "rows.0.mean" in said


@pytest.mark.parametrize("design", [None, ["Few trials of a backbone: ast 2."]])
def test_what_the_predictions_do_not_say_is_not_held_against_them(
    design: list[str] | None, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """None: a bundle of a version that did not note it."""

    def noted(name: str, content: bytes) -> bytes:
        if name != "verdict.json":
            return content
        found = json.loads(content) | {"design": design}
        return json.dumps({key: value for key, value in found.items() if value is not None or key != "design"}).encode()

    assert main(["--check", str(rewritten(bundle, tmp_path / "d.zip", noted, honest=True))]) == 0
    assert "is the same to the last digit" in capsys.readouterr().out


def test_what_is_no_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.zip").write_text("no zip")
    assert main(["--check", str(tmp_path / "x.zip")]) == 2
    assert "is no file that sweeps.bundle wrote" in capsys.readouterr().err


def test_neither_sound_nor_places_of_this_machine_go_along(bundle: Path, finished: Workspace) -> None:
    with zipfile.ZipFile(bundle) as file:
        names = file.namelist()
        for name in names:
            content = file.read(name)
            assert str(finished.results).encode() not in content, name
        assert not [name for name in names if name.startswith("data/")]
        assert file.read("report/report.md") == b"Of . in results."
        assert len(names) == len(set(names))


def test_it_is_read_like_the_record(bundle: Path, finished: Workspace) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        from sweeps.record.store import default_uri

        uri = default_uri(finished.results)
    ours, theirs = read_sweep(uri, "birds"), read_sweep(f"bundle:{bundle}", "birds")
    assert theirs.finalists == ours.finalists
    assert theirs.arms() == ours.arms()
    assert theirs.curves().equals(ours.curves())
    assert read_recorded(f"bundle:{bundle}", "birds-1").sentence == read_recorded(uri, "birds-1").sentence
    run_id = ours.confirm_runs[0].run_id
    one, other = read_run(uri, run_id), read_run(f"bundle:{bundle}", run_id)
    assert (one.curves, one.source_texts, one.seed) == (other.curves, other.source_texts, other.seed)
    assert one.answers["test"].outputs == other.answers["test"].outputs
    with pytest.raises(InputError, match="there is no run"):
        read_run(f"bundle:{bundle}", "0" * 32)


def test_what_cannot_be_bundled(finished: Workspace, tmp_path: Path) -> None:
    there = tmp_path / "there.zip"
    there.write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        write_bundle("birds", there, str(finished.results))
    copy = tmp_path / "results" / "birds-1"
    shutil.copytree(finished.folder, copy)
    (copy / "verdict.json").unlink()
    with pytest.raises(InputError, match=r"has no verdict\.json"):
        write_bundle("birds", tmp_path / "new.zip", str(copy.parent))
    assert not (tmp_path / "new.zip").exists()
    with pytest.raises(InputError, match=r"must end in \.zip"):
        parse(["birds", "out.tar"])
