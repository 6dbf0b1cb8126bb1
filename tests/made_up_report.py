"""A made-up report with everything in it: two micro-expressions, other events, gaps, several people."""

import math
from importlib import resources

import cv2
import numpy as np

from mellm.face.people import Region
from mellm.face.regions import AREAS, REGION_NAMES
from mellm.facs import INTENSITY_SCALE, AUEvidence, au_name, code_of
from mellm.flow.field import Flow
from mellm.flow.region_motion import OCTANTS, RegionMotion
from mellm.language import write_reading
from mellm.render.pictures import draw_pictures, encode_png
from mellm.report import (
    ActionUnitReading,
    EmotionReading,
    Interval,
    MicroExpression,
    ModelUsed,
    OtherEvent,
    Person,
    Provenance,
    RegionReading,
    Report,
    Source,
    Trace,
)

INTER_OCULAR = 150.0
FPS = 30000 / 1001
Vectors = dict[str, tuple[float, float]]

SMILE: Vectors = {
    "left mouth corner": (-0.66, -0.63),
    "right mouth corner": (0.64, -0.60),
    "left cheek": (-0.12, -0.40),
    "right cheek": (0.10, -0.36),
    "left lower eyelid centre": (0.02, -0.22),
    "left lower eyelid inner": (0.03, -0.21),
    "right lower eyelid centre": (-0.01, -0.20),
}
FROWN: Vectors = {
    "left inner brow": (0.42, 0.55),
    "right inner brow": (-0.40, 0.50),
    "left outer brow": (0.05, 0.33),
    "right outer brow": (-0.04, 0.30),
    "right lower eyelid outer": (-0.05, -0.28),
}
SMILE_AUS = [
    AUEvidence(12, "both", 0.94, "B", ("left mouth corner", "right mouth corner")),
    AUEvidence(6, "both", 0.71, "A", ("left cheek", "right cheek", "left lower eyelid centre")),
    AUEvidence(14, "left", 0.34, None, ("right mouth corner",)),
    AUEvidence(4, "both", 0.12, None, ("left inner brow",)),
    AUEvidence(20, "both", 0.02, None, ()),
]
FROWN_AUS = [
    AUEvidence(4, "both", 0.88, "C", ("left inner brow", "right inner brow", "left outer brow")),
    AUEvidence(7, "left", 0.57, "A", ("right lower eyelid outer",)),
    AUEvidence(9, "both", 0.41, None, ("left inner brow",)),
]
HAPPY = {
    "happiness": 0.83, "surprise": 0.07, "contempt": 0.05, "disgust": 0.02, "fear": 0.01, "anger": 0.01,
    "sadness": 0.01,
}  # fmt: skip
DISGUSTED = {
    "disgust": 0.38, "anger": 0.33, "sadness": 0.12, "fear": 0.09, "surprise": 0.04, "contempt": 0.03,
    "happiness": 0.01,
}  # fmt: skip

PORTRAIT_REGIONS = {
    "left upper eyelid outer": (199.1, 96.6, 3.1),
    "left upper eyelid centre": (204.7, 96.5, 3.1),
    "left upper eyelid inner": (208.3, 97.5, 3.1),
    "left lower eyelid outer": (199.3, 104.4, 3.1),
    "left lower eyelid centre": (204.4, 105.3, 3.1),
    "left lower eyelid inner": (209.4, 105.2, 3.1),
    "right upper eyelid outer": (252.6, 99.7, 3.1),
    "right upper eyelid centre": (247.2, 98.9, 3.1),
    "right upper eyelid inner": (243.5, 99.5, 3.1),
    "right lower eyelid outer": (251.7, 107.3, 3.1),
    "right lower eyelid centre": (246.7, 107.6, 3.1),
    "right lower eyelid inner": (241.6, 106.9, 3.1),
    "left outer brow": (193.3, 89.9, 4.7),
    "right outer brow": (259.1, 93.8, 4.7),
    "left inner brow": (211.6, 90.5, 4.7),
    "right inner brow": (241.1, 92.2, 4.7),
    "left nostril wing": (208.9, 127.1, 6.2),
    "right nostril wing": (239.9, 129.0, 6.2),
    "left mouth corner": (199.4, 139.1, 4.7),
    "right mouth corner": (248.6, 142.4, 4.7),
    "upper lip left": (210.5, 138.6, 4.7),
    "upper lip centre": (223.8, 140.4, 4.7),
    "upper lip right": (237.3, 140.3, 4.7),
    "lower lip left": (212.7, 151.6, 4.7),
    "lower lip centre": (222.9, 155.2, 4.7),
    "lower lip right": (233.5, 153.0, 4.7),
    "chin": (221.5, 175.7, 7.8),
    "left cheek": (193.9, 115.3, 10.4),
    "right cheek": (256.1, 119.1, 10.4),
}
"""Centre and side of each region on the shipped portrait (512x512 px)."""

