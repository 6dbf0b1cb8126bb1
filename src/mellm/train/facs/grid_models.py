"""Training of the linear models on a grid of generated flow (`mellm.facs.grid`).

Two class-balanced logistic regressions per view of the flow: coarse emotion, and action units of one half
of the face. Reads annotation sheets for which units occur together and what they were called, or takes unit
sets that were written by hand; no picture, no flow of a real face.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from mellm.errors import InputError
from mellm.facs.codes import ActionUnitCode, half_labels
from mellm.facs.grid import GridModel, grid_features, mirrored_grid, save_grid_model
from mellm.facs.taxonomies import get_taxonomy
from mellm.flow.normalised import nose_flow, recover_flow
from mellm.instruct.motion_patterns import written_patterns
from mellm.simulate.generated_flow import GeneratedFlow, Pattern, generate, read_patterns
from mellm.train.recipe import Recipe


class FacsConfig(Recipe):
    """Settings of one training run (a recipe in YAML has the same names).

    sheets: annotation sheets with the columns AU and Emotion; none for hand-written unit sets alone
    samples: how many samples to generate; seed: of everything random
    units: action units to learn
    emotion_c, unit_c: inverse strength of the L2 penalty
    """

    sheets: tuple[str, ...]
    samples: int = 12000
    seed: int = 0
    units: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26)
    emotion_c: float = 0.0003
    unit_c: float = 0.001


def train_facs(
    config: FacsConfig, output: str | Path, say: Callable[[str], None] = lambda text: None
) -> GridModel:
    """Generate, train, write `output` (safetensors), and return the model."""
    started = time.perf_counter()
    missing = [sheet for sheet in config.sheets if not Path(sheet).is_file()]
    if missing:
        raise InputError(f"There is no annotation sheet '{missing[0]}'; correct `sheets` in the recipe.")
    patterns = _patterns([Path(sheet) for sheet in config.sheets])
    made = generate(patterns, config.samples, config.seed)
    say(f"{len(made.flows)} samples from {len(patterns)} annotations")
    model = fit_grid_model(made, config, say)
    about = {
        "format": "mellm facs grid 1",
        "samples": str(config.samples),
        "seed": str(config.seed),
        "annotations": str(len(patterns)),
    }
    save_grid_model(model, Path(output), about)
    say(f"{output} written after {time.perf_counter() - started:.0f} s")
    return model


def _patterns(sheets: Sequence[Path]) -> list[Pattern]:
    """Units and coarse class of the sheets' rows; of no sheets, of `written_patterns`."""
    if sheets:
        return read_patterns(sheets)
    coarse = get_taxonomy("3")
    return [
        Pattern(p.units, coarse.labels.index(str(coarse.label_of(p.emotion))), p.emotion)
        for p in written_patterns()
    ]


def fit_grid_model(
    made: GeneratedFlow, config: FacsConfig, say: Callable[[str], None] = lambda text: None
) -> GridModel:
    """Fit both views' weights; each sample is used as it is and mirrored."""
    coded = [[ActionUnitCode(unit, side) for unit, side in pattern.units] for pattern in made.patterns]
    halves = half_labels(coded, config.units)
    fitted = []
    for number, view in enumerate((recover_flow, nose_flow), 1):
        cells = np.stack([grid_features(view(stored)) for stored in made.flows])
        x = np.concatenate([cells, mirrored_grid(cells)]).reshape(2 * len(cells), -1)
        mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
        x = (x - mean) / spread
        emotion = _regression(config.emotion_c).fit(x, np.tile(made.labels, 2))
        units = [
            _regression(config.unit_c).fit(x, halves[:, :, u].T.reshape(-1)) for u in range(len(config.units))
        ]
        fitted.append((mean, spread, emotion, units))
        say(f"view {number} of 2 fitted")
    return GridModel(
        mean=np.stack([f[0] for f in fitted]).astype(np.float32),
        spread=np.stack([f[1] for f in fitted]).astype(np.float32),
        emotion=np.stack([f[2].coef_.T for f in fitted]).astype(np.float32),
        emotion_bias=np.stack([f[2].intercept_ for f in fitted]).astype(np.float32),
        unit_weight=np.stack([np.stack([u.coef_[0] for u in f[3]], 1) for f in fitted]).astype(np.float32),
        unit_bias=np.stack([np.array([u.intercept_[0] for u in f[3]]) for f in fitted]).astype(np.float32),
        units=config.units,
    )


def _regression(c: float) -> LogisticRegression:
    return LogisticRegression(C=c, class_weight="balanced", max_iter=300)
