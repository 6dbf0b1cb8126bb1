"""The language model of the motion reader under training: motion embeddings in front, branches behind.

All closed questions about a motion, and its reading, stand behind the same beginning in one row; a mask keeps
each branch from seeing the others. The module knows token ids and nothing about how motion is encoded.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mellm.language.motion.questions import MOTION_TOKENS

IGNORED = -1


@dataclass(frozen=True, slots=True)
class Layout:
    """Token ids of a row: what stands before and after the motion, the branches (Q, 3), and their answers.

    answers: for every branch the ids of its possible answers
    """

    opening: tuple[int, ...]
    asking: tuple[int, ...]
    branches: tuple[tuple[int, ...], ...]
    answers: tuple[tuple[int, ...], ...]

    @property
    def shared(self) -> int:
        """Length of the beginning that all branches share."""
        return len(self.opening) + MOTION_TOKENS + len(self.asking)


class MotionLanguage(nn.Module):
    """A causal language model, `model` of transformers, that reads embeddings; the losses of a batch."""

    def __init__(self, model: nn.Module, layout: Layout) -> None:
        super().__init__()
        self.model = model
        self.layout = layout
        device = next(model.parameters()).device
        self.register_buffer("opening", torch.tensor(layout.opening, device=device), persistent=False)
        self.register_buffer("asking", torch.tensor(layout.asking, device=device), persistent=False)
        flat = [token for branch in layout.branches for token in branch]
        self.register_buffer("asked", torch.tensor(flat, device=device), persistent=False)
        self.lengths = [len(branch) for branch in layout.branches]

    def _embed(self, ids: Tensor) -> Tensor:
        embedded: Tensor = self.model.get_input_embeddings()(ids)  # type: ignore[operator]
        return embedded

    def _row(self, motion: Tensor, text: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings (B, N, E), places (1, N) and mask (1, 1, N, N) of the beginning, branches and a reading."""
        count, device = len(motion), motion.device
        parts = [self._embed(self.opening).expand(count, -1, -1), motion]  # type: ignore[arg-type]
        parts += [self._embed(t).expand(count, -1, -1) for t in (self.asking, self.asked)]  # type: ignore[arg-type]
        owners = [0] * self.layout.shared
        places = list(range(self.layout.shared))
        lengths = [*self.lengths, *([text.shape[1]] if text is not None else [])]
        for number, length in enumerate(lengths, 1):
            owners += [number] * length
            places += range(self.layout.shared, self.layout.shared + length)
        if text is not None:
            parts.append(self._embed(text))
        owner = torch.tensor(owners, device=device)
        seen = (owner[None, :] == 0) | (owner[None, :] == owner[:, None])
        seen &= torch.ones_like(seen).tril()
        rows = torch.cat([part.to(motion.dtype) for part in parts], 1)
        mask = torch.zeros(seen.shape, dtype=motion.dtype, device=device)
        mask = mask.masked_fill_(~seen, torch.finfo(motion.dtype).min)[None, None]
        return rows, torch.tensor([places], device=device), mask

    def forward(self, motion: Tensor, text: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return logits of all branches' answers (B, Q, V), and of a reading's next tokens (B, T - 1, V)."""
        rows, places, mask = self._row(motion, text)
        inner = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        hidden = inner.model(  # type: ignore[operator, union-attr]
            inputs_embeds=rows,
            attention_mask=mask.expand(len(rows), -1, -1, -1),
            position_ids=places.expand(len(rows), -1),
            use_cache=False,
        ).last_hidden_state
        ends = torch.tensor(self.lengths, device=rows.device).cumsum(0) - 1 + self.layout.shared
        head = inner.get_output_embeddings()  # type: ignore[operator, union-attr]
        closed = head(hidden[:, ends])
        if text is None:
            return closed, None
        first = self.layout.shared + sum(self.lengths)
        return closed, head(hidden[:, first:-1])

    def losses(
        self, motion: Tensor, targets: Tensor, text: Tensor | None = None, weights: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return mean negative log-likelihoods (nats): `units`, `fine`, `coarse` and, with a text, `text`.

        targets (B, Q): vocabulary ids of the answers; weights (B,): of the coarse label's answers;
        text (B, T): token ids, IGNORED where padded.
        """
        closed, written = self(motion, None if text is None else text.clamp(min=0))
        each = F.cross_entropy(closed.float().flatten(0, 1), targets.flatten(), reduction="none")
        each = each.view(targets.shape)
        found = {"units": each[:, :-2].mean(), "fine": each[:, -2].mean()}
        share = torch.ones_like(each[:, -1]) if weights is None else weights
        found["coarse"] = (each[:, -1] * share).sum() / share.sum()
        if written is not None and text is not None:
            after = text[:, 1:]
            found["text"] = F.cross_entropy(
                written.float().flatten(0, 1)[after.flatten() >= 0], after.flatten()[after.flatten() >= 0]
            )
        return found


def answer_shares(closed: Tensor, layout: Layout) -> list[Tensor]:
    """Return each branch's probabilities over its own answers, (B, K), of logits (B, Q, V)."""
    return [torch.softmax(closed[:, k, list(ids)].float(), -1) for k, ids in enumerate(layout.answers)]
