"""What stops trials, as a stage sees it; and one that holds a trial only against those of its own kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Pruner(Protocol):
    """One of Tune's schedulers, or what stands in its place; a trial is known by `trial.trial_id`."""

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None: ...

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str: ...

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None: ...

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None: ...


class EachValue:
    """A pruner for every value of an axis; `value_of` says which one a trial has, by its name."""

    def __init__(self, make: Callable[[], Pruner], value_of: Callable[[str], Any]) -> None:
        self.make, self.value_of = make, value_of
        self.pruners: dict[Any, Pruner] = {}

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        self._of(trial).on_trial_add(tune_controller, trial)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        return str(self._of(trial).on_trial_result(tune_controller, trial, result))

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        self._of(trial).on_trial_complete(tune_controller, trial, result)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        self._of(trial).on_trial_remove(tune_controller, trial)

    def _of(self, trial: Any) -> Pruner:
        value = self.value_of(trial.trial_id)
        if value not in self.pruners:
            self.pruners[value] = self.make()
        return self.pruners[value]