SHOWN = (149, 22, 148, 178)
"""The part of the portrait the pictures show: left, top, width, height, px."""


def region_motion(name: str, u: float, v: float, moving: bool = True) -> RegionMotion:
    concentration = 0.9 if moving else 0.1
    size = math.hypot(u, v)
    angle = math.degrees(math.atan2(-v, u)) % 360
    mean = size / concentration
    return RegionMotion(
        name,
        u,
        v,
        mean,
        1.6 * mean,
        mean / INTER_OCULAR,
        angle if size > 1e-4 else None,
        OCTANTS[int((angle + 22.5) // 45) % 8] if moving else None,
        concentration,
        moving,
    )


def motion_of(vectors: Vectors) -> list[RegionMotion]:
    """The 29 regions: those named move, the rest lies below the noise floor."""
    return [
        region_motion(name, *vectors[name]) if name in vectors else region_motion(name, 0.004, 0.003, False)
        for name in REGION_NAMES
    ]


def made_up_regions() -> list[Region]:
    return [Region(name, (x, y), size) for name, (x, y, size) in PORTRAIT_REGIONS.items()]


def portrait() -> np.ndarray:
    data = np.frombuffer((resources.files("mellm.data") / "portrait.jpg").read_bytes(), np.uint8)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def made_up_flow(shape: tuple[int, int], regions: list[Region], motion: list[RegionMotion]) -> Flow:
    """Smooth bumps of motion round the moving regions."""
    height, width = shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    flow = np.zeros((height, width, 2), np.float32)
    for region, m in zip(regions, motion, strict=True):
        if m.moving:
            near = np.exp(-((x - region.center[0]) ** 2 + (y - region.center[1]) ** 2) / (2 * region.size**2))
            flow += near[..., None] * np.array([m.u, m.v], np.float32)
    return Flow(flow, np.zeros_like(flow), "made-up", "none")


def made_up_pictures(vectors: Vectors, prefix: str) -> tuple[dict[str, str], dict[str, bytes]]:
    """Kind -> file name, and file name -> PNG bytes."""
    face = portrait()
    regions, motion = made_up_regions(), motion_of(vectors)
    flow = made_up_flow(face.shape[:2], regions, motion)
    drawn = draw_pictures(face, face, flow, regions, motion, box=SHOWN, magnify=8.0)
    names = {kind: f"{prefix}_{kind}.png" for kind in drawn}
    return names, {names[kind]: encode_png(picture) for kind, picture in drawn.items()}


def region_readings(vectors: Vectors) -> list[RegionReading]:
    return [
        RegionReading(
            name=m.name,
            u_px=m.u,
            v_px=m.v,
            mean_px=m.mean,
            max_px=m.max,
            relative=m.relative,
            angle_deg=m.angle,
            octant=m.octant,
            concentration=m.concentration,
            moving=m.moving,
            box=(r.center[0] - r.size / 2, r.center[1] - r.size / 2, r.size, r.size),
            picture_box=(
                (r.center[0] - r.size / 2 - SHOWN[0]) / SHOWN[2],
                (r.center[1] - r.size / 2 - SHOWN[1]) / SHOWN[3],
                r.size / SHOWN[2],
                r.size / SHOWN[3],
            ),
        )
        for m, r in zip(motion_of(vectors), made_up_regions(), strict=True)
    ]


def coarse(seven: dict[str, float]) -> dict[str, float]:
    positive, surprise = seven["happiness"], seven["surprise"]
    return {"negative": 1 - positive - surprise, "positive": positive, "surprise": surprise}


def micro_expression(
    vectors: Vectors,
    aus: list[AUEvidence],
    emotion: dict[str, float],
    interval: Interval,
    language: str = "en",
    pictures: dict[str, str] | None = None,
    warnings: tuple[str, ...] = (),
) -> MicroExpression:
    return MicroExpression(
        person=1,
        interval=interval,
        regions=region_readings(vectors),
        action_units=[
            ActionUnitReading(
                code=code_of(au.au, au.side, au.intensity),
                au=au.au,
                side=au.side,
                name=au_name(au.au),
                probability=au.probability,
                intensity=au.intensity,
                intensity_scale=INTENSITY_SCALE,
                present=au.probability >= 0.5,
                evidence=list(au.evidence),
            )
            for au in aus
        ],
        emotion=EmotionReading(
            taxonomy="7",
            label=max(emotion, key=emotion.__getitem__) if emotion else None,
            probabilities=emotion,
            also={"3": coarse(emotion)} if emotion else {},
        ),
        reading=write_reading(motion_of(vectors), aus, emotion or None, taxonomy="7", language=language),
        head_motion_px=0.42,
        pictures=pictures or {},
        warnings=list(warnings),
    )


def made_up_trace(person: int = 1, frames: int = 372, fps: float = FPS) -> Trace:
    """Noise, two bumps, a blink, and a second without a face."""
    rng = np.random.default_rng(7)
    times = np.arange(frames) / fps
    bumps = {
        "mouth": [(4.24, 1.1)],
        "cheeks": [(4.25, 0.5)],
        "eyes": [(2.9, 1.3), (4.25, 0.25)],
        "brows": [(9.0, 0.8)],
    }
    areas: dict[str, list[float | None]] = {}
    for area in AREAS:
        curve = 0.05 + 0.03 * np.abs(rng.normal(size=frames))
        for at, size in bumps.get(area, []):
            curve += size * np.exp(-(((times - at) / 0.07) ** 2))
        areas[area] = [
            None if 6.0 < t < 7.0 else round(float(c), 3) for t, c in zip(times, curve, strict=True)
        ]
    return Trace(person=person, frames=list(range(frames)), times=[float(t) for t in times], areas=areas)


def interval(onset: int, apex: int, offset: int, fps: float = FPS, confidence: float = 0.81) -> Interval:
    return Interval(
        onset_frame=onset,
        apex_frame=apex,
        offset_frame=offset,
        onset_time=onset / fps,
        apex_time=apex / fps,
        offset_time=offset / fps,
        duration=(offset - onset) / fps,
        confidence=confidence,
        origin="spotted",
    )


def made_up_report(
    language: str = "en", with_pictures: bool = True, path: str = "interview <b>&amp;.mp4"
) -> tuple[Report, dict[str, bytes]]:
    names, pictures = ({}, {}) if not with_pictures else made_up_pictures(SMILE, "me1")
    names2, pictures2 = ({}, {}) if not with_pictures else made_up_pictures(FROWN, "me2")
    zh = language == "zh"
    report = Report(
        source=Source(
            path=path,
            kind="video",
            sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            width=1280,
            height=720,
            fps=FPS,
            frames=372,
            duration=12.41,
        ),
        people=[
            Person(person=1, frames_seen=342, first_frame=0, last_frame=371, box=(500, 120, 260, 300),
                   inter_ocular_px=150.0)
        ],
        micro_expressions=[
            micro_expression(SMILE, SMILE_AUS, HAPPY, interval(123, 127, 131), language, names),
            micro_expression(
                FROWN, FROWN_AUS, DISGUSTED, interval(265, 270, 277, confidence=0.55), language, names2,
                ("The head moved fast <here>; small motion is less sure.",),
            ),
        ],
        other_events=[
            OtherEvent(person=1, kind=kind, onset_frame=a, apex_frame=b, offset_frame=c, onset_time=a / FPS,
                       apex_time=b / FPS, offset_time=c / FPS, note=note)
            for kind, a, b, c, note in (
                ("blink", 84, 87, 91, ""),
                ("macro", 318, 330, 352, ""),
                ("head", 236, 243, 252, "turn of 6 degrees, removed"),
            )
        ],
        traces=[made_up_trace()],
        verdict="在 12.4 秒内发现 2 个微表情。" if zh else "Two micro-expressions were found in 12.4 s.",
        warnings=["No face was seen from 6.0 to 7.0 s."],
        provenance=Provenance(
            mellm_version="0.1.0",
            command="mellm analyze 'interview <b>&amp;.mp4'",
            created="2026-11-20T07:00:00Z",
            models={
                "face": ModelUsed(name="BlazeFace short range", sha256="a" * 64),
                "flow": ModelUsed(name="dis + mesh-rigid"),
                "facs": ModelUsed(name="evidence 1"),
            },
            settings={"taxonomy": "7", "language": language, "estimator": "dis", "fps": None},
            seed=0,
            seconds={"faces": 1.92, "spotting": 0.41, "flow": 0.31, "facs": 0.002, "reading": 0.004},
        ),
    )  # fmt: skip
    return report, pictures | pictures2
