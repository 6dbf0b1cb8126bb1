"""How close an answer's wording is to the reference: BLEU and ROUGE, from maintained packages.

BLEU is sacrebleu's corpus BLEU-4 (Post 2018), 0..1; ROUGE-1 and ROUGE-L are mean F-measures of Google's
rouge-score (Lin 2004), 0..1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mellm.errors import InputError
from mellm.evaluate.figures import TextOverlap


@dataclass(slots=True)
class TextScores:
    """Collects reference and answer texts; `compute` gives bleu, rouge1, rougeL over all of them.

    >>> scores = TextScores()
    >>> scores.update(["brow lowerer, lid tightener"], ["brow lowerer, lid tightener"])
    >>> round(scores.compute().rougeL, 3)
    1.0
    """

    references: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def reset(self) -> None:
        """Forget everything."""
        self.references.clear()
        self.answers.clear()

    def update(self, references: Sequence[str], answers: Sequence[str]) -> None:
        """Add pairs of texts; raises InputError where their numbers differ."""
        if len(references) != len(answers):
            raise InputError(f"{len(references)} references and {len(answers)} answers; give pairs.")
        self.references += references
        self.answers += answers

    def compute(self) -> TextOverlap:
        """Return the three figures; all 0 where nothing was added."""
        try:
            from rouge_score.rouge_scorer import RougeScorer
            from sacrebleu.metrics.bleu import BLEU
        except ImportError as error:
            raise InputError(
                "BLEU and ROUGE need the evaluate extra: pip install mellm[evaluate]."
            ) from error
        if not self.references:
            return TextOverlap(bleu=0.0, rouge1=0.0, rougeL=0.0)
        bleu = BLEU().corpus_score(self.answers, [self.references]).score / 100
        scorer = RougeScorer(["rouge1", "rougeL"])
        rows = [scorer.score(r, a) for r, a in zip(self.references, self.answers, strict=True)]
        means = {name: sum(row[name].fmeasure for row in rows) / len(rows) for name in ("rouge1", "rougeL")}
        return TextOverlap(bleu=float(bleu), **means)
