#!/usr/bin/env bash
# python-soxr 1.1.0: 16-bit samples are dithered on the way out, and nothing of the interface says so or turns it off. Digital
# silence comes back as -1, 0 and 1 (a check for silent clips by `any()` passes them), and a constant 7 as 6, 7 and 8. The same
# samples given as float stay silent. Two equal calls agree, so the noise is the same in every clip: it correlates between them.
# Guessed before: silence stays silence, and 16-bit output is the rounded float output.
# Seen:
#   16-bit silence [-1, 0, 1] not zero: 23%
#   float silence [0.0]
#   a second clip has the same noise: True
#   samples that are not the rounded float: 34%
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "soxr==1.1.0" "numpy==2.4.6"
cat > "$work/seen.py" <<'PYTHON'
import numpy as np
import soxr

silence = np.zeros(44100, dtype=np.int16)
short = soxr.resample(silence, 44100, 16000)
print("16-bit silence", sorted(set(short.tolist())), f"not zero: {np.mean(short != 0):.0%}")
print("float silence", sorted(set(soxr.resample(silence.astype(np.float32), 44100, 16000).tolist())))
print("a second clip has the same noise:", np.array_equal(short, soxr.resample(silence, 44100, 16000)))
noise = (1000 * np.random.default_rng(0).normal(size=44100)).astype(np.int16)
rounded = np.rint(soxr.resample(noise.astype(np.float64), 44100, 16000))
print(f"samples that are not the rounded float: {np.mean(soxr.resample(noise, 44100, 16000) != rounded):.0%}")
PYTHON
found=$(cd "$work" && venv/bin/python seen.py 2> log)
echo "$found"
[ "$found" = "16-bit silence [-1, 0, 1] not zero: 23%
float silence [0.0]
a second clip has the same noise: True
samples that are not the rounded float: 34%" ]
