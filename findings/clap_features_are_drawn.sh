#!/usr/bin/env bash
# transformers 5.23.0: features of CLAP are drawn anew at every call, in evaluation too. Of a clip over 10 s three chunks are
# chosen by NumPy's global generator; and where no clip of a batch is long, one of them, drawn, is marked `is_longer`, so that
# the model mixes its (equal) views with other weights. An embedding or a zero-shot score then depends on chance and on the batch.
# Guessed before: the same clips give the same features.
# Seen:
#   a clip of 12 s twice equal: False
#   three equal clips of 1 s, called long: [1] of 3
#   which of them: [0, 1, 2]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "transformers==5.23.0" "torch==2.14.1" "numpy==2.4.6"
cat > "$work/seen.py" <<'PYTHON'
import numpy as np
from transformers import ClapFeatureExtractor

extract = ClapFeatureExtractor()
noise = np.random.default_rng(0).normal(size=12 * 48000).astype(np.float32)


def features(clips: list) -> dict:
    return extract(clips, sampling_rate=48000, return_tensors="np")


np.random.seed(0)
twice = [features([noise])["input_features"] for _ in range(2)]
print("a clip of 12 s twice equal:", np.array_equal(*twice))
short = noise[:48000]
marks = [features([short, short, short])["is_longer"][:, 0].tolist() for _ in range(20)]
print("three equal clips of 1 s, called long:", sorted({sum(mark) for mark in marks}), "of 3")
print("which of them:", sorted({mark.index(True) for mark in marks}))
PYTHON
found=$(cd "$work" && venv/bin/python seen.py 2> log)
echo "$found"
[ "$found" = "a clip of 12 s twice equal: False
three equal clips of 1 s, called long: [1] of 3
which of them: [0, 1, 2]" ]
