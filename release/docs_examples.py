"""An extension of griffe, which reads docstrings for the site: examples after `>>>` become code."""

import re

from griffe import Extension, Object

EXAMPLE = re.compile(r"^(?P<lead>[ \t]*)>>> .*(?:\n(?!\s*$).*)*", re.MULTILINE)


class Examples(Extension):
    """Puts each example of a docstring between fences."""

    def on_object(self, *, obj: Object, **_: object) -> None:
        if obj.docstring is not None and ">>> " in obj.docstring.value:
            obj.docstring.value = EXAMPLE.sub(
                lambda found: f"{found['lead']}\n{found['lead']}```pycon\n{found[0]}\n{found['lead']}```",
                obj.docstring.value,
            )
