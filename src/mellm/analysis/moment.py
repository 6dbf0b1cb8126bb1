"""One moment of one person: from an onset and an apex picture to everything the report says about it.

flow -> facs -> language for a single pair, on a crop that is the same for both pictures. Knows nothing
about clips, tracking or files; `analyzer` finds the moments and collects them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mellm.analysis.clip import Clock
from mellm.analysis.doubtful_moments import moment_warnings
from mellm.analysis.how_asked import asking_of, published_profile
from mellm.analysis.own_opinion import OwnOpinion, WeighedOpinion, refuse_in_vain
from mellm.analysis.settings import Settings
from mellm.errors import InputError, MellmError
from mellm.face import Alignment
from mellm.face.people import Landmarks, Region
from mellm.facs import (
    INTENSITY_SCALE,
    PRESENT,
    TAXONOMIES,
    abstains,
    au_name,
    code_of,
    create_au_model,
    create_emotion_model,
    get_taxonomy,
)
from mellm.facs.findings import AUEvidence
from mellm.flow import create, measure_pair
from mellm.flow.field import FlowField
from mellm.flow.pair_measurement import PairMeasurement
from mellm.flow.region_motion import RegionMotion
from mellm.language.backends.protocol import CancelledError
from mellm.language.backends.protocol import Message as ChatMessage
from mellm.language.grammar_reading import write_reading
from mellm.language.model_reader import Tell, create_language_reader
from mellm.language.published.profiles import published_messages
from mellm.language.shown_motion import shown_to
from mellm.language.vision_question import vision_messages
from mellm.media.frame import Image
from mellm.render.pictures import draw_pictures, map_scales
from mellm.report import (
    ActionUnitReading,
    EmotionReading,
    Interval,
    MicroExpression,
    ModelUsed,
    Reading,
    RegionReading,
)
from mellm.wording.languages import Language
from mellm.wording.message import Message
from mellm.wording.shown import shown as shown_text

FAST_HEAD_PX = 12.0
"""Mean head motion (px of the 400x480 crop) from which the moment carries a warning."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A reading, its warnings, and what draws the pictures that show it (kind -> uint8 RGB)."""

    reading: MicroExpression
    warnings: list[Message]
    draw: Callable[[], dict[str, Image]]


@dataclass(frozen=True, slots=True)
class _Telling:
    """How a moment is told: who hears the text as it is written, and the seconds from onset to apex."""

    tell: Tell | None
    rise: float | None


