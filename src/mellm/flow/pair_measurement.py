"""One measurement of one pair: align the face, estimate its flow, measure its regions.

Reports, MEU-Instruct records and training data all measure with these two functions, so that their numbers
agree. The module knows nothing of action units, clips or files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mellm.face.alignment import Alignment
from mellm.face.geometry import inter_ocular
from mellm.face.people import Landmarks, Region
from mellm.face.regions import regions_of
from mellm.flow.field import ClipFlowEstimator, Flow, FlowEstimator
from mellm.flow.measure import measure
from mellm.flow.region_motion import RegionMotion
from mellm.media.frame import Image


@dataclass(frozen=True, slots=True)
class FlowMeasurement:
    """The flow of an aligned pair and what it does inside each region.

    regions: the 29 boxes, in the flow's pixels
    motion: the motion of each region, in the same order
    """

    flow: Flow
    regions: list[Region]
    motion: list[RegionMotion]


@dataclass(frozen=True, slots=True)
class PairMeasurement(FlowMeasurement):
    """A measured pair of pictures, with the crop that it was measured in.

    alignment: the source picture's place in the crop, the same for both pictures
    onset, apex: the two crops, uint8 (480, 400, 3) RGB
    """

    alignment: Alignment
    onset: Image
    apex: Image


def measure_flow(flow: Flow, landmarks: Landmarks, scale: float = 1.0) -> FlowMeasurement:
    """Measure the 29 regions of `flow`; `landmarks` are the onset's points in the flow's pixels.

    Motion in pixels comes out multiplied by `scale`.
    """
    regions = regions_of(landmarks)
    motion = measure(flow.expression, regions, inter_ocular=inter_ocular(landmarks), scale=scale)
    return FlowMeasurement(flow, regions, motion)


def measure_pair(
    onset: Image,
    apex: Image,
    landmarks: tuple[Landmarks, Landmarks],
    estimator: FlowEstimator,
    *,
    source_pixels: bool = False,
    around: tuple[Sequence[Image], Sequence[Image]] | None = None,
) -> PairMeasurement:
    """Measure one face between two pictures of one size; `landmarks` are its points in each of them.

    around: for a clip, the consecutive frames about the onset and about the apex, each with its own frame
    in the middle; an estimator that can use them takes noise away with them.

    The crop is fitted once to both pictures, so nothing moves in it that did not move in front of the
    camera. Motion is in pixels of the crop, or of the pictures where `source_pixels` is set. Raises
    InputError where the landmarks lie on one spot.
    """
    alignment = Alignment.fit(landmarks)
    crops = alignment.crop(onset), alignment.crop(apex)
    points = alignment.landmarks_to_crop(landmarks[0])
    scale = 1 / alignment.scale if source_pixels else 1.0
    if around is not None and isinstance(estimator, ClipFlowEstimator):
        first, second = ([alignment.crop(frame) for frame in frames] for frames in around)
        middles = len(first) // 2, len(first) + len(second) // 2
        flow = estimator.estimate_clip([*first, *second], *middles, points, len(second) // 2)
    else:
        flow = estimator.estimate(*crops, points)
    measured = measure_flow(flow, points, scale)
    return PairMeasurement(measured.flow, measured.regions, measured.motion, alignment, *crops)
