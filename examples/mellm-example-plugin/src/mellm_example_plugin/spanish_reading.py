"""The sentences of a reading in Spanish (español).

Terms are those of Spanish-speaking FACS coders: unidad de acción (UA is not used in codes: `AU 12` stays as
it is), inicio, ápice, evidencia. Sides: the picture's; the subject's side stands beside it.
"""

from mellm.language.places import FacePart
from mellm.language.reading_words import Words

AREAS = {
    "brows": "cejas",
    "eyes": "párpados",
    "nose": "nariz",
    "cheeks": "mejillas",
    "mouth": "boca",
    "chin": "mentón",
}
"""Areas of the face, as paragraphs begin with them."""
WAYS = {
    "right": "hacia la derecha",
    "up-right": "hacia arriba y a la derecha",
    "up": "hacia arriba",
    "up-left": "hacia arriba y a la izquierda",
    "left": "hacia la izquierda",
    "down-left": "hacia abajo y a la izquierda",
    "down": "hacia abajo",
    "down-right": "hacia abajo y a la derecha",
}
"""Directions in the picture."""
GRADES = {"A": "trazas", "B": "leve", "C": "marcada", "D": "severa", "E": "máxima"}
"""Letters of intensity."""

_PARTS = {
    FacePart.UPPER_EYELID: ("el párpado superior", "ambos párpados superiores"),
    FacePart.LOWER_EYELID: ("el párpado inferior", "ambos párpados inferiores"),
    FacePart.OUTER_BROW: ("la parte externa de la ceja", "las partes externas de ambas cejas"),
    FacePart.INNER_BROW: ("la parte interna de la ceja", "las partes internas de ambas cejas"),
    FacePart.NOSTRIL_WING: ("el ala de la nariz", "ambas alas de la nariz"),
    FacePart.MOUTH_CORNER: ("la comisura de los labios", "ambas comisuras de los labios"),
    FacePart.UPPER_LIP: ("el labio superior", "los dos lados del labio superior"),
    FacePart.LOWER_LIP: ("el labio inferior", "los dos lados del labio inferior"),
    FacePart.CHIN: ("el mentón", "los dos lados del mentón"),
    FacePart.CHEEK: ("la mejilla", "ambas mejillas"),
}

