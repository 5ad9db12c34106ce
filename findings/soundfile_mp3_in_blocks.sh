#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2): an MP3 read in blocks (soundfile.blocks, or read(n) again and again) gives other
# samples than the same MP3 read at once. soundfile seeks to where it is after every read, and mpg123 then lacks the bits
# that earlier frames hold for the next ones: it writes "part2_3_length too large" to stderr and goes on.
# Guessed before: that Ogg Vorbis would differ, since its seeks are inexact, and that MP3 and FLAC would not.
# Seen (share of samples that differ, largest difference):
#   OGG 0.000 0.000
#   FLAC 0.000 0.000
#   MP3 0.237 0.115
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "soundfile==0.14.0" "numpy==2.4.6"
cat > "$work/blocks.py" <<'PYTHON'
import io

import numpy
import soundfile

print("soundfile", soundfile.__version__, soundfile.__libsndfile_version__)
noise = 0.1 * numpy.random.default_rng(0).standard_normal(60 * 16_000)
differing = {}
for kind in ("OGG", "FLAC", "MP3"):
    file = io.BytesIO()
    soundfile.write(file, noise, 16_000, format=kind)
    whole, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")
    parts = numpy.concatenate(list(soundfile.blocks(io.BytesIO(file.getvalue()), blocksize=5000, dtype="float32")))
    difference = numpy.abs(whole - parts)
    differing[kind] = float((difference > 0).mean())
    print(kind, f"{differing[kind]:.3f} {difference.max():.3f}")
assert differing["OGG"] == differing["FLAC"] == 0 and differing["MP3"] > 0.1
PYTHON
timeout 180 "$work/venv/bin/python" "$work/blocks.py" 2> "$work/log"
grep -q "part2_3_length" "$work/log"
