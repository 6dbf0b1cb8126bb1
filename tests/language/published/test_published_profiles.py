"""The published checkpoints are asked as in their demonstrations, to the character."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mellm.analysis.analyzer import Analyzer
from mellm.analysis.settings import Settings
from mellm.cli import app
from mellm.errors import InputError
from mellm.face.people import Landmarks
from mellm.language.answer import Answer, concluded_codes, last_label
from mellm.language.backends import create_backend
from mellm.language.backends.dialect import Dialect
from mellm.language.backends.protocol import Choice
from mellm.language.published.colour_map import map_of
from mellm.language.published.flow_prompt import published_flow_prompt
from mellm.language.published.profiles import PROFILES, published_messages
from mellm.language.published.regions import published_regions

GOLDEN = Path(__file__).parent
"""`flow_prompt*.txt`: written by the demonstration's own functions for `landmarks()` and `flow()` below."""

WIDTH, HEIGHT = 400, 480


def landmarks(drop: int = 0) -> Landmarks:
    """98 points strewn over the picture; `drop` puts the chin so many px above its lower edge."""
    points = np.array([(40 + k * 37 % 320, 60 + k * 53 % 380) for k in range(98)], np.float32)
    points[54] = (170, 240)  # the nose tip, where nothing moves
    if drop:
        points[16] = (200, HEIGHT - drop)
        points[72] = (330, 300)  # the right eye's corner, so low that the cheek is pushed below it
    return Landmarks(points, "wflw98")