class MomentReader:
    """Reads moments with one flow estimator, one action-unit model and one emotion model."""

    def __init__(self, settings: Settings) -> None:
        """Create the models once; raises InputError for a name that does not exist."""
        self.language: Language = settings.language
        self._taxonomy = get_taxonomy(settings.taxonomy)
        self._magnify = settings.magnify
        # "auto" leaves it to the estimator: MEFlowNet has learned the head's motion, others fit the mesh.
        chosen = settings.compensation
        self.estimator = create(settings.estimator, **({} if chosen == "auto" else {"compensation": chosen}))
        self.au_model = create_au_model(settings.au_model)
        self.emotion_model = create_emotion_model(settings.emotion_model, settings.convention)
        self._seen = settings.route == "vision"
        self._template = settings.prompt
        self._published = published_profile(settings)
        self.words = create_language_reader(
            settings.llm,
            taxonomy=self._taxonomy.name,
            language=self.language,
            asking=asking_of(settings, self._published),
        )
        # A clean analysis has a clean encoder, but no language model that is clean.
        seeing = settings.llm == ("none" if settings.clean else "embedded") and not settings.told
        self._own = OwnOpinion(settings) if seeing else None
        if self._seen and self._own is None and (self.words is None or not self.words.backend.sees):
            raise InputError(
                "The vision route needs a language model that sees: --llm embedded, --llm "
                "openai:URL,model=NAME or --llm transformers:PATH with a vision model; "
                "or choose --route flow."
            )
        refuse_in_vain(settings, asks=self.words is not None, sees=self._own is not None)
        self._always, self._read_motion = settings.always_ask, settings.read_motion

    def models(self) -> dict[str, ModelUsed]:
        """Return the models that read moments, as a report's provenance lists them."""
        used = {
            "flow": ModelUsed(name=self.estimator.name, sha256=getattr(self.estimator, "sha256", None)),
            "action_units": ModelUsed(name=self.au_model.name),
            "emotion": ModelUsed(name=self.emotion_model.name),
        }
        if self.words is not None:
            backend = self.words.backend
            used["language"] = ModelUsed(name=backend.name, sha256=getattr(backend, "sha256", None))
        else:
            # Also where the built-in model was asked for in a language that it does not write.
            used["language"] = ModelUsed(name="evidence")
        if self._own is not None:
            encoder = self._own.encoder
            used["motion_encoder"] = ModelUsed(name=encoder.name, sha256=encoder.sha256)
            if self._read_motion:
                used["motion_shown"] = ModelUsed(name=f"{encoder.name}_shown", sha256=encoder.shown_sha256)
        return used

    def read(
        self,
        onset: Image,
        apex: Image,
        landmarks: tuple[Landmarks, Landmarks],
        *,
        doubts: Sequence[Message] = (),
        person: int,
        interval: Interval,
        clock: Clock,
        tell: Tell | None = None,
        around: tuple[Sequence[Image], Sequence[Image]] | None = None,
        measured: Callable[[MicroExpression], None] | None = None,
    ) -> Moment:
        """Read one moment; `tell` hears a language model's text as it is written.

        `onset` and `apex` are full pictures of one size, `landmarks` the face's points in each of them.
        Where there are `doubts` that they belong together, they become warnings: motion and units are
        measured all the same, but no emotion is told. `around` are a clip's frames about onset and
        apex. `measured` hears of the moment with the rules' reading, before a language model writes.
        """
        with clock("flow"):
            pair = measure_pair(onset, apex, landmarks, self.estimator, source_pixels=True, around=around)
        flow, motion, alignment = pair.flow, pair.motion, pair.alignment
        with clock("facs"):
            aus = self.au_model.predict(motion)
            emotion = self._no_emotion() if doubts else self._emotion(aus, motion)
        warnings = [*doubts, *moment_warnings(interval, person, pair, landmarks[0]), *flow.warnings]
        how = _Telling(tell, _rise(interval))
        head = float(np.hypot(flow.head[..., 0], flow.head[..., 1]).mean())
        if head > FAST_HEAD_PX:
            warnings.append(Message("analysis.head_moved_far"))
        me = MicroExpression(
            person=person,
            interval=interval,
            regions=[_region(m, r, alignment) for m, r in zip(motion, pair.regions, strict=True)],
            action_units=[_action_unit(au) for au in aus],
            emotion=emotion,
            reading=self._evidence(motion, aus, emotion.probabilities or None, how.rise),
            head_motion_px=head / alignment.scale,
            head_turn_deg=None if flow.head_motion is None else flow.head_motion.degrees,
            map_scales_px=map_scales(flow),
            warnings=[str(warning) for warning in warnings],
        )
        if measured is not None:
            measured(me)
        with clock("reading"):
            if self._own is not None:
                said = self._own.weigh(motion, pair.onset, flow.expression, aus, emotion)
                reading = self._words(motion, said.told, emotion, warnings, how, None, said)
                aus, emotion = said.decided(aus, emotion)
            else:
                shown = self._question(pair, landmarks[0])
                reading = self._words(motion, aus, emotion, warnings, how, shown)
        decided = {
            "action_units": [_action_unit(au) for au in aus],
            "emotion": emotion,
            "reading": reading,
            "warnings": [shown_text(str(warning)) for warning in warnings],
        }
        return Moment(
            me.model_copy(update=decided),
            warnings,
            partial(
                draw_pictures,
                pair.onset,
                pair.apex,
                flow,
                pair.regions,
                motion,
                magnify=self._magnify,
                language=self.language,
            ),
        )

    def _words(
        self,
        motion: list[RegionMotion],
        aus: list[AUEvidence],
        emotion: EmotionReading,
        warnings: list[Message],
        how: _Telling,
        shown: Callable[[], list[ChatMessage]] | None,
        said: WeighedOpinion | None = None,
    ) -> Reading:
        """The language model's reading; the evidence's own where it has none, or nothing moved.

        With `said` the model is told what its encoder saw, `aus` are those units, and it is asked about them.
        """
        probabilities = emotion.probabilities or None
        if self.words is not None and (probabilities or self._always):
            try:
                asked = said.asked_labels if said else probabilities
                seen = shown_to(self.words.backend, said.seen) if said and self._read_motion else None
                messages = shown() if shown else None
                reading = self.words.read(motion, aus, asked, messages=messages, tell=how.tell, seen=seen)
                reading.agrees_with_facs = reading.label == emotion.label
                reading.opinion = said.opinion if said else None
                return reading
            except CancelledError:
                raise
            except MellmError as error:
                warnings.append(Message("analysis.no_model_reading", {"why": error.message}))
        reading = self._evidence(motion, said.stage if said else aus, probabilities, how.rise)
        reading.opinion = said.opinion if said else None
        return reading

    def _evidence(
        self,
        motion: list[RegionMotion],
        aus: list[AUEvidence],
        probabilities: Mapping[str, float] | None,
        rise: float | None,
    ) -> Reading:
        """The rules' reading; `rise` is the time from onset to apex, seconds."""
        return write_reading(
            motion, aus, probabilities, taxonomy=self._taxonomy.name, language=self.language, rise=rise
        )

    def _question(
        self, pair: PairMeasurement, landmarks: Landmarks
    ) -> Callable[[], list[ChatMessage]] | None:
        """What makes the messages, where the reader does not make them: a picture's, a published prompt's."""
        if self._published is not None:
            points = pair.alignment.landmarks_to_crop(landmarks)
            crops = pair.onset, pair.apex
            return partial(published_messages, self._published.route, crops, points, pair.flow.expression)
        return partial(self._shown, pair.onset, pair.flow.expression) if self._seen else None

    def _shown(self, onset_crop: Image, expression: FlowField) -> list[ChatMessage]:
        """The vision route's prompt: the MMC-Map with its question."""
        return vision_messages(
            onset_crop,
            expression,
            taxonomy=self._taxonomy.name,
            language=self.language,
            template=self._template,
        )

    def _no_emotion(self) -> EmotionReading:
        return EmotionReading(taxonomy=self._taxonomy.name, label=None, probabilities={})

    def _emotion(self, aus: list[AUEvidence], motion: list[RegionMotion]) -> EmotionReading:
        """What the units suggest; no label where nothing moved or no unit is likely."""
        if abstains(aus) or not any(m.moving for m in motion):
            return self._no_emotion()
        chosen = dict(self.emotion_model.predict(aus, self._taxonomy.name))
        return EmotionReading(
            taxonomy=self._taxonomy.name,
            label=max(chosen, key=chosen.__getitem__),
            probabilities=chosen,
            also={
                name: dict(self.emotion_model.predict(aus, name))
                for name in TAXONOMIES
                if name != self._taxonomy.name
            },
        )


