"""Fixtures of the whole suite: the shipped portrait, a pair and a clip of known motion."""

import os
import pickle
from importlib.resources import files
from pathlib import Path

# One thread per test process: beside another one (`-n 2`), small matrices are up to ten times slower on two.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import av
import cv2
import numpy as np
import pytest
from filelock import FileLock

from mellm.face import find_faces
from mellm.media import read_image
from mellm.media.frame import Image
from mellm.simulate.generated_clip import ClipTruth, demo_clip

SLOW = (
    "analysis/test_batch.py",
    "e2e",
    "evaluate/test_evaluate_language.py",
    "evaluate/test_evaluate_protocols.py",
    "evaluate/test_evaluate_vqa.py",
    "flow/meflownet/test_meflownet_bench.py",
    "flow/meflownet/test_meflownet_runtime.py",
    "instruct/test_instruct_build.py",
    "instruct/test_instruct_checks.py",
    "instruct/test_instruct_cli.py",
    "instruct/test_instruct_compact.py",
    "instruct/test_instruct_drafts.py",
    "instruct/test_instruct_sources.py",
    "language/backends",
    "simulate/test_meflow_build.py",
    "simulate/test_meflow_full3d.py",
    "train",
    "web",
)
"""Folders and files that start a server, a browser or a training, or measure many pairs.

`make test-fast` leaves them out. A single slow test is marked `slow` where it stands.
"""

LONGEST = (
    "train/language/test_language.py",
    "e2e/test_e2e_page.py",
    "e2e/test_e2e_offline.py",
    "web/test_web_api.py",
    "flow/meflownet/test_meflownet_bench.py",
    "web/test_web_faults.py",
    "e2e/test_e2e_cli.py",
    "e2e/test_e2e_models.py",
    "e2e/test_e2e_pipeline.py",
    "e2e",
    "train",
    "language/backends",
    "analysis/test_batch.py",
    "web",
    "evaluate",
    "simulate",
    "spot",
)
"""What takes longest, longest first: begun last, it would keep one process busy while the others idle."""

SHARED = Path(__file__).resolve().parents[1] / "../shared/data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in `SLOW`; put what stands in `LONGEST` first."""
    here = Path(__file__).parent
    assert [name for name in (*SLOW, *LONGEST) if not (here / name).exists()] == []
    first = [here / name for name in LONGEST]
    items.sort(key=lambda item: next((k for k, one in enumerate(first) if item.path.is_relative_to(one)), 99))
    slow = [here / name for name in SLOW]
    for item in items:
        if any(item.path.is_relative_to(place) for place in slow):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The research data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the research data (../shared/data) is not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def portrait() -> Image:
    """A real photograph of a face, uint8 RGB."""
    return read_image(Path(str(files("mellm.data") / "portrait.jpg")))


@pytest.fixture(scope="session")
def pair(portrait: Image, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Onset and apex pictures of 400x480: both mouth corners 1.5 px up and 1.5 px out, sensor noise."""
    onset = cv2.resize(portrait[0:420, 60:410], (400, 480), interpolation=cv2.INTER_AREA)
    points = find_faces(onset)[0].landmarks.xy
    y, x = np.mgrid[:480, :400].astype(np.float32)
    u, v = np.zeros((2, 480, 400), np.float32)
    for index, outwards in ((61, -1), (291, 1)):
        bump = np.exp(-((x - points[index, 0]) ** 2 + (y - points[index, 1]) ** 2) / (2 * 18**2))
        u += outwards * 1.5 * bump
        v -= 1.5 * bump
    apex = cv2.remap(onset, x - u, y - v, cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("pair")
    for name, picture in (("onset", onset), ("apex", apex)):
        noisy = np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{name}.png"), noisy[..., ::-1])
    return folder / "onset.png", folder / "apex.png"


@pytest.fixture(scope="session")
def smile_clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ClipTruth]:
    """The demonstration clip (2.4 s, one micro-expression, a small head turn) and its truth.

    The test processes of one run share it: whoever comes first makes it, which takes many seconds.
    """
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    path, known = folder / "smile.mp4", folder / "smile.pickle"
    with FileLock(folder / "smile.lock"):
        if not known.is_file():
            known.write_bytes(pickle.dumps(demo_clip(path)))
    truth: ClipTruth = pickle.loads(known.read_bytes())
    return path, truth


@pytest.fixture(scope="session")
def brief_clip(smile_clip: tuple[Path, ClipTruth], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its first twelve frames, a still face: for tests that need an analysis and do not look at it."""
    path = tmp_path_factory.mktemp("brief") / "brief.mp4"
    with av.open(str(smile_clip[0])) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 480, 480, "yuv420p"
        for frame, _ in zip(source.decode(video=0), range(12), strict=False):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), "rgb24")))
        target.mux(stream.encode())
    return path
