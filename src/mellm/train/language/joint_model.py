"""Encoders, projectors and language model as one: motion in, the loss of what is said about it out.

Architecture: encoder -> queries -> projector -> decoder (as BLIP-2, Li et al. 2023, arXiv 2301.12597, in
small; the MELLM paper's encoder, projector and decoder, arXiv 2505.07007 v1). Knows embeddings and ids;
knows no records.
"""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from mellm.language.motion.encoders import Route
from mellm.language.motion.questions import FINE_LABELS, SIDES, UNITS, coded, options
from mellm.train.language.joint_rows import PLACE_ID, RowBatch, RowTokens
from mellm.train.language.motion_encoders import MapEncoder, Projector, RegionEncoder, Routes

_WIDTHS: dict[Route, int] = {"vision": MapEncoder.width, "flow": RegionEncoder.width}


class JointModel(nn.Module):
    """What is trained; `language` is PEFT's model."""

    def __init__(self, routes: Routes, language: Any, names: Sequence[Route]) -> None:
        super().__init__()
        self.routes, self.language = routes, language
        width = language.get_base_model().config.hidden_size
        self.projectors = nn.ModuleDict(
            {name: Projector(len(options()), _WIDTHS[name], width) for name in names}
        )

    def seen(self, route: Route, given: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the encoder's own answers' logits and the embeddings (B, 24, E) of inputs."""
        told, found = self.routes.asked(route, given)
        return told, self.projectors[route](found)

    def embedded(self, ids: Tensor, tokens: Tensor) -> Tensor:
        """Return embeddings (B, N, E) of ids; `tokens` (M, E) stand in order where ids are `PLACE_ID`."""
        here = ids == PLACE_ID
        found: Tensor = self.language.get_base_model().get_input_embeddings()(ids.clamp(min=0))
        return found.masked_scatter(here[..., None], tokens.to(found.dtype)) if len(tokens) else found

    def said(self, batch: RowBatch, tokens: Tensor) -> Tensor:
        """Return the weighted sum of the negative log-likelihoods of a batch's answers, nats."""
        whole = self.language.get_base_model()
        hidden = whole.model(
            inputs_embeds=self.embedded(batch.ids, tokens), attention_mask=batch.mask, use_cache=False
        ).last_hidden_state
        target = batch.weights[:, 1:] > 0
        logits = whole.get_output_embeddings()(hidden[:, :-1][target])
        losses = nn.functional.cross_entropy(logits.float(), batch.ids[:, 1:][target], reduction="none")
        return (losses * batch.weights[:, 1:][target]).sum()

    @torch.no_grad()
    def begin(self, route: Route, given: Tensor, wanted: Tensor) -> None:
        """Fit a projector so that the embeddings of inputs are near those wanted, (N, 24, E)."""
        cast(Projector, self.projectors[route]).fit(self.routes.asked(route, given)[1], wanted)

    @torch.no_grad()
    def words(self, answers: Tensor, tokens: RowTokens) -> Tensor:
        """Return the embeddings (N, 24, E) of the words of answers, (N, 24) by number."""
        table = self.language.get_base_model().get_input_embeddings().weight
        words = [[_word(table, tokens, text) for text in texts] for texts in _answer_words()]
        return torch.stack([torch.stack(found)[answers[:, k]] for k, found in enumerate(words)], 1)


def _answer_words() -> list[tuple[str, ...]]:
    """The words of every question's answers."""
    units = [(" no", *(f" AU {coded(au, side)}" for side in SIDES[1:])) for au in UNITS]
    return [*units, tuple(f" {name}" for name in FINE_LABELS), tuple(f" {name}" for name in options()[-1])]


def _word(table: Tensor, tokens: RowTokens, text: str) -> Tensor:
    return table[tokens.tokens(text)].float().mean(0)
