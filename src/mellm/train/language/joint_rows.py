"""Rows of the joint training: which samples, what is asked of them, as tokens.

A step's rows are a function of seed and step alone. Knows records and a tokenizer; knows no model.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mellm.instruct.motion_samples import MotionSamples
from mellm.instruct.seen_records import Kind, SeenRecord, sample_case, seen_records
from mellm.language.backends.protocol import MOTION_PLACE
from mellm.language.motion.questions import FINE_LABELS, options
from mellm.train.language.dialogue_batches import step_indices

PLACE_ID = -1
"""Stands in a row's ids where an embedding of motion stands."""


@dataclass(frozen=True, slots=True)
class SeenRow:
    """A record as tokens; `ids` hold `PLACE_ID` for embeddings, the last `answer` of them are said."""

    sample: int
    kind: Kind
    ids: list[int]
    answer: int


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Rows padded on the right: ids (B, N), weights (B, N) of each token as a target, mask (B, N)."""

    ids: Tensor
    weights: Tensor
    mask: Tensor


class RowTokens:
    """Turns records into rows, in the form of chat that the product uses."""

    def __init__(self, tokenizer: Any, system: str) -> None:
        self._tokenizer, self._system = tokenizer, system
        self._end: int = tokenizer.eos_token_id

    def row(self, record: SeenRecord) -> SeenRow:
        """Return a record as a row; one that shows motion has no system message."""
        system = "" if MOTION_PLACE in record.prompt else f"<|im_start|>system\n{self._system}<|im_end|>\n"
        text = f"{system}<|im_start|>user\n{record.prompt}<|im_end|>\n<|im_start|>assistant\n"
        ids: list[int] = []
        for number, piece in enumerate(text.split(MOTION_PLACE)):
            ids += [PLACE_ID] * len(options()) * (number > 0) + self.tokens(piece)
        said = [*self.tokens(record.answer), self._end]
        return SeenRow(record.sample, record.kind, ids + said, len(said))

    def tokens(self, text: str) -> list[int]:
        """Return the ids of a text."""
        found: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return found

    def batch(self, rows: list[SeenRow]) -> RowBatch:
        """Return rows as one batch; an answer's tokens weigh one over the root of their number."""
        longest = max(len(row.ids) for row in rows)
        ids = torch.full((len(rows), longest), self._end)
        weights, mask = torch.zeros(len(rows), longest), torch.zeros(len(rows), longest, dtype=torch.long)
        for k, row in enumerate(rows):
            ids[k, : len(row.ids)] = torch.tensor(row.ids)
            mask[k, : len(row.ids)] = 1
            weights[k, len(row.ids) - row.answer : len(row.ids)] = row.answer**-0.5
        return RowBatch(ids, weights, mask)


def balanced(samples: MotionSamples, count: int, stored: float, seed: int) -> NDArray[np.int64]:
    """Return about `count` rows of samples, as many of each fine label as can be, a share of stored flow."""
    rng = np.random.default_rng([seed, 5])
    chosen = []
    for is_stored, share in ((False, 1 - stored), (True, stored)):
        kind = (samples.origin == "stored") == is_stored
        each = round(count * share / len(FINE_LABELS))
        for label in range(len(FINE_LABELS)):
            rows = np.flatnonzero(kind & (samples.fine == label))
            chosen.append(rng.permutation(rows)[:each])
    return np.sort(np.concatenate(chosen))


@dataclass(frozen=True)
class RowSource:
    """Rows as steps want them; a record is made when its turn comes.

    chosen: the samples they are about
    """

    samples: MotionSamples
    chosen: NDArray[np.int64]
    tokens: RowTokens
    seed: int

    def step(self, often: Mapping[Kind, float], step: int) -> list[SeenRow]:
        """Return a step's rows: so many of each kind on average, of the next samples of a shuffled pass."""
        found = []
        for number, (kind, count) in enumerate(often.items()):
            for position in range(math.floor(step * count), math.floor((step + 1) * count)):
                [place] = step_indices(position, len(self.chosen), 1, 10 * self.seed + number)
                found.append(self.row(int(self.chosen[place]), kind))
        return found

    def row(self, sample: int, kind: Kind) -> SeenRow:
        """Return the row of a kind about a sample; codes where it cannot be asked that."""
        case = sample_case(self.samples, sample)
        record = next(seen_records(case, sample, (kind, "codes"), self.seed))
        return self.tokens.row(record)
