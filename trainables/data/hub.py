"""Data sets on the Hugging Face hub: `hf://owner/name:configuration@revision`, of which only the configuration's files
are fetched. What belongs to it is what the data set's card says under `configs`
(huggingface.co/docs/hub/datasets-manual-configuration), else the folder of that name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from trainables.data.examples import Example
from trainables.data.hub_card import CARD, Configuration, configurations
from trainables.data.layouts.folders import read_folder
from trainables.data.layouts.hub_files import read_configuration
from trainables.data.reading import Reading, Wanted
from trainables.errors import InputError

HUB = "hf://"
_FORM = f"{HUB}owner/name, {HUB}owner/name:configuration or {HUB}owner/name@revision"
_ADDRESS = re.compile(
    r"(?:datasets/)?(?P<name>[^/:@]+/[^/:@]+)(?::(?P<configuration>[^:@]+))?(?:@(?P<revision>[^:@]+))?"
)


def read_hub(source: str, wanted: Wanted) -> Reading:
    """The clips of a data set, or of one of its configurations. Raises InputError: it cannot be fetched, has several
    configurations and none is named, or names files outside its download."""
    match = _ADDRESS.fullmatch(source.removeprefix(HUB))
    if match is None:
        raise InputError(f"data.source: {source!r} must be {_FORM}.{_slash_hint(source)}")
    name, named, revision = match["name"], match["configuration"], match["revision"]
    folder = _fetched(source, name, revision, [CARD])
    found = configurations(folder / CARD)
    chosen = _chosen(source, named, found)
    if chosen is None and named is None:
        folder = _fetched(source, name, revision, None)
        reading = read_folder(folder, wanted)
    else:
        chosen = chosen or Configuration(str(named), folder=str(named))
        folder = _fetched(source, name, revision, [CARD, *chosen.fetched()])
        reading = _read(source, chosen, found, folder, wanted)
        others = [one.name for one in found if one.says_files and one != chosen]
        if named is None and others:
            reading.account.guesses.append(
                f"The configuration {chosen.name} is the data set's default; its others are {', '.join(others)}."
            )
        if missing := _missing(reading.examples, folder):
            _fetched(source, name, revision, missing)
    _confine(source, reading.examples, folder, wanted.cache_folder)
    return reading


def hub_revision(source: str, examples: Sequence[Example]) -> str | None:
    """The commit of the hub's data set that the examples are of; None where the data comes from no hub."""
    if not source.startswith(HUB) or not examples:
        return None
    parts = Path(examples[0].audio[0].path).parts
    return next((commit for folder, commit in pairwise(parts) if folder == "snapshots"), None)


def _slash_hint(source: str) -> str:
    words = source.removeprefix(HUB).removeprefix("datasets/").partition("@")[0].split("/")
    return f" Did you mean {HUB}{words[0]}/{words[1]}:{words[2]}?" if len(words) == 3 and all(words) else ""


def _chosen(source: str, named: str | None, found: Sequence[Configuration]) -> Configuration | None:
    """The configuration that is meant; None where the card lists no such files. Raises InputError: there are several,
    and none is named."""
    if named is not None:
        return next((one for one in found if one.name == named and one.says_files), None)
    several = [one for one in found if one.says_files]
    if len(several) < 2:
        return several[0] if several else None
    default = [one for one in several if one.is_default]
    if default:
        return default[0]
    names = ", ".join(one.name for one in several)
    raise InputError(
        f"data.source: {source!r} has several configurations ({names}); name one, as in "
        f"{source.partition('@')[0]}:{several[0].name}."
    )


def _read(source: str, chosen: Configuration, found: Sequence[Configuration], folder: Path, wanted: Wanted) -> Reading:
    reading = read_configuration(folder, chosen, wanted)
    if reading is None:
        names = ", ".join(one.name for one in found) or "none"
        raise InputError(
            f"data.source: {source!r}: no file belongs to the configuration {chosen.name!r} (its card lists: {names}; "
            f"no folder is called so)."
        )
    return reading


def _fetched(source: str, name: str, revision: str | None, patterns: list[str] | None) -> Path:
    """The snapshot's folder, with what fits one of `patterns` in it, or everything. Raises InputError: it is absent."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            huggingface_hub.snapshot_download(name, repo_type="dataset", revision=revision, allow_patterns=patterns)
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(
            f"data.source: {source!r} could not be fetched ({reason}); check the name, the revision, the network and, "
            "for a private data set, that you are logged in."
        ) from None


def _missing(examples: Sequence[Example], snapshot: Path) -> list[str]:
    """Patterns of the folders whose sound a table names and the configuration's own files do not hold."""
    paths = (Path(piece.path) for example in examples for piece in example.audio)
    folders = {path.parent for path in paths if path.is_relative_to(snapshot) and not path.exists()}
    return sorted(f"{folder.relative_to(snapshot).as_posix()}/*".removeprefix("./") for folder in folders)


def _confine(source: str, examples: Sequence[Example], snapshot: Path, cache_folder: Path) -> None:
    """Raises InputError where a file lies outside the download: a stranger's manifest does not say what is read on
    this machine. Files of a snapshot are links into the hub's cache of that data set, `<data set>/blobs`."""
    written = (snapshot.absolute(), cache_folder.absolute() / "embedded")
    real = (snapshot.resolve().parents[1], written[1].resolve())
    for example in examples:
        for path in (Path(piece.path) for piece in example.audio):
            named = any(path.is_relative_to(folder) for folder in written)
            if not named or not any(path.resolve().is_relative_to(folder) for folder in real):
                raise InputError(
                    f"data.source: {source!r} names the file {str(path)[:200]!r}, which is no part of the download: it "
                    "is not read. Download it, look at its manifest, and give the folder if you trust it."
                )