def _rise(interval: Interval) -> float | None:
    known = interval.onset_time is not None and interval.apex_time is not None
    return interval.apex_time - interval.onset_time if known else None  # type: ignore[operator]


def _region(motion: RegionMotion, region: Region, alignment: Alignment) -> RegionReading:
    centre = np.array([region.center], np.float32)
    (x, y), side = alignment.to_source(centre)[0], region.size / alignment.scale
    width, height = alignment.size
    left, top = region.center[0] - region.size / 2, region.center[1] - region.size / 2
    return RegionReading(
        name=motion.name,
        u_px=motion.u,
        v_px=motion.v,
        mean_px=motion.mean,
        max_px=motion.max,
        relative=motion.relative,
        angle_deg=motion.angle,
        octant=motion.octant,
        concentration=min(1.0, motion.concentration),
        moving=motion.moving,
        box=(float(x) - side / 2, float(y) - side / 2, side, side),
        picture_box=(left / width, top / height, region.size / width, region.size / height),
    )


def _action_unit(au: AUEvidence) -> ActionUnitReading:
    return ActionUnitReading(
        code=code_of(au.au, au.side, au.intensity),
        au=au.au,
        side=au.side,
        name=au_name(au.au),
        probability=au.probability,
        intensity=au.intensity,
        intensity_scale=INTENSITY_SCALE,
        present=au.probability >= PRESENT,
        evidence=list(au.evidence),
    )
