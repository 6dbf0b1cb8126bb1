"""How many false alarms a minute each score brings, on clips of people left out of training."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from mellm.errors import InputError
from mellm.spot import SpotSettings, spot
from mellm.spot.detector import Detector
from mellm.train.spot.recipe import ClipOfPerson
from mellm.train.spot.unrest import kept_trace

Array32 = NDArray[np.float32]

RATES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""False alarms a minute for which the dial keeps a score."""
_LOOSE = 0.02
"""The score from which reports are collected."""


def left_out_scores(
    clips: Sequence[ClipOfPerson], data: Path, traces: Path, arrays: dict[str, Array32]
) -> dict[str, list[float]]:
    """Scores of all micro-expressions the network sees in these clips as they are, and the minutes.

    Reports within frames that somebody who looked called a brief expression are left out.
    """
    open_dial = {
        "dial.rates": np.array(RATES, np.float32),
        "dial.scores": np.full(len(RATES), _LOOSE, np.float32),
    }
    detector = Detector({**arrays, **open_dial})
    found: list[float] = []
    minutes: list[float] = []
    for clip in clips:
        motion = kept_trace(data / clip.file, traces)
        if len(motion.times) < 2:
            continue
        minutes.append(float(motion.times[-1] - motion.times[0]) / 60)
        rate = float(1 / np.median(np.diff(motion.times)))
        events = spot(motion, fps=rate, settings=replace(SpotSettings()), detector=detector)
        for event in events:
            known = any(first - 3 <= event.apex <= last + 3 for first, last in clip.micros)
            if event.score is not None and not known:
                found.append(event.score)
    return {"minutes": minutes, "scores": found}


def read_scores(files: Sequence[Path]) -> tuple[float, list[float]]:
    """Minutes and scores of all files together. Raises InputError where one is missing."""
    minutes, scores = 0.0, []
    for file in files:
        if not file.is_file():
            raise InputError(f"There is no {file}: train that run with --leave-out first.")
        content = TypeAdapter(dict[str, list[float]]).validate_json(file.read_bytes())
        minutes += sum(content["minutes"])
        scores += content["scores"]
    return minutes, scores


def dial_of(scored: tuple[float, list[float]]) -> tuple[Array32, Array32]:
    """Rates and the scores that bring them: half-way between the last report let through and the next one."""
    minutes, scores = scored
    ordered = sorted(scores, reverse=True)
    thresholds = []
    for rate in RATES:
        let_through = int(np.floor(rate * minutes))
        above = ordered[let_through - 1] if 0 < let_through <= len(ordered) else 1.0
        below = ordered[let_through] if let_through < len(ordered) else _LOOSE
        thresholds.append(min(0.98, (above + below) / 2 if let_through else below + 0.02))
    return np.array(RATES, np.float32), np.array(thresholds, np.float32)
