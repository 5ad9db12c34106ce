"""Reference values of the matched-pairs sentence-segment test, from NIST's scoring toolkit.

    cd tests/golden/analysis && PATH=$PATH:/usr/lib/sctk/bin python mapsswe.py     (Debian: sctk)

Makes up transcripts with plain errors (every error is a word of its own, so that every alignment is the same), scores
them with sclite, tests them with sc_stats, and writes mapsswe.json: transcripts, segments, mean, deviation, z.
"""

import json
import random
import re
import subprocess
import tempfile
from pathlib import Path

UTTERANCES, WORDS = 40, 14


def spoilt(words: list[str], share: float, rng: random.Random, mark: str) -> list[str]:
    out: list[str] = []
    for number, word in enumerate(words):
        kind = rng.random() / share
        if kind < 0.6:
            out.append(f"{mark}{number}")  # substitution
        elif kind < 0.8:
            continue  # deletion
        elif kind < 1.0:
            out += [word, f"{mark}extra{number}"]  # insertion
        else:
            out.append(word)
    return out


def main() -> None:
    rng = random.Random(4)
    references = [[f"w{u}x{n}" for n in range(WORDS)] for u in range(UTTERANCES)]
    systems = {"a": 0.10, "b": 0.17}
    texts = {"reference": references}
    texts |= {name: [spoilt(words, share, rng, name) for words in references] for name, share in systems.items()}
    with tempfile.TemporaryDirectory() as folder:
        for name, utterances in texts.items():
            lines = [f"{' '.join(words)} (speaker_{u:03d})\n" for u, words in enumerate(utterances)]
            (Path(folder) / f"{name}.trn").write_text("".join(lines))
        sgml = ""
        for name in systems:
            command = ["sclite", "-r", "reference.trn", "trn", "-h", f"{name}.trn", "trn", name, "-i", "spu_id"]
            sgml += subprocess.run(
                [*command, "-o", "sgml", "stdout"], cwd=folder, capture_output=True, text=True
            ).stdout
        command = ["sc_stats", "-p", "-t", "mapsswe", "-v", "-n", "-"]
        report = subprocess.run(command, cwd=folder, input=sgml, capture_output=True, text=True).stdout
    line = next(line for line in report.splitlines() if line.startswith("MTCH_PR_RESULTS"))
    number = r"(-?[0-9.]+)"
    parts = re.search(rf"segs: {number}\).*mean: {number}\) \(std dev: {number}\) \(Z Stat: {number}\)", line)
    assert parts is not None, line
    found = dict(zip(("segments", "mean", "deviation", "z"), map(float, parts.groups()), strict=True))  # three decimals
    content = {**{name: [" ".join(words) for words in rows] for name, rows in texts.items()}, **found}
    Path("mapsswe.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
