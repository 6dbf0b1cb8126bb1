"""What reads a measured pair of frames: the FACS stage, the built-in model's encoders, any language model.

A model is anything with a `name` and a `read`; `register` makes one of your own known by name. None is told a
label, a unit or the data set of a sample, but for the name of the set whose sheet must not answer for it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, Protocol

from pydantic import BaseModel

from mellm.errors import InputError
from mellm.evaluate.counting_backend import CountingBackend
from mellm.evaluate.frame_measurement import Measured
from mellm.evaluate.language_models import consistent
from mellm.facs import PRESENT, create_au_model, create_emotion_model
from mellm.facs.blinks import feigned_units
from mellm.facs.codes import ActionUnitCode
from mellm.facs.findings import AUEvidence, AUModel, EmotionModel
from mellm.facs.learned_emotion import UNKNOWN, shipped_emotion_model
from mellm.language.backends.protocol import Message
from mellm.language.claim_check import claims_in, false_claims
from mellm.language.model_reader import Asking, LanguageReader
from mellm.language.motion.combination import combined_labels, combined_units, weights_of
from mellm.language.motion.encoders import Route, shipped_encoder
from mellm.language.motion.opinion import MotionTokens, borne_out
from mellm.language.prompt import fill, label_list
from mellm.language.shown_motion import need_reader_of_motion, shown_to
from mellm.language.vision_question import vision_messages
from mellm.media.frame import Image
from mellm.report import Reading

InputForm = Literal["motion-prompt", "mmc-map", "pair", "frames"]
"""What a language model is given: the regions' numbers, the motion map, two pictures, or a short video."""
INPUT_FORMS: tuple[InputForm, ...] = ("motion-prompt", "mmc-map", "pair", "frames")
MOST_SECONDS = 600.0
"""A model that takes longer over one sample fails."""


class TextSoundness(BaseModel):
    """How one text stands: see `mellm.evaluate.figures.TextFigures`."""

    well_formed: bool
    as_written: bool
    consistent: bool
    claims: int
    false: int


class FrameAnswer(BaseModel):
    """What a model makes of one sample.

    label: None where it finds no micro-expression, or its conclusion names no label
    seconds: what the reading took; characters: of all prompts and of all answers; pictures: sent
    """

    label: str | None
    probabilities: dict[str, float] = {}
    action_units: list[str] = []
    text: str | None = None
    soundness: TextSoundness | None = None
    seconds: float = 0.0
    characters: tuple[int, int] = (0, 0)
    pictures: int = 0


