"""`key=value` from the command line, and the `miniature:` block: both put values at dotted keys of the document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path as FilePath

from sweeps.config.located_yaml import Node, Path, one_line, parse, show_path
from sweeps.config.scalar_types import show
from sweeps.config.schema import PATCHABLE
from trainables.data import generators
from trainables.errors import InputError

MINIATURE = "miniature"
COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Override:
    path: Path
    node: Node


def read_overrides(texts: Sequence[str]) -> tuple[list[Override], list[str]]:
    """`search.rank={choice: [4, 8]}` and the like, values as YAML; with the problems found."""
    overrides: list[Override] = []
    problems: list[str] = []
    for text in texts:
        key, equals, value = text.partition("=")
        secret = key.strip().startswith("notify")  # an address stands there by mistake, and may hold a token
        where = f"{COMMAND_LINE}: {one_line(f'{key}=...' if secret else text)}"
        path = split_key(key.strip())
        if not equals or path is None:
            problems.append(f"{where}: expected key=value, for example trials=64 or search.rank=8.")
        elif path in [other.path for other in overrides]:
            problems.append(f"{where}: {show_path(path)} is given twice; keep one.")
        else:
            try:
                node, found = parse(value, where, numbered=False)
            except InputError as error:
                problems.extend(error.problems)
                continue
            problems.extend(found)
            overrides.append(Override(path, replace(_from_here(path, node), replaced_by=COMMAND_LINE)))
    return overrides, problems


def split_key(key: str) -> Path | None:
    """`search.rank` -> (search, rank). A key of the miniature block is one step: its own dots belong to it."""
    steps = key.split(".")
    if not all(steps):
        return None
    return (MINIATURE, key.removeprefix(MINIATURE + ".")) if steps[0] == MINIATURE and len(steps) > 1 else tuple(steps)


def apply_overrides(root: Node, overrides: Iterable[Override]) -> tuple[Node, list[str]]:
    problems: list[str] = []
    for override in overrides:
        root = _put(root, override.path, override.node, problems)
    return root, problems


def apply_miniature(root: Node) -> tuple[Node, list[str]]:
    """The document with its `miniature:` block applied and taken out; its unknown keys are the schema's to report."""
    assert isinstance(root.value, dict)
    block = root.value.get(MINIATURE)
    root = replace(root, value={key: child for key, child in root.value.items() if key != MINIATURE})
    problems: list[str] = []
    entries = block.value.items() if block is not None and isinstance(block.value, dict) else ()
    for key, node in entries:
        if key in PATCHABLE:
            root = _put(root, tuple(key.split(".")), replace(node, replaced_by=MINIATURE), problems)
    return root, problems


def mark_axes(root: Node) -> Node:
    """A recorded document, which does not show which axes an override or the miniature changed: any of them may be."""
    assert isinstance(root.value, dict)
    search = root.value.get("search")
    if search is None or not isinstance(search.value, dict):
        return root
    axes = {name: replace(axis, replaced_by=MINIATURE) for name, axis in search.value.items()}
    return replace(root, value={**root.value, "search": replace(search, value=axes)})


def _put(node: Node, path: Path, new: Node, problems: list[str], above: Path = ()) -> Node:
    """A copy of the tree with `new` at `path`; mappings that are missing on the way are made."""
    if not path:
        return new
    if not isinstance(node.value, dict):
        problems.append(
            f"{new.where}: {show_path((*above, *path))} cannot be set: {show_path(above)} is {show(node)} "
            f"({node.where}), which has no keys; give {show_path(above)} as a whole."
        )
        return node
    step = str(path[0])
    child = node.value.get(step, Node({}, new.where))
    return replace(
        node,
        value={**node.value, step: _put(child, path[1:], new, problems, (*above, step))},
        replaced_by=new.replaced_by,
    )


def _from_here(path: Path, node: Node) -> Node:
    """A relative file on the command line starts in the current folder; those in a sweep file start beside it."""
    names_file = path == ("data", "source") or path[:2] == ("data", "evaluate")
    if not names_file or not isinstance(node.value, str) or not looks_like_path(node.value):
        return node
    absolute = str(FilePath.cwd() / node.value)
    return replace(node, value=absolute, raw=absolute)


def looks_like_path(text: str) -> bool:
    """Whether a data source is a file or folder here, and not a built-in generator's name."""
    try:
        return FilePath(text).exists() and not (text.isidentifier() and find_spec(f"{generators.__name__}.{text}"))
    except (OSError, ValueError):
        return False
