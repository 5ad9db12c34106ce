"""The fault campaign's short form: a sweep under kill -9 in both stages against the same sweep left in peace."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.kills import KINDS, Kill, _is_worker, interrupted
from benchmarks.small_sweep import SWEEP, differences, finish, recorded, start, write_data

pytestmark = pytest.mark.timeout(900)


def test_killed_in_both_stages_it_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    write_data(tmp_path)
    small = SWEEP.replace("TRIALS", "2").replace("epochs: 3", "epochs: 2").replace("[1, 2, 3]", "[1]")
    (tmp_path / "serial.yaml").write_text(small + KINDS["serial"])
    # Events of stage 1: the space, the order of decisions, and of each of 2 trials the proposal and 1 or 2 results. Of
    # stage 2: the finalist's proposal and 2 results, the same of the baseline, the untuned backbone's 2. The second
    # kill falls behind the finalist's first result, into its second epoch.
    kills = [Kill(5, 0.1, "group"), Kill(9, 0.0, "worker")]
    reference = start(tmp_path, "serial", tmp_path / "reference")
    outcome = interrupted(tmp_path, "serial", "killed", kills, np.random.default_rng(0))
    finish(reference, tmp_path / "reference")

    outcome.record = differences(tmp_path / "reference", tmp_path / "killed")
    assert outcome.kills == {"group": 1, "worker": 1}
    assert outcome.in_stage_two == 1
    assert outcome.clean, outcome
    runs = recorded(tmp_path / "killed")
    assert sorted(key[0] for key in runs) == ["baseline", "finalist", "sweep", "trial", "trial", "untuned"]
    assert {found[0][0] for found in runs.values()} <= {"completed", "pruned"}


@pytest.mark.parametrize(
    ("title", "worker"),
    [
        ("ray::SweepTrial", True),
        ("ray::ResourceTrainable.train", True),
        ("ray::PackHost.step", True),
        ("ray::IDLE", False),
        ("ray::DashboardAgent", False),
        ("python -m sweeps.run SweepTrial", False),
    ],
)
def test_a_worker_is_known_by_its_title_within_a_call_and_between_two(title: str, worker: bool) -> None:
    assert _is_worker(SimpleNamespace(cmdline=lambda: [title])) == worker  # type: ignore[arg-type]
