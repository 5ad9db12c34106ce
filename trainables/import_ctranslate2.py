"""A Whisper of CTranslate2 (faster-whisper) as a checkpoint that sweeps take: every weight as it was, to the last bit.

FOLDER holds `model.bin`, `config.json` and `tokenizer.json`, with weights of float16 or float32. OUT becomes a folder
in Hugging Face's layout, with float32 in `model.safetensors`; the tokenizer is copied as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from trainables import command_line
from trainables.command_line import Parser
from trainables.conversion.folder import FILE, convert
from trainables.errors import InputError

PARSER = Parser("trainables.import_ctranslate2", "FOLDER OUT", __doc__ or "")
PARSER.words({"FOLDER": "what was converted for CTranslate2", "OUT": "the folder to be written; it must not exist"})


def parse(arguments: Sequence[str]) -> tuple[Path, Path]:
    given, problems = PARSER.read(arguments)
    if len(given.words) != 2:
        raise InputError([*problems, f"expected FOLDER and OUT, got {len(given.words)} words."])
    folder, out = (Path(word).expanduser() for word in given.words)
    if not (folder / FILE).is_file():
        problems.append(f"{folder}: holds no {FILE}; is it a model of CTranslate2?")
    if out.exists():
        problems.append(f"{out}: is there already; name a new folder, or remove it.")
    if problems:
        raise InputError(problems)
    return folder, out


def act(request: tuple[Path, Path]) -> None:
    folder, out = request
    print(f"{out}: {convert(folder, out):,} parameters.")
    where = f"search.model_size={out.absolute()}"
    print(f"Next: {command_line.to_copy('sweeps.run', 'search_spaces/whisper_lora.yaml', '--plan', where)}")


if __name__ == "__main__":
    sys.exit(command_line.main(parse, act))
