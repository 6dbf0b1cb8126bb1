"""The words about one micro-expression on the page: who wrote them, what they conclude, what nobody measured.

Knows the report's reading and its regions; `card` puts it into its place.
"""

import re
from html import escape

from mellm.face.regions import AREAS
from mellm.facs.taxonomies import emotion_name
from mellm.render.markup import areas_of
from mellm.report import MicroExpression, Reading
from mellm.wording.names import AREA_NAMES_EN, AREA_NAMES_ZH, Language
from mellm.wording.page_words import word

GRAMMAR = "evidence"
"""What the built-in grammar calls itself as the writer of a reading."""


def reading_html(me: MicroExpression, language: Language) -> str:
    """The reading with its headings, its flags, and who wrote it."""
    reading = me.reading

    def title(key: str) -> str:
        return f"<h3>{escape(word(key, language))}</h3>"

    def lines(text: str) -> str:
        return "".join(
            f"<p{_about(line, me, language)}>{_marked(line, reading, language)}</p>"
            for line in text.splitlines()
            if line.strip()
        )

    writer = word("evidence_model", language) if reading.model == GRAMMAR else reading.model
    return (
        f'<div class="readings"><div>{title("analysis")}{lines(reading.analysis)}</div>'
        f"<div>{title('reasoning')}{lines(reading.reasoning)}"
        f'{title("conclusion")}<p class="lead">{escape(reading.conclusion)}</p>{_choice(reading, language)}'
        f'</div></div>{_flags(reading, language)}<p class="note">{escape(word("written_by", language))}: '
        f"{escape(writer)}</p>"
    )


def _choice(reading: Reading, language: Language) -> str:
    """A language model's own label, with its share of the model's likelihood."""
    if reading.model == GRAMMAR or not reading.probabilities:
        return ""
    label = reading.label or max(reading.probabilities, key=reading.probabilities.__getitem__)
    share = reading.probabilities.get(label, 0.0)
    text = word("model_label", language, label=emotion_name(label, language), share=f"{share:.2f}")
    mended = f" {word('mended', language)}" if reading.mended else ""
    return f'<p class="note">{escape(text + mended)}</p>'


def _flags(reading: Reading, language: Language) -> str:
    flags = ""
    if not reading.agrees_with_facs:
        flags += f'<p class="flag">{escape(word("disagrees", language))}</p>'
    if reading.unsupported_claims:
        items = "".join(f"<li>{escape(claim)}</li>" for claim in reading.unsupported_claims)
        flags += f'<div class="flag"><p>{escape(word("unsupported", language))}:</p><ul>{items}</ul></div>'
    return flags


def _marked(line: str, reading: Reading, language: Language) -> str:
    """A paragraph with the sentences marked that claim what was not measured."""
    html = escape(line)
    for claim in reading.unsupported_claims:
        sentence, _, what = claim.partition(" -> ")
        title = escape(f"{word('unsupported', language)}: {what}")
        plain = escape(sentence)
        html = html.replace(plain, f'<mark title="{title}">{plain}</mark>', 1) if plain else html
    return html


def _about(line: str, me: MicroExpression, language: Language) -> str:
    """Attributes that link a paragraph on one area (`Mouth: ...`) to the regions that moved there."""
    names = AREA_NAMES_ZH if language == "zh" else AREA_NAMES_EN
    start = re.split("[:：]", line, maxsplit=1)[0].strip().lower()
    area = next((key for key, name in names.items() if name == start), None)
    if area is None:
        return ""
    regions = [r.name for r in me.regions if r.moving and r.name in AREAS[area]]
    return f' data-regions="{escape("|".join(regions))}" data-areas="{areas_of(regions) or area}"'
