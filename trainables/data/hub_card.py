"""What a data set's card on the hub says of its configurations, in the YAML at its top."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

CARD = "README.md"


@dataclass(frozen=True)
class Configuration:
    """One of the data sets that lie in a repository."""

    name: str
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # split as written, or "" -> patterns of paths
    folder: str | None = None  # where it lies, where the card names no files
    is_default: bool = False

    @property
    def says_files(self) -> bool:
        return bool(self.splits) or self.folder is not None

    def fetched(self) -> list[str]:
        """Patterns of its files as `huggingface_hub` takes them, where * stands for any signs, / too."""
        if not self.splits:
            return [f"{home}{self.folder}/*" for home in ("", "data/")]
        patterns = [pattern for patterns in self.splits.values() for pattern in patterns]
        forms = ((pattern, pattern.replace("**/", ""), f"{pattern.rstrip('/')}/*") for pattern in patterns)
        return list(dict.fromkeys(form for of_pattern in forms for form in of_pattern))

    def split_of(self, path: str) -> str | None:
        """The split of a file, as written, "" where the card names none; None where the file is none of this."""
        for split, patterns in self.splits.items():
            if any(_matches(path, pattern) for pattern in patterns):
                return split
        return None


def configurations(card: Path) -> list[Configuration]:
    """In the order of the card, those first that name files; none where there is no card, or one that says nothing."""
    import yaml
    from huggingface_hub.repocard import metadata_load

    try:
        said = metadata_load(card) or {}
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return []
    listed = said.get("configs")
    found = [_configuration(entry) for entry in listed if _named(entry)] if isinstance(listed, list) else []
    info = said.get("dataset_info")
    others = [str(entry["config_name"]) for entry in (info if isinstance(info, list) else [info]) if _named(entry)]
    names = {one.name for one in found}
    return [*found, *(Configuration(name) for name in others if name not in names)]


def _named(entry: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(entry, Mapping) and bool(entry.get("config_name"))


def _configuration(entry: Mapping[str, Any]) -> Configuration:
    folder = str(entry.get("data_dir") or "").removeprefix("./").strip("/.") or None
    splits: dict[str, tuple[str, ...]] = {}
    for split, pattern in _files(entry.get("data_files")):
        inside = f"{folder}/{pattern}" if folder else pattern
        splits[split] = (*splits.get(split, ()), inside.removeprefix("./"))
    name = str(entry["config_name"])
    return Configuration(name, splits, folder, is_default=entry.get("default") is True or name == "default")


def _files(said: Any) -> Iterator[tuple[str, str]]:
    """(split or "", pattern): a pattern, a list of them, or splits with patterns."""
    if isinstance(said, str):
        yield "", said
    elif isinstance(said, Mapping):
        if "path" in said:
            yield from ((str(said.get("split") or ""), pattern) for _, pattern in _files(said["path"]))
        else:
            yield from ((str(split), pattern) for split, paths in said.items() for _, pattern in _files(paths))
    elif isinstance(said, list):
        for entry in said:
            yield from _files(entry)


def _matches(path: str, pattern: str) -> bool:
    """As `datasets` takes patterns: * stays within a folder, ** does not, and a folder means all that lies in it."""
    signs = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern.rstrip("/"))
    kinds = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    form = "".join(kinds.get(sign) or (sign if sign[:1] == "[" else re.escape(sign)) for sign in signs)
    try:
        return re.fullmatch(f"{form}(?:/.*)?", path) is not None
    except re.error:
        return path == pattern
