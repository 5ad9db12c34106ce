"""What docs/evidence.md quotes of the published comparison is what the command prints."""

import json
import re
from pathlib import Path

from analysis.compare.command import main

ROOT = Path(__file__).parents[3]


def test_the_quoted_sentences_and_the_file_are_current(capsys, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    quoted = " ".join(line.removeprefix(">").strip() for line in text.splitlines() if line.startswith(">"))
    assert main(["examples/published/attention_mlp.json"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] in quoted
    assert next(line for line in printed if line.startswith("To settle")) in quoted
    shown = json.loads(re.search(r"```json\n(.*?)```", text, re.S)[1])
    assert shown == json.loads((ROOT / "examples" / "published" / "attention_mlp.json").read_text(encoding="utf-8"))
