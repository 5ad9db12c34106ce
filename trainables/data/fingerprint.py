"""Which data a sweep saw: one hash over what was heard, what it was called and on which side it stood."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.digests import bytes_digest


def fingerprint(examples: Sequence[Example], splits: Mapping[str, str]) -> str:
    """64 hex digits (SHA-256) over the bytes of the audio files, crops, low-pass, targets, splits, languages, weights,
    questions.

    Neither paths, ids and group names nor the order count: the same data in another folder has the same fingerprint.
    Raises OSError: a file cannot be read.
    """
    digests = file_digests(examples)
    entries = sorted(
        json.dumps(
            [
                [_piece(digests[piece.path], piece) for piece in example.audio],
                [example.start_seconds, example.seconds, example.lowpass_hz],
                example.target,
                splits[example.id],
                *([] if example.language is None else [example.language]),
                *([] if example.weight is None else [{"weight": example.weight}]),
                *([] if example.question is None else [{"question": example.question}]),
            ]
        )
        for example in examples
    )
    return hashlib.sha256("\n".join(entries).encode()).hexdigest()


def _piece(digest: str, piece: AudioPiece) -> list[Any]:
    return [digest, piece.start_seconds, piece.seconds] + ([] if piece.channel is None else [piece.channel])


def combined(fingerprints: Sequence[str]) -> str:
    """One fingerprint of several data sets, in their order; of one it is that one's own."""
    if len(fingerprints) == 1:
        return fingerprints[0]
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()


def file_digests(examples: Sequence[Example]) -> dict[str, str]:
    """Path -> SHA-256 of the file, for every file of the examples. Raises OSError: a file cannot be read."""
    paths = list(dict.fromkeys(piece.path for example in examples for piece in example.audio))
    with ThreadPoolExecutor(8) as pool:  # hashing lets go of Python's lock
        return dict(zip(paths, pool.map(bytes_digest, paths), strict=True))
