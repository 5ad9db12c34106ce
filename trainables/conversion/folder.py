"""A folder of CTranslate2, or one that an installed package brings, as a checkpoint in Hugging Face's layout."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from trainables.conversion import ctranslate2, whisper
from trainables.data.atomic import atomic_folder
from trainables.errors import InputError
from trainables.modeling.checkpoints import PACKAGE, WEIGHTS, checkpoints_folder

FILE, TOLD, TOKENIZER = "model.bin", "config.json", "tokenizer.json"


def convert(folder: Path, out: Path) -> int:
    """Writes OUT, whole or not at all. Returns the number of parameters.

    Raises InputError: not a Whisper of float16 or float32, or a file is absent or damaged.
    """
    from safetensors.numpy import save_file

    told = {}
    if (folder / TOLD).is_file():
        try:
            told = json.loads((folder / TOLD).read_text(encoding="utf-8"))
        except ValueError:
            raise InputError(f"{folder / TOLD}: is no JSON.") from None
    model = ctranslate2.read_model(folder / FILE)
    found = whisper.weights(model, folder / FILE)
    vocabulary = whisper.vocabulary_of(folder / TOKENIZER)
    beside = whisper.files(found, model, told, vocabulary, folder)
    with atomic_folder(out) as made:
        save_file(found, made / WEIGHTS, metadata={"format": "pt"})
        (made / WEIGHTS).chmod(0o644)
        for name, content in beside.items():
            (made / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        shutil.copyfile(folder / TOKENIZER, made / TOKENIZER)
    return sum(values.size for values in found.values())


def unpack(checkpoint: str) -> None:
    """Converts what a package brings, where `checkpoint` is its folder (`checkpoints.from_folder`) and is not there.

    Raises InputError: it is not installed, or brings no such weights.
    """
    if asked := PACKAGE.fullmatch(checkpoint):
        raise InputError(
            f"search.model_size: the package {asked[1]} is not installed, which brings these weights; `uv run --group "
            "weights ...` brings what the dependency group `weights` of pyproject.toml lists."
        )
    out = Path(checkpoint)
    if out.parent != checkpoints_folder() or out.exists():
        return
    name = out.name.rpartition("-")[0]
    try:
        brought = [Path(str(file.locate())) for file in files(name) or () if file.name == FILE]
    except PackageNotFoundError:
        return  # a folder of that name is looked for, and not found
    if len(brought) != 1:
        raise InputError(f"search.model_size: the package {name} brings {len(brought)} files {FILE}, and not one.")
    convert(brought[0].parent, out)