class FrameModel(Protocol):
    """Reads one measured sample; `own` names the sample's set among the emotion model's sheets."""

    @property
    def name(self) -> str:
        """For tables and provenance."""
        ...

    def read(self, measured: Measured, own: str) -> FrameAnswer:
        """Return the answer; raises MellmError where the model fails."""
        ...


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model reads, and how.

    taxonomy: the classes; units: action-unit model of the FACS stage; emotion: `learned` from sheets (never
        the sample's own), `clean` or `prototypes` (no sheet at all); convention: whose words for emotions
    llm, form, route: of a language model or encoder; prompt: `compact` or `full` (None: compact for the
        built-in model); told: the built-in model is told the FACS stage's findings; read_motion: it
        is shown the motion itself; brief: it is asked for units and label alone
    clean: the encoder rests on no sheet
    """

    taxonomy: str
    units: str = "evidence"
    emotion: str = "learned"
    convention: str = UNKNOWN
    llm: str = "embedded"
    prompt: str | None = None
    form: InputForm = "motion-prompt"
    route: Route = "flow"
    told: bool = False
    read_motion: bool = False
    brief: bool = False
    clean: bool = False


Factory = Callable[[ModelChoice], FrameModel]
_REGISTERED: dict[str, Factory] = {}


def register(name: str, factory: Factory) -> None:
    """Make a model known by name to `mellm evaluate frames --model NAME`."""
    _REGISTERED[name] = factory


def create_frame_model(name: str, choice: ModelChoice) -> FrameModel:
    """Return a model by name; InputError for one that does not exist or fit."""
    factories = {**_FACTORIES, **_REGISTERED}
    if name not in factories:
        raise InputError(f"There is no model '{name}' for frames; choose {', '.join(factories)}.")
    return factories[name](choice)


class StageModel:
    """The FACS stage: units by rules or weights, emotion from units."""

    def __init__(self, choice: ModelChoice) -> None:
        """Load both models."""
        self._choice = choice
        self._units: AUModel = create_au_model(choice.units)

    @property
    def name(self) -> str:
        """`facs` with its parts where they are not the usual ones."""
        parts = (self._choice.units, self._choice.emotion)
        usual = ("evidence", "learned")
        return "-".join(["facs", *(p for p, common in zip(parts, usual, strict=True) if p != common)])

    def read(self, measured: Measured, own: str) -> FrameAnswer:
        """Read units, then the emotion they suggest."""
        started = time.perf_counter()
        found = self.evidence(measured)
        labels = dict(self.emotion(own).predict(found, self._choice.taxonomy))
        return FrameAnswer(
            label=max(labels, key=labels.__getitem__),
            probabilities=labels,
            action_units=_called(found),
            seconds=time.perf_counter() - started,
        )

    def evidence(self, measured: Measured) -> list[AUEvidence]:
        """The units with their probabilities."""
        return self._units.predict(measured.motion)

    def emotion(self, own: str) -> EmotionModel:
        """The emotion model, without the sheet `own`."""
        if self._choice.emotion != "learned":
            return create_emotion_model(self._choice.emotion, self._choice.convention)
        return shipped_emotion_model().under(self._choice.convention).without(own)


class EncoderModel:
    """The built-in model's encoder of a route, alone or weighed with the FACS stage."""

    def __init__(self, choice: ModelChoice, combined: bool) -> None:
        """Load the encoder."""
        self._choice, self._combined = choice, combined
        self._stage = StageModel(choice)

    @property
    def name(self) -> str:
        """`encoder-flow`, `combined-vision`, ..."""
        kind = "combined" if self._combined else "encoder"
        return f"{kind}-{self._choice.route}{'-clean' if self._choice.clean else ''}"

    def read(self, measured: Measured, own: str) -> FrameAnswer:
        """Read the map or the regions' numbers."""
        started = time.perf_counter()
        encoder = shipped_encoder(self._choice.route, clean=self._choice.clean)
        seen = encoder.read(measured.motion, measured.onset, measured.expression)
        labels = seen.labels(self._choice.taxonomy)
        units = seen.evidence(measured.motion)
        if self._combined:
            weights = weights_of(self._choice.route, "px", clean=self._choice.clean)
            stage = self._stage.evidence(measured)
            emotion = self._stage.emotion(own).predict(stage, self._choice.taxonomy)
            labels = combined_labels(emotion, labels, weights)
            units = combined_units(stage, seen, weights, feigned_units(measured.motion))
        return FrameAnswer(
            label=max(labels, key=labels.__getitem__),
            probabilities=labels,
            action_units=_called(units),
            seconds=time.perf_counter() - started,
        )


class LanguageModel:
    """A language model; its label is read from the conclusion of its text."""

    def __init__(self, choice: ModelChoice) -> None:
        """Open the model; raises InputError where it does not see the pictures it would be given."""
        from mellm.language.backends import create_backend

        self._choice = choice
        prompt = choice.prompt or ("compact" if choice.llm.startswith("embedded") else "full")
        if prompt not in ("compact", "full"):
            raise InputError("Choose --prompt compact or full.")
        self.own_eyes = prompt == "compact" and choice.form == "motion-prompt"
        self._backend = create_backend(choice.llm)
        if choice.form != "motion-prompt" and not self._backend.sees:
            raise InputError(
                f"{self._backend.name} takes no pictures; choose --input motion-prompt, or a model that sees "
                "(openai:URL,model=NAME,pictures=yes)."
            )
        self._stage = StageModel(choice)
        if choice.read_motion:
            need_reader_of_motion(self._backend, self.own_eyes and not choice.told)
        form = "compact" if self.own_eyes else "full"
        self.asking = Asking(form=form, timeout=MOST_SECONDS, brief=choice.brief)
        self._reader = LanguageReader(self._backend, taxonomy=choice.taxonomy, asking=self.asking)

    @property
    def asks_a_server(self) -> bool:
        """Whether several samples can be asked about at a time."""
        return self._choice.llm.startswith("openai:")

    @property
    def name(self) -> str:
        """The backend and what it is given."""
        how = "shown" if self._choice.read_motion else "told"
        given = f"{how} {'facs' if self._choice.told else self._choice.route}"
        return f"{self._backend.name}, {given if self.own_eyes else self._choice.form}"

    def read(self, measured: Measured, own: str) -> FrameAnswer:
        """Have it read, and read its conclusion."""
        started = time.perf_counter()
        counting = CountingBackend(self._backend)
        reader = self._reader.through(counting)
        units, labels, seen = self._told(measured, own)
        with getattr(self._backend, "turn", nullcontext()):
            reading = reader.read(
                measured.motion, units, labels, messages=self._messages(measured), seen=seen
            )
        return FrameAnswer(
            label=reading.label,
            probabilities=reading.probabilities,
            action_units=reading.action_units,
            text=reading.raw,
            soundness=None if self._choice.brief else soundness(reading, measured),
            seconds=time.perf_counter() - started,
            characters=(counting.sent, counting.written),
            pictures=counting.pictures,
        )

    def _told(
        self, measured: Measured, own: str
    ) -> tuple[list[AUEvidence], Mapping[str, float] | None, MotionTokens | None]:
        """What the built-in model is told: its encoder's view, or the FACS stage's; others, nothing."""
        if not self.own_eyes:
            return [], None, None
        if self._choice.told:
            found = self._stage.evidence(measured)
            return found, self._stage.emotion(own).predict(found, self._choice.taxonomy), None
        encoder = shipped_encoder(self._choice.route)
        seen = encoder.read(measured.motion, measured.onset, measured.expression)
        units, labels = borne_out(seen.evidence(measured.motion)), seen.labels(self._choice.taxonomy)
        return units, labels, shown_to(self._backend, seen) if self._choice.read_motion else None

    def _messages(self, measured: Measured) -> list[Message] | None:
        form, taxonomy = self._choice.form, self._choice.taxonomy
        if form == "motion-prompt":
            return None
        if form == "mmc-map":
            return vision_messages(measured.onset, measured.expression, taxonomy=taxonomy)
        pictures: tuple[Image, ...] = (measured.onset, measured.apex) if form == "pair" else measured.short
        name = "pair_en.txt" if form == "pair" else "video_en.txt"
        template = (files("mellm.evaluate") / "templates" / name).read_text("utf-8")
        return [Message("user", fill(template, labels=label_list(taxonomy, "en")).strip(), pictures)]


def soundness(reading: Reading, measured: Measured) -> TextSoundness:
    """Return how a reading stands against the measurement."""
    parts = (reading.analysis, reading.reasoning, reading.conclusion)
    sound = all(parts) and (bool(reading.action_units) == (reading.label is not None))
    text = f"{reading.analysis}\n{reading.reasoning}"
    return TextSoundness(
        well_formed=sound,
        as_written=sound and not reading.mended,
        consistent=sound and consistent(reading),
        claims=sum(1 for _ in claims_in(text, reading.language)),
        false=len(false_claims(text, measured.motion, reading.language)),
    )


def _called(units: Sequence[AUEvidence]) -> list[str]:
    return [ActionUnitCode(u.au, u.side).code for u in units if u.probability >= PRESENT]


_FACTORIES: dict[str, Factory] = {
    "facs": StageModel,
    "encoder": lambda choice: EncoderModel(choice, combined=False),
    "combined": lambda choice: EncoderModel(choice, combined=True),
    "language": LanguageModel,
}