def flow() -> np.ndarray:
    """Waves, with a quiet strip and a strip of motion in all directions."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    u, v = np.sin(x / 17) * np.cos(y / 23), 0.7 * np.cos(x / 29 + y / 13)
    u[:, 150:190] *= 1e-5
    v[:, 150:190] *= 1e-5
    u[:, 240:340] = (np.sin(x * 2.1) * np.cos(y * 1.3))[:, 240:340]
    v[:, 240:340] = (np.cos(x * 1.7) * np.sin(y * 1.9))[:, 240:340]
    return np.stack([u, v], axis=-1).astype(np.float32)


@pytest.mark.parametrize("drop", [0, 9])
def test_the_flow_prompt_is_the_demonstrations_to_the_character(drop):
    golden = (GOLDEN / f"flow_prompt_{drop}.txt").read_text(encoding="utf-8")
    assert published_flow_prompt(flow(), landmarks(drop)) == golden
    assert "°))}" in golden and "No clear dominant direction (" in golden
    assert '(Left Side),"mean_magnitude":' in golden  # the quotation mark that is never closed


def test_still_regions_say_so_at_length():
    still = published_flow_prompt(np.zeros((HEIGHT, WIDTH, 2), np.float32), landmarks())
    assert still.count('"direction":No significant motion detected (mean magnitude ≈ 0).}') == 29


def test_regions_leave_out_their_ends():
    sizes = {}
    for region in published_regions(landmarks(), WIDTH, HEIGHT):
        cut = region.cut(flow())
        sizes[region.name] = cut.shape[:2]
    assert sizes["Left Lower Eyelid (Center)"] == (9, 9)
    assert sizes["Left Inner Eyebrow"] == sizes["Upper Lip (Center)"] == (14, 14)
    assert sizes["Right Nostril Wing"] == (20, 20)
    assert sizes["Chin"] == (24, 24)


def test_other_landmarks_name_the_same_places():
    """A mesh whose points stand where the 98 stand gives the same boxes around them."""
    from mellm.face.anchors import ANCHORS

    given, points = landmarks(), np.zeros((468, 3), np.float32)
    for name, indices in ANCHORS["mesh468"].items():
        points[list(indices), :2] = given.points[list(ANCHORS["wflw98"][name])].mean(0)
    mesh = {r.name: r for r in published_regions(Landmarks(points), WIDTH, HEIGHT)}
    for region in published_regions(given, WIDTH, HEIGHT):
        if "Eyelid" not in region.name and "Cheek" not in region.name:
            assert mesh[region.name] == region


def test_the_map_steps_directions_and_cuts_brightness():
    moved = np.zeros((60, 60, 2), np.float32)
    moved[:5, :5] = (4, 3)  # 37 degrees, nearer to 30 than to 60: hue 15
    moved[5:10, :5] = (0, 3.74)
    onset = np.full((60, 60, 3), 7, np.uint8)
    points = np.full((98, 2), 40, np.float32)
    drawn = map_of(moved, onset, Landmarks(points, "wflw98")).astype(int)
    first, second, still = drawn[2, 2], drawn[7, 2], drawn[50, 50]
    assert np.abs(first - (255, 127 + 7, 7)).max() <= 1
    assert second.max() == 190 + 7  # 190.74 of 255, cut
    assert still.tolist() == [7, 7, 7]


def test_the_vision_question_has_the_demonstrations_turns():
    rng = np.random.default_rng(0)
    onset = cv2.GaussianBlur(rng.integers(0, 255, (96, 80, 3), dtype=np.uint8), (0, 0), 2)
    points = Landmarks(landmarks().points / 5, "wflw98")
    system, user = published_messages("vision", (onset, onset), points, np.zeros((96, 80, 2), np.float32))
    assert (system.role, system.text) == ("system", "You are a helpful assistant.")
    assert user.text.startswith("这是一个人脸图像") and user.text.endswith("最终推断的微表情。")
    assert user.images[0].shape == (96, 80, 3)
    assert (PROFILES["vision"].temperature, PROFILES["vision"].max_tokens) == (0.7, 2048)
    assert PROFILES["flow"].max_tokens == 16384


def test_answers_in_the_published_forms_are_understood():
    english = Answer.parse(
        "### 1. Analysis of ROIs\n* Mouth corners: up.\n### 2. **Inference**\nSo.\n### 3. **Summary**\n"
        "**AUs:** AU12\n**Micro-expression:** Positive",
        "en",
    )
    assert (english.analysis, english.reasoning) == ("* Mouth corners: up.", "So.")
    assert concluded_codes(english.conclusion) == ("12",)
    assert last_label(english.conclusion, ("negative", "positive", "surprise")) is not None
    chinese = Answer.parse("视觉检查：眉部为黄绿色。\n表情推理：……\n最终结论：AU4，厌恶。", "zh")
    assert concluded_codes(chinese.conclusion) == ("4",)
    assert chinese.analysis == "眉部为黄绿色。"


def test_the_models_own_template_is_left_as_it_is():
    assert Dialect.of("vllm").family.every_request
    assert not Dialect.of("vllm", thinking=True).family.every_request
    assert create_backend("openai:http://127.0.0.1:1/v1,model=m,thinking=yes")._thinking  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"llm": "embedded", "taxonomy": "3"}, "transformers:PATH"),
        ({"llm": "openai:http://127.0.0.1:1/v1", "taxonomy": "7"}, "--taxonomy 3"),
        ({"llm": "openai:http://127.0.0.1:1/v1", "taxonomy": "7", "route": "vision"}, "--language zh"),
    ],
)
def test_what_does_not_fit_a_checkpoint_is_refused(settings, word):
    with pytest.raises(InputError, match=word):
        Analyzer(Settings(prompt=Path("published"), **settings))


class Recorder:
    """A checkpoint that answers in the published form and keeps what it was asked."""

    name, sees = "recorder", True

    def __init__(self):
        self.asked, self.decoding = None, None

    def generate(self, messages, decoding, *, prefix="", control=None):
        self.asked, self.decoding = messages, decoding
        yield "### 1. ROIs\n* Left Mouth Corner: up-left.\n### 2. Reasoning\nA smile.\n"
        yield "### 3. Summary\nAU12, Positive"

    def choose(self, messages, prefix, options, *, control=None):
        return Choice(next(k for k, o in enumerate(options) if "positive" in o.lower()), None)


def test_an_analysis_asks_the_published_way(pair, monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr("mellm.language.backends.create_backend", lambda spec, **options: recorder)
    settings = Settings(prompt=Path("published"), llm="transformers:ckpt/LLM", taxonomy="3", estimator="dis")
    report = Analyzer(settings).analyze(onset=pair[0], apex=pair[1])
    reading = report.micro_expressions[0].reading
    assert (reading.action_units, reading.label) == (["12"], "positive")
    assert recorder.decoding.max_tokens == 16384
    assert recorder.asked[0].text.count('{"region":"') == 29
    assert len(recorder.asked) == 1


def test_where_downloaded_files_go_is_told():
    told = CliRunner().invoke(app, ["models", "published"])
    assert told.exit_code == 0
    assert "--prompt published" in told.output and "Qwen2.5-VL-7B" in told.output
