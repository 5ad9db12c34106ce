"""A checkpoint whose weights are a pickle (`pytorch_model.bin`) as one of safetensors: the same tensors.

A pickle may hold any program, so that sweeps load none. It is read here by torch's own reader, which takes tensors and
nothing else. FOLDER holds `config.json` and `pytorch_model.bin`, or its parts; OUT becomes a folder with
`model.safetensors` and the small files beside it. Your own code in FOLDER stays where it is.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from trainables import command_line
from trainables.command_line import Parser
from trainables.conversion.pickled import read_tensors
from trainables.data.atomic import atomic_folder
from trainables.errors import InputError

PARSER = Parser("trainables.import_bin", "FOLDER OUT", __doc__ or "")
PARSER.words({"FOLDER": "a checkpoint, as `hf download` gives it", "OUT": "the folder to be written; must not exist"})
PARTS = "pytorch_model*.bin"
BESIDE = ("*.json", "*.txt", "*.model", "README.md", "LICENSE*")


def parse(arguments: Sequence[str]) -> tuple[Path, Path]:
    given, problems = PARSER.read(arguments)
    if len(given.words) != 2:
        raise InputError([*problems, f"expected FOLDER and OUT, got {len(given.words)} words."])
    folder, out = (Path(word).expanduser() for word in given.words)
    if not any(folder.glob(PARTS)):
        problems.append(f"{folder}: holds no pytorch_model.bin.")
    if not (folder / "config.json").is_file():
        problems.append(f"{folder}: holds no config.json, which says what the weights are of.")
    if out.exists():
        problems.append(f"{out}: is there already; name a new folder, or remove it.")
    if problems:
        raise InputError(problems)
    return folder, out


def act(request: tuple[Path, Path]) -> None:
    folder, out = request
    tensors, shared = convert(folder, out)
    twice = f" ({shared} of them were stored under a second name, which is dropped)" if shared else ""
    print(f"{out}: {tensors} tensors{twice}.")
    where = f"search.model_size={out.absolute()}"
    print(f"Next: {command_line.to_copy('sweeps.run', 'SWEEP', '--plan', where)}")


def convert(folder: Path, out: Path) -> tuple[int, int]:
    """Writes OUT, whole or not at all. Returns how many tensors it has, and how many second names were dropped.

    Raises InputError: a file is damaged, or holds something other than tensors.
    """
    from safetensors.torch import save_file

    tensors, shared = read_tensors(sorted(folder.glob(PARTS)))
    with atomic_folder(out) as made:
        save_file(tensors, made / "model.safetensors", metadata={"format": "pt"})
        (made / "model.safetensors").chmod(0o644)
        for path in (path for pattern in BESIDE for path in folder.glob(pattern)):
            if not path.name.startswith("pytorch_model"):  # the index of the parts
                shutil.copyfile(path, made / path.name)
    return len(tensors), shared


if __name__ == "__main__":
    sys.exit(command_line.main(parse, act))