READING = Words(
    parts={part: one for part, (one, _) in _PARTS.items()},
    pairs={part: two for part, (_, two) in _PARTS.items()},
    patches="zona {}",
    patch_names={
        "outer": "externa",
        "centre": "central",
        "inner": "interna",
        "left": "izquierda",
        "right": "derecha",
    },
    image_sides={"left": "izquierdo", "right": "derecho"},
    subject="lado {} del sujeto",
    notes_on_side=", ",
    whole="{part}",
    some="{part} ({patches})",
    sided="{part} en el lado {side} de la imagen ({note})",
    noted_side="lado {side} de la imagen ({note})",
    ways=WAYS,
    headings=WAYS,
    no_way="cambia sin una dirección clara",
    moves=("se mueve {}", "se desplaza {}"),
    joints={
        "up": ("{both} suben", "{both} se elevan"),
        "down": ("{both} bajan", "{both} descienden"),
        "outward": ("{both} se mueven hacia fuera", "{both} se separan"),
        "inward": ("{both} se mueven hacia dentro", "{both} se juntan"),
        "up-outward": ("{both} suben y se separan", "{both} se mueven hacia arriba y hacia fuera"),
        "up-inward": ("{both} suben y se juntan", "{both} se mueven hacia arriba y hacia dentro"),
        "down-outward": ("{both} bajan y se separan", "{both} se mueven hacia abajo y hacia fuera"),
        "down-inward": ("{both} bajan y se juntan", "{both} se mueven hacia abajo y hacia dentro"),
    },
    joint_sizes=("{side} {heading} {size}", "; "),
    joint_frames=("{}: {}.",),
    shift="{both} se desplazan {way} ({sizes}), como lo harían la cabeza o toda la piel.",
    shift_size="lado {side} de la imagen {size}",
    apart=(
        "{both} no se mueven igual: {left} ({left_size}), mientras que {right} ({right_size}).",
        "{both} difieren: {left} ({left_size}), pero {right} ({right_size}).",
    ),
    moved="{place} {motion}",
    alone="{moved}, {strength} ({size})",
    unweighed="{moved} ({size})",
    other_still=(
        "; {part} en el lado {side} de la imagen no se mueve por encima del ruido",
        "; {part} en el lado {side} de la imagen permanece sin movimiento",
    ),
    stop=".",
    gap=" ",
    names=(", ", " y "),
    alternatives=(", ", " o "),
    areas=(", ", " y "),
    units=("; ", "; "),
    notes=("; ", "; "),
    area_names=AREAS,
    heading="{}: ",
    strengths=((0.004, "de forma muy débil"), (0.008, "de forma débil"), (0.02, "de forma clara")),
    strongest="de forma intensa",
    unit="AU {au} ({name}){side}, probabilidad {p:.2f}{grade}",
    grade=", intensidad {} ({})",
    grades=GRADES,
    sides={
        "both": "",
        "pair": " en ambos lados",
        "left": " en el lado izquierdo del sujeto",
        "right": " en el lado derecho del sujeto",
        "top": " en el labio superior",
        "bottom": " en el labio inferior",
        "one": " en un solo lado",
    },
    named_unit="AU {au} ({name})",
    weak_unit="AU {au} ({name}, {p:.2f})",
    lead=("Esto sugiere {}.", "Es compatible con {}.", "Lo codificamos como {}."),
    shared="Forma parte de {}, que se describe con otra zona de la cara.",
    none=("Por sí solo no indica ninguna unidad de acción.", "Se anota sin unidad de acción."),
    quiet="Ninguna de las 29 regiones se movió por encima del ruido entre el inicio y el ápice.",
    frame="Lados: {}. Movimiento desde el inicio hasta el ápice, sin el de la cabeza.",
    plain="la izquierda de la imagen es la derecha del sujeto",
    mirrored="imagen en espejo: la izquierda de la imagen es la izquierda del sujeto",
    homeless="Por el patrón en su conjunto: {}.",
    rest="Sin movimiento por encima del ruido en: {}.",
    blink="Los párpados se mueven como en un parpadeo; cerrar los ojos no cuenta por sí solo como expresión.",
    weak="Demasiado débiles para contarse: {}.",
    other="{aus} no {does} parte del cuadro habitual de {label}",
    missing="no se encontró {}, que cabría esperar",
    one_sided="{} aparece en un solo lado, lo que también se describe para el desprecio",
    faint="el movimiento es débil, apenas superior a lo que el método distingue",
    overlap="coincide con un parpadeo, así que la zona de los ojos dice poco",
    speech="los labios y la mandíbula se mueven así también al hablar",
    slow="del inicio al ápice pasan {:.2f} s, mucho para una microexpresión",
    nothing="Sin movimiento no hay unidades de acción, y por tanto nada de lo que inferir una expresión.",
    uncoded="Algunas regiones se movieron, pero ninguna unidad de acción alcanza el nivel en que cuenta; "
    "no hay nada de lo que inferir una expresión.",
    eyes_only="La única unidad observada cierra los ojos, y eso por sí solo no dice nada de una emoción.",
    no_emotion="Se observaron las unidades, pero no se calculó ninguna emoción a partir de ellas.",
    reasons=(
        "{aus} {verb} de lo que suele describirse para {label}.",
        "A favor de {label}: {aus}.",
    ),
    only="Es la única unidad observada, de modo que la inferencia se apoya en poco.",
    untypical="Ninguna de las unidades es un signo típico de {label}; va delante por cómo se etiquetaron "
    "combinaciones así en los datos con los que se entrenó el modelo.",
    but=("En contra: {}.", "Por otra parte: {}."),
    rival=("También es posible: {}.", "No se descarta: {}."),
    close=("Dos etiquetas quedan muy cerca: {label} y {rival}.", "Aquí compiten {label} y {rival}."),
    partly=(
        "De lo que cabría esperar en {label} se observa {aus}, pero no {missing}.",
        "El cuadro de {label} está incompleto: {aus} sin {missing}.",
    ),
    doubts=(
        "Antes de aceptar {label}, lo que habla en contra: {against}.",
        "Hay dudas sobre {label}: {against}.",
    ),
    yet=("Aun así, a su favor: {aus}.", "Lo que queda a su favor: {aus}."),
    one_side_fits=(
        "Solo se mueve un lado de la boca ({aus}), y la asimetría es lo que distingue al desprecio.",
        "{aus} en un solo lado es el signo propio del desprecio.",
    ),
    rival_item="{} ({:.2f})",
    clear="Nada de lo medido lo contradice directamente, aunque un movimiento tan pequeño no basta por sí solo.",
    seen="AU {}. ",
    no_evidence="Sin evidencia de una microexpresión.",
    classes=" entre {} clases",
    verdict="AU {codes}. Esto sugiere {label} (probabilidad {p:.2f}{classes}).",
    weak_verdict="AU {codes}. Esto sugiere débilmente {label} (probabilidad {p:.2f}{classes}); "
    "ninguna etiqueta destaca.",
    single={"verb": "es parte", "does": "forma"},
    several={"verb": "son parte", "does": "forman"},
)
