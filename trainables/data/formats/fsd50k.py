"""FSD50K: `FSD50K.ground_truth/dev.csv` (fname, labels, mids, split) and `eval.csv`, the sound in `FSD50K.dev_audio/`
and `FSD50K.eval_audio/` (Fonseca et al. 2020, arXiv:2010.00475). Most clips have several labels."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainables.data.formats.known import MANY_LABELS, KnownTable
from trainables.data.reading import Account, Wanted
from trainables.data.tables.table import Row, Table

_SPLITS = {"train": "train", "val": "validation"}  # of dev.csv; eval.csv is the test


def _read(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    side = "eval" if path.stem.lower().startswith("eval") else "dev"
    uploaders = _uploaders(path.parent, side)
    sides: dict[str, set[str]] = defaultdict(set)
    kept: list[Row] = []
    for where, row in table.rows:
        labels = [label for label in str(row.get("labels") or "").split(",") if label]
        if len(labels) > 1 and wanted.column == "label" and wanted.columns.get("label") == "labels":
            account.leave_out(where, MANY_LABELS)
            continue
        if wanted.column == "labels":
            row = {**row, "labels": labels}
        name = str(row.get("fname"))
        group = uploaders.get(name, name)
        split = "test" if side == "eval" else _SPLITS.get(str(row.get("split")), "train")
        sides[group].add(split)
        kept.append((where, {**row, "audio": f"{name}.wav", "group": group, "split": split}))
    torn = {group for group, splits in sides.items() if len(splits) > 1}
    if torn:
        account.guesses.append(
            f"{len(torn)} uploaders stand in train and val of {path.name}: their clips are no groups."
        )
        kept = [(where, {**row, "group": row["fname"]} if row["group"] in torn else row) for where, row in kept]
    account.origins["split"] = "column split of dev.csv; eval.csv is the test"
    account.origins["group"] = (
        "the uploader" if uploaders else "the clip: FSD50K.metadata, with the uploaders, is absent"
    )
    return replace(table, rows=kept), wanted


def _uploaders(folder: Path, side: str) -> Mapping[str, str]:
    """Clip -> who put it on Freesound, from the metadata beside the ground truth."""
    path = folder.parent / "FSD50K.metadata" / f"{side}_clips_info_FSD50K.json"
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(info["uploader"]) for name, info in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


TABLES = (KnownTable("FSD50K", frozenset({"fname", "labels", "mids"}), {"label": "labels"}, _read),)
