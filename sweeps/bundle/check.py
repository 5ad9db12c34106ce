"""Whether a bundle is what it was, and whether its verdict follows from its predictions."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sweeps.bundle.write import LAYOUT
from sweeps.config.load import parse_sweep
from sweeps.judge import judge, recorded_task
from trainables.errors import InputError

READ_BYTES = 1 << 20
SHOWN = 5
ELSEWHERE = 1e-9  # what another processor's last digits may make of a number

DRAWN = ("beside", "chances")  # probabilities by random draws, which another processor may round differently


@dataclass(frozen=True)
class Checked:
    good: bool
    lines: tuple[str, ...]


def check_bundle(path: Path) -> Checked:
    """Raises InputError where the file is no bundle, or one of a later version."""
    contents, recorded, source_text = _read(path)
    wrong = list(_wrong_files(path, contents["files"]))
    if wrong:
        shown = ", ".join(wrong[:SHOWN]) + (", ..." if len(wrong) > SHOWN else "")
        return Checked(False, (f"{len(wrong)} files are not what was bundled: {shown}",))
    first = f"{len(contents['files'])} files of {contents['sweep']} are what was bundled (SHA-256)"
    again = _again(path, contents, source_text)
    told = {"labels": recorded["labels"], "each": recorded["each"], "design": tuple(recorded.get("design", ()))}
    same_names = replace(again, **told)  # what the predictions do not say
    from analysis.verdict.wording import as_record

    now = json.loads(json.dumps(as_record(same_names)))
    for name in DRAWN:  # they follow from the rest
        recorded.pop(name, None)
        now.pop(name)
    for name in {"design", "worth"} - recorded.keys():  # a bundle of before
        del now[name]
    differences = list(_differences(recorded, now, ""))
    numbers = sum(1 for _ in _leaves(recorded))
    again_from = "the verdict, computed again from the predictions"
    if not differences:
        same = f"{again_from}, is the same to the last digit ({numbers} values)"
        return Checked(True, (first, same, f"  {now['sentence']}"))
    furthest = max(distance for _, distance in differences)
    names = ", ".join(name for name, _ in differences[:SHOWN])
    if furthest <= ELSEWHERE:
        near = f"{len(differences)} of {numbers} values differ by at most {furthest:.1e}, as processors do: {names}"
        return Checked(True, (first, f"{again_from}: {near}", f"  {now['sentence']}"))
    return Checked(
        False,
        (
            first,
            f"the verdict does not follow from the predictions: {len(differences)} of {numbers} values differ: {names}",
            f"  recorded: {recorded['sentence']}",
            f"  computed: {now['sentence']}",
        ),
    )


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any], str]:
    from analysis.record.bundled import CONTENTS

    try:
        with zipfile.ZipFile(path) as file:
            contents = json.loads(file.read(CONTENTS))
            layout = int(contents["layout"])
            names = set(file.namelist())
            lacking = [name for name in ("verdict.json", "sweep.yaml") if name not in names]
            recorded = {} if lacking else json.loads(file.read("verdict.json"))
            text = "" if lacking else file.read("sweep.yaml").decode()
            contents["files"].items()
    except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(f"--check: {str(path)!r} is no file that sweeps.bundle wrote ({error}).") from None
    if layout > LAYOUT:
        raise InputError(f"--check: {path} has the layout {layout}, and this version reads up to {LAYOUT}: update it.")
    if lacking:
        raise InputError(f"--check: {path} lacks {', '.join(lacking)}; bundle the sweep again.")
    return contents, recorded, text


def _wrong_files(path: Path, files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Names whose content is another one, that are missing, or that nobody bundled."""
    from analysis.record.bundled import CONTENTS

    with zipfile.ZipFile(path) as file:
        there = file.namelist()
        yield from sorted({name for name in there if there.count(name) > 1})
        yield from sorted(set(there) ^ {*files, CONTENTS})
        for name, known in files.items():
            if name not in there:
                continue
            found = hashlib.sha256()
            try:
                with file.open(name) as part:
                    left = int(known["bytes"]) + 1  # no more is unpacked than there is to be
                    while left > 0 and (block := part.read(min(READ_BYTES, left))):
                        found.update(block)
                        left -= len(block)
            except (zipfile.BadZipFile, OSError, ValueError):
                yield name
                continue
            if left != 1 or found.hexdigest() != known["sha256"]:
                yield name


def _again(path: Path, contents: Mapping[str, Any], source_text: str) -> Any:
    from analysis.record.bundled import SCHEME
    from analysis.record.reader import read_sweep

    uri, sweep_id, look = f"{SCHEME}{path.absolute()}", str(contents["sweep"]), int(contents["look"])
    spec = parse_sweep(source_text, base_folder=".", recorded=True)
    task = recorded_task(spec, read_sweep(uri, sweep_id, look=look))
    return judge(spec, task, uri, sweep_id, look=look)


def _differences(recorded: Any, now: Any, where: str) -> Iterator[tuple[str, float]]:
    """Each value that is another one, and by how much; infinity where that is no number."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        for name in sorted(recorded.keys() | now.keys()):
            if name not in recorded or name not in now:
                yield f"{where}{name}", math.inf
            else:
                yield from _differences(recorded[name], now[name], f"{where}{name}.")
    elif isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for index, (one, other) in enumerate(zip(recorded, now, strict=True)):
            yield from _differences(one, other, f"{where}{index}.")
    elif recorded != now and not _both_nan(recorded, now):
        both = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (recorded, now))
        yield where.rstrip("."), abs(recorded - now) if both else math.inf


def _both_nan(one: Any, other: Any) -> bool:
    return isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    else:
        yield value
