#!/usr/bin/env bash
# jiwer 4.0.0: a word ends at a space and nowhere else. A tab or a line break between two words (transcripts joined from lines,
# cells of a table) makes them one word, so that the same words have a word error rate of 1. werpy splits at
# any white space and says 0. Two spaces are harmless, since jiwer joins spaces first.
# Guessed before: words are split at any white space, as str.split() does it.
# Seen (word error rate against "the cat sat": jiwer, werpy):
#   'the  cat sat' 0.00 0.00
#   'the\tcat sat' 0.67 0.00
#   'the\ncat\nsat' 1.00 0.00
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "jiwer==4.0.0" "werpy==3.5.0"
cat > "$work/words.py" <<'PYTHON'
import jiwer
import werpy

for text in ("the  cat sat", "the\tcat sat", "the\ncat\nsat"):
    print(repr(text), f"{jiwer.wer('the cat sat', text):.2f} {werpy.wer('the cat sat', text):.2f}")
PYTHON
found=$("$work/venv/bin/python" "$work/words.py" 2> "$work/log")
echo "$found"
[ "$found" = "'the  cat sat' 0.00 0.00
'the\\tcat sat' 0.67 0.00
'the\\ncat\\nsat' 1.00 0.00" ]
