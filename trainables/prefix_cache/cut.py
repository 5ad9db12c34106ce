"""The part of a model that lies below every adapter gives the same for a clip in every epoch: its output is recorded
once, and later passes start from there.

A model's own code still runs from top to bottom. While a recorded output is filled in, the last module of the skipped
part answers with it, and the modules before that answer with zeros of their shape that take neither time nor memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class _Reached(Exception):
    """The model has computed what is recorded; the rest of the pass is not needed."""


def chain(model: nn.Module, pattern: str) -> list[str]:
    """The modules whose whole names match, in the order in which they are done: a module after what it holds."""
    names = [name for name, _ in model.named_modules() if re.fullmatch(pattern, name)]

    def done_before(name: str) -> Iterator[str]:
        for inner in (other for other in names if other.startswith(f"{name}.")):
            yield from done_before(inner)
        yield name

    return list(dict.fromkeys(done for name in names for done in done_before(name)))


def constant_chain(model: nn.Module, pattern: str) -> list[str]:
    """The chain of a frozen model; empty where it has none, or where one of its modules is no constant function."""
    names = chain(model, pattern) if pattern else []
    return [] if draws(model, names) else names


def highest_cut(names: Sequence[str], adapted: Collection[str]) -> str | None:
    """The last module of a chain such that neither it nor one before it holds an adapted module; None: the first does.

    Whatever of the model is not in the chain has to come after it.
    """
    cut = None
    for name in names:
        if any(f"{other}.".startswith(f"{name}.") for other in adapted):
            return cut
        cut = name
    return cut


def draws(model: nn.Module, names: Sequence[str]) -> bool:
    """Whether a module in the chain draws random numbers in training: its output is then no constant."""
    return any(
        isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0
        for name in names
        for module in model.get_submodule(name).modules()
    )


class Prefix:
    """The part of a model up to `cut`, a module of the chain `names`: recorded clip by clip, and left out of later
    passes. Not for two threads."""

    def __init__(self, model: nn.Module, names: Sequence[str], cut: str) -> None:
        self.model, self.cut = model, cut
        self.before = names[: names.index(cut)]
        outside = [name for name in self.before if not name.startswith(f"{cut}.")]
        # what lies in a silent module is never called
        self.silent = [name for name in outside if not any(name.startswith(f"{other}.") for other in outside)]
        self._shapes: dict[Any, dict[str, tuple[Callable[[Tensor], Any], torch.Size]]] = {}

    def knows(self, shape: Any) -> bool:
        """Whether a clip with features of this shape has been recorded here."""
        return shape in self._shapes

    def record(self, run: Callable[[], Any], shape: Any) -> Tensor:
        """What `cut` gives for one clip, without the batch's axis; `run` runs the model on that clip alone."""
        outputs: dict[str, Any] = {}

        def note(name: str) -> Callable[..., None]:
            def hook(module: nn.Module, given: Any, output: Any) -> None:
                outputs[name] = output
                if name == self.cut:
                    raise _Reached

            return hook

        with ExitStack() as hooks, torch.no_grad():
            for name in (*self.silent, self.cut):
                hooks.callback(self.model.get_submodule(name).register_forward_hook(note(name)).remove)
            try:
                run()
            except _Reached:
                pass
            else:
                raise RuntimeError(f"a pass through the model did not reach {self.cut}")
        self._shapes[shape] = {name: (_wrapper(output), _tensor(output).shape[1:]) for name, output in outputs.items()}
        return _tensor(outputs[self.cut])[0].detach()

    @contextmanager
    def filled(self, kept: Tensor, shape: Any) -> Iterator[None]:
        """Inside, the model starts from `kept` (B, ...). `shape`: of the features of the largest clip."""
        known = self._shapes[shape]

        def silence(name: str) -> Any:
            wrap, size = known[name]
            return wrap(kept.new_zeros(()).expand(len(kept), *size))

        answers = {name: silence(name) for name in self.silent} | {self.cut: known[self.cut][0](kept)}
        modules = {name: self.model.get_submodule(name) for name in answers}
        own: dict[str, Any] = {name: module.__dict__.get("forward") for name, module in modules.items()}
        try:
            for name, module in modules.items():
                module.forward = _constant(answers[name])
            yield
        finally:
            for name, module in modules.items():
                if own[name] is None:
                    del module.forward
                else:
                    module.forward = own[name]


def stacked(kept: Sequence[Tensor]) -> Tensor:
    """(B, ...); what is smaller than the largest along an axis gets zeros behind."""
    if len({tensor.shape for tensor in kept}) == 1:
        return torch.stack(list(kept))
    largest = [max(sizes) for sizes in zip(*(tensor.shape for tensor in kept), strict=True)]
    whole = kept[0].new_zeros(len(kept), *largest)
    for row, tensor in zip(whole, kept, strict=True):
        row[tuple(slice(size) for size in tensor.shape)] = tensor
    return whole


def _constant(answer: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: answer


def _tensor(output: Any) -> Tensor:
    if isinstance(output, Tensor):
        return output
    found: Tensor = output[0] if isinstance(output, tuple) else output.last_hidden_state
    return found


def _wrapper(output: Any) -> Callable[[Tensor], Any]:
    """What makes of a tensor the kind of answer that `output` is."""
    if isinstance(output, Tensor):
        return lambda tensor: tensor
    if isinstance(output, tuple):
        return lambda tensor: (tensor,)
    return lambda tensor: type(output)(last_hidden_state=tensor)
