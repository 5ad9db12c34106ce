#!/usr/bin/env bash
# libsndfile 1.2.2 (soundfile 0.14.0): of an MP3 of variable rate without a table of its frames (no Xing frame: what a
# program writes into a pipe) it estimates the length from the first frame, and reading stops there. Where the first
# second is louder than the rest, the rest is lost without an error; where it is quieter, a length is told that no
# reading reaches. The same sound with the table is read whole.
# Guessed before: that the length is wrong and reading goes on to the end all the same.
# Seen (frames told, frames read; 96,000 were written):
#   loud first, with the table: 96000 96000
#   loud first, without: 38736 38736
#   quiet first, without: 343872 97344
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "soundfile==0.14.0" "numpy==2.4.6"
cat > "$work/lengths.py" <<'PYTHON'
import io

import numpy
import soundfile


def frames(mp3):
    return soundfile.info(io.BytesIO(mp3)).frames, len(soundfile.read(io.BytesIO(mp3))[0])


print("soundfile", soundfile.__version__, soundfile.__libsndfile_version__)
loud = 0.3 * numpy.random.default_rng(0).standard_normal(2 * 16_000)
found = {}
for name, sound in (("loud first", (loud, 1e-4 * loud, 1e-4 * loud)), ("quiet first", (1e-4 * loud, loud, loud))):
    file = io.BytesIO()
    how = {"format": "MP3", "bitrate_mode": "VARIABLE", "compression_level": 0.4}
    soundfile.write(file, numpy.concatenate(sound), 16_000, **how)
    mp3 = file.getvalue()
    table = mp3.index(b"Xing")
    without = mp3[mp3.index(mp3[:2], table) :]  # all frames but the first, which holds the table and no sound
    found[name] = [frames(mp3), frames(without)]
    print(f"{name}, with the table:", *found[name][0])
    print(f"{name}, without:", *found[name][1])
assert all(with_table == (96_000, 96_000) for with_table, _ in found.values())
assert found["loud first"][1][1] < 0.5 * 96_000
told, read = found["quiet first"][1]
assert told > 3 * read > 3 * 96_000
PYTHON
timeout 120 "$work/venv/bin/python" "$work/lengths.py"
