"""What people coded on the page, as instruction data: the corrected micro-expressions become cases.

Writes the folder of `mellm.instruct` (canonical JSON lines, maps, datasheet), packed as a ZIP. Knows
results and annotations; how records are worded and checked is that package's business.
"""

import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mellm.analysis.report_entries import region_motion
from mellm.errors import InputError
from mellm.face.alignment import CROP_SIZE
from mellm.facs import parse_codes
from mellm.flow.colour import MMC_SCALE_PX
from mellm.flow.region_motion import RegionMotion
from mellm.instruct import BuildConfig, Case, Truth, build
from mellm.instruct.sample_measurement import implausible
from mellm.instruct.sources import Measured, Skipped, case_key, subject_split
from mellm.instruct.truth import COARSE, coded_truth
from mellm.media.frame import Image
from mellm.report import MicroExpression
from mellm.web.annotation import CodedMoment
from mellm.web.corrected import as_coded
from mellm.web.result_exports import Result


class NothingCodedError(InputError):
    """No person has coded anything yet."""


DATASET = "coded"
"""Name of the data set in records: people coded it, in this application."""

_NOBODY = (
    "Nothing here has been coded by a person yet: agree with or change the action units or the emotion, "
    "save, then export."
)


@dataclass
class CodedSource:
    """The micro-expressions people have spoken about, as a source of `mellm.instruct`.

    `results` are analyses with their annotations. One clip's face counts as one subject where nobody
    says which clips show the same person.
    """

    results: Sequence[Result]
    _open: dict[int, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """List what was coded; reports are read later, one at a time."""
        self._places = [
            (k, moment)
            for k, result in enumerate(self.results)
            for moment in (result.annotation.moments if result.annotation else [])
            if moment.verdict != "rejected"
        ]

    def __len__(self) -> int:
        """Return the number of micro-expressions spoken about."""
        return len(self._places)

    def recipe(self) -> dict[str, Any]:
        """Return what decides the content."""
        versions = [[r.job, r.annotation.version if r.annotation else 0] for r in self.results]
        return {"kind": DATASET, "annotations": versions, "map_scale_px": MMC_SCALE_PX}

    def measure(self, index: int) -> Measured | Skipped:
        """Return one micro-expression as the person left it, or why it teaches nothing."""
        k, moment = self._places[index]
        result = self.results[k]
        if k not in self._open:
            self._open.clear()
            self._open[k] = (result.program, result.reread_reports())
        report, rereads = self._open[k]
        name = f"{result.job}/{index}" if moment.number is None else f"{result.job}/me{moment.number}"
        if moment.frames is not None and moment.reread not in rereads:
            return Skipped(name, "the interval set by the person has not been measured")
        who = result.annotation.coder if result.annotation else ""
        me = as_coded(report, moment, who, result.times, rereads)
        if me is None:
            return Skipped(name, "the face was not found there")
        truth = truth_of(me, moment)
        if truth is None:
            return Skipped(name, "nobody has spoken about all of its action units, nor about its emotion")
        motion = crop_motion(me)
        if reason := implausible(motion):
            return Skipped(name, reason)
        picture = result.picture(me.pictures.get("mmc_fixed", ""))
        shown = result.picture(me.pictures.get("onset", ""))
        if picture is None or shown is None:
            return Skipped(name, "its pictures are not there any more")
        subject = f"{report.source.sha256[:12]}-{me.person}"
        if result.card.subject and len(report.people) == 1:
            subject = result.card.subject
        case = Case(
            key=case_key(DATASET, subject, name),
            dataset=DATASET,
            subject=subject,
            name=name,
            split=subject_split(DATASET, subject),
            scale="px",
            motion=tuple(motion),
            truth=truth,
            picture=None,
            picture_face=True,
            made={
                "estimator": str(report.provenance.settings.get("estimator")),
                "map_scale_px": MMC_SCALE_PX,
                "annotation": result.annotation.version if result.annotation else 0,
            },
        )
        return Measured(case, crop_map(picture, shown))


def truth_of(me: MicroExpression, moment: CodedMoment) -> Truth | None:
    """What a person has made sure of; None where that is nothing.

    Action units are known where the whole moment was agreed with, or every unit that stands has the person's
    word; the emotion where it was set, or the moment agreed with.
    """
    agreed = moment.verdict == "agreed"
    present = [unit for unit in me.action_units if unit.present]
    said = {parse_codes(unit.code).units[0].au for unit in moment.units}
    known = agreed or (bool(moment.units) and all(unit.au in said for unit in present))
    if moment.emotion is not None:
        label, taxonomy = moment.emotion.label, moment.emotion.taxonomy
    else:
        label, taxonomy = (me.emotion.label if agreed else None), me.emotion.taxonomy
    codes = "+".join(unit.code for unit in present) if known else ""
    truth = coded_truth(codes, label or "", label if taxonomy == COARSE else None)
    if known and not present:
        truth = replace(truth, action_units=())
    return truth if truth.action_units or truth.labels else None


def crop_motion(me: MicroExpression) -> list[RegionMotion]:
    """A reading's motion in px of the aligned crop, as all instruction data have it."""
    found = []
    for region in me.regions:
        if region.picture_box is None:
            raise InputError("This result is of an older version: analyse the clip again.")
        factor = region.picture_box[2] * CROP_SIZE[0] / region.box[2]
        motion = region_motion(region)
        scaled = {name: getattr(motion, name) * factor for name in ("u", "v", "mean", "max")}
        found.append(replace(motion, **scaled))
    return found


def crop_map(picture: bytes, onset: bytes) -> Image:
    """The fixed-scale map without its legend, in the crop's size."""
    drawn, plain = (
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in (picture, onset)
    )
    if drawn is None or plain is None:
        raise InputError("A picture of this result is damaged: analyse the clip again.")
    face = drawn[: plain.shape[0], :, ::-1]
    return np.ascontiguousarray(cv2.resize(face, CROP_SIZE, interpolation=cv2.INTER_AREA).astype(np.uint8))


def write_instruct(results: Sequence[Result], target: Path, name: str) -> None:
    """Pack the instruction data of some analyses as a ZIP whose folder is `name`.

    Raises NothingCodedError where no person has coded anything in them.
    """
    source = CodedSource(results)
    if not len(source):
        raise NothingCodedError(_NOBODY)
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        folder = Path(place) / "data"
        if not build(BuildConfig(source), folder)["counts"]["cases"]:
            raise NothingCodedError(_NOBODY)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                archive.write(file, f"{name}/{file.relative_to(folder).as_posix()}")
