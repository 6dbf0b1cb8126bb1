"""Two versions that stand on the same one, made one: moment by moment, so that nothing of either is lost.

Knows annotations only.
"""

from collections.abc import Sequence

from mellm.web.annotation import Annotation, AnnotationBody, CodedMoment, Conflict

_Moments = dict[str, CodedMoment]


def merge(base: Annotation, theirs: Annotation, yours: AnnotationBody) -> Conflict:
    """Return both versions and what they make together.

    Args:
        base: what both began with
        theirs: what was saved meanwhile
        yours: what shall be saved now; its moments have keys

    A moment that one side alone changed, added or took away is as that side left it. One that both changed
    in the same way is no conflict.
    """
    before, their, your = (_by_key(version.moments) for version in (base, theirs, yours))
    both: list[str] = []
    merged: list[CodedMoment] = []
    for key in dict.fromkeys([*your, *their]):
        old, one, other = before.get(key), their.get(key), your.get(key)
        if one != other and old not in (one, other):
            both.append(key)
        # Of a conflict one that stands wins over one that is gone: what is there can still be taken away.
        kept = other if one == old else one if one is not None or other == old else other
        if kept is not None:
            merged.append(kept)
    note_clashes = theirs.note != yours.note and base.note not in (theirs.note, yours.note)
    note = yours.note if theirs.note == base.note else theirs.note
    whole = yours.model_copy(update={"moments": merged, "note": note})
    return Conflict(base=base, theirs=theirs, yours=yours, merged=whole, moments=both, note=note_clashes)


def _by_key(moments: Sequence[CodedMoment]) -> _Moments:
    return {_key(moment): moment for moment in moments}


def _key(moment: CodedMoment) -> str:
    """Its name; one of versions that were kept before moments had any is made of what lasts in it."""
    if moment.key is not None:
        return moment.key
    return f"me{moment.number}" if moment.number is not None else f"added{moment.frames}"
