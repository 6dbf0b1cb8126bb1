import socket

import pytest
from endpoint import stream

from mellm.errors import InputError, MellmError
from mellm.language.backends import Decoding, Message
from mellm.language.backends.openai import OpenAIBackend

ASKED = ([Message("user", "Hello")], Decoding())


def failing(status, reply=None, **headers):
    return lambda handler, body: handler.send_whole(reply or {}, status, **headers)


def sending(data, kind="application/json"):
    return lambda handler, body: handler.send_bytes(data, kind=kind)


def cut(handler, body):
    handler.begin_stream()
    handler.send_piece("one")


def given_up(handler, body):
    handler.begin_stream()
    handler.send_piece("one")
    handler.send_event({"error": {"message": "out of memory (key sk-secret)"}})


def withheld(handler, body):
    handler.begin_stream()
    handler.send_piece("one", "content_filter")


def nonsense_event(handler, body):
    handler.begin_stream()
    handler.send_event("{half")


REFUSED = {"error": {"message": "Incorrect API key provided: sk-secret."}}
HTML = b"<!DOCTYPE html><html><body>Welcome</body></html>"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (failing(401, REFUSED), r"refused the request: HTTP 401 \(Incorrect .* \*\*\*\); put its key into"),
        (failing(403), "HTTP 403; check the key in MELLM_OPENAI_KEY"),
        (failing(404, {"error": {"message": "no model toy"}}), r"HTTP 404 .*no model toy.*It offers: toy\."),
        (failing(400, {"error": {"message": "context length"}}), "HTTP 400 .context length.; see what it"),
        (failing(429, Retry_After="0"), "did not answer after 3 tries: HTTP 429; it is asked too often"),
        (failing(500, {"detail": "oom"}), r"did not answer after 3 tries: HTTP 500 \(oom\); look at its log"),
        (failing(307, Location="https://elsewhere/v1"), "moved to https://elsewhere/v1: give that address"),
        (sending(HTML, "text/html"), "answered with a web page; check .* /v1"),
        (sending(b"certainly!"), "answered with something that is not JSON"),
        (sending(b""), "answered with nothing"),
        (sending(b'{"answer": 42}'), "in a form that is not OpenAI's"),
        (sending(b'{"choices": []}'), "in a form that is not OpenAI's"),
        (sending(b"[1, 2]"), "in a form that is not OpenAI's"),
        (nonsense_event, "answered with something that is not JSON"),
        (cut, "broke off in the middle of its answer; ask again"),
        (given_up, r"gave up in the middle of its answer: out of memory \(key \*\*\*\)"),
        (withheld, "withheld the answer"),
    ],
)
def test_each_failure_is_one_sentence(ask, script, sentence):
    _, backend = ask(script)
    with pytest.raises(MellmError, match=sentence) as caught:
        list(backend.generate(*ASKED))
    assert "sk-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_passing_failures_are_tried_again(ask):
    answers = iter([failing(503), failing(429, Retry_After="0.01"), stream("at last")])
    server, backend = ask(lambda handler, body: next(answers)(handler, body))
    assert list(backend.generate(*ASKED)) == ["at last"]
    assert len(server.requests) == 3


def test_what_was_handed_out_is_not_asked_for_again(ask):
    server, backend = ask(cut)
    pieces = backend.generate(*ASKED)
    assert next(pieces) == "one"
    with pytest.raises(MellmError):
        next(pieces)
    assert len(server.requests) == 1


def test_nobody_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(MellmError, match="nothing listens there; start the server"):
            list(OpenAIBackend(url, "toy", pause=0.001).generate(*ASKED))


def test_a_server_may_be_silent_only_so_long(ask):
    _, backend = ask(lambda handler, body: handler.wait_for_hang_up(), timeout=0.2, retries=0)
    with pytest.raises(MellmError, match="it said nothing in time"):
        list(backend.generate(*ASKED))


@pytest.mark.parametrize(
    "sign", [": still here", "data: null", "event: ping\ndata: {}", 'data: {"choices": []}']
)
def test_signs_of_life_are_not_waited_for_without_end(ask, sign):
    def script(handler, body):
        handler.begin_stream()
        for _ in range(600):
            handler.wfile.write(f"{sign}\n\n".encode())
            handler.server.hung_up.wait(0.02)

    _, backend = ask(script, timeout=0.4, retries=0)
    with pytest.raises(MellmError, match=r"fell silent for 0.4 s; .* more time \(timeout=SECONDS\)"):
        list(backend.generate(*ASKED))


def test_an_event_named_error_tells_what_happened(ask):
    def script(handler, body):
        handler.begin_stream()
        handler.wfile.write(b'event: error\ndata: {"message": "the model fell over"}\n\n')

    _, backend = ask(script)
    with pytest.raises(MellmError, match="gave up in the middle of its answer: the model fell over"):
        list(backend.generate(*ASKED))


def test_a_server_without_a_list_of_models_is_asked_all_the_same(ask):
    _, backend = ask(stream("fine"), models=None)
    assert list(backend.generate(*ASKED)) == ["fine"]


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://host/v1", "http://", "file:///etc/passwd", "http://h/a b"]
)
def test_an_address_must_be_one(url):
    with pytest.raises(InputError, match="is no address of an API"):
        OpenAIBackend(url, "toy")


def test_a_password_does_not_belong_into_an_address():
    with pytest.raises(InputError, match="MELLM_OPENAI_KEY") as caught:
        OpenAIBackend("http://me:hush@host/v1", "toy")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-secret\n", "sk secret", "schlüssel"])
def test_a_key_with_signs_no_key_has(key):
    with pytest.raises(InputError, match="copy it again") as caught:
        OpenAIBackend("http://127.0.0.1:9/v1", "toy", key=key)
    assert key not in str(caught.value)


def test_the_key_is_not_shown(ask):
    _, backend = ask(stream("x"))
    assert "sk-secret" not in f"{backend!r} {backend.name} {backend._client.server!r}"
