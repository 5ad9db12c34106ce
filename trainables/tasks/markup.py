"""What stands in transcripts and is not said: control tokens of models, remarks in brackets, times. Loads no torch."""

from __future__ import annotations

import re
from collections.abc import Collection

# <|en|>, <|0.00|>, and the same with wide bars; marks of chats and of sequences' ends, as tokenizers have them
_CONTROL = (
    r"<[|\uff5c][^<>]*[|\uff5c]>",
    r"\[/?INST\]|\[/?(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CALLS)\]|<</?SYS>>",
    r"</?s>|<(?:bos|eos|pad|mask|sep|cls|start_of_turn|end_of_turn)>|\[(?:BOS|EOS|PAD|MASK|SEP|CLS)\]",
)
_REMARK = re.compile(
    r"\[[^\[\]]{1,40}\]|<[^<>]{1,40}>|\([^()]{1,40}\)|\{[^{}]{1,40}\}|\*[^*\s][^*]{0,40}\*|[\u2669-\u266c]"
)
_TIME = re.compile(r"-->|\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?|\d{1,2}:\d{2}[.,]\d+|\[\d{1,2}:\d{2}\]")


def control_pattern(own: Collection[str] = ()) -> re.Pattern[str]:
    """Of control tokens of any model, and of the `own` ones of a tokenizer."""
    longest_first = sorted((token for token in own if token.strip()), key=len, reverse=True)
    return re.compile("|".join([*map(re.escape, longest_first), *_CONTROL]))


def remarks(text: str) -> list[str]:
    """What stands in brackets of any kind, between stars, or is a note of music: `[music]`, `<unk>`, `(laughs)`."""
    return _REMARK.findall(text)


def times(text: str) -> list[str]:
    """Times as subtitles have them: `00:00:01,500 -->`. A time of day (`19:30`) is none."""
    return _TIME.findall(text)
