"""Language backends that other packages add: what they raise or return wrongly is told in one sentence."""

from collections.abc import Callable, Generator, Sequence

from mellm import plug_ins
from mellm.language.backends.protocol import Choice, Control, Decoding, LanguageBackend, Message


class PlugInBackend:
    """A plug-in's backend, every call of which is checked.

    sha256: of the plug-in's weights, where it names them
    """

    def __init__(self, registered: str, make: Callable[[], LanguageBackend]) -> None:
        """Make the backend. Raises PlugInError where that fails or the backend has no name."""
        self._registered = registered
        with plug_ins.calling("language_backends", registered):
            self._own = make()
            self.name = str(self._own.name)
            self.sees = bool(self._own.sees)
            weights = getattr(self._own, "sha256", None)
            self.sha256 = weights if isinstance(weights, str) else None

    def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        prefix: str = "",
        control: Control | None = None,
    ) -> Generator[str]:
        """Yield the plug-in's answer. Raises PlugInError where it fails or yields no text."""
        with plug_ins.calling("language_backends", self._registered):
            pieces = self._own.generate(messages, decoding, prefix=prefix, control=control)
            try:
                for piece in pieces:
                    if not isinstance(piece, str):
                        raise TypeError(f"it yielded a {type(piece).__name__}, not text")
                    yield piece
            finally:
                getattr(pieces, "close", lambda: None)()

    def choose(
        self,
        messages: Sequence[Message],
        prefix: str,
        options: Sequence[str],
        *,
        control: Control | None = None,
    ) -> Choice:
        """Return the plug-in's choice. Raises PlugInError where it fails or chooses none of the options."""
        with plug_ins.calling("language_backends", self._registered):
            choice = self._own.choose(messages, prefix, options, control=control)
            if not isinstance(choice, Choice) or not 0 <= choice.index < len(options):
                raise TypeError(f"it chose {choice!r} of {len(options)} options")
            return choice
