#!/usr/bin/env bash
# webrtcvad-wheels 2.0.14.post1: a Vad object remembers the level of what it heard before, and cannot be told to forget. The
# same file has another share of speech when the object was used for a loud recording first; set_mode() does not reset it,
# so one object for a whole corpus makes the result depend on the order of the files. Its readme shows is_speech(frame, rate)
# as a question about one frame.
# Guessed before: the same decisions, whatever was heard before.
# Seen (share of speech in a quiet file of 2 s: new object, after 10 s of noise, after set_mode and the file again):
#   mode 1: 0.939 1.000 0.970
#   mode 3: 0.788 0.606 0.788
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "webrtcvad-wheels==2.0.14.post1" "numpy==2.4.6"
cat > "$work/vad.py" <<'PYTHON'
import numpy
import webrtcvad

RATE, FRAME = 16_000, 480
rng = numpy.random.default_rng(0)
time = numpy.arange(2 * RATE) / RATE
phase = 2 * numpy.pi * numpy.cumsum(120 + 20 * numpy.sin(2 * numpy.pi * 0.7 * time)) / RATE
voice = sum(numpy.sin(k * phase) / k for k in range(1, 30)) * (numpy.sin(2 * numpy.pi * 3 * time) > 0)  # on and off
quiet = 0.02 * voice + 1e-4 * numpy.random.default_rng(1).standard_normal(len(time))
noise = 0.3 * rng.standard_normal(10 * RATE)


def share(vad, sound):
    pcm = (numpy.clip(sound, -1, 1) * 32767).astype("<i2")
    frames = [pcm[at : at + FRAME].tobytes() for at in range(0, len(pcm) - FRAME + 1, FRAME)]
    return sum(vad.is_speech(frame, RATE) for frame in frames) / len(frames)


for mode in (1, 3):
    fresh = share(webrtcvad.Vad(mode), quiet)
    used = webrtcvad.Vad(mode)
    share(used, noise)
    after = share(used, quiet)
    used.set_mode(mode)
    print(f"mode {mode}: {fresh:.3f} {after:.3f} {share(used, quiet):.3f}")
PYTHON
found=$("$work/venv/bin/python" "$work/vad.py" 2> "$work/log")
echo "$found"
[ "$found" = "mode 1: 0.939 1.000 0.970
mode 3: 0.788 0.606 0.788" ]
