"""Action units and emotions: codes with sides, taxonomies, and models from motion to both.

>>> from mellm.facs import parse_codes
>>> [unit.sided for unit in parse_codes("1+L2").units]
['1', 'L2']
"""

from mellm.facs.codes import (
    ActionUnitCode,
    AUCodes,
    code_of,
    format_codes,
    parse_codes,
    subject_side,
)
from mellm.facs.findings import AUEvidence, AUModel, EmotionModel, Intensity, Side
from mellm.facs.prototype_emotion import abstains
from mellm.facs.recognisers import create_au_model, create_emotion_model, untrained_emotion_model
from mellm.facs.taxonomies import (
    FINE,
    TAXONOMIES,
    Taxonomy,
    canonical,
    emotion_name,
    get_taxonomy,
)
from mellm.facs.unit_lookup import au_number
from mellm.facs.unit_rules import INTENSITY_SCALE, PRESENT, EvidenceModel
from mellm.wording.names import EMOTIONS_ZH
from mellm.wording.unit_names import AU_NAMES, AU_NAMES_ZH, au_name

__all__ = [
    "AU_NAMES",
    "AU_NAMES_ZH",
    "EMOTIONS_ZH",
    "FINE",
    "INTENSITY_SCALE",
    "PRESENT",
    "TAXONOMIES",
    "AUCodes",
    "AUEvidence",
    "AUModel",
    "ActionUnitCode",
    "EmotionModel",
    "EvidenceModel",
    "Intensity",
    "Side",
    "Taxonomy",
    "abstains",
    "au_name",
    "au_number",
    "canonical",
    "code_of",
    "create_au_model",
    "create_emotion_model",
    "emotion_name",
    "format_codes",
    "get_taxonomy",
    "parse_codes",
    "subject_side",
    "untrained_emotion_model",
]
