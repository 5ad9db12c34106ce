#!/usr/bin/env bash
# webdataset 1.0.2: a sample is what shares a name up to the first point, not up to the last. Clips called by a version, a second
# or a speaker (a.1.wav, a.2.wav) become one sample with the fields 1.wav and 2.wav, without a word; a loop over them that asks for
# "wav" finds none. GNU tar packs such folders as they are. A set loses clips by how it is named.
# Guessed before: two samples.
# Seen:
#   rex 1.txt 1.wav 2.txt 2.wav
#   tom_1 txt wav
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "webdataset==1.0.2" "numpy==2.4.6"
cat > "$work/seen.py" <<'PYTHON'
import io
import tarfile

import webdataset

with tarfile.open("clips.tar", "w") as shard:
    for name in ("rex.1.wav", "rex.1.txt", "rex.2.wav", "rex.2.txt", "tom_1.wav", "tom_1.txt"):
        member = tarfile.TarInfo(name)
        member.size = 4
        shard.addfile(member, io.BytesIO(b"clip"))
for sample in webdataset.WebDataset("clips.tar", shardshuffle=False):
    print(sample["__key__"], *sorted(name for name in sample if not name.startswith("__")))
PYTHON
found=$(cd "$work" && venv/bin/python seen.py 2> log)
echo "$found"
[ "$found" = "rex 1.txt 1.wav 2.txt 2.wav
tom_1 txt wav" ]
