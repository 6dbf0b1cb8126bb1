"""Cohen's kappa: how far two people agree beyond chance. Knows pairs of judgements only."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping


def cohens_kappa(pairs: Iterable[tuple[Hashable, Hashable]]) -> float | None:
    """Return Cohen's kappa (Cohen 1960, eq. 1) of paired judgements.

    None where it is not defined: nothing was judged, or chance agreement is 1.

    >>> cohens_kappa([("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")])
    0.5
    """
    return kappa_of_counts(Counter(pairs))


def kappa_of_counts(counts: Mapping[tuple[Hashable, Hashable], int]) -> float | None:
    """Return the same of how often each pair of judgements was given."""
    total = sum(counts.values())
    if not total:
        return None
    first, second = Counter[Hashable](), Counter[Hashable]()
    for (a, b), count in counts.items():
        first[a] += count
        second[b] += count
    by_chance = sum(first[name] * second[name] for name in first)
    if by_chance == total**2:
        return None
    observed = sum(count for (a, b), count in counts.items() if a == b)
    return (observed * total - by_chance) / (total**2 - by_chance)
