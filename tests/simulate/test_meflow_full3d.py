"""The rasteriser; and, where ICT-FaceKit is at hand, heads that wear a photograph."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mellm.errors import InputError
from mellm.simulate.canonical_mesh import mirror_index
from mellm.simulate.full_3d import Full3dSource
from mellm.simulate.gallery import Gallery
from mellm.simulate.ict import LANDMARKS, MESH_LANDMARKS, IctModel
from mellm.simulate.origins import Origin
from mellm.simulate.pair_stream import MEFlowConfig, PairSource
from mellm.simulate.photo_pairs import PairConfig, PhotoSource
from mellm.simulate.raster import rasterise

ICT = Path(__file__).parents[2] / "../shared/data/ict_facekit/ict_facekit_compact.npz"


@pytest.fixture(scope="module")
def model() -> IctModel:
    if not ICT.is_file():
        pytest.skip("ICT-FaceKit's compact .npz is not beside the checkout (../shared/data/ict_facekit)")
    return IctModel(ICT)


def test_the_nearer_triangle_is_seen_and_weights_locate_the_pixel() -> None:
    points = np.array(
        [[1, 1, 5], [15, 1, 5], [1, 15, 5], [3, 3, 1], [9, 3, 1], [3, 9, 1], [0, 0, 0]], np.float32
    )
    which, weights = rasterise(points, np.array([[0, 1, 2], [3, 4, 5]]), (20, 20))
    assert which[4, 4] == 1 and which[2, 2] == 0 and which[18, 18] == -1
    at = (weights[4, 5][:, None] * points[[3, 4, 5]]).sum(0)
    assert np.allclose(at[:2], (5, 4), atol=1e-4)


def test_triangles_that_turn_their_back_are_not_seen() -> None:
    points = np.array([[1, 1, 0], [15, 1, 0], [1, 15, 0]], np.float32)
    assert (rasterise(points, np.array([[0, 2, 1]]), (20, 20))[0] == -1).all()
    assert (rasterise(points, np.array([[0, 1, 2]]), (20, 20))[0] == 0).any()


def test_triangles_beyond_the_frame_are_clipped() -> None:
    points = np.array([[-10, -10, 0], [30, -10, 0], [-10, 30, 0], [90, 90, 0], [95, 90, 0], [90, 95, 0]])
    which, _ = rasterise(points.astype(np.float32), np.array([[0, 1, 2], [3, 4, 5]]), (12, 10))
    assert which.shape == (10, 12) and set(np.unique(which)) <= {-1, 0}


def test_a_file_that_is_no_ict_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(InputError, match="ICT-FaceKit"):
        IctModel(path)


def test_full_3d_without_a_model_is_refused(portrait_folder: Path, mesh_cache: Path) -> None:
    config = MEFlowConfig(portrait_folder, cache=mesh_cache, full_3d=0.5)
    with pytest.raises(InputError, match="compact"):
        PairSource(config, "train")


@pytest.mark.shared
def test_sides_of_the_scanned_shapes_are_the_subjects(model: IctModel) -> None:
    left = model.canonical_field(12, "left")
    assert left[291, 0] > 0.3 and left[291, 1] > 0.3  # the subject's left corner, out and up
    assert np.abs(left[61]).max() < 0.1
    both = model.canonical_field(12, "both")
    assert np.abs(both[mirror_index()] * (-1, 1, 1) - both).max() < 0.35
    assert model.canonical_field(26, "both")[152, 1] < -0.5
    assert abs(model.canonical_field(5, "both")[145, 1]) < 0.2 < model.canonical_field(5, "both")[159, 1]


@pytest.mark.shared
def test_a_head_fits_the_face(model: IctModel, gallery: Gallery) -> None:
    mesh = gallery.portraits[0].mesh
    fit = model.fit(mesh - np.array([0, 0, mesh[:, 2].mean()], np.float32))
    off = fit.points[list(LANDMARKS), :2] - mesh[list(MESH_LANDMARKS), :2]
    width = np.linalg.norm(mesh[454, :2] - mesh[234, :2])
    assert np.linalg.norm(off, axis=1).mean() < 0.012 * width


@pytest.mark.shared
def test_rendered_pairs_are_exact(model: IctModel, gallery: Gallery) -> None:
    source = Full3dSource(gallery, model, config=PairConfig(size=(200, 240), clean=True, still=0.0))
    ratio = []
    for index in range(4):
        pair = source.pair(index)
        pixels = np.stack(np.meshgrid(np.arange(200), np.arange(240)), -1).astype(np.float32)
        back = cv2.remap(pair.apex, pixels + pair.facial, None, cv2.INTER_CUBIC)
        inside = pair.valid & pair.face
        after = np.abs(back.astype(float) - pair.onset).mean(-1)[inside].mean()
        before = np.abs(pair.apex.astype(float) - pair.onset).mean(-1)[inside].mean()
        ratio.append(after / max(before, 1e-6))
        assert pair.action_units and (pair.face & ~pair.valid).sum() < 0.05 * pair.face.sum()
    assert np.median(ratio) < 0.35
    assert np.array_equal(
        source.pair(2).apex, Full3dSource(gallery, model, config=source.config).pair(2).apex
    )


@pytest.mark.shared
def test_sources_are_mixed_by_share(model: IctModel, portrait_folder: Path, mesh_cache: Path) -> None:
    pair = PairConfig(size=(80, 96))
    config = MEFlowConfig(portrait_folder, ict=ICT, full_3d=0.5, cache=mesh_cache, pair=pair)
    source = PairSource(config, "train")
    names = [source.pair(i).key.split("-")[0] for i in range(12)]
    assert 2 <= names.count("full3d") <= 10 and 2 <= names.count("photo") <= 10


@pytest.mark.shared
def test_scanned_shapes_change_the_photo_source(model: IctModel, gallery: Gallery) -> None:
    config = PairConfig(size=(120, 144), clean=True, still=0.0, bumps=0.0, origins=((Origin.ICT, 1.0),))
    source = PhotoSource(gallery, config=config, shapes=model)
    assert all(source.pair(i).origin == "ict" and source.pair(i).action_units for i in range(3))
    without = PhotoSource(gallery, config=config)
    with pytest.raises(InputError, match="--ict"):
        without.pair(0)


@pytest.mark.shared
def test_heads_in_3d_have_the_scans_motion(portrait_folder: Path, mesh_cache: Path) -> None:
    pair = PairConfig(origins=((Origin.MUSCLE, 1.0),))
    config = MEFlowConfig(portrait_folder, ict=ICT, full_3d=0.5, cache=mesh_cache, pair=pair)
    with pytest.raises(InputError, match="full_3d"):
        PairSource(config, "train")
