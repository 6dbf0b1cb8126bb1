"""Spanish (español), a further language of reports: readings, names, the report page, verdicts.

What is not here (the coders' and the batch's sentences) is shown in English. `LanguagePack` and `Wording` of
mellm say what each table holds.
"""

from mellm.face.region_id import RegionId
from mellm.language.language_pack import LanguagePack
from mellm_example_plugin.spanish_page import PAGE
from mellm_example_plugin.spanish_reading import AREAS, GRADES, READING

UNITS = {
    0: "unidad de acción {}",
    1: "elevación interna de las cejas",
    2: "elevación externa de las cejas",
    4: "descenso de las cejas",
    5: "elevación del párpado superior",
    6: "elevación de las mejillas",
    7: "tensión de los párpados",
    8: "acercamiento de los labios",
    9: "arrugamiento de la nariz",
    10: "elevación del labio superior",
    11: "profundización del surco nasolabial",
    12: "estiramiento de las comisuras de los labios",
    13: "elevación aguda de las comisuras",
    14: "formación de hoyuelos",
    15: "descenso de las comisuras de los labios",
    16: "descenso del labio inferior",
    17: "elevación del mentón",
    18: "fruncimiento de los labios",
    19: "lengua visible",
    20: "estiramiento horizontal de los labios",
    21: "tensión del cuello",
    22: "labios en embudo",
    23: "tensión de los labios",
    24: "presión de los labios",
    25: "separación de los labios",
    26: "descenso de la mandíbula",
    27: "apertura amplia de la boca",
    28: "succión de los labios",
    29: "mandíbula hacia delante",
    30: "mandíbula hacia un lado",
    31: "mandíbula apretada",
    32: "mordedura del labio",
    33: "soplido con las mejillas",
    34: "mejillas infladas",
    35: "mejillas succionadas",
    36: "lengua contra la mejilla",
    37: "lengua sobre los labios",
    38: "dilatación de las fosas nasales",
    39: "compresión de las fosas nasales",
    41: "caída del párpado",
    42: "ojos en rendija",
    43: "cierre de los ojos",
    44: "ojos entrecerrados",
    45: "parpadeo",
    46: "guiño",
    51: "giro de la cabeza a la izquierda",
    52: "giro de la cabeza a la derecha",
    53: "cabeza arriba",
    54: "cabeza abajo",
    55: "inclinación de la cabeza a la izquierda",
    56: "inclinación de la cabeza a la derecha",
    57: "cabeza hacia delante",
    58: "cabeza hacia atrás",
    61: "ojos a la izquierda",
    62: "ojos a la derecha",
    63: "ojos arriba",
    64: "ojos abajo",
    65: "ojos divergentes",
    66: "ojos convergentes",
}
"""Action unit -> name, after the FACS manual."""

OCTANTS = {
    "right": "derecha",
    "up-right": "arriba-derecha",
    "up": "arriba",
    "up-left": "arriba-izquierda",
    "left": "izquierda",
    "down-left": "abajo-izquierda",
    "down": "abajo",
    "down-right": "abajo-derecha",
    "none": "sin dirección",
}
"""Directions in tables; sentences have longer ones."""

_PARTS = {
    "upper eyelid": "párpado sup. {}",
    "lower eyelid": "párpado inf. {}",
    "brow": "ceja {}",
    "nostril wing": "ala de la nariz {}",
    "mouth corner": "comisura {}",
    "upper lip": "labio superior",
    "lower lip": "labio inferior",
    "chin": "mentón",
    "cheek": "mejilla {}",
}
_FEMININE = ("brow", "nostril wing", "mouth corner", "cheek")
_LIP_SIDES = {"left": "lado izquierdo", "right": "lado derecho", None: "centro"}
_PATCHES = {"outer": "extern{}", "centre": "medi{}", "inner": "intern{}"}


def _region(region: RegionId) -> str:
    """`párpado sup. izquierdo, externo`: short, for tables."""
    name = _PARTS[region.part]
    if region.part in ("upper lip", "lower lip"):
        return f"{name}, {_LIP_SIDES[region.side]}"
    end = "a" if region.part in _FEMININE else "o"
    said = name.format({"left": "izquierd", "right": "derech"}.get(region.side or "", "") + end)
    return f"{said}, {_PATCHES[region.patch].format(end)}" if region.patch else said


