"""Text that arrives in pieces: cut at a stop, freed of a beginning that is known already.

What cannot be decided yet is held back, so that no reader ever sees the first half of a stop. Knows nothing
about who writes the pieces.
"""

from collections.abc import Iterable, Iterator, Sequence


def until_stop(pieces: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """Yield the text up to the first of `stops`; the stop itself and what follows are not yielded.

    >>> "".join(until_stop(["one. t", "wo", "\\n\\nthree"], ["\\n\\n"]))
    'one. two'
    """
    wanted = [stop for stop in stops if stop]

    def first(text: str) -> int:
        return min((at for stop in wanted if (at := text.find(stop)) >= 0), default=len(text))

    held = ""
    for piece in pieces:
        held += piece
        # A stop that begins before the one that is found may still be on its way.
        open_from = len(held) - max((_overlap(held, stop) for stop in wanted), default=0)
        end = first(held)
        if end < len(held) and end <= open_from:
            if end:
                yield held[:end]
            return
        if open_from:
            yield held[:open_from]
            held = held[open_from:]
    if rest := held[: first(held)]:
        yield rest


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that is a beginning of `stop`, but not all of it."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)


def without_beginning(pieces: Iterable[str], beginning: str) -> Iterator[str]:
    """Yield the text without `beginning` where it starts with it (white space before it aside), else all.

    >>> "".join(without_beginning(["Emo", "tion: joy"], "Emotion:"))
    ' joy'
    """
    held, decided = "", not beginning.strip()
    sought = beginning.strip()
    for piece in pieces:
        if decided:
            yield piece
            continue
        held += piece
        start = held.lstrip()
        if sought.startswith(start) and len(start) < len(sought):
            continue
        decided = True
        rest = start.removeprefix(sought) if start.startswith(sought) else held
        if start.startswith(sought) and beginning[-1:].isspace():
            rest = rest.lstrip()
        if rest:
            yield rest
    if not decided and held:
        yield held


def without_thoughts(
    pieces: Iterable[str], opening: str = "<think>", closing: str = "</think>"
) -> Iterator[str]:
    """Yield the text without a block of thoughts at its very beginning.

    >>> "".join(without_thoughts(["<think>hm", "m</think>", "\\n\\njoy"]))
    'joy'
    """
    held, inside, decided = "", False, False
    for piece in pieces:
        if decided:
            yield piece
            continue
        held += piece
        if not inside:
            start = held.lstrip()
            if start.startswith(opening):
                inside = True
            elif not opening.startswith(start):
                decided = True
                yield held
        if inside and closing in held:
            rest = held.partition(closing)[2].lstrip()
            if rest:
                decided = True
                yield rest
    if not decided and not inside and held:
        yield held
