"""The errors a person may meet, each one sentence that says what to do.

The command line prints an error's text alone (no traceback) and exits with its `exit_code`.
"""

from mellm.wording.message import Message
from mellm.wording.shown import shown


class MellmError(Exception):
    """Something failed that the user should hear about in one sentence.

    `str(error)` is the English sentence; `message` can be put into other languages where it has a code.
    """

    exit_code = 1

    def __init__(self, said: Message | str = "") -> None:
        """Keep the sentence, given as a message or as English text."""
        super().__init__(str(said))
        self.message = said if isinstance(said, Message) else Message.plain(said)


class InputError(MellmError):
    """The input cannot be used as it is; the message says why and what to do next."""

    exit_code = 2


def said_by(error: Exception) -> str:
    """Return the kind and the text of an error on one line."""
    return shown(f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": "))
