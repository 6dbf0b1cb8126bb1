"""The 29 regions and the measures, in every scheme; other schemes are projected from the mesh."""

import numpy as np
import pytest

from mellm.face import (
    ANCHOR_NAMES,
    REGION_NAMES,
    FaceObservation,
    Landmarks,
    Region,
    eye_opening,
    face_mask,
    find_faces,
    head_pose,
    inter_ocular,
    nose_tip,
    regions_of,
    template_landmarks,
)
from mellm.face.anchors import ANCHORS, FACE_OVAL, POINT_COUNTS, anchor
from mellm.face.mean_face import MEAN_FACE
from mellm.face.people import Scheme
from mellm.face.region_id import ImageSide, Part, Patch, RegionId
from mellm.face.regions import OUTSIDE_EYES

SCHEMES: list[Scheme] = ["mesh468", "wflw98", "ibug68", "template"]


def projected(mesh: Landmarks, scheme: Scheme) -> Landmarks:
    """The same face in another scheme: each anchor's landmarks are put where the mesh has that anchor."""
    if scheme == mesh.scheme:
        return mesh
    points = np.full((POINT_COUNTS[scheme], 2), np.nan, np.float32)
    for name, indices in sorted(ANCHORS[scheme].items(), key=lambda item: -len(item[1])):
        points[list(indices)] = anchor(mesh, name)[:2]
    points[np.isnan(points[:, 0])] = anchor(mesh, "nose tip")[:2]
    return Landmarks(points, scheme)


def by_name(landmarks: Landmarks) -> dict[str, Region]:
    return {region.name: region for region in regions_of(landmarks)}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_regions_lie_in_the_face_on_their_sides(face: FaceObservation, scheme: Scheme) -> None:
    landmarks = projected(face.landmarks, scheme)
    regions = regions_of(landmarks)
    assert tuple(region.name for region in regions) == REGION_NAMES
    left, top, width, height = face.landmarks.box
    middle = nose_tip(landmarks)[0]
    for region in regions:
        u, v = region.center
        assert left < u < left + width, region.name
        assert top < v < top + height + 2, region.name
        assert region.size > 0
        if "left" in region.name:
            assert u < middle, region.name
        elif "right" in region.name:
            assert u > middle, region.name
        else:
            assert abs(u - middle) < 0.15 * width, region.name


@pytest.mark.parametrize("scheme", SCHEMES)
def test_order_down_the_face(face: FaceObservation, scheme: Scheme) -> None:
    regions = by_name(projected(face.landmarks, scheme))
    for side in ("left", "right"):
        column = ["inner brow", "upper eyelid centre", "lower eyelid centre", "cheek", "mouth corner"]
        rows = [regions[f"{side} {part}"].center[1] for part in column]
        assert rows == sorted(rows)
        outwards = -1 if side == "left" else 1
        for lid in ("upper", "lower"):
            across = [regions[f"{side} {lid} eyelid {p}"].center[0] for p in ("inner", "centre", "outer")]
            assert across == sorted(across, key=lambda u: outwards * u)
    middle = [regions[n].center[1] for n in ("upper lip centre", "lower lip centre", "chin")]
    assert middle == sorted(middle)


@pytest.mark.parametrize("scheme", ["wflw98", "ibug68", "template"])
def test_schemes_agree(face: FaceObservation, scheme: Scheme) -> None:
    mesh, other = by_name(face.landmarks), by_name(projected(face.landmarks, scheme))
    # 68 points know the brows and lids more coarsely.
    allowed = (0.05 if scheme == "ibug68" else 0.005) * inter_ocular(face.landmarks)
    for name in REGION_NAMES:
        assert other[name].center == pytest.approx(mesh[name].center, abs=allowed), name


