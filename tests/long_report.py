"""A stored result of any length without an analysis: a clip whose frames say their number, and its report.

`store_long_report` fills a server's store, so that tests of the page and of the API have an hour of video
with hundreds of moments in seconds. Nothing in it was measured; curves and moments are drawn from a seed.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from mellm.face.region_id import RegionId
from mellm.face.regions import AREAS, REGION_NAMES
from mellm.facs import AU_NAMES, TAXONOMIES
from mellm.facs.findings import AUEvidence
from mellm.flow.region_motion import RegionMotion
from mellm.language.grammar_reading import write_reading
from mellm.render.pictures import KINDS, encode_png
from mellm.report import (
    ActionUnitReading,
    EmotionReading,
    Interval,
    MessageRecord,
    MicroExpression,
    OtherEvent,
    Person,
    Provenance,
    RegionReading,
    Report,
    Source,
    Trace,
)
from mellm.version import __version__
from mellm.web.contract import JobRequest
from mellm.web.database import Database
from mellm.web.job_store import Entry, JobStore
from mellm.web.stored_files import FRAMES_FILE, THUMBNAIL_FILE, StoredFiles
from mellm.wording.message import Message

FPS = 30
SIDE = 128
_PIECE = 300
"""Frames that are encoded; their packets are repeated to the clip's length."""

_UNITS = ((12, "left", "B"), (6, "both", "A"), (4, "both", "C"), (1, "both", "A"), (9, "both", "B"))


def store_long_report(
    store: Path, minutes: float = 60, moments: int = 300, *, name: str = "long.mp4", seed: int = 0
) -> str:
    """Put a clip and its analysis into the store of a server that does not run; return the job's id."""
    files, database = StoredFiles(store), Database(store)
    draft = files.draft_folder() / "clip.mp4"
    frames = _write_clip(draft, round(minutes * 60 * FPS))
    digest = hashlib.sha256(draft.read_bytes() + str(seed).encode()).hexdigest()
    draft.replace(files.media / digest)
    jobs = JobStore(database)
    jobs.add_medium(digest, name, (files.media / digest).stat().st_size)
    request = JobRequest(media=digest)
    key = request.key(__version__, {})
    jobs.submit([Entry(key, key, name, request)], 1)
    jobs.claim()
    report = long_report(frames, moments, name=name, seed=seed)
    folder = files.result(key)
    folder.mkdir()
    (folder / "report.json").write_text(report.model_dump_json(), encoding="utf-8")
    times = [round(k / FPS, 6) for k in range(frames)]
    (folder / FRAMES_FILE).write_text(json.dumps(times), encoding="utf-8")
    plain = encode_png(np.full((48, 40, 3), 90, np.uint8))
    (folder / THUMBNAIL_FILE).write_bytes(plain)
    first = folder / "me1_onset.png"
    first.write_bytes(plain)
    for me in report.micro_expressions:
        for picture in me.pictures.values():
            if picture != first.name:
                (folder / picture).hardlink_to(first)
    jobs.finish(
        key,
        verdict=MessageRecord.of(Message.plain(report.verdict)),
        emotions=[me.emotion.label or "" for me in report.micro_expressions],
        people=1,
    )
    database.close()
    return key


