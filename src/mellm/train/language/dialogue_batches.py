"""From records to batches: which records, in which order, as which tokens and pictures.

A step's batch is a function of seed and step alone, so a run can go on anywhere. Knows tokenizers and
picture processors; knows nothing about models.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mellm.errors import InputError
from mellm.instruct.records import Record, read_records
from mellm.instruct.task_prompts import IMAGE
from mellm.train.language.adapter_recipe import LanguageRecipe, Reduction
from mellm.train.language.base_model import Base

_POWER: dict[Reduction, float] = {"token": 0.0, "square": 0.5, "answer": 1.0}

_WIDTH = 32
"""Batches are this many tokens wide, or a multiple: few shapes, whose memory and kernels are used again."""

Batch = dict[str, Tensor]
"""input_ids (B, N), padded on the left; weights (B, N): of each token as a target, 0 in prompts;
attention_mask (B, N), or where prompts are shared (B, 1, N, N), added to the attention's scores, with
position_ids (B, N); for pictures also pixel_values, image_grid_thw and mm_token_type_ids (1: picture)."""


@dataclass(frozen=True, slots=True)
class Branch:
    """The rest of a prompt, after what it shares with others, and its answer."""

    prompt: list[int]
    answer: list[int]

    def __len__(self) -> int:
        """How many tokens there are."""
        return len(self.prompt) + len(self.answer)


@dataclass(frozen=True, slots=True)
class Row:
    """One record as tokens, or several with the same beginning, which then is there once.

    shared: tokens every branch sees; pictures stand there (or in the prompt) as one token each
    """

    shared: list[int]
    branches: tuple[Branch, ...]
    images: tuple[str, ...]

    def __len__(self) -> int:
        """How many tokens there are, pictures not counted."""
        return len(self.shared) + sum(map(len, self.branches))


Packed = tuple[list[int], list[float], list[int], list[int]]
"""A row's tokens, their weights, positions, and owners: 0 shared, then the branch's number."""


class Encoder:
    """Turns records into tokens as the base's chat template has them, and encoded records into batches."""

    def __init__(self, base: Base, recipe: LanguageRecipe, folder: Path) -> None:
        self._tokenizer: Any = base.tokenizer
        self._processor: Any = base.images  # None: text only
        self._recipe, self._folder = recipe, folder
        self._pad = base.tokenizer.pad_token_id
        if self._pad is None:
            self._pad = base.tokenizer.eos_token_id
        self._image = getattr(base.model.config, "image_token_id", None)
        if base.images is not None:
            names = base.tokenizer.convert_ids_to_tokens(
                [
                    getattr(base.model.config, f"{name}_token_id")
                    for name in ("vision_start", "image", "vision_end")
                ]
            )
            self._mark = "".join(names)

    def encode(self, records: Sequence[Record]) -> Row:
        """Return records as one row, the beginning their prompts share once; answers end the turn.

        Raises InputError where a record has a picture and the base cannot see.
        """
        if records[0].images and self._processor is None:
            raise InputError(
                f"Record {records[0].id} has a picture, which the base cannot see: set routes to [flow]."
            )
        prompts = [self._tokens(self._text(record)) for record in records]
        answers = [self._tokens(record.answer + self._tokenizer.eos_token) for record in records]
        # A branch keeps at least one token of its prompt: the answer's first token is predicted there.
        most = min(map(len, prompts)) - 1 if len(records) > 1 else 0
        same = next((i for i in range(most) if len({p[i] for p in prompts}) > 1), most)
        branches = tuple(Branch(p[same:], a) for p, a in zip(prompts, answers, strict=True))
        return Row(prompts[0][:same], branches, records[0].images)

    def _text(self, record: Record) -> str:
        prompt = record.prompt
        if record.images:
            # Chat templates put no line break between a picture and the text after it.
            prompt = prompt.replace(f"{IMAGE}\n", IMAGE).replace(IMAGE, self._mark)
        system = [{"role": "system", "content": self._recipe.system}] if self._recipe.system else []
        text: str = self._tokenizer.apply_chat_template(
            [*system, {"role": "user", "content": prompt}],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,
        )
        return text

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def total_weight(self, rows: Sequence[Row]) -> float:
        """Return the sum of the weights of all answer tokens."""
        power = _POWER[self._recipe.reduction]
        return float(sum(len(b.answer) ** (1 - power) for row in rows for b in row.branches))

    def collate(self, rows: Sequence[Row], *, answers: bool = True) -> Batch:
        """Return rows as one batch, padded on the left; `answers=False`: prompts alone, to be answered."""
        power = _POWER[self._recipe.reduction]
        pictures, grids = self._pictures([path for row in rows for path in row.images])
        sizes = iter([] if grids is None else (grids.prod(-1) // self._processor.merge_size**2).tolist())
        packed = [_pack(row, power, answers) for row in rows]
        if grids is not None:
            packed = [self._with_pictures(part, sizes) for part in packed]
        longest = _round_up(max(len(part[0]) for part in packed), _WIDTH)
        ids, weights, places, owners = (
            torch.tensor([[empty] * (longest - len(part[i])) + part[i] for part in packed])
            for i, empty in enumerate((self._pad, 0.0, 0, -1))
        )
        batch = {"input_ids": ids, "weights": weights, "attention_mask": (owners >= 0).long()}
        if any(len(row.branches) > 1 for row in rows):
            batch |= {"attention_mask": self._mask(owners), "position_ids": places}
        if pictures is not None and grids is not None and self._image is not None:
            batch |= {"pixel_values": pictures, "image_grid_thw": grids}
            batch["mm_token_type_ids"] = ids.eq(self._image).int()
        return batch

    def _mask(self, owners: Tensor) -> Tensor:
        """What tokens see: what comes before and is shared or of their own branch; (B, 1, N, N), added."""
        asks, asked = owners[:, :, None], owners[:, None, :]
        seen = ((asked == 0) | (asked == asks)) & (asked >= 0)
        seen &= torch.ones(owners.shape[1], owners.shape[1], dtype=torch.bool).tril()
        dtype = torch.bfloat16 if self._recipe.precision == "bf16" else torch.float32
        return torch.zeros(seen.shape, dtype=dtype).masked_fill_(~seen, torch.finfo(dtype).min)[:, None]

    def _with_pictures(self, part: Packed, sizes: Any) -> Packed:
        """A row with as many tokens for each picture as the picture has."""
        wide = [i for i, token in enumerate(part[0]) for _ in self._expanded(token, sizes)]
        tokens, weights, _, owners = part
        return (
            [tokens[i] for i in wide],
            [weights[i] for i in wide],
            list(range(len(wide))),
            [owners[i] for i in wide],
        )

    def _expanded(self, token: int, sizes: Any) -> range:
        return range(int(next(sizes)) if token == self._image else 1)

    def _pictures(self, paths: Sequence[str]) -> tuple[Tensor | None, Tensor | None]:
        if not paths:
            return None, None
        from PIL import Image

        images = []
        for path in paths:
            try:
                with Image.open(self._folder / path) as image:
                    images.append(image.convert("RGB"))
            except OSError as error:
                raise InputError(f"The picture {self._folder / path} cannot be read ({error}).") from error
        size = {**dict(self._processor.size), "longest_edge": self._recipe.max_pixels}
        size["shortest_edge"] = min(size["shortest_edge"], self._recipe.max_pixels)
        done = self._processor(images=images, size=size, return_tensors="pt")
        return done["pixel_values"], done["image_grid_thw"]


def _round_up(length: int, to: int) -> int:
    return -(-length // to) * to


def _pack(row: Row, power: float, answers: bool) -> Packed:
    ids, weights = list(row.shared), [0.0] * len(row.shared)
    places, owners = list(range(len(ids))), [0] * len(ids)
    for number, branch in enumerate(row.branches, 1):
        said = branch.answer if answers else []
        ids += branch.prompt + said
        weights += [0.0] * len(branch.prompt) + [len(branch.answer) ** -power] * len(said)
        length = len(branch.prompt) + len(said)
        places += range(len(row.shared), len(row.shared) + length)
        owners += [number] * length
    return ids, weights, places, owners


def grouped(records: Sequence[Record], share: bool) -> list[list[Record]]:
    """Return what makes up a row each: one record, or (`share`) those of one case in one route."""
    if not share:
        return [[record] for record in records]
    found: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        found.setdefault((record.case, record.route, record.language), []).append(record)
    return list(found.values())


def chosen_records(path: Path, recipe: LanguageRecipe) -> list[Record]:
    """Return the records a recipe takes: its routes, and of each task its share, drawn by the record's id.

    Raises InputError where nothing is left.
    """
    if not path.is_file():
        raise InputError(f"There are no records {path}: build them with `mellm data instruct build`.")
    chosen = [
        record
        for record in read_records(path)
        if record.route in recipe.routes and _place(record.id, recipe.seed) < recipe.tasks.get(record.task, 0)
    ]
    if not chosen:
        raise InputError(
            f"{path} has no record of the tasks {', '.join(recipe.tasks)} "
            f"in the routes {', '.join(recipe.routes)}."
        )
    return chosen


def data_signature(records: Sequence[Record]) -> str:
    """Return a digest of the records, in order."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(record.to_json().encode())
    return digest.hexdigest()


def step_indices(step: int, count: int, batch: int, seed: int) -> list[int]:
    """Return which of `count` rows make up a step: the next `batch` of one shuffled pass after the other."""
    indices: list[int] = []
    position = step * batch
    while len(indices) < batch:
        epoch, start = divmod(position, count)
        order = np.random.default_rng([seed, epoch]).permutation(count)
        part = order[start : start + batch - len(indices)].tolist()
        indices += part
        position += len(part)
    return indices


def passes(rows: Sequence[Row], micro_batch: int, rank: int = 0, processes: int = 1) -> list[list[Row]]:
    """Return the passes of one process through a step's rows, of similar length each, little padding.

    Raises InputError where the rows cannot be dealt out evenly.
    """
    if len(rows) % (micro_batch * processes):
        raise InputError(
            f"batch ({len(rows)}) must be a multiple of micro_batch times processes "
            f"({micro_batch} x {processes})."
        )
    mine = sorted(rows, key=len, reverse=True)[rank::processes]
    return [mine[i : i + micro_batch] for i in range(0, len(mine), micro_batch)]


def _place(name: str, seed: int) -> float:
    """A number in [0, 1) that a record's id and the seed decide."""
    return int.from_bytes(hashlib.sha256(f"{seed}|{name}".encode()).digest()[:6], "big") / 2**48
