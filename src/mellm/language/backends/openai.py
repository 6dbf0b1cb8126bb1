"""The `openai` backend: any OpenAI-compatible endpoint (vLLM, llama.cpp, Ollama, Gemini's, Qwen's ...).

Answers are streamed; the answer's beginning is given where the server can go on from it, and asked for in
words where not; choices are made from likelihoods where the server tells them (`scoring`). Knows nothing
about prompts or answers.
"""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from urllib.parse import urlsplit

from pydantic import ValidationError

from mellm.errors import InputError, MellmError
from mellm.language.backends.dialect import Dialect
from mellm.language.backends.dialogue import with_system
from mellm.language.backends.http import PATIENCE, HttpClient, Server, ServerError
from mellm.language.backends.protocol import Choice, Control, Decoding, Message
from mellm.language.backends.scoring import UnableError, choose_by
from mellm.language.backends.text_stream import until_stop, without_beginning, without_thoughts
from mellm.language.backends.wire import AnswerChoice, ChatReply, ChatRequest

KEY_VARIABLE = "MELLM_OPENAI_KEY"
_REFUSED = frozenset({400, 422})


class OpenAIBackend:
    """A model behind a URL. What the endpoint understands is found out at the first call and kept.

    Calls may run side by side; the server queues them.
    """

    def __init__(
        self,
        url: str,
        model: str = "",
        *,
        key: str | None = None,
        system: str = "",
        pictures: bool = True,
        timeout: float = PATIENCE,
        retries: int = 2,
        pause: float = 0.5,
        thinking: bool = False,
    ) -> None:
        """Check the address; nothing is sent yet.

        Args:
            url: base of the API, such as `http://127.0.0.1:8000/v1`
            model: its name there; may be left out where the server has one model only
            key: bearer token; None: the environment variable MELLM_OPENAI_KEY
            system: system message for dialogues without one; fine-tuned models want the one of their training
            pictures: whether the model can see
            timeout: seconds the server may take for its next word; signs of life are no words
            thinking: leave the chat template as it is, so that a model may think aloud first
            retries, pause: how often passing failures are tried again, and after how many seconds

        Raises InputError for an address that is none.
        """
        key = os.environ.get(KEY_VARIABLE, "") if key is None else key
        self._client = HttpClient(Server(url, key, timeout, retries, pause))
        self._model, self._system, self._pictures = model, system, pictures
        self._thinking = thinking
        self._dialect: Dialect | None = None

    @property
    def name(self) -> str:
        """What wrote it: `openai/MODEL at HOST:PORT`."""
        return f"openai/{self._model or 'the only model'} at {urlsplit(self._client.server.url).netloc}"

    @property
    def sees(self) -> bool:
        """Whether messages may carry pictures, as the caller said."""
        return self._pictures

    def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        prefix: str = "",
        control: Control | None = None,
    ) -> Generator[str]:
        """Yield the assistant's answer in pieces, as it is written; the protocol says the rest."""
        messages = self._ready(messages)
        control = control or Control()
        pieces = without_thoughts(self._pieces(messages, decoding, prefix, control))
        # Some servers repeat the beginning they were given, and so do models that were asked in words.
        yield from until_stop(without_beginning(pieces, prefix), decoding.stop)

    def choose(
        self,
        messages: Sequence[Message],
        prefix: str,
        options: Sequence[str],
        *,
        control: Control | None = None,
    ) -> Choice:
        """Return which of `options` continues the assistant's `prefix` best; the protocol says the rest."""
        messages = self._ready(messages)
        if not options:
            raise InputError("There is no option to choose from.")
        control = control or Control()
        dialect = self._known(control)

        def ask(
            messages: Sequence[Message], prefix: str, max_tokens: int, extra: ChatRequest
        ) -> AnswerChoice:
            def body() -> ChatRequest:
                if dialect.refused & set(extra) or (prefix and not dialect.continues):
                    raise UnableError
                return dialect.body(self._model, messages, prefix, Decoding(max_tokens), extra)

            choices = self._choices(self._sent(body, dialect, control))
            if not choices:
                raise self._foreign_form()
            return choices[0]

        return choose_by(ask, dialect, messages, prefix, options)

    def _pieces(
        self, messages: Sequence[Message], decoding: Decoding, prefix: str, control: Control
    ) -> Iterator[str]:
        dialect = self._known(control)
        while True:
            body = dialect.body(self._model, messages, prefix, decoding, {"stream": True})
            try:
                yield from self._streamed(body, control)
                return
            except ServerError as error:
                if error.status not in _REFUSED or not dialect.learn(error.detail, body):
                    raise self._with_models(error, control) from error

    def _streamed(self, body: ChatRequest, control: Control) -> Iterator[str]:
        url, answered = self._client.server.url, False
        for event in self._client.events("chat/completions", body, control):
            if isinstance(event, dict) and event.get("error"):
                told = self._client.told(event)
                raise ServerError(f"The server at {url} gave up in the middle of its answer: {told}.")
            for choice in self._choices(event)[:1]:  # an event without any tells the usage, or nothing
                answered = True
                if choice.text:
                    yield choice.text
                if choice.finish_reason == "content_filter":
                    raise MellmError(f"The server at {url} withheld the answer (content filter).")
                if choice.finish_reason:
                    return
        if not answered:
            raise self._foreign_form()

    def _choices(self, reply: object) -> list[AnswerChoice]:
        """Return the answers in a reply. Raises ServerError where it has another form than OpenAI's."""
        try:
            choices = ChatReply.model_validate(reply).choices or []
        except ValidationError as error:
            raise self._foreign_form() from error
        return [choice for choice in choices if choice is not None]

    def _foreign_form(self) -> ServerError:
        return ServerError(
            f"The server at {self._client.server.url} answered in a form that is not OpenAI's."
        )

    def _sent(self, build: Callable[[], ChatRequest], dialect: Dialect, control: Control) -> object:
        """Send what `build` returns, built anew as long as the server refuses a field of it."""
        while True:
            body = build()
            try:
                return self._client.json("chat/completions", body, control)
            except ServerError as error:
                if error.status not in _REFUSED or not dialect.learn(error.detail, body):
                    raise self._with_models(error, control) from error

    def _known(self, control: Control) -> Dialect:
        """Ask once who the server is, and what its model is called where nobody said."""
        if self._dialect is None:
            owners = self._models(control)
            if not self._model:
                if len(owners) != 1:
                    found = f"it offers {', '.join(owners)}" if owners else "it does not list its models"
                    raise InputError(
                        f"Say which model of {self._client.server.url} is meant, with model=NAME; {found}."
                    )
                self._model = next(iter(owners))
            owner = owners.get(self._model) or next(iter(owners.values()), "")
            self._dialect = Dialect.of(owner, self._thinking)
        return self._dialect

    def _models(self, control: Control) -> dict[str, str]:
        """Return the server's models and who owns each; empty where it does not tell."""
        try:
            reply = self._client.json("models", control=control)
        except ServerError as error:
            # Without the list all else still works; a server that does not answer at all is no use.
            if error.status in (400, 404, 405, 501):
                return {}
            raise
        rows = reply.get("data") if isinstance(reply, dict) else None
        return {
            str(row["id"]): str(row.get("owned_by") or "")
            for row in rows or []
            if isinstance(row, dict) and "id" in row
        }

    def _with_models(self, error: ServerError, control: Control) -> ServerError:
        if error.status != 404:
            return error
        try:
            names = ", ".join(list(self._models(control))[:20])
        except ServerError:
            names = ""
        return ServerError(f"{error} It offers: {names}.", 404) if names else error

    def _ready(self, messages: Sequence[Message]) -> list[Message]:
        if not self._pictures and any(m.images for m in messages):
            raise InputError(
                f"{self.name} is said not to see pictures; take the flow route or another model."
            )
        return with_system(messages, self._system)