def long_report(frames: int, moments: int, *, name: str = "long.mp4", seed: int = 0) -> Report:
    """The report of so many frames at 30 a second, with moments and blinks spread evenly over it."""
    chance = np.random.default_rng(seed)
    every = frames // max(moments, 1)
    starts = [k * every + int(chance.integers(1, max(every - 16, 2))) for k in range(moments)]
    found = [_moment(number, start, chance) for number, start in enumerate(starts, 1)]
    blinks = range(every // 2, frames - 10, max(every // 2, 20))
    curve = np.abs(chance.normal(0, 0.15, (len(AREAS), frames))).round(3)
    for start in starts:
        curve[:, start : start + 12] += (2 * np.hanning(12)).round(3)
    return Report(
        source=Source(
            path=name,
            kind="video",
            sha256="0" * 64,
            width=SIDE,
            height=SIDE,
            fps=FPS,
            frames=frames,
            duration=frames / FPS,
        ),
        people=[
            Person(
                person=1,
                frames_seen=frames,
                first_frame=0,
                last_frame=frames - 1,
                seen=[(0, frames - 1)],
                box=(30.0, 20.0, 60.0, 80.0),
                inter_ocular_px=30.0,
            )
        ],
        micro_expressions=found,
        other_events=[
            OtherEvent(
                person=1,
                kind="blink",
                onset_frame=k,
                apex_frame=k + 3,
                offset_frame=k + 6,
                onset_time=k / FPS,
                apex_time=(k + 3) / FPS,
                offset_time=(k + 6) / FPS,
            )
            for k in blinks
        ],
        traces=[
            Trace(
                person=1,
                frames=list(range(frames)),
                times=[round(k / FPS, 6) for k in range(frames)],
                areas={area: list(map(float, curve[k].round(3))) for k, area in enumerate(AREAS)},
            )
        ],
        verdict=f"{moments} micro-expressions.",
        provenance=Provenance(
            mellm_version=__version__,
            created="2026-01-01T00:00:00+00:00",
            models={},
            settings={"language": "en", "estimator": "none"},
            seconds={},
        ),
    )


def _moment(number: int, onset: int, chance: np.random.Generator) -> MicroExpression:
    au, side, grade = _UNITS[number % len(_UNITS)]
    regions = [_region(k, name, chance) for k, name in enumerate(REGION_NAMES)]
    moving = [region.name for region in regions if region.moving]
    probability = round(float(chance.uniform(0.5, 0.95)), 3)
    labels = TAXONOMIES["7"].labels
    label = labels[number % len(labels)]
    shares = {one: 0.7 if one == label else 0.3 / (len(labels) - 1) for one in labels}
    units = [AUEvidence(au, side, probability, grade, tuple(moving[:2]))]
    return MicroExpression(
        number=number,
        person=1,
        interval=Interval(
            onset_frame=onset,
            apex_frame=onset + 6,
            offset_frame=onset + 12,
            onset_time=onset / FPS,
            apex_time=(onset + 6) / FPS,
            offset_time=(onset + 12) / FPS,
            duration=12 / FPS,
            confidence=round(float(chance.uniform(0.45, 0.99)), 3),
            origin="spotted",
        ),
        regions=regions,
        action_units=[
            ActionUnitReading(
                code=f"{'L' if side == 'left' else ''}{au}{grade}",
                au=au,
                side=side,
                name=AU_NAMES[au],
                probability=probability,
                intensity=grade,
                intensity_scale="drawn",
                present=True,
                evidence=moving[:2],
            )
        ],
        emotion=EmotionReading(taxonomy="7", label=label, probabilities=shares),
        reading=write_reading(list(map(_motion, regions)), units, shares, taxonomy="7", language="en"),
        head_motion_px=0.4,
        pictures={kind: f"me{number}_{kind}.png" for kind in KINDS},
        map_scales_px={"mmc": 2.46, "mmc_fixed": 1.0},
    )


def _region(k: int, name: str, chance: np.random.Generator) -> RegionReading:
    angle = float(chance.uniform(-180, 180))
    size = round(float(chance.uniform(0.05, 1.2)), 3)
    return RegionReading(
        name=name,
        u_px=round(size * math.cos(math.radians(angle)), 3),
        v_px=round(-size * math.sin(math.radians(angle)), 3),
        mean_px=size,
        max_px=round(size * 1.5, 3),
        relative=round(size / 30, 4),
        angle_deg=round(angle, 1),
        octant="up",
        concentration=0.8,
        moving=size > 0.8,
        box=(30.0 + k % 6 * 10, 20.0 + k // 6 * 16, 10.0, 16.0),
        picture_box=(k % 6 / 6, k // 6 / 5, 1 / 6, 1 / 5),
    )


def _motion(region: RegionReading) -> RegionMotion:
    return RegionMotion(
        name=RegionId(region.name),
        u=region.u_px,
        v=region.v_px,
        mean=region.mean_px,
        max=region.max_px,
        relative=region.relative,
        angle=region.angle_deg,
        octant=region.octant,
        concentration=region.concentration,
        moving=region.moving,
    )


def _write_clip(path: Path, frames: int) -> int:
    """Write a clip whose frames show their number modulo 300 as bars; return how many frames it has."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        stream.options = {"preset": "ultrafast", "bf": "0", "g": "30"}
        packets: list[bytes] = []
        keys: list[bool] = []
        for number in range(_PIECE):
            for packet in stream.encode(_picture(number)):
                packets.append(bytes(packet))
                keys.append(packet.is_keyframe)
        for packet in stream.encode(None):
            packets.append(bytes(packet))
            keys.append(packet.is_keyframe)
        for number in range(frames):
            packet = av.Packet(packets[number % _PIECE])
            packet.stream, packet.time_base = stream, stream.codec_context.time_base
            packet.pts = packet.dts = number
            packet.duration = 1
            packet.is_keyframe = keys[number % _PIECE]
            out.mux(packet)
    return frames


def _picture(number: int) -> av.VideoFrame:
    picture = np.full((SIDE, SIDE, 3), 60, np.uint8)
    for bit in range(9):
        picture[40:88, 4 + 13 * bit : 14 + 13 * bit] = 220 if number >> bit & 1 else 20
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    frame.pts = number
    return frame


def numbers_of(pictures: Sequence[np.ndarray]) -> list[int]:
    """The numbers that frames of such a clip show (modulo 300)."""
    return [
        sum((int(picture[64, 9 + 13 * bit].mean()) > 120) << bit for bit in range(9)) for picture in pictures
    ]
