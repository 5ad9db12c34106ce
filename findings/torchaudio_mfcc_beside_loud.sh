#!/usr/bin/env bash
# torchaudio 2.11.0: MFCC cuts its spectrogram at 80 dB below the loudest value, per clip where the input is (batch, channel,
# time), but over the whole batch where it is (batch, time): three dimensions count as channels of one clip. The features of a
# quiet clip then depend on the clips beside it. The documentation of MFCC warns of clips cut into snippets, not of batches.
# Guessed before: that a quiet clip changes beside a loud one, from reading the source; not that an axis of channels decides it.
# Seen (largest difference of a quiet clip's MFCC from those of the clip alone):
#   (time) beside nothing 0.0
#   (batch, channel, time) beside a loud clip 0.0
#   (batch, time) beside a loud clip 249.8
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "torchaudio==2.11.0" "torch==2.14.1"
cat > "$work/beside.py" <<'PYTHON'
import torch
import torchaudio

RATE = 16_000
torch.manual_seed(0)
quiet = 1e-4 * torch.randn(RATE)
loud = 0.9 * torch.sin(torch.arange(RATE) / 3)
features = torchaudio.transforms.MFCC(RATE)
alone, pair = features(quiet), torch.stack([quiet, loud])
for name, found in (
    ("(time) beside nothing", features(quiet.clone())),
    ("(batch, channel, time) beside a loud clip", features(pair[:, None])[0, 0]),
    ("(batch, time) beside a loud clip", features(pair)[0]),
):
    print(name, f"{(found - alone).abs().max():.1f}")
PYTHON
found=$("$work/venv/bin/python" -W ignore "$work/beside.py" 2> "$work/log")
echo "$found"
quiet=$(echo "$found" | head -2)
[ "$quiet" = "(time) beside nothing 0.0
(batch, channel, time) beside a loud clip 0.0" ]
echo "$found" | tail -1 | awk '{ exit !($NF > 50) }'
