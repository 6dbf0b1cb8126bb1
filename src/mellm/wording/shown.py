"""Names of files as text that every output can hold."""

import os


def shown(name: str | os.PathLike[str]) -> str:
    r"""Return a name for people, tables and JSON: bytes that are no UTF-8 stand as \xNN.

    >>> shown(os.fsdecode(b"caf\xe9.mp4"))
    'caf\\xe9.mp4'
    """
    text = os.fspath(name)
    try:
        text.encode()
    except UnicodeEncodeError:
        pass
    else:
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half characters that no file name gives
        return text.encode("utf-8", "backslashreplace").decode()
