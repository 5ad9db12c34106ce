"""What Tune sees of a trial."""

from __future__ import annotations

from ray import tune

from sweeps.worker.tune_trial import SweepTrial


def test_it_hides_nothing_of_tunes_but_what_tune_asks_for() -> None:
    """A method that happens to be called `train` or `save` would be called by Tune."""
    asked_for = {"setup", "step", "reset_config", "save_checkpoint", "load_checkpoint", "cleanup"}
    shared = {name for name in vars(SweepTrial) if not name.startswith("__")} & set(dir(tune.Trainable))
    assert shared - {"_abc_impl"} == asked_for