def test_wflw_regions_follow_the_published_numbers() -> None:
    """REGION centres from 1-based WFLW numbers, on points that are all told apart."""
    rng = np.random.default_rng(1)
    points = rng.uniform(100, 300, (98, 2)).astype(np.float32)
    points[60], points[72] = (100, 200), (300, 200)  # outer eye corners: scale 1, no tilt
    regions = by_name(Landmarks(points, "wflw98"))

    def mean(*numbers: int, du: float = 0, dv: float = 0) -> np.ndarray:
        return points[[n - 1 for n in numbers]].mean(axis=0) + np.array([du, dv])

    expected = {
        "left upper eyelid outer": (mean(62, dv=-5), 10),
        "left lower eyelid inner": (mean(66, dv=5), 10),
        "right upper eyelid inner": (mean(70, dv=-5), 10),
        "right upper eyelid outer": (mean(72, dv=-5), 10),
        "right lower eyelid outer": (mean(74, dv=5), 10),
        "right lower eyelid inner": (mean(76, dv=5), 10),
        "left outer brow": (mean(35, 42, 34), 15),
        "right outer brow": (mean(46, 48, 47), 15),
        "left inner brow": (mean(37, 38, 40, 39), 15),
        "right inner brow": (mean(43, 44, 51, 50), 15),
        "left nostril wing": (mean(56, du=-7, dv=-7), 20),
        "right nostril wing": (mean(60, du=7, dv=-7), 20),
        "left mouth corner": (mean(77, du=-7), 15),
        "right mouth corner": (mean(83, du=7), 15),
        "upper lip left": (mean(78), 15),
        "upper lip centre": (mean(80), 15),
        "upper lip right": (mean(82), 15),
        "lower lip left": (mean(87, 88), 15),
        "lower lip centre": (mean(86), 15),
        "lower lip right": (mean(84, 85), 15),
        "chin": (mean(17), 25),
    }
    for name, (centre, size) in expected.items():
        assert regions[name].center == pytest.approx(centre, abs=1e-3), name
        assert regions[name].size == pytest.approx(size), name


def test_a_mirrored_picture_gives_mirrored_regions(portrait: np.ndarray, face: FaceObservation) -> None:
    [mirrored] = find_faces(np.ascontiguousarray(portrait[:, ::-1]))
    here, there = by_name(face.landmarks), by_name(mirrored.landmarks)
    swap = str.maketrans({"<": "right", ">": "left"})
    for name in REGION_NAMES:
        other = name.replace("left", "<").replace("right", ">").translate(swap)
        u, v = there[other].center
        assert (511 - u, v) == pytest.approx(here[name].center, abs=3), name


def test_boxes_scale_and_turn_with_the_face(face: FaceObservation) -> None:
    turn = np.array([[0, 3], [-3, 0]], np.float32)  # a quarter turn, three times as large
    points = np.concatenate([face.landmarks.xy @ turn, 3 * face.landmarks.points[:, 2:]], axis=1)
    for before, after in zip(regions_of(face.landmarks), regions_of(Landmarks(points)), strict=True):
        assert after.size == pytest.approx(3 * before.size, rel=1e-3)
        assert after.center == pytest.approx(np.array(before.center) @ turn, abs=0.1)


def test_template_rows_and_symmetry() -> None:
    template = template_landmarks(28, 28)
    regions = by_name(template)
    for side in ("left", "right"):
        assert 3 <= regions[f"{side} inner brow"].center[1] <= 6
        assert 3 <= regions[f"{side} outer brow"].center[1] <= 6
        for lid in ("upper", "lower"):
            assert 6.5 <= regions[f"{side} {lid} eyelid centre"].center[1] <= 9.5
        assert 19 <= regions[f"{side} mouth corner"].center[1] <= 21
    assert nose_tip(template) == pytest.approx((13.5, 15), abs=0.01)
    for name in REGION_NAMES:
        if name.startswith("left"):
            mirror = regions[name.replace("left", "right")]
            assert regions[name].center[0] + mirror.center[0] == pytest.approx(27, abs=1e-3)
    assert all(0 <= c <= 27.5 for region in regions.values() for c in region.center)
    double = by_name(template_landmarks(56, 56))
    assert double["chin"].center == pytest.approx(np.array(regions["chin"].center) * 2 + 0.5, abs=1e-3)


