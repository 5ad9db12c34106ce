#!/usr/bin/env bash
# datasets 5.2.0: a folder of class folders is read by AudioFolder as one class each, until the name of one class holds a
# word that also names a split ("train" as in railway, "steam train", "test tone", "dev room"). That one folder then is the
# split, all files of the other classes are left out, and the labels are gone. There is no warning and no error.
# Guessed before: names of splits count only where every top folder has one, so that nothing changes here.
# Seen (files of each split; nine files, three in each class):
#   bus, car, tram: {'train': 9}, labels ['bus', 'car', 'tram']
#   bus, car, train: {'train': 3}, labels None
#   bus, car, steam train: {'train': 3}, labels None
#   birdsong, eval, wind: {'test': 3}, labels None
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "datasets==5.2.0"
cat > "$work/classes.py" <<'PYTHON'
import os
import sys
import wave

os.environ["HF_HOME"], os.environ["HF_HUB_OFFLINE"] = os.path.join(sys.argv[1], "home"), "1"
import datasets

for number, classes in enumerate((("bus", "car", "tram"), ("bus", "car", "train"), ("bus", "car", "steam train"),
                                  ("birdsong", "eval", "wind"))):
    folder = os.path.join(sys.argv[1], f"clips{number}")
    for name in classes:
        os.makedirs(os.path.join(folder, name))
        for clip in range(3):
            with wave.open(os.path.join(folder, name, f"{clip}.wav"), "wb") as file:
                file.setparams((1, 2, 16_000, 0, "NONE", ""))
                file.writeframes(bytes(3200))
    found = datasets.load_dataset_builder("audiofolder", data_dir=folder).config.data_files
    split, = datasets.load_dataset("audiofolder", data_dir=folder, streaming=True).values()
    labels = (split.features or {}).get("label")
    print(f"{', '.join(classes)}: { {str(key): len(files) for key, files in found.items()} }, "
          f"labels {labels and labels.names}")
PYTHON
found=$("$work/venv/bin/python" "$work/classes.py" "$work" 2> "$work/log")
echo "$found"
[ "$found" = "bus, car, tram: {'train': 9}, labels ['bus', 'car', 'tram']
bus, car, train: {'train': 3}, labels None
bus, car, steam train: {'train': 3}, labels None
birdsong, eval, wind: {'test': 3}, labels None" ]
