import math
import random
import re

import pytest

from mellm.face.regions import REGION_NAMES
from mellm.flow.region_motion import OCTANTS, RegionMotion
from mellm.language import unsupported_claims, write_reading
from mellm.language.claim_check import claims_in, false_claims

VECTORS = {
    "left mouth corner": (-0.7, -0.6),
    "right mouth corner": (0.7, -0.6),
    "left inner brow": (0.3, 0.5),
    "right inner brow": (-0.3, 0.5),
    "chin": (0.0, -0.4),
    "upper lip left": (0.0, -0.3),
    "upper lip centre": (0.0, -0.4),
}


def measured(name, vectors):
    u, v = vectors.get(name, (0.0, 0.0))
    size, angle = math.hypot(u, v), math.degrees(math.atan2(-v, u)) % 360
    moving = name in vectors
    octant = OCTANTS[int((angle + 22.5) // 45) % 8] if moving else None
    return RegionMotion(name, u, v, size, 1.5 * size, size / 150, angle, octant, 0.9, moving)


MOTION = [measured(name, VECTORS) for name in REGION_NAMES]

SUPPORTED = {
    "en": [
        "Both mouth corners rise and move apart.",
        "The left mouth corner moves up-left by 0.92 px.",
        "The subject's right mouth corner, at image left, is fine.",
        "The left mouth corner moves up and to the left, and the right mouth corner up and to the right.",
        "The inner brows are lowered and draw together (0.58 px).",
        "The chin lifts; the left cheek does not move.",
        "The upper lip is raised.",
        "AU 12 (lip corner puller) and AU 15 (lip corner depressor) were considered.",
        "AU 4, the brow lowerer, would lower the outer brows too.",
        "There is no upward motion of the cheeks.",
        "The subject's right inner brow moves to the right and down.",
        "Taken together this suggests happiness.",
        "The brow lowerer was active; the lower lip was not discussed.",
        "The inner eyebrows furrow and lower.",
        "Blue patches cover the left corner of the lips, and the chin lifts.",
        "Both corners of the mouth spread.",
    ],
    "zh": [
        "两侧嘴角上提并向外移动。",
        "左侧嘴角向左上移动 0.92 px。",
        "左内眉和右内眉下压并向内靠拢。",
        "下巴上提，左侧脸颊没有运动。",
        "AU12（嘴角上扬）和AU15（嘴角下拉）均被考虑。",
        "画面左侧（被摄者右侧）的嘴角向左上移动。",
        "被摄者右侧的眉头向右下移动。",
        "综上提示高兴。",
    ],
}
UNSUPPORTED = {
    "en": [
        "Both mouth corners move down.",
        "The left mouth corner moves up-right.",
        "The left mouth corner rises by 2.40 px.",
        "The left cheek rises.",
        "The chin stays still.",
        "The inner brows are raised.",
        "The mouth corners draw together.",
        "The left mouth corner and the left cheek rise.",
        "The left outer brow moves down.",
        "The right mouth corner moves up, the lower lip drops.",
        "The eyebrows rise.",
        "The subject's left mouth corner moves up-left.",
        "His mouth corners droop.",
        "The corners of the lips pull downward.",
        "Strong yellow patches over both eyebrows.",
        "A bright green patch appears over the chin.",
        "The left corner of the mouth sags.",
        "Upper lids fall.",
        "Pink motion at the left mouth corner.",
        "The lower lids rise.",
    ],
    "zh": [
        "两侧嘴角下移。",
        "左侧嘴角向右上移动。",
        "左侧嘴角上提 2.40 px。",
        "左侧脸颊上抬。",
        "下巴保持不动。",
        "两侧眉头上抬。",
        "嘴角向内收拢。",
        "眉毛上抬。",
        "被摄者左侧嘴角向左上移动。",
    ],
}


@pytest.mark.parametrize(("language", "text"), [(k, t) for k, texts in SUPPORTED.items() for t in texts])
def test_measured_claims_pass(language, text):
    assert unsupported_claims(text, MOTION, language) == []


@pytest.mark.parametrize(("language", "text"), [(k, t) for k, texts in UNSUPPORTED.items() for t in texts])
def test_claims_not_measured_are_caught(language, text):
    found = unsupported_claims(text, MOTION, language)
    assert len(found) == 1
    assert found[0].startswith(text.rstrip("。"))


def test_the_subjects_side_in_a_mirrored_picture_is_the_pictures():
    text = "The subject's left mouth corner moves up-left."
    assert unsupported_claims(text, MOTION, "en", mirrored=True) == []


def test_only_the_wrong_sentence_is_reported_and_it_says_what_is_wrong():
    text = "The chin lifts. The left cheek drops. Both mouth corners rise."
    assert unsupported_claims(text, MOTION, "en") == ["The left cheek drops. -> down: left cheek"]


def test_a_claim_says_what_is_said_of_which_regions():
    claims = list(claims_in("The chin lifts. Both mouth corners stay still by 0.30 px.", "en"))
    assert [(c.number, c.kind, c.said, c.places) for c in claims] == [
        (0, "direction", "up", (("chin",),)),
        (1, "still", "stay still", (("left mouth corner",), ("right mouth corner",))),
        (1, "px", "0.30", (("left mouth corner",), ("right mouth corner",))),
    ]
    failed = false_claims("The chin lifts. The left cheek drops.", MOTION, "en")
    assert [str(claim) for claim in failed] == ["down: left cheek"]


def test_a_sentence_said_twice_is_reported_twice():
    text = "The left cheek drops. The left cheek drops."
    assert unsupported_claims(text, MOTION, "en") == ["The left cheek drops. -> down: left cheek"] * 2


OPPOSITE = {
    "en": {
        "up-left": "down-right", "up-right": "down-left", "down-left": "up-right", "down-right": "up-left",
        "leftward": "rightward", "rightward": "leftward", "upward": "downward", "downward": "upward",
        "rise": "sink", "lift": "drop", "sink": "rise", "outward": "inward", "inward": "outward",
        "move apart": "draw together", "draw together": "move apart",
    },
    "zh": {
        "向左上": "向右下", "向右上": "向左下", "向左下": "向右上", "向右下": "向左上", "上抬": "下移",
        "下移": "上抬", "向外": "向内", "向内": "向外",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_reversed_direction_in_a_reading_is_caught(language):
    rng = random.Random(1)
    table = OPPOSITE[language]
    edge = r"\b" if language == "en" else ""
    words = re.compile(f"{edge}(?:{'|'.join(sorted(table, key=len, reverse=True))}){edge}")
    tried = 0
    for _ in range(60):
        vectors = {
            name: (rng.gauss(0, 0.6), rng.gauss(0, 0.6))
            for name in rng.sample(REGION_NAMES, rng.randint(1, 10))
        }
        motion = [measured(name, vectors) for name in REGION_NAMES]
        text = write_reading(motion, [], None, taxonomy="7", language=language).analysis
        for found in words.finditer(text):
            corrupted = text[: found.start()] + table[found.group()] + text[found.end() :]
            assert unsupported_claims(corrupted, motion, language), corrupted
            tried += 1
    assert tried > 100
