"""A backbone's constants without its libraries: a sweep plans and steers with them, and torch and transformers take
seconds to import.

They are kept in the cache under a digest of every file that they come from and of the libraries' versions. So the first
process after a change imports the backbone, and later ones read its outline. Loads no torch.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from trainables import measured
from trainables.contract import Preset, Size, Spectrogram
from trainables.registry import BACKBONES
from trainables.writing import Frames, TextLimits, Writer

if TYPE_CHECKING:
    from trainables.contract import Backbone

HERE, OWN = Path(__file__).parent, "trainables.backbones."
SOURCES = ("contract.py", "writing.py", "tasks/languages.py", "backbones/*.py", "modeling/*.py", "networks/*.py")
LIBRARIES = ("torch", "transformers")
PLAIN = (
    *("NAME", "TASKS", "SAMPLE_RATE_HZ", "WINDOW_SECONDS", "MINIATURE_WINDOW_SECONDS", "HEAD_MODULES"),
    *("ARCHITECTURES", "BESIDE", "CUTS_WINDOW"),
)
SIZES = ("SIZES", "MINIATURE_SIZES")
CONSTANTS = (*PLAIN, *SIZES, "PRESETS", "SPECTROGRAM", "WRITER")


def outline(name: str) -> Backbone:
    """The backbone `name`; its module is imported when something other than its constants is asked for. Where it is
    imported already, or stands outside this package, the module itself.

    Raises KeyError where no backbone has this name.
    """
    module = BACKBONES[name]
    if module in sys.modules or not module.startswith(OWN):
        return cast("Backbone", import_module(module))
    return cast("Backbone", Outline(module, measured.once(f"outline-{name}-{digest()}", lambda: _read(module))))


@cache
def digest() -> str:
    """Sixteen hex digits that change with every file and library that a backbone's constants and shapes come from."""
    found = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(HERE.glob(pattern)):
            found.update(path.read_bytes())
    found.update(" ".join(version(library) for library in LIBRARIES).encode())
    return found.hexdigest()[:16]


class Outline:
    """Has the constants of a backbone at hand and hands every other attribute on to its module."""

    def __init__(self, module: str, kept: Mapping[str, Any]) -> None:
        self._module = module
        self._constants = _restored(kept)

    def __getattr__(self, attribute: str) -> Any:
        if attribute in CONSTANTS:
            if attribute in self._constants:
                return self._constants[attribute]
            raise AttributeError(f"{self._module} has no {attribute}")
        return getattr(import_module(self._module), attribute)


def _read(name: str) -> dict[str, Any]:
    """The constants as plain values; those that a backbone leaves out are left out."""
    module = import_module(name)
    return {constant: _plain(getattr(module, constant)) for constant in CONSTANTS if hasattr(module, constant)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def size_from(kept: Mapping[str, Any]) -> Size:
    """The size of these plain values, as `dataclasses.asdict` gives them."""
    return Size(**{**kept, "writer": None if kept.get("writer") is None else _writer(kept["writer"])})


def _writer(kept: Mapping[str, Any]) -> Writer:
    limits = {name: TextLimits(**kept[name]) for name in ("published", "miniature")}
    lists = {name: tuple(kept[name]) for name in ("control_tokens", "languages")}
    frames = None if kept.get("frames") is None else Frames(**kept["frames"])
    return Writer(**{**kept, **limits, **lists, "frames": frames})


def _preset(kept: Mapping[str, Any]) -> Preset:
    return Preset(**{**kept, "kinds": {kind: _preset(each) for kind, each in kept["kinds"].items()}})


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


def _restored(kept: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: _as_tuples(kept[name]) for name in PLAIN if name in kept}
    found |= {name: {size: size_from(each) for size, each in kept[name].items()} for name in SIZES}
    found["PRESETS"] = {name: _preset(each) for name, each in kept["PRESETS"].items()}
    if "SPECTROGRAM" in kept:
        found["SPECTROGRAM"] = None if kept["SPECTROGRAM"] is None else Spectrogram(**kept["SPECTROGRAM"])
    if kept.get("WRITER") is not None:
        found["WRITER"] = _writer(kept["WRITER"])
    return found
