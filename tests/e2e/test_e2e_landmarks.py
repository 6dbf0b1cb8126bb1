"""Landmarks of another program instead of our own, through the whole pipeline."""

import csv
from pathlib import Path

from mellm import Analyzer, Settings
from mellm.face import FaceTracker
from mellm.media import open_media
from mellm.simulate.generated_clip import ClipTruth

# Where iBUG's 68 points lie on the 468-point mesh, near enough for regions.
IBUG_ON_MESH = [127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356]
IBUG_ON_MESH += [70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 75, 97, 2, 326, 305]
IBUG_ON_MESH += [33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380]
IBUG_ON_MESH += [61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87]


def test_openface_landmarks_find_the_smile(smile_clip: tuple[Path, ClipTruth], tmp_path: Path) -> None:
    clip, truth = smile_clip
    table = tmp_path / "openface.csv"
    tracker = FaceTracker(1)
    with table.open("w", newline="") as file, open_media(clip) as media:
        writer = csv.writer(file)
        columns = [f" {axis}_{i}" for axis in "xy" for i in range(68)]
        writer.writerow(["frame", " face_id", " timestamp", " confidence", " success", *columns])
        for frame in media.frames():
            for face in tracker.update(frame):
                points = face.landmarks.xy[IBUG_ON_MESH]
                row = [frame.index + 1, 0, f"{frame.time:.3f}", 0.98, 1, *points[:, 0], *points[:, 1]]
                writer.writerow(row)
    report = Analyzer(Settings(landmarks=table, llm="none")).analyze(clip)
    (me,) = report.micro_expressions
    assert abs(me.interval.apex_frame - truth.events[0].apex) <= 2
    assert 12 in {a.au for a in me.action_units if a.present}
    assert any("ibug68" in warning for warning in me.warnings)
    assert "face_mesh" not in report.provenance.models
