"""Figures of flow estimators on pairs of known motion, as types. Errors are mean end-point errors, px."""

from pydantic import BaseModel, ConfigDict, Field


class PairErrors(BaseModel):
    """One estimator on one pair, on the face; `estimated_expression` is the mean length it found."""

    facial: float
    head: float
    expression: float
    estimated_expression: float
    seconds: float


class MeanErrors(BaseModel):
    """One estimator's errors averaged over pairs.

    relative: expression error / mean true expression; None where nothing moved
    """

    facial: float
    head: float
    expression: float
    estimated_expression: float
    relative: float | None


class PairSample(BaseModel):
    """One pair: its motion on the face in px, and the errors of every estimator by name.

    peak: greatest true expression; no_expression: mean true expression; head_motion: mean of the head's
    origin: of the motion, where it is known
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, PairErrors] = Field(init=False)

    key: str
    identity: str
    origin: str | None = None
    peak: float
    no_expression: float
    head_motion: float

    @property
    def errors(self) -> dict[str, PairErrors]:
        """Estimator -> its errors."""
        return self.__pydantic_extra__


class StratumFigures(BaseModel):
    """The pairs of one stratum: mean true expression, and every estimator's mean errors by name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, MeanErrors] = Field(init=False)

    pairs: int
    no_expression: float

    @property
    def errors(self) -> dict[str, MeanErrors]:
        """Estimator -> its mean errors."""
        return self.__pydantic_extra__


class FlowFigures(BaseModel):
    """Figures of a comparison of estimators.

    strata: stratum -> `still` or `moving` head -> figures; all: over all pairs
    seconds: estimator -> median time per pair
    calm: pose -> estimator -> mean |expression| found where the face did not move (portraits only)
    origins: origin of the motion -> the figures of its pairs
    """

    pairs: int
    strata: dict[str, dict[str, StratumFigures]]
    all: StratumFigures
    seconds: dict[str, float]
    calm: dict[str, dict[str, float]] = {}
    origins: dict[str, "FlowFigures"] = {}
