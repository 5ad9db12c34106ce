"""A resume point that was cut short is passed over for the one before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainables.training.resume_points import FINAL, KEPT_POINTS, newest_point, point_name, points, save_point

ABOUT = {"config_id": "a", "lanes": ["seed-1"]}


def write(run: Path, name: str, text: str) -> None:
    with save_point(run, name, ABOUT) as folder:
        (folder / "seed-1").mkdir()
        (folder / "seed-1" / "state").write_text(text)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    for epoch in (1, 2, 3):
        write(tmp_path / "run", point_name(epoch), f"state after epoch {epoch}")
    return tmp_path / "run"


def test_the_newest_is_found_and_only_two_are_kept(run: Path) -> None:
    assert newest_point(run, ABOUT) == run / point_name(3)
    assert [path.name for path in points(run)] == [point_name(2), point_name(3)]
    assert len(points(run)) == KEPT_POINTS
    assert newest_point(run.parent / "another", ABOUT) is None


@pytest.mark.parametrize("file", ["seed-1/state", "whole.json"])
def test_cut_at_any_byte_the_one_before_is_taken_and_the_next_save_repairs(run: Path, file: str) -> None:
    damaged = run / point_name(3) / file
    content = damaged.read_bytes()
    for length in range(len(content)):
        damaged.write_bytes(content[:length])
        assert newest_point(run, ABOUT) == run / point_name(2)
    damaged.unlink()
    assert newest_point(run, ABOUT) == run / point_name(2)
    write(run, point_name(3), "again")
    assert newest_point(run, ABOUT) == run / point_name(3)


def test_what_was_written_for_something_else_is_not_taken(run: Path) -> None:
    assert newest_point(run, {**ABOUT, "config_id": "b"}) is None


def test_a_save_that_fails_leaves_what_was_there(run: Path) -> None:
    def fail() -> None:
        with save_point(run, point_name(4), ABOUT) as folder:
            (folder / "half").touch()
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert newest_point(run, ABOUT) == run / point_name(3)
    assert [path.name for path in sorted(run.iterdir())] == [point_name(2), point_name(3)]


def test_the_final_one_stands_alone(run: Path) -> None:
    write(run, FINAL, "done")
    assert [path.name for path in run.iterdir()] == [FINAL]
    assert newest_point(run, ABOUT) == run / FINAL


def test_points_left_over_from_a_forgotten_trial_do_not_crowd_out_new_ones(run: Path) -> None:
    """The journal may have lost a trial that got further than its folder's next owner is now."""
    other = {**ABOUT, "config_id": "b"}
    for epoch in (1, 2):
        with save_point(run, point_name(epoch), other) as folder:
            (folder / "state").write_text("another configuration")
        assert newest_point(run, other) == run / point_name(epoch)
    assert [path.name for path in points(run)] == [point_name(1), point_name(2)]
