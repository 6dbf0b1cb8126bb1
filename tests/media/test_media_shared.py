"""Every clip of the shared research data, where it lies beside the checkout."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mellm.media import open_media

CLIPS = Path(__file__).parents[2] / "../shared/data/clips"
EXPECTED = {
    "single_face.mp4": ("video", 72, Fraction(30)),
    "WolfgangLanger_Pexels.mp4": ("video", 472, Fraction(24000, 1001)),
    "face_noface.mov": ("video", 169, None),
    "no_face.mp4": ("video", 95, Fraction(24)),
    "multi_face.jpg": ("image", 1, None),
    "head-pose-face-detection-female.gif": ("animation", 23, Fraction(12)),
    "head-pose-face-detection-male.gif": ("animation", 62, Fraction(12)),
    "head-pose-face-detection-female-and-male.gif": ("animation", 56, Fraction(12)),
}

pytestmark = pytest.mark.shared


@pytest.mark.parametrize("name", EXPECTED)
def test_shared_clip(name: str) -> None:
    path = CLIPS / name
    if not path.exists():
        pytest.skip("the shared research data is not beside this checkout")
    kind, count, rate = EXPECTED[name]
    with open_media(path) as media:
        times = []
        for frame in media.frames():
            assert frame.image.shape == (media.info.height, media.info.width, 3)
            times.append(frame.time)
        assert (media.info.kind, len(times), media.info.frames) == (kind, count, count)
        if rate is not None:
            assert media.info.fps == rate
        assert media.warnings == []
        assert times[0] == 0.0
        if kind == "video":
            with av.open(str(path)) as container:
                stamps = [frame.time for frame in container.decode(video=0)]
            assert times == pytest.approx([stamp - stamps[0] for stamp in stamps], abs=1e-9)
            middle = media.read([count // 2])[count // 2]
            sequential = next(media.frames(count // 2))
            np.testing.assert_array_equal(middle.image, sequential.image)