MESSAGES = {
    "spot.mouth_alone": "solo la boca: habla, masticación o una expresión",
    "spot.eyes_shut": "los ojos siguen cerrados o bajos durante {seconds:.1f} s",
    "spot.none": "No se encontró ninguna microexpresión: {why}.",
    "spot.no_face": "no se vio ninguna cara",
    "spot.seen_too_short": "la cara se ve durante {seen:.2f} s, y hacen falta al menos {least:g} s",
    "spot.gaps": "solo se pudo seguir la cara en el {percent:.0f} % de los fotogramas",
    "spot.fast_head": "la cabeza se mueve demasiado deprisa",
    "spot.too_long": "el movimiento de la cara dura más de {most:g} s ({longest:.1f} s)",
    "spot.blinks_only": "aparte de {count} {count:parpadeo|parpadeos}, nada supera el ruido",
    "spot.speech": "alguien habla: la parte inferior de la cara no se puede interpretar aquí; cejas y párpados, sí",
    "spot.talks": "la cara habla el {percent:.0f} % del tiempo; entonces solo se interpretan cejas y párpados",
    "spot.still": "nada supera el ruido",
    "spot.still_fast_head": "nada supera el ruido, y a veces la cabeza se mueve demasiado deprisa",
    "verdict.nobody": "No se encontró ninguna microexpresión: no se vio ninguna cara en ningún fotograma.",
    "verdict.found": "{count:Se encontró|Se encontraron} {count} {count:microexpresión|microexpresiones} "
    "({people:; }).",
    "verdict.suggests": "persona {person}: sugiere {label:emotion}",
    "verdict.suggests_none": "persona {person}: no sugiere ninguna emoción",
    "verdict.no_evidence": "Sin evidencia de una microexpresión: ninguna región se movió como lo haría con una "
    "unidad de acción.",
    "verdict.reasons": "{people: }",
    "verdict.reason": "Persona {person}: {why}",
    "verdict.unread": "No se encontró ninguna microexpresión: no se pudo interpretar ninguna cara en los "
    "fotogramas indicados.",
    "verdict.doubted": "No se saca ninguna conclusión: lo que se dio no concuerda; véanse los avisos.",
    "flow.head_turned": "La cabeza giró {degrees:.0f} grados entre el inicio y el ápice; lo que no se eliminó "
    "puede parecer expresión.",
    "flow.no_face": "No se encontró ninguna cara en la imagen de inicio; el movimiento de la cabeza se eliminó "
    "con un ajuste 2D.",
    "analysis.head_moved_far": "La cabeza se movió mucho entre el inicio y el ápice; las expresiones pequeñas "
    "pueden perderse en ello.",
    "analysis.face_lost": "No se encontró la cara de la persona {person} en el fotograma {frame}; este momento "
    "no se interpretó.",
    "analysis.pair_of_two_faces": "El inicio y el ápice no parecen una misma cara de un mismo vídeo; no se "
    "indica ninguna emoción: dé dos de sus fotogramas.",
}

SPANISH = LanguagePack(
    reading=READING,
    messages=MESSAGES,
    page=PAGE,
    emotions={
        "negative": "negativa",
        "positive": "positiva",
        "surprise": "sorpresa",
        "happiness": "alegría",
        "sadness": "tristeza",
        "fear": "miedo",
        "disgust": "asco",
        "anger": "enfado",
        "contempt": "desprecio",
        "repression": "represión",
        "others": "otras",
        "none": "ninguna",
    },
    units=UNITS,
    unit_sides={
        "left": "{}, lado izquierdo",
        "right": "{}, lado derecho",
        "top": "{}, labio superior",
        "bottom": "{}, labio inferior",
        "unilateral": "{}, un solo lado",
    },
    regions={region: _region(region) for region in RegionId},
    areas=AREAS,
    octants=OCTANTS,
    grades=GRADES,
)
"""What the entry point `es` of `mellm.languages` names."""
