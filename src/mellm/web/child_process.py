"""What runs inside a child process: resource limits, messages over pipes, an end when the parent ends.

A message is two 32-bit big-endian lengths, a JSON header, and bytes (a picture, or nothing). Standard
output belongs to the messages alone: whatever a library prints goes to standard error, and from there with
the log into the log of the parent. Knows no task.
"""

import json
import os
import queue
import struct
import sys
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

from mellm import logs

_LENGTHS = struct.Struct(">II")
Header = dict[str, Any]
"""The JSON object of a message; who reads it knows its keys."""


def write_message(stream: BinaryIO, header: Header, body: bytes = b"") -> None:
    """Send one message."""
    head = json.dumps(header).encode()
    stream.write(_LENGTHS.pack(len(head), len(body)) + head + body)
    stream.flush()


def read_message(stream: BinaryIO) -> tuple[Header, bytes] | None:
    """Receive one message; None where the other side is gone."""
    start = _read(stream, _LENGTHS.size)
    if start is None:
        return None
    head, body = (_read(stream, length) for length in _LENGTHS.unpack(start))
    return None if head is None or body is None else (json.loads(head), body)


def _read(stream: BinaryIO, length: int) -> bytes | None:
    parts = b""
    while len(parts) < length:
        part = stream.read(length - len(parts))
        if not part:
            return None
        parts += part
    return parts


class ParentPipe:
    """The child's end of the pipes: orders from the parent, answers to it."""

    def __init__(self) -> None:
        """Take standard output away from everything else, log to standard error, listen to the parent."""
        logs.configure("INFO")
        self._out = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self._orders: queue.Queue[Header] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            message = read_message(sys.stdin.buffer)
            if message is None:
                # The parent is gone, be it by kill -9: half a result is worth nothing.
                os._exit(0)
            self._orders.put(message[0])

    def orders(self) -> Iterator[Header]:
        """What the parent asks for, one after another, until it leaves."""
        while True:
            yield self._orders.get()

    def send(self, header: Header, body: bytes = b"") -> None:
        """Answer the parent."""
        write_message(self._out, header, body)
