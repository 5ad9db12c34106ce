#!/usr/bin/env bash
# pedalboard 0.9.26: an MP3 is read with the encoder's delay and padding left in, although its first frame states both. Its
# sound comes 1,105 samples later (69 ms at 16 kHz) and the file is longer than in libsndfile, miniaudio and PyAV (FFmpeg),
# which agree with the sound that was written. FLAC and Vorbis are right. Labels in seconds do not fit from reader to reader.
# Guessed before: that miniaudio may be the one that differs; of pedalboard nothing was suspected.
# Seen (place of a click at 8,050 and length of 24,000 samples):
#   written 8050 24000
#   soundfile 8050 24000
#   miniaudio 8050 24000
#   PyAV 8050 24000
#   pedalboard, MP3 9155 25344
#   pedalboard, FLAC 8050 24000
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "pedalboard==0.9.26" "soundfile==0.14.0" "miniaudio==1.71" "av==18.1.0" "numpy==2.4.6"
cat > "$work/click.py" <<'PYTHON'
import sys

import av
import miniaudio
import numpy
import soundfile
from pedalboard.io import AudioFile

RATE = 16_000
sound = 0.001 * numpy.random.default_rng(0).standard_normal(24_000).astype("float32")
sound[8000:8100] += 0.8 * numpy.hanning(100).astype("float32")
mp3, flac = sys.argv[1] + "/click.mp3", sys.argv[1] + "/click.flac"
soundfile.write(mp3, sound, RATE)
soundfile.write(flac, sound, RATE)


def pedalboard(path):
    with AudioFile(path) as file:
        return file.read(file.frames)[0]


def pyav(path):
    with av.open(path) as file:
        return numpy.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


small = dict(output_format=miniaudio.SampleFormat.FLOAT32, nchannels=1, sample_rate=RATE)
for name, heard in (
    ("written", sound),
    ("soundfile", soundfile.read(mp3)[0]),
    ("miniaudio", numpy.array(miniaudio.decode_file(mp3, **small).samples)),
    ("PyAV", pyav(mp3)),
    ("pedalboard, MP3", pedalboard(mp3)),
    ("pedalboard, FLAC", pedalboard(flac)),
):
    print(name, numpy.abs(heard).argmax(), len(heard))
PYTHON
found=$("$work/venv/bin/python" "$work/click.py" "$work" 2> "$work/log")
echo "$found"
[ "$found" = "written 8050 24000
soundfile 8050 24000
miniaudio 8050 24000
PyAV 8050 24000
pedalboard, MP3 9155 25344
pedalboard, FLAC 8050 24000" ]
