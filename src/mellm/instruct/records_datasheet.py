"""The datasheet that lies in every dataset's folder: what it is, counts, how it was made, known gaps.

After Gebru et al. 2021 (Datasheets for Datasets), as far as figures can answer. Prints statistics; counts
nothing itself.
"""

from collections.abc import Mapping

from mellm.instruct.record_counts import Statistics
from mellm.instruct.record_store import Manifest

GAPS = (
    "Answers by `rules` come from a grammar: varied in words, narrow in style. They teach grounding.",
    "Where the motion bears out none of the labelled units there is no reasoned answer, and where no region "
    "moves at all there is no record of a labelled expression (option `--unseen` writes both).",
    "The units that the regions bear out follow FACS descriptions by direction alone; a unit that shows only "
    "in wrinkles or in depth counts as not shown.",
    "Generated faces carry an emotion drawn from what annotation sheets say of their units; reasoned answers "
    "take the likeliest one. Such labels teach how coders label, not what anybody felt.",
    "Flow without scale is told in multiples of the face's average motion, and its pictures show no face.",
    "The checks read English and Chinese. A claim in words they do not know is not checked, so drafts by a "
    "language model should be sampled by people even where they pass.",
    "People's names for emotions are the coders' words for a stimulus or a report, not a person's state.",
)
"""What a user should know before training."""


def datasheet(manifest: Manifest, stats: Statistics) -> str:
    """Return the datasheet as Markdown."""
    source = manifest["recipe"]["source"]
    parts = [
        "# Datasheet: MEU-Instruct",
        f"Built by mellm {manifest['mellm']} from a source of kind `{source['kind']}`"
        + (f", flow by `{source['estimator']}`" if "estimator" in source else "")
        + f". Answers by `{manifest['recipe']['annotator']}`; every record passed every check.",
        "## Composition",
        f"{stats['records']} records of {stats['cases']} micro-expressions; {sum(stats['queue'].values())} "
        f"problems in the review queue; {manifest['counts']['skipped']} samples left out.",
        _table(
            "",
            {
                "task": stats["task"],
                "route": stats["route"],
                "language": stats["language"],
                "split": stats["split"],
                "dataset": stats["dataset"],
                "annotator": stats["annotator"],
            },
        ),
        f"People per split: {_line(stats['subjects'])}. Nobody is in two splits.",
        "## Labels",
        _table("taxonomy", stats["labels"]),
        f"Questions: {_line(stats['question'])}. Yes/no answers: {_line(stats['yes_no'])}.",
        "## Action units",
        _units(stats),
        f"Sides: {_line(stats['sides'])}.",
        "## Wording",
        _wording(stats),
        "## Known gaps",
        "\n".join(f"- {gap}" for gap in GAPS),
        "## Use",
        "For research on micro-expressions. A micro-expression suggests a state of mind at most; it proves "
        "none. The source's licence holds for what is made from it: pictures and records of a set bound by "
        "an agreement are bound by the same.",
    ]
    return "\n\n".join(parts) + "\n"


def _line(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _table(title: str, rows: Mapping[str, Mapping[str, int]]) -> str:
    lines = [f"| {title} | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {_line(counts)} |" for name, counts in rows.items())])


def _units(stats: Statistics) -> str:
    lines = ["| AU | labelled | borne out by the motion |", "|---|---|---|"]
    for au, count in stats["action_units"].items():
        shown = stats["action_units_borne_out"][au]
        lines.append(f"| {au} | {count} | {shown} ({shown / count:.0%}) |")
    return "\n".join(lines)


def _wording(stats: Statistics) -> str:
    lines = ["| language | answers | distinct-1 | distinct-2 | distinct-3 | distinct-4 | different frames |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for language, found in stats["wording"].items():
        shares = " | ".join(f"{found[f'distinct_{n}']:.3f}" for n in (1, 2, 3, 4))
        lines.append(f"| {language} | {found['answers']} | {shares} | {found['different_skeletons']:.1%} |")
    lengths = "; ".join(
        f"{name} {found['mean']:.0f} ({found['shortest']} to {found['longest']})"
        for name, found in stats["answer_characters"].items()
    )
    return "\n".join(lines) + f"\n\nAnswer length in characters, mean (range): {lengths}."
