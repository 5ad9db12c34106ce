"""Several who may hold a stage back: the strictest order holds, and an end stays."""

from __future__ import annotations

import pytest

from sweeps.stage.holds import Hold, Order, Reins
from trainables.errors import SweepFailed, SweepStopped


class Says:
    def __init__(self, hold: Hold = Hold.NONE, *, failure: bool = False) -> None:
        self.hold, self.failure, self.asked = hold, failure, 0

    def order(self) -> Order:
        self.asked += 1
        return Order(self.hold, self.hold.name.lower(), self.failure)


def test_nobody_holds_nothing() -> None:
    assert Reins().order() == Order()


def test_the_strictest_holds() -> None:
    reins = Reins([Says(Hold.FINISH), Says(Hold.PAUSE), Says()])
    assert reins.order().hold is Hold.PAUSE


def test_they_are_asked_once_a_second_unless_it_has_to_be_known() -> None:
    overseer = Says()
    reins = Reins([overseer])
    reins.order()
    reins.order()
    assert overseer.asked == 1
    overseer.hold = Hold.PAUSE
    assert reins.order().hold is Hold.NONE
    assert reins.order(at_once=True).hold is Hold.PAUSE
    overseer.hold = Hold.NONE
    assert reins.order(at_once=True).hold is Hold.NONE  # a pause is lifted


def test_an_end_stays() -> None:
    overseer = Says(Hold.END)
    reins = Reins([overseer])
    assert reins.order().hold is Hold.END
    overseer.hold = Hold.NONE
    assert reins.order(at_once=True).hold is Hold.END
    reins.end("another reason")
    assert str(reins.stop()) == "end"


@pytest.mark.parametrize(("failure", "kind"), [(False, SweepStopped), (True, SweepFailed)])
def test_what_an_ended_stage_raises(failure: bool, kind: type[Exception]) -> None:
    reins = Reins([Says(Hold.END, failure=failure)])
    reins.order()
    assert isinstance(reins.stop(), kind)
