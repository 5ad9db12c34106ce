"""Labels in files of their own beside the sound: `a.wav` and `a.txt` with a label, or one in each line, as the test
part of IRMAS has them (Bosch et al. 2012, upf.edu/web/mtg/irmas); `a.cls`, as WebDataset unpacks; or in a folder of
their own, `audio/a.mp3` and `annotations/key/a.key`, as GiantSteps has them (Knees et al. 2015).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Any

from trainables.data.layouts.folder_splits import folders_may_be_classes, with_folder_splits
from trainables.data.layouts.found import lines_within, reading, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.table import Row

ENDINGS = (".txt", ".cls", ".label", ".lab", ".class", ".tag", ".key", ".genre", ".emotion", ".gender", ".language")
LEAST_SHARE = 0.5  # of the sound that has such a file
MOST_CLASSES = 0.5  # of the sounds
MOST_BYTES, MOST_WORDS, MOST_LETTERS = 4096, 4, 60  # of a file, a label


def read_label_texts(tree: Tree, wanted: Wanted) -> Reading | None:
    """None where the task wants no labels, where folders may be the classes, or where the files hold texts: long lines,
    or different ones nearly everywhere."""
    if wanted.column not in ("label", "labels") or wanted.column in wanted.columns:
        return None
    if wanted.column == "label" and folders_may_be_classes(tree.sounds):
        return None
    beside = _beside(tree)
    if len(beside) < max(2, LEAST_SHARE * len(tree.sounds)):
        return None
    found = {sound: _labels(tree, parts) for sound, parts in beside.items()}
    if any(labels is None for labels in found.values()):
        return None
    labels = {sound: of for sound, of in found.items() if of is not None}
    if wanted.column == "label" and any(len(of) != 1 for of in labels.values()):
        return None
    distinct = {label for of in labels.values() for label in of}
    if not 2 <= len(distinct) <= max(2, MOST_CLASSES * sum(map(len, labels.values()))):
        return None
    account = Account(layout=f"labels in files beside the sound ({len(beside)})")
    account.origins[wanted.column] = f"the lines of {len(beside)} files beside the sound"
    rows: list[Row] = []
    for sound in tree.sounds:
        if sound not in labels:
            account.not_read(shown(sound), "no label lies beside it")
            continue
        target: Any = labels[sound] if wanted.column == "labels" else labels[sound][0]
        rows.append((shown(beside[sound]), {"audio": shown(sound), wanted.column: target}))
    tree.taken |= {*beside.values()}
    tree.note_tables(account, "a table, and the files beside the sound give the labels")
    return with_folder_splits(reading(tree.folder, rows, wanted, account), wanted)


def _beside(tree: Tree) -> dict[Parts, Parts]:
    """Sound -> the one file of its name in its folder; where no sound has such a file, the one of its name, where one
    sound alone is called so."""
    files = {parts for parts in tree.others if parts[-1].lower().endswith(ENDINGS)}
    found = {}
    for sound in tree.sounds if files else ():
        stem = sound[-1].rpartition(".")[0]
        fits = [named for ending in ENDINGS if (named := (*sound[:-1], stem + ending)) in files]
        if len(fits) == 1:
            found[sound] = fits[0]
    return found or _apart(tree, files)


def _apart(tree: Tree, files: Collection[Parts]) -> dict[Parts, Parts]:
    by_stem: dict[str, list[Parts]] = defaultdict(list)
    for parts in files:
        by_stem[parts[-1].rpartition(".")[0]].append(parts)
    uses = Counter(sound[-1].rpartition(".")[0] for sound in tree.sounds)
    named = {sound: by_stem.get(sound[-1].rpartition(".")[0], []) for sound in tree.sounds}
    return {
        sound: fits[0] for sound, fits in named.items() if len(fits) == 1 and uses[sound[-1].rpartition(".")[0]] == 1
    }


def _labels(tree: Tree, parts: Parts) -> list[str] | None:
    """The filled lines; None where they are no labels."""
    lines = lines_within(tree.path(parts), MOST_BYTES)
    labels = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    fits = all(len(label.split()) <= MOST_WORDS and len(label) <= MOST_LETTERS for label in labels)
    return labels if labels and fits else None
