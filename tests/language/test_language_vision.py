import numpy as np
import pytest

from mellm.errors import InputError
from mellm.face import Alignment, FaceTracker
from mellm.flow import create
from mellm.instruct.records import Case, Truth
from mellm.instruct.sample_measurement import measure_frames
from mellm.instruct.sources import MEFlowSource
from mellm.instruct.task_prompts import IMAGE, meu_prompt
from mellm.language.vision_question import vision_messages
from mellm.media import read_image
from mellm.media.frame import Frame
from mellm.render.pictures import draw_pictures


def aligned(pair):
    pictures = [read_image(path) for path in pair]
    tracker = FaceTracker(max_people=1)
    points = [tracker.update(Frame(i, 0.0, image))[0].landmarks for i, image in enumerate(pictures)]
    alignment = Alignment.fit(points)
    crops = [alignment.crop(image) for image in pictures]
    return crops, create("dis").estimate(*crops, alignment.landmarks_to_crop(points[0]))


def test_a_model_is_shown_what_it_was_trained_on(pair):
    scale = MEFlowSource.map_scale_px
    _, trained_on = measure_frames(*(read_image(path) for path in pair), create("dis"), scale)
    (onset, _), flow = aligned(pair)
    (message,) = vision_messages(onset, flow.expression, taxonomy="7", language="zh")
    assert message.images[0].shape == (480, 400, 3)
    assert np.array_equal(message.images[0], trained_on)
    case = Case("k", "d", "s", "n", "train", "px", (), Truth(None, None, {}), "x.jpg", True, {})
    asked = meu_prompt(case, "vision", "zh", "7").replace(IMAGE, "").strip()
    assert message.text == asked


def test_the_report_shows_the_same_colours(pair):
    (onset, apex), flow = aligned(pair)
    (message,) = vision_messages(onset, flow.expression)
    shown = draw_pictures(onset, apex, flow, [], [])["mmc_fixed"][:672]
    small = shown[::7, ::7][:69, :57].astype(int)  # 560x672: every 7th pixel is every 5th of the map
    assert np.abs(small - message.images[0][::5, ::5][:69, :57]).mean() < 12


def test_a_still_face_stays_grey():
    onset = np.full((480, 400, 3), 90, np.uint8)
    (message,) = vision_messages(onset, np.zeros((480, 400, 2), np.float32))
    assert np.array_equal(message.images[0], onset)


def test_another_size_is_another_scale():
    with pytest.raises(InputError, match="align it to 400x480"):
        vision_messages(np.zeros((96, 80, 3), np.uint8), np.zeros((96, 80, 2), np.float32))


def test_the_prompt_may_be_the_users_own(tmp_path):
    (tmp_path / "p.txt").write_text("Say one of $labels.", encoding="utf-8")
    still = np.zeros((480, 400, 2), np.float32)
    onset = np.zeros((480, 400, 3), np.uint8)
    (message,) = vision_messages(onset, still, taxonomy="3", template=tmp_path / "p.txt")
    assert message.text.startswith("Say one of ") and "positive" in message.text