def test_eyes(face: FaceObservation) -> None:
    left, right = eye_opening(face.landmarks)
    assert 0.2 < left < 0.45
    assert 0.2 < right < 0.45
    shut = face.landmarks.points.copy()
    shut[[159, 158]] = shut[145]
    assert eye_opening(Landmarks(shut))[0] < 0.05
    assert eye_opening(Landmarks(shut))[1] == pytest.approx(right)


def rotated(points: np.ndarray, pitch: float, yaw: float, roll: float) -> np.ndarray:
    """Turn so that pitch lifts the nose, yaw takes it to the picture's right, roll is clockwise."""
    p, y, r = np.radians([-pitch, -yaw, roll])
    x_turn = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    y_turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    z_turn = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray(points @ (z_turn @ y_turn @ x_turn).T)


def test_pose_signs_and_size(face: FaceObservation) -> None:
    before = face.landmarks.points.astype(float)
    up = Landmarks(rotated(before, 10, 0, 0).astype(np.float32))
    right = Landmarks(rotated(before, 0, 10, 0).astype(np.float32))
    eyes = before[[33, 263]].mean(axis=0)
    assert (up.points[4] - rotated(eyes, 10, 0, 0))[1] < (before[4] - eyes)[1], "nose up is up on the screen"
    assert (right.points[4] - rotated(eyes, 0, 10, 0))[0] > (before[4] - eyes)[0]
    for pitch, yaw, roll in ((10, 0, 0), (0, 15, 0), (0, 0, 20), (-5, 12, 7)):
        turned = Landmarks(rotated(before, pitch, yaw, roll).astype(np.float32))
        pose = head_pose(turned, face.landmarks)
        assert (pose.pitch, pose.yaw, pose.roll) == pytest.approx((pitch, yaw, roll), abs=0.1)
        flat = head_pose(projected(turned, "wflw98"), projected(face.landmarks, "wflw98"))
        assert (flat.pitch, flat.yaw, flat.roll) == pytest.approx((pitch, yaw, roll), abs=4)


def test_a_frontal_face_has_no_pose(face: FaceObservation) -> None:
    mean = Landmarks((MEAN_FACE * 100).astype(np.float32), "template")
    assert head_pose(mean) == head_pose(mean, None)
    pose = head_pose(mean)
    assert (pose.pitch, pose.yaw, pose.roll) == pytest.approx((0, 0, 0), abs=1e-3)
    assert abs(head_pose(face.landmarks).yaw) < 10


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mask_holds_the_regions(portrait: np.ndarray, face: FaceObservation, scheme: Scheme) -> None:
    landmarks = projected(face.landmarks, scheme)
    mask = face_mask(landmarks, portrait.shape)
    assert mask.shape == (512, 512)
    assert mask.dtype == bool
    assert 0.35 < mask.sum() / (face.box[2] * face.box[3]) < 1
    for name in ("nose tip", "upper lip centre", "left upper lid centre"):
        u, v = np.round(anchor(landmarks, name)[:2]).astype(int)
        assert mask[v, u], name
    assert not mask[0, 0]


def test_tables_are_whole() -> None:
    for scheme in SCHEMES:
        assert tuple(ANCHORS[scheme]) == ANCHOR_NAMES
        assert max(max(indices) for indices in ANCHORS[scheme].values()) < POINT_COUNTS[scheme]
    assert len(set(FACE_OVAL)) == 36
    assert MEAN_FACE.shape == (45, 3)


def test_region_ids_know_their_place_and_their_mirror_image() -> None:
    lid = RegionId.LEFT_UPPER_EYELID_OUTER
    assert (lid.part, lid.side, lid.patch) == (Part.UPPER_EYELID, ImageSide.LEFT, Patch.OUTER)
    assert lid.mirrored is RegionId.RIGHT_UPPER_EYELID_OUTER
    assert all(RegionId.at(r.part, r.side, r.patch) is r for r in RegionId)
    assert [r for r in RegionId if r.mirrored is r] == [
        RegionId.UPPER_LIP_CENTRE,
        RegionId.LOWER_LIP_CENTRE,
        RegionId.CHIN,
    ]
    assert sum(r.is_eyelid for r in RegionId) == 12 == (~OUTSIDE_EYES).sum()
