"""The analysis process: takes one order after another, analyses, writes a result folder.

Started by the dispatcher as `python -m mellm.web.worker MEMORY NICE`. Knows files and settings, no HTTP and
no database.
"""

import logging
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from mellm.analysis.analyzer import Analyzer
from mellm.analysis.settings import Settings
from mellm.errors import InputError, MellmError
from mellm.face import find_faces
from mellm.facs.recognisers import WEIGHTS
from mellm.media import Limits, open_media
from mellm.media.signatures import sniff
from mellm.report import Report
from mellm.web.child_process import Header, ParentPipe
from mellm.web.clip_decoder import encode_jpeg
from mellm.web.memory_limit import limit_memory, out_of_memory, step_back
from mellm.web.stored_files import FRAMES_FILE, NAMES_FILE, THUMBNAIL_FILE, THUMBNAIL_WIDTH, write_json
from mellm.web.told_parts import ToldParts
from mellm.web.worker_order import NO_MEMORY, Order
from mellm.wording.message import Message

_log = logging.getLogger("mellm.web.worker")


def main() -> None:
    """Serve orders until the parent goes away."""
    parent = ParentPipe()
    step_back(int(sys.argv[2]))
    limit_memory(int(sys.argv[1]))
    analyzers: dict[str, Analyzer] = {}
    for message in parent.orders():
        if "warm" in message:
            _warm(message["warm"], Limits(**message["limits"]), analyzers)
            continue
        order = cast(Order, message)
        parent.send({"begun": True})
        try:
            parent.send(_run(order, parent, analyzers))
        except MellmError as error:
            _log.info("the analysis failed: %s", error, exc_info=True)
            parent.send({"failed": _as_sent(error.message, order)})
        except Exception as error:
            _log.exception("the analysis failed")
            # Whatever a damaged file provokes deep inside a decoder is this job's failure, not the server's.
            # This process may not be whole any more: the next job gets a new one.
            parent.send({"failed": _as_sent(_unforeseen(error), order), "ended": True})
            return


def _as_named(text: str, order: Order) -> str:
    """Return a text with a file under the name people gave it, instead of its hash."""
    for file, name in zip(order["files"], order["names"], strict=True):
        text = text.replace(file, name).replace(Path(file).name, name)
    return text


def _as_sent(message: Message, order: Order) -> dict[str, object]:
    return asdict(message.mapped(partial(_as_named, order=order)))


def _is_picture(file: Path) -> bool:
    """Whether an upload is one still picture, by its first bytes; a folder of them is not."""
    if file.is_dir():
        return False
    with file.open("rb") as stream:
        return sniff(file, stream.read(4096)) == "image"


def _unforeseen(error: Exception) -> Message:
    """What to tell people about an error nobody foresaw."""
    if out_of_memory(error):
        return NO_MEMORY
    return Message.plain(f"The analysis failed ({type(error).__name__}: {error}): try another file.")


def _analyzer(settings: Mapping[str, Any], limits: Limits, analyzers: dict[str, Analyzer]) -> Analyzer:
    """The analyzer of these settings; the last one stays, since its models take seconds to load."""
    key = repr(sorted(settings.items()))
    if key not in analyzers:
        analyzers.clear()
        analyzers[key] = Analyzer(Settings(**settings, limits=limits))
    return analyzers[key]


def _warm(settings: Mapping[str, Any], limits: Limits, analyzers: dict[str, Analyzer]) -> None:
    """Load what an analysis with these settings needs, so that the first one need not wait for it."""
    try:
        _analyzer(settings, limits, analyzers)
        find_faces(np.zeros((64, 64, 3), np.uint8))
    except MellmError as error:
        # The first job will say so to somebody.
        _log.info("the models could not be loaded beforehand: %s", error)


def _run(order: Order, parent: ParentPipe, analyzers: dict[str, Analyzer]) -> Header:
    """Analyse what the order names into its folder; the answer says what the job list shows."""
    settings, limits = order["settings"], Limits(**order["limits"])
    analyzer = _analyzer(settings, limits, analyzers)
    files, folder = [Path(name) for name in order["files"]], Path(order["folder"])
    tell = ToldParts(parent, folder)
    frames = order["frames"] or {}
    if len(files) == 1 and _is_picture(files[0]):
        raise InputError(Message("job.one_picture", {"file": order["names"][0]}))
    if len(files) == 2:
        report = analyzer.analyze(onset=files[0], apex=files[1], words=tell.words, parts=tell)
        report.source.apex_path = order["names"][1]
    else:
        report = analyzer.analyze(
            files[0],
            onset_frame=frames.get("onset"),
            apex_frame=frames.get("apex"),
            offset_frame=frames.get("offset"),
            progress=tell.progress,
            words=tell.words,
            events=tell.events,
            parts=tell,
        )
    # The upload lies under its hash; people know it by the name they gave it.
    report.source.path = order["names"][0]
    if settings["au_model"].endswith(WEIGHTS):
        # Where the weights lie is nobody's business; what is in them stands under `models`.
        report.provenance.settings["au_model"] = Path(settings["au_model"]).name
    report.warnings = [_as_named(sentence, order) for sentence in report.warnings]
    for record in report.provenance.messages:
        record.text = _as_named(record.text, order)
        record.fields = dict(record.message.mapped(partial(_as_named, order=order)).fields)
    tell.progress("saving", 0, None)
    report.save(folder)
    (folder / THUMBNAIL_FILE).write_bytes(_thumbnail(report, files[0], limits, settings["fps"]))
    if not frames:
        write_json(folder / FRAMES_FILE, [round(time, 6) for time in report.source.times()])
        tell.save_tracks()
        if files[0].is_dir():
            with open_media(files[0], limits=limits, fps=settings["fps"]) as media:
                write_json(folder / NAMES_FILE, [file.name for file in media.files])
    labels = [me.emotion.label or "" for me in report.micro_expressions]
    return {
        "done": True,
        "verdict": report.record(report.verdict).model_dump(),
        "emotions": labels,
        "people": len(report.people),
    }


def _thumbnail(report: Report, file: Path, limits: Limits, fps: float | None) -> bytes:
    """A small JPEG for the gallery: the first apex, else the first frame."""
    first = next((me.pictures["apex"] for me in report.micro_expressions if "apex" in me.pictures), None)
    if first is None:
        with open_media(file, limits=limits, fps=fps) as media:
            return encode_jpeg(next(media.frames()).image, THUMBNAIL_WIDTH)
    picture = cv2.imdecode(np.frombuffer(report.pictures[first], np.uint8), cv2.IMREAD_COLOR)
    return encode_jpeg(np.asarray(picture, np.uint8)[..., ::-1], THUMBNAIL_WIDTH)


if __name__ == "__main__":
    main()
