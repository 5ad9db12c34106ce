"""What `data.source` names: a manifest, a folder, a data set on the hub, or a built-in generator."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import unicodedata
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np

from trainables.data.atomic import atomic_folder
from trainables.data.beside.split_lists import with_splits_beside
from trainables.data.examples import Example
from trainables.data.formats.manifest import read_manifest
from trainables.data.hub import HUB, read_hub
from trainables.data.layouts.folder_splits import with_folder_splits
from trainables.data.layouts.folders import read_folder
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.split_names import split_name
from trainables.errors import InputError

# Name -> what its targets are, and a module with `generate(folder, seed) -> list[Example]`
GENERATORS: dict[str, tuple[str, str]] = {
    "speech_detection": ("label", "trainables.data.generators.speech_detection"),
    "drum_rudiments": ("label", "trainables.data.generators.drum_rudiments"),
    "voice_ratings": ("targets", "trainables.data.generators.voice_ratings"),
    "sound_scenes": ("labels", "trainables.data.generators.sound_scenes"),
    "digit_strings": ("text", "trainables.data.generators.digit_strings"),
    "spoken_sentences": ("text", "trainables.data.generators.spoken_sentences"),
}


ON_HUB = re.compile(r"(?:https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/|hf:/+)([^/?#]+/[^/?#]+)", re.I)


def open_source(source: str, wanted: Wanted, *, base_folder: Path, seed: int) -> Reading:
    """The examples that `source` names, with absolute paths, and how they were understood; nothing is decoded.

    A path is looked for in `base_folder`, then in the current directory; a built-in's name always means the built-in
    (write `./name` for a folder of that name). Generated and extracted audio is kept in `wanted.cache_folder`; `seed`
    is the generators'. Ids and groups are in Unicode's composed form, whichever form names of files have.
    Raises InputError: nothing there, or nothing that can be read.
    """
    reading = _opened(source, wanted, base_folder, seed)
    return replace(reading, examples=[_composed(example) for example in reading.examples])


def _opened(source: str, wanted: Wanted, base_folder: Path, seed: int) -> Reading:
    if source in GENERATORS:
        return Reading(_generated(source, wanted, seed), Account(layout=f"made by the generator {source}"))
    if source.startswith(HUB):
        return read_hub(source, wanted)
    try:
        written = Path(source).expanduser()
    except RuntimeError:
        raise InputError(f"data.source: {source!r} names the home folder of nobody here.") from None
    candidates = list(dict.fromkeys((Path(base_folder).absolute() / written, Path.cwd() / written)))
    for path in candidates:
        if path.is_dir():
            return read_folder(path, wanted)
        if path.is_file():
            reading = with_splits_beside(path, with_folder_splits(read_manifest(path, wanted), wanted), wanted)
            if "split" not in reading.account.origins:
                reading.account.advice += _other_splits(path)
            if wanted.layout is not None:
                reading.account.guesses.append(
                    f"data.layout is about folders; {path.name} is a table, and is read as one."
                )
            return reading
    if address := re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", source):
        raise InputError(f"data.source: {source!r} is an address. {_instead(source, address[0])}")
    near = difflib.get_close_matches(source, GENERATORS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise InputError(
        f"data.source: {source!r} is no file or folder (looked for {' and '.join(map(str, candidates))}), no "
        f"{HUB}owner/name and no built-in ({', '.join(GENERATORS)}).{hint}"
    )


def _other_splits(path: Path) -> list[str]:
    """A sentence where a table of training clips stands beside those of other splits."""
    ending = path.name[len(path.name.split(".")[0]) :]
    if split_name(path.name.removesuffix(ending)) != "train":
        return []
    beside = [other.name for other in sorted(path.parent.glob(f"*{ending}"))]
    others = [name for name in beside if split_name(name.removesuffix(ending)) in ("validation", "test")]
    if not others:
        return []
    return [
        f"Beside {path.name} stand {', '.join(others)}, which are not read: all splits are drawn from {path.name}. The "
        "folder as data.source reads every table as its own split."
    ]


def _instead(address: str, scheme: str) -> str:
    """What to write in place of an address that is not read."""
    if on_hub := ON_HUB.match(address):
        return f"Write {HUB}{on_hub[1]} for the data set on the hub."
    if scheme.lower() == "file:/":
        return "Write the path alone."
    return f"Only {HUB}owner/name is fetched; download what it names, and give the file or folder."


def _composed(example: Example) -> Example:
    """As a manifest has it that names them: macOS writes the names of files with accents apart from their letters."""
    names = (example.id, example.group)
    composed = [unicodedata.normalize("NFC", name).strip() for name in names]
    return example if (*composed,) == names else replace(example, id=composed[0], group=composed[1])


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
