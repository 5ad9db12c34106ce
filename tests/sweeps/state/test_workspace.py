from __future__ import annotations

import os
from pathlib import Path

import pytest

from sweeps.state.journal import JOURNAL
from sweeps.state.workspace import CONFIRM, EXPLORE, Workspace, check_results, new_workspace, size_bytes
from trainables.errors import InputError


def test_a_new_folder_is_made_and_left_clean(tmp_path: Path) -> None:
    folder = check_results(str(tmp_path / "a" / "b"), needed_bytes=1)
    assert folder == tmp_path / "a" / "b"
    assert list(folder.iterdir()) == []


def test_no_room_on_the_disk(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"GB free and this sweep needs about .* GB"):
        check_results(str(tmp_path), needed_bytes=1 << 60)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot write"):
        check_results(str(tmp_path / "results"), needed_bytes=1)


def test_a_file_stands_where_the_folder_should(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(InputError, match=r"cannot write to .*results"):
        check_results(str(tmp_path / "results"), needed_bytes=1)


def test_two_sweeps_never_share_a_folder(tmp_path: Path) -> None:
    first, second = (new_workspace(tmp_path, "speech") for _ in range(2))
    assert first.folder != second.folder
    assert first.sweep_id.startswith("speech-")


def test_the_stages_of_every_round_and_look_are_found(tmp_path: Path) -> None:
    first, second = Workspace(tmp_path, "tones"), Workspace(tmp_path, "tones", look=2)
    fold = Workspace(tmp_path, "tones", outer_fold="a/b")
    begun = [first.stage(EXPLORE), first.stage(CONFIRM), second.stage(CONFIRM), fold.stage(EXPLORE)]
    for folder in (*begun, first.folder):  # the sweep has a journal of its own
        folder.mkdir(parents=True, exist_ok=True)
        (folder / JOURNAL).touch()
    assert first.stages() == sorted(begun)
    assert second.stage(EXPLORE) == first.stage(EXPLORE)
    assert second.stage(CONFIRM).name == "confirm-2"


def test_size_counts_what_files_hold_and_not_what_links_lead_to(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(bytes(12_345))
    link = tmp_path / "a" / "link"
    link.symlink_to(tmp_path / "a" / "b")
    assert size_bytes(tmp_path) == 12_345 + link.lstat().st_size
    assert size_bytes(tmp_path / "absent") == 0
