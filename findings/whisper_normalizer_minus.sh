#!/usr/bin/env bash
# whisper-normalizer 0.1.15 (OpenAI's English normaliser; transformers has the same rules): a written minus sign is dropped,
# the spoken one is kept, since signs are removed before number words are read. A transcript "-10 degrees" for "10 degrees"
# has a word error rate of 0, and "minus 10" against "-10", which say the same, counts as an error.
# Guessed before: "minus ten", "minus 10" and "-10" become one text, and "10" another.
# Seen:
#   minus ten degrees -> -10 degrees
#   minus 10 degrees -> -10 degrees
#   -10 degrees -> 10 degrees
#   10 degrees -> 10 degrees
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "whisper-normalizer==0.1.15"
cat > "$work/signs.py" <<'PYTHON'
from whisper_normalizer.english import EnglishTextNormalizer

normalise = EnglishTextNormalizer()
for text in ("minus ten degrees", "minus 10 degrees", "-10 degrees", "10 degrees"):
    print(text, "->", normalise(text))
PYTHON
found=$("$work/venv/bin/python" "$work/signs.py" 2> "$work/log")
echo "$found"
[ "$found" = "minus ten degrees -> -10 degrees
minus 10 degrees -> -10 degrees
-10 degrees -> 10 degrees
10 degrees -> 10 degrees" ]
