"""What several published formats need: where in a folder they begin, and their rows as a reading."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from trainables.data.examples import SPLITS
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.split_names import split_names
from trainables.data.tables.clip_rows import examples_of
from trainables.data.tables.table import Row
from trainables.errors import InputError


def one_home(tree: Tree, homes: Iterable[Parts], what: str) -> Parts:
    """The only folder of `homes`. Raises InputError: several, which are several data sets."""
    found = sorted(set(homes))
    if len(found) > 1:
        names = ", ".join(shown(home) for home in found[:8])
        raise InputError(f"{tree.folder}: holds {what} several times ({names}); name the folder of one as data.source.")
    return found[0]


def below(home: Parts, paths: Sequence[Parts]) -> list[Parts]:
    """The paths that lie in `home`, as seen from there, in their order."""
    return [parts[len(home) :] for parts in paths if parts[: len(home)] == home and len(parts) > len(home)]


def shown(parts: Parts) -> str:
    return "/".join(parts) or "."


def lines_of(path: Path) -> list[str]:
    """The lines of a text file without their ends, empty ones too. Raises InputError: it is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not written in UTF-8 (byte {error.start}); save it as UTF-8.") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from None


def lines_within(path: Path, most_bytes: int) -> list[str]:
    """As `lines_of`; none of a file that is larger, or no text."""
    try:
        return lines_of(path) if path.stat().st_size <= most_bytes else []
    except (OSError, InputError):
        return []


def first_line(path: Path) -> str:
    """The first line that is not empty, for a look at what a file is; "" where it is no text."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            return next((line.rstrip("\r\n") for line in file.read(4096).splitlines() if line.strip()), "")
    except (OSError, UnicodeDecodeError):
        return ""


def require(what: str, folder: Path, wanted: Wanted, given: Collection[str]) -> None:
    """Raises InputError where a format does not hold what the task learns; `given` are columns that it has."""
    if wanted.columns.get(wanted.column, wanted.column) not in given:
        others = [name for name in given if name not in ("audio", "id")]
        raise InputError(
            f"{folder}: is read as {what}, which has no {wanted.column!r}, and the task needs one; it has "
            f"{', '.join(others)}: `data.columns: {{{wanted.column}: NAME}}` takes one of these."
        )


def part_splits(names: Iterable[str], account: Account) -> Mapping[str, str]:
    """The split of each part of a data set, by its name, and says so; parts that give no split beside others that do
    are not in it, and nothing is where no part is for training. Raises InputError: as `split_names`."""
    parts = sorted(set(names))
    found = split_names(parts)
    if "train" not in found.of.values():
        if found.of:
            account.guesses.append(f"{', '.join(found.of)} is no train split and stands alone: splits are drawn anew.")
        return {}
    sides = {split: [name for name in parts if found.of.get(name) == split] for split in SPLITS}
    account.origins["split"] = "; ".join(f"{split} is {', '.join(of)}" for split, of in sides.items() if of)
    account.guesses += [f"{sentence}." for sentence in found.said]
    return found.of


def reading(folder: Path, rows: list[Row], wanted: Wanted, account: Account) -> Reading:
    """Rows in our columns, with audio paths relative to `folder`. Raises InputError: as `examples_of`, and no rows."""
    if not rows:
        account.refuse_beyond(wanted.skip, len(account.left_out))
        raise InputError(f"{folder}: is read as {account.layout}, and no clip is in it.")
    said = dict(account.origins)
    examples = examples_of(folder, rows, wanted.audio_folder or folder, wanted, account)
    # our own columns are no columns of the person's
    account.origins = {ours: origin for ours, origin in account.origins.items() if ours in wanted.columns} | said
    return Reading(examples, account)
