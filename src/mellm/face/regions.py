"""The 29 regions of interest of the motion prompt (2505.07007v3), by name. Names are *image* sides."""

_EYES = tuple(
    f"{side} {lid} eyelid {part}"
    for side in ("left", "right")
    for lid in ("upper", "lower")
    for part in ("outer", "centre", "inner")
)

REGION_NAMES: tuple[str, ...] = (
    *_EYES,
    "left outer brow",
    "right outer brow",
    "left inner brow",
    "right inner brow",
    "left nostril wing",
    "right nostril wing",
    "left mouth corner",
    "right mouth corner",
    "upper lip left",
    "upper lip centre",
    "upper lip right",
    "lower lip left",
    "lower lip centre",
    "lower lip right",
    "chin",
    "left cheek",
    "right cheek",
)
"""All 29, in report order."""

AREAS: dict[str, tuple[str, ...]] = {
    "brows": tuple(n for n in REGION_NAMES if n.endswith("brow")),
    "eyes": _EYES,
    "nose": tuple(n for n in REGION_NAMES if n.endswith("nostril wing")),
    "cheeks": tuple(n for n in REGION_NAMES if n.endswith("cheek")),
    "mouth": tuple(n for n in REGION_NAMES if "lip" in n or "mouth corner" in n),
    "chin": ("chin",),
}
"""Face areas of the timeline -> their regions."""
