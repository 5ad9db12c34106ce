"""One JSON for each sound: `a.wav` and `a.json` (or `a.wav.json`), beside it or the only one of its name elsewhere, as
annotation tools, COUGHVID and whisper's own output have them. Its keys are columns; those of an object inside it are
called `annotation.label`. A list of objects with a start each, such as `segments`, gives a clip for each.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from trainables.data.layouts.folder_splits import folders_may_be_classes, with_folder_splits
from trainables.data.layouts.found import shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.clip_rows import examples_of
from trainables.data.tables.encoding import decoded
from trainables.data.tables.spellings import meaning
from trainables.data.tables.table import Row
from trainables.errors import InputError

ENDING = ".json"
LEAST_SHARE = 0.5  # of the sound that has one
MOST_BYTES = 64 << 20
_OF_A_WHOLE = ("label", "labels", "text", "targets", "start_seconds", "end_seconds", "seconds", "id")


def read_json_beside(tree: Tree, wanted: Wanted) -> Reading | None:
    """None where most sound has no such file, or its folders may be the classes.

    Raises InputError: the objects have not the task's key, with the keys that they have."""
    beside = _beside(tree)
    if not beside or len(beside) < LEAST_SHARE * len(tree.sounds):
        return None
    if wanted.column == "label" and "label" not in wanted.columns and folders_may_be_classes(tree.sounds):
        return None
    account = Account(layout=f"one JSON beside each sound ({len(beside)} {ENDING} files)")
    rows: list[Row] = []
    lists = set()
    for sound, parts in beside.items():
        try:
            content = _content(tree, parts)
        except InputError as error:
            account.leave_out(shown(parts), error.problems[0])
            continue
        for name, where, values in _clips(content, wanted):
            lists |= {name} if name else set()
            kept = {key: value for key, value in values.items() if meaning(key) not in ("audio", "id")}
            rows.append((f"{shown(parts)}{where}", {**kept, "audio": shown(sound)}))
    if lists:
        account.guesses.append(
            f"Every object in the lists {', '.join(sorted(lists))} is a clip; `data.columns` names keys of the whole "
            "where the whole file is meant."
        )
    if not rows:
        raise InputError(f"{tree.folder}: none of the {len(beside)} {ENDING} files beside the sound can be read.")
    for sound in tree.sounds:
        if sound not in beside:
            account.not_read(shown(sound), f"no {ENDING} file lies beside it")
    tree.note_tables(account, f"a table, and the {ENDING} files beside the sound are read", but={*beside.values()})
    examples = examples_of(tree.folder, rows, wanted.audio_folder or tree.folder, wanted, account)
    account.origins.pop("audio", None)
    return with_folder_splits(Reading(examples, account), wanted)


def _beside(tree: Tree) -> dict[Parts, Parts]:
    """Sound -> its JSON: in its folder, or the only one of its name; one that would belong to several is of none."""
    named: dict[str, list[Parts]] = defaultdict(list)
    for parts in tree.tables:
        if parts[-1].lower().endswith(ENDING):
            named[parts[-1][: -len(ENDING)]].append(parts)
    found = {}
    for sound in tree.sounds if named else ():
        fits = [*named.get(sound[-1].rpartition(".")[0], ()), *named.get(sound[-1], ())]
        chosen = [parts for parts in fits if parts[:-1] == sound[:-1]] or fits
        if len(chosen) == 1:
            found[sound] = chosen[0]
    counts = Counter(found.values())
    return {sound: parts for sound, parts in found.items() if counts[parts] == 1}


def _content(tree: Tree, parts: Parts) -> Any:
    """Raises InputError: a file that holds no JSON of an object or of a list of objects."""
    path = tree.path(parts)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"is larger than {MOST_BYTES >> 20} MiB.")
        content = json.loads(decoded(path, path.read_bytes()))
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError):
        raise InputError("is no JSON.") from None
    if isinstance(content, dict) or (isinstance(content, list) and all(isinstance(one, dict) for one in content)):
        return content
    raise InputError("holds neither an object nor a list of objects.")


def _clips(content: Any, wanted: Wanted) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The list that a clip stands in ("" for the whole file), where in it, and the clip's values."""
    whole = content if isinstance(content, Mapping) else {}
    lists = {name: value for name, value in whole.items() if _has_starts(value)} if whole else {"the file": content}
    chosen = wanted.columns.get(wanted.column, wanted.column)
    name = next((name for name, of in lists.items() if any(_has(one, wanted.column, chosen) for one in of)), None)
    if name is None or (wanted.column in wanted.columns and chosen in whole):
        yield "", "", _flat(whole)
        return
    around = {key: value for key, value in _flat(whole).items() if meaning(key) not in _OF_A_WHOLE}
    around = {key: value for key, value in around.items() if not isinstance(value, list)}
    for number, one in enumerate(lists[name], start=1):
        yield name, f" {name} {number}", {**around, **_flat(one)}


def _has_starts(value: Any) -> bool:
    """Whether a list holds objects alone, each with the time at which it begins."""
    if not isinstance(value, list) or not value or not all(isinstance(one, Mapping) for one in value):
        return False
    return all(any(meaning(str(key)) == "start_seconds" for key in one) for one in value)


def _has(one: Mapping[str, Any], column: str, chosen: str) -> bool:
    return any(key == chosen or meaning(key) == column for key in _flat(one))


def _flat(value: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of objects inside stand behind the name of the object: `annotation.label`."""
    flat: dict[str, Any] = {}
    for key, inside in value.items():
        if isinstance(inside, Mapping):
            flat |= {f"{key}.{name}": of for name, of in inside.items()}
        else:
            flat[str(key)] = inside
    return flat
