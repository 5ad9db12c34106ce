"""A value of `model_size` as a `Size`: one of a backbone's own, or a checkpoint that is named.

A checkpoint's parameters are counted from its configuration alone, on the `meta` device, and the count is kept. Loads
no torch where it was counted before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, cast

from trainables import measured
from trainables.contract import Size
from trainables.data.sound.store import Hearing
from trainables.errors import InputError
from trainables.modeling import configurations
from trainables.modeling.checkpoints import names_checkpoint
from trainables.outline import digest, size_from
from trainables.registry import task_class

if TYPE_CHECKING:
    from typing import Any

    from trainables.contract import Backbone

ANY_LABELS = ("a", "b")  # of a head that is not counted


def is_size(backbone: Backbone, name: str) -> bool:
    """Whether `name` is one of the backbone's own published or miniature sizes."""
    return name in backbone.SIZES or name in backbone.MINIATURE_SIZES


def size_of(backbone: Backbone, name: str) -> Size:
    """A published size, one of the miniature, or a checkpoint.

    Raises KeyError where it is neither, InputError where the backbone cannot take the checkpoint.
    """
    if is_size(backbone, name) or not names_checkpoint(name):
        return {**backbone.SIZES, **backbone.MINIATURE_SIZES}[name]
    kinds = getattr(backbone, "ARCHITECTURES", ())
    if not kinds:
        raise InputError(
            f"search.model_size: {backbone.NAME} takes its own sizes ({', '.join(backbone.SIZES)}), and no checkpoint "
            f"by name ({name})."
        )
    configurations.read_configuration(name, kinds, backbone=backbone.NAME)
    depends_on = repr((digest(), backbone.NAME, configurations.digest(name)))
    key = hashlib.sha256(depends_on.encode()).hexdigest()[:16]
    kept = measured.once(f"size-{backbone.NAME}-{key}", lambda: asdict(_counted(backbone, name)))
    return replace(size_from(kept), checkpoint=name, licence=configurations.licence(name))


def hearing_of(backbone: Backbone, names: Sequence[str], *, miniature: bool) -> Hearing:
    """How a sweep's backbone hears clips, which may use the sizes and checkpoints `names`. InputError as `size_of`."""
    named = not miniature and any(names_checkpoint(name) for name in names)
    return Hearing.of(backbone, miniature=miniature, sizes=[size_of(backbone, name) for name in names] if named else ())


def _counted(backbone: Backbone, name: str) -> Size:
    try:
        skeleton = backbone.skeleton(name, cast("Any", _AnyTask(task_class(backbone.TASKS[0]).column)))
    except InputError:
        raise
    except Exception as error:  # a configuration whose parts do not fit each other
        reason = (str(error) or type(error).__name__).strip().splitlines()[0]
        raise InputError(
            f"search.model_size: no model can be made of the configuration of {name} ({reason})."
        ) from error
    heads = tuple(f"{head}." for head in getattr(backbone, "HEAD_MODULES", ()))
    counted = sum(p.numel() for own, p in skeleton.named_parameters() if not own.startswith(heads))
    said = backbone.described(name)
    return Size(name, None, "", counted, window_seconds=said.window_seconds, writer=said.writer)


class _AnyTask:
    """Whatever a head is made for; `column` says whether for texts."""

    def __init__(self, column: str) -> None:
        self.column = column

    labels = ANY_LABELS
    head_outputs = len(ANY_LABELS)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None
