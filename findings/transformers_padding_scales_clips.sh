#!/usr/bin/env bash
# transformers 5.23.0: Wav2Vec2FeatureExtractor (do_normalize, as most checkpoints have it) scales each clip to unit variance,
# but after padding: where it returns no attention mask, which is its default, the zeros of the padding count. A clip of 1 s
# beside one of 10 s comes out 3.2 times as loud as alone, and so does one padded to max_length. With an attention mask, or
# with pad() on clips that were prepared one by one, it does not.
# Guessed before: every clip is scaled by its own samples, so that its neighbours change nothing but the zeros behind it.
# Seen (standard deviation of the samples of a clip of 1 s):
#   alone 1.00
#   beside 10 s 3.16
#   padded to 10 s 3.16
#   beside 10 s, with a mask 1.00
#   alone, then pad() 1.00
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "transformers==5.23.0" "numpy==2.4.6"
cat > "$work/scale.py" <<'PYTHON'
import numpy
from transformers import Wav2Vec2FeatureExtractor

RATE = 16_000
rng = numpy.random.default_rng(0)
short, long = (0.1 * rng.standard_normal(seconds * RATE).astype("float32") for seconds in (1, 10))
prepare = Wav2Vec2FeatureExtractor()
one, other = (prepare(clip, sampling_rate=RATE)["input_values"][0] for clip in (short, long))
for name, batch in (
    ("alone", prepare(short, sampling_rate=RATE)),
    ("beside 10 s", prepare([short, long], sampling_rate=RATE, padding=True)),
    ("padded to 10 s", prepare(short, sampling_rate=RATE, padding="max_length", max_length=10 * RATE)),
    ("beside 10 s, with a mask", prepare([short, long], sampling_rate=RATE, padding=True, return_attention_mask=True)),
    ("alone, then pad()", prepare.pad([{"input_values": one}, {"input_values": other}], padding=True)),
):
    print(name, f"{numpy.asarray(batch['input_values'][0])[:RATE].std():.2f}")
PYTHON
found=$("$work/venv/bin/python" "$work/scale.py" 2> "$work/log")
echo "$found"
[ "$found" = "alone 1.00
beside 10 s 3.16
padded to 10 s 3.16
beside 10 s, with a mask 1.00
alone, then pad() 1.00" ]
