"""The process that `processes.py` starts: reads parts of a job from its standard input until that ends.

A line of JSON names the job and its settings; each further one is a part of it. A reply is a line of JSON with the
lengths of the bytes that follow it; an empty line ends the replies to a part.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from trainables.data.decoding.jobs import JOBS


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for this one
    parts, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    name, settings = json.loads(parts.readline())
    for line in parts:
        for reply in JOBS[name](settings, json.loads(line)):
            replies.write(json.dumps([reply.values, [len(each) for each in reply.content]]).encode() + b"\n")
            replies.writelines(reply.content)
        replies.write(b"\n")
        replies.flush()


if __name__ == "__main__":
    main()
