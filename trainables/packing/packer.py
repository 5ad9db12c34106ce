"""Trains lanes an epoch each, in as few batches as pays and fits."""

from __future__ import annotations

from collections.abc import Sequence

from trainables.packing.choice import LEAST_GAIN, known_gain, most_lanes
from trainables.packing.compatibility import packs
from trainables.packing.pack import Pack, pack_key
from trainables.process.warm_engines import free_memory
from trainables.training import faults
from trainables.training.engine import EngineKey
from trainables.training.lane import Lane

Outcome = dict[str, float] | Exception  # what `Lane.train_epoch` returns or raises
Kind = tuple[EngineKey, int]  # of an engine, and the batch size of its lanes


class Packer:
    """Remembers what was measured and what memory did not hold. `packing`: off | auto | the most lanes of a pack."""

    def __init__(self, packing: str | int, clip_room_bytes: int) -> None:
        """`clip_room_bytes`: memory for the clips of one batch; see `train`."""
        self.packing = packing
        self.clip_room_bytes = clip_room_bytes
        self._gains: dict[tuple[Kind, int], float] = {}
        self._held: dict[Kind, int] = {}  # most lanes that memory has held, where it has once not held more

    def train(self, lanes: Sequence[Lane], clip_bytes: int) -> list[tuple[Outcome, int]]:
        """An epoch of every lane: its outcome, and how many lanes its pack had. A clip of a batch takes `clip_bytes`.

        A pack that fails for want of memory, or of anything else, is divided: what fails alone fails for itself. The
        lanes of a divided pack begin their epoch anew, so that the numbers are the same.
        """
        found: dict[int, tuple[Outcome, int]] = {}
        numbers = {id(lane): number for number, lane in enumerate(lanes)}
        by_engine: dict[tuple[int, int], list[Lane]] = {}
        for lane in lanes:
            by_engine.setdefault((id(lane.engine), lane.config.batch_size), []).append(lane)
        waiting = [
            pack
            for own in by_engine.values()
            for pack in packs([(pack_key(lane), lane) for lane in own], self._most(own, clip_bytes))
        ]
        while waiting:
            pack = waiting.pop(0)
            outcomes = _trained(pack)
            if outcomes is None:
                half = (len(pack) + 1) // 2
                self._held[_kind(pack[0])] = half
                waiting[:0] = [pack[:half], pack[half:]]
                continue
            found |= {numbers[id(lane)]: (outcome, len(pack)) for lane, outcome in zip(pack, outcomes, strict=True)}
        return [found[number] for number in range(len(lanes))]

    def _most(self, lanes: Sequence[Lane], clip_bytes: int) -> int:
        kind, engine, batch_size = _kind(lanes[0]), lanes[0].engine, lanes[0].config.batch_size
        clips = self.clip_room_bytes // clip_bytes
        most = most_lanes(self.packing, engine, batch_size=batch_size, clips_in_memory=clips)
        most = min(most, len(lanes), self._held.get(kind, most))
        if self.packing != "auto" or most == 1:
            return most
        if (kind, most) not in self._gains:
            gain = known_gain(engine, lanes[0].train, batch_size=batch_size, lanes=most)
            self._gains[kind, most] = gain
        return most if self._gains[kind, most] >= LEAST_GAIN else 1


def _kind(lane: Lane) -> Kind:
    return lane.engine.key, lane.config.batch_size


def _trained(lanes: list[Lane]) -> Sequence[Outcome] | None:
    """One pack's outcomes; None where it failed as a whole, its lanes as they were."""
    if len(lanes) == 1:
        try:
            return [lanes[0].train_epoch()]
        except Exception as error:
            return [error]
    began = [lane.progress() for lane in lanes]
    try:
        return Pack(lanes).train_epoch()
    except Exception as error:
        if faults.kind_of(error) in (faults.BAD_INPUT, faults.DISK_FULL):
            raise
    free_memory()  # not within `except`: the exception holds the frames, and they hold what has to go
    for lane, progress in zip(lanes, began, strict=True):
        lane.restore(progress)
    return None
