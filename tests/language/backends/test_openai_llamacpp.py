"""The backend against a real llama.cpp server, with the model that set-up fetches."""

import subprocess
import sys

import pytest

from mellm.errors import InputError
from mellm.language.backends import CancelledError, Control, Decoding, Message, create_backend
from mellm.weights.model_store import model_path

pytest.importorskip("xllamacpp")
pytestmark = pytest.mark.slow

SERVER = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.hostnames, params.port = sys.argv[1], ["127.0.0.1"], 0
params.n_ctx, params.n_parallel, params.cpuparams.n_threads = 2048, 1, 1
server = xllamacpp.Server(params)
print("listening", server.listening_address, flush=True)
sys.stdin.read()
"""
ASKED = [Message("user", "Both mouth corners rise and the cheeks lift. Which emotion does this suggest?")]


@pytest.fixture(scope="module")
def backend():
    try:
        file = model_path("smollm2-135m-instruct")
    except InputError:
        pytest.skip("the base model was not fetched: mellm models pull --group language")
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    words = next(line for line in server.stdout if line.startswith("listening")).split()
    yield create_backend(f"openai:{words[1]}/v1")
    server.stdin.close()
    server.wait(30)


def said(backend, decoding, **more):
    return "".join(backend.generate(ASKED, decoding, **more))


def test_it_streams_the_same_text_each_time(backend):
    pieces = list(backend.generate(ASKED, Decoding(16)))
    assert len(pieces) > 5
    assert said(backend, Decoding(16)) == "".join(pieces)
    assert backend.name.startswith("openai/") and "SmolLM2" in backend.name


def test_it_goes_on_from_a_beginning(backend):
    begun = said(backend, Decoding(16), prefix="The emotion is")
    assert begun and not begun.lstrip().startswith("The emotion is")
    assert begun != said(backend, Decoding(16))


def test_sampling_follows_the_seed(backend):
    texts = {said(backend, Decoding(16, temperature=1.0, seed=seed)) for seed in (1, 1, 2, 3)}
    assert 1 < len(texts) <= 3


def test_a_stop_ends_the_text(backend):
    text = said(backend, Decoding(16))
    stop = text[8:11]
    assert said(backend, Decoding(16, stop=(stop,))) == text[: text.index(stop)]


def test_options_are_compared_by_likelihood(backend):
    likely, unlikely = " happiness", " turbocharger"
    choice = backend.choose(ASKED, "The emotion is", [unlikely, likely])
    assert choice.index == 1
    assert choice.logprobs[1] - choice.logprobs[0] > 2
    assert choice.logprobs[1] < 0


def test_an_answer_can_be_cancelled(backend):
    control = Control()
    pieces = backend.generate(ASKED, Decoding(1500), control=control)
    next(pieces)
    control.cancel()
    with pytest.raises(CancelledError):
        list(pieces)
    assert said(backend, Decoding(4))
