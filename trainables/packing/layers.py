"""Adapters and heads of several lanes on one joined batch: the frozen module runs once, then each lane's own part.

A batch holds the clips of one lane after those of another. So does what each module hears, as many rows for every clip
(windows of a clip stand together): a lane's rows are a slice of the first dimension.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.func import functional_call

from trainables.packing.lane_rows import LaneRows
from trainables.training.adapters import AdapterBank, LoraPart


@dataclass
class Occupancy:
    """Whose clips the batch holds: lanes by number, in order, and how many clips each; set before a forward pass."""

    lanes: list[int] = field(default_factory=list)
    clips: list[int] = field(default_factory=list)

    def sizes(self, rows: int) -> list[int]:
        """How many of a module's `rows` belong to each lane."""
        per_clip, rest = divmod(rows, sum(self.clips))
        if rest:
            raise RuntimeError(f"a packed module hears {rows} rows of {sum(self.clips)} clips: not as many for each")
        return [count * per_clip for count in self.clips]

    def of(self, stack: Tensor) -> Tensor:
        """(all lanes, ...) -> (lanes of this batch, ...)."""
        return stack if len(self.lanes) == len(stack) else stack[self.lanes]


class PackedLora:
    """Every lane's pair of matrices on one frozen module; lanes that do not adapt it hold zeros."""

    def __init__(self, parts: Sequence[LoraPart | None], rows: LaneRows, occupancy: Occupancy) -> None:
        self.parts = parts
        self.rows = rows
        self.occupancy = occupancy
        (self.base,) = {part.base for part in parts if part is not None}
        self.pointwise = isinstance(self.base, nn.Conv1d | nn.Conv2d)
        self.a_slot = rows.reserve(*_matrices([None if part is None else part.a for part in parts]))
        self.b_slot = rows.reserve(*_matrices([None if part is None else part.b for part in parts]))
        self.dropouts = [None if part is None else part.dropout for part in parts]
        self.drops = any(not isinstance(dropout, nn.Identity) for dropout in self.dropouts if dropout is not None)

    def begin(self) -> None:
        """Once the rows are filled."""
        self.a, self.b = self.rows.leaf(self.a_slot), self.rows.leaf(self.b_slot)  # (N, r, in), (N, out, r)
        scales = [0.0 if part is None else part.scale for part in self.parts]
        self.scale = torch.tensor(scales, dtype=self.rows.dtype, device=self.rows.device)[:, None, None]

    def hook(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        """What the module says, with what the adapters add."""
        return (output + self.added(inputs[0])).to(output.dtype)

    def added(self, x: Tensor) -> Tensor:
        occupancy = self.occupancy
        sizes = occupancy.sizes(len(x))
        if not torch.is_autocast_enabled(x.device.type):
            x = x.to(self.rows.dtype)
        if self.drops and self.base.training:
            x = torch.cat([self._dropped(lane, part) for lane, part in self._split(x, sizes)])
        a, b = occupancy.of(self.a), occupancy.of(self.b * self.scale)
        if len(set(sizes)) > 1:
            each = zip(torch.split(x, sizes), a, b, strict=True)
            return torch.cat([self._product(part[None], one_a[None], one_b[None]) for part, one_a, one_b in each])
        return self._product(torch.unflatten(x, 0, (len(sizes), sizes[0])), a, b)

    def _product(self, x: Tensor, a: Tensor, b: Tensor) -> Tensor:
        """(n, rows, ...), (n, r, in), (n, out, r) -> (n * rows, ...), with `out` where `in` was."""
        if self.pointwise:
            low = torch.matmul(a[:, None], x.flatten(3))  # (n, rows, r, places)
            return torch.unflatten(torch.matmul(b[:, None], low), 3, x.shape[3:]).flatten(0, 1)
        low = torch.bmm(x.flatten(1, -2), a.mT)
        return torch.unflatten(torch.bmm(low, b.mT), 1, x.shape[1:-1]).flatten(0, 1)

    def _split(self, x: Tensor, sizes: list[int]) -> Iterator[tuple[int, Tensor]]:
        return zip(self.occupancy.lanes, torch.split(x, sizes), strict=True)

    def _dropped(self, lane: int, x: Tensor) -> Tensor:
        dropout = self.dropouts[lane]
        return x if dropout is None else dropout(x)


class PackedHead(nn.Module):
    """Every lane's own head; it stands where the backbone's was."""

    def __init__(self, own: Sequence[nn.Module], rows: LaneRows, occupancy: Occupancy) -> None:
        super().__init__()
        self.template = [own[0]]  # in a list: its parameters are not this module's
        self.rows = rows
        self.occupancy = occupancy
        self.slots = {
            name: rows.reserve(*_whole([head.get_parameter(name) for head in own]))
            for name, _ in own[0].named_parameters()
        }

    def begin(self) -> None:
        self.weights = {name: self.rows.leaf(slot) for name, slot in self.slots.items()}

    def forward(self, x: Tensor) -> Tensor:
        own = {name: stack.unbind() for name, stack in self.weights.items()}
        parts = zip(self.occupancy.lanes, torch.split(x, self.occupancy.sizes(len(x))), strict=True)
        return torch.cat(
            [
                functional_call(self.template[0], {name: own[name][lane] for name in own}, (part,))
                for lane, part in parts
            ]
        )


@contextmanager
def packed(bank: AdapterBank, layers: Sequence[PackedLora], heads: Mapping[str, PackedHead]) -> Iterator[None]:
    """Inside, the model answers with the lanes' own adapters and heads, each for its own rows."""
    for layer in layers:
        layer.begin()
    for head in heads.values():
        head.begin()
    with ExitStack() as stack:
        stack.enter_context(bank.replaced(heads))
        for layer in layers:
            stack.callback(layer.base.register_forward_hook(layer.hook).remove)
        yield


def _matrices(own: Sequence[nn.Parameter | None]) -> tuple[list[nn.Parameter | None], list[tuple[int, ...] | None]]:
    """Parameters as matrices: a pointwise filter has further dimensions of 1."""
    return list(own), [None if parameter is None else tuple(parameter.shape[:2]) for parameter in own]


def _whole(own: Sequence[nn.Parameter]) -> tuple[list[nn.Parameter | None], list[tuple[int, ...] | None]]:
    return list(own), [tuple(parameter.shape) for parameter in own]
