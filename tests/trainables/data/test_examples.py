from __future__ import annotations

import json

from trainables.data.examples import AudioPiece, Example


def test_an_example_survives_json():
    pieces = (AudioPiece("/a.wav"), AudioPiece("/b.wav", 0.5, 1.0))
    for example in (
        Example("x", pieces, "g", "a"),
        Example("x", pieces, "g", [0.1, 0.2], "train", "3", 4000.0, 0.25, 1.5),
    ):
        assert Example.from_dict(json.loads(json.dumps(example.as_dict()))) == example
