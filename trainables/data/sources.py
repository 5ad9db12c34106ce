"""What `data.source` names: a manifest, a folder, a data set on the hub, or a built-in generator."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import numpy as np

from trainables.data.atomic import atomic_folder
from trainables.data.examples import Example
from trainables.data.formats.manifest import read_manifest
from trainables.data.layouts.folders import read_folder
from trainables.data.reading import Account, Reading, Wanted
from trainables.errors import InputError

# Name -> what its targets are, and a module with `generate(folder, seed) -> list[Example]`
GENERATORS: dict[str, tuple[str, str]] = {
    "speech_detection": ("label", "trainables.data.generators.speech_detection"),
    "drum_rudiments": ("label", "trainables.data.generators.drum_rudiments"),
    "digit_strings": ("text", "trainables.data.generators.digit_strings"),
    "spoken_sentences": ("text", "trainables.data.generators.spoken_sentences"),
}
HUB = "hf://"


def open_source(source: str, wanted: Wanted, *, base_folder: Path, seed: int) -> Reading:
    """The examples that `source` names, with absolute paths, and how they were understood; nothing is decoded.

    A path is looked for in `base_folder`, then in the current directory; a built-in's name always means the built-in
    (write `./name` for a folder of that name). Generated and extracted audio is kept in
    `wanted.cache_folder`; `seed` is the generators'. Raises InputError: nothing there, or nothing that can be read.
    """
    if source in GENERATORS:
        return Reading(_generated(source, wanted, seed), Account(layout=f"made by the generator {source}"))
    if source.startswith(HUB):
        folder = _downloaded(source)
        reading = read_folder(folder, wanted)
        _confine(source, reading.examples, folder, wanted.cache_folder)
        return reading
    try:
        written = Path(source).expanduser()
    except RuntimeError:
        raise InputError(f"data.source: {source!r} names the home folder of nobody here.") from None
    candidates = list(dict.fromkeys((Path(base_folder).absolute() / written, Path.cwd() / written)))
    for path in candidates:
        if path.is_dir():
            return read_folder(path, wanted)
        if path.is_file():
            return read_manifest(path, wanted)
    near = difflib.get_close_matches(source, GENERATORS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise InputError(
        f"data.source: {source!r} is no file or folder (looked for {' and '.join(map(str, candidates))}), no "
        f"{HUB}owner/name and no built-in ({', '.join(GENERATORS)}).{hint}"
    )


def hub_revision(source: str, examples: Sequence[Example]) -> str | None:
    """The commit of the hub's data set that the examples are of; None where the data comes from no hub."""
    if not source.startswith(HUB) or not examples:
        return None
    parts = Path(examples[0].audio[0].path).parts
    return next((commit for folder, commit in pairwise(parts) if folder == "snapshots"), None)


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


def _generated(name: str, wanted: Wanted, seed: int) -> list[Example]:
    column, module = GENERATORS[name]
    if wanted.column != column:
        raise InputError(f"data.source: {name!r} gives the column {column!r} and the task needs {wanted.column!r}.")
    if wanted.columns:
        raise InputError(f"data.columns: {name!r} is made on the spot and has no columns; remove data.columns.")
    folder = wanted.cache_folder / f"{name}-{_recipe()}-{seed}"
    listing = folder / "examples.jsonl"
    if not listing.is_file():
        with atomic_folder(folder) as temporary:
            examples = import_module(module).generate(temporary, seed)
            lines = [json.dumps(_moved(example, temporary, None).as_dict()) for example in examples]
            (temporary / listing.name).write_text("\n".join(lines), encoding="utf-8")
    lines = listing.read_text(encoding="utf-8").splitlines()
    return [_moved(Example.from_dict(json.loads(line)), None, folder.absolute()) for line in lines]


def _moved(example: Example, old: Path | None, new: Path | None) -> Example:
    """The example with its paths made relative to `old`, or laid into `new`."""
    paths = [Path(piece.path).relative_to(old) if old else Path(piece.path) for piece in example.audio]
    audio = (replace(piece, path=str(new / p if new else p)) for piece, p in zip(example.audio, paths, strict=True))
    return replace(example, audio=tuple(audio))


def _recipe() -> str:
    """Changes with the generators' code and with numpy, whose random streams may change between versions."""
    digest = hashlib.sha256(np.__version__.encode())
    for path in sorted((Path(__file__).parent / "generators").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def _downloaded(source: str) -> Path:
    name, _, revision = source.removeprefix(HUB).removeprefix("datasets/").partition("@")
    if name.count("/") != 1 or not all(name.split("/")):
        raise InputError(f"data.source: {source!r} must be {HUB}owner/name or {HUB}owner/name@revision.")
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(huggingface_hub.snapshot_download(name, repo_type="dataset", revision=revision or None))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(
            f"data.source: {source!r} could not be fetched ({reason}); check the name, the revision, the network and, "
            "for a private data set, that you are logged in."
        ) from None
