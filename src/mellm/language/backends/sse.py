"""Server-sent events: lines in, the data of each event out (WHATWG HTML, section 9.2).

Knows nothing about HTTP, JSON or what the events mean.
"""

from collections.abc import Iterable, Iterator

_MARK = b"\xef\xbb\xbf"


def event_data(lines: Iterable[bytes]) -> Iterator[str]:
    """Yield the data of each event in a stream of lines (with or without their line ends).

    Comments (keep-alives), event names and ids are passed over. An event that the stream's end cuts off is
    dropped, as the standard asks.

    >>> list(event_data([b"data: a", b"", b": still here", b"data: b", b"data: c", b""]))
    ['a', 'b\\nc']
    """
    data: list[str] = []
    for number, raw in enumerate(lines):
        line = (raw.removeprefix(_MARK) if number == 0 else raw).rstrip(b"\r\n")
        if not line:
            if data:
                yield "\n".join(data)
            data = []
            continue
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
