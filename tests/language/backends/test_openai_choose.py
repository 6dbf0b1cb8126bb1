import json
import math

import pytest
from endpoint import WORDS, likelihoods

from mellm.errors import InputError
from mellm.language.backends import Message
from mellm.language.backends.scoring import option_in

QUESTION = [Message("user", "Which emotion?")]
OPTIONS = (" sadness", " happiness", " surprise")
TRUTH = [math.log(WORDS[" sad"] * WORDS["ness"]), math.log(WORDS[" happiness"]), math.log(WORDS[" surprise"])]


@pytest.mark.parametrize("owner", ["vllm", "llamacpp"])
def test_whole_options_are_compared_by_likelihood(ask, owner):
    server, backend = ask(likelihoods, owner)
    choice = backend.choose(QUESTION, "Emotion:", OPTIONS)
    assert choice.index == 1
    assert choice.logprobs == pytest.approx(TRUTH)
    begun = [body["messages"][-1]["content"] for body in server.requests]
    assert begun == ["Emotion:", "Emotion: sad"]


def test_fewer_next_tokens_are_asked_for_where_many_are_refused(ask):
    def script(handler, body):
        if body["top_logprobs"] > 20:
            told = "Requested sample logprobs of 1000, which is greater than max allowed: 20"
            return handler.send_whole({"error": {"message": told}}, 400)
        return likelihoods(handler, body)

    server, backend = ask(script, "vllm")
    assert backend.choose(QUESTION, "Emotion:", OPTIONS).logprobs == pytest.approx(TRUTH)
    assert [body["top_logprobs"] for body in server.requests] == [1000, 20, 20]


def test_a_refused_beginning_leaves_letters(ask):
    def script(handler, body):
        if "continue_final_message" in body:
            return handler.send_whole({"detail": "continue_final_message: extra inputs"}, 422)
        return likelihoods(handler, body)

    server, backend = ask(script, "vllm")
    assert backend.choose(QUESTION, "Emotion:", OPTIONS).index == 1
    assert "letter" in server.requests[-1]["messages"][-1]["content"]


def test_an_option_that_is_not_listed_gets_an_upper_bound(ask):
    _, backend = ask(likelihoods, "llamacpp")
    choice = backend.choose(QUESTION, "Emotion:", (" surprise", " fear"))
    assert choice.index == 0
    assert math.exp(choice.logprobs[1]) <= min(WORDS.values())


def test_letters_are_read_where_nothing_can_be_continued(ask):
    server, backend = ask(likelihoods, "openai")
    choice = backend.choose(QUESTION, "Emotion:", OPTIONS)
    assert choice.index == 1
    assert choice.logprobs[:2] == pytest.approx([math.log(WORDS[" A"]), math.log(WORDS["B"])])
    assert "B)  happiness" in server.requests[0]["messages"][-1]["content"]


def only_by_schema(handler, body):
    if "logprobs" in body:
        return handler.send_whole({"error": {"message": "logprobs is not supported"}}, 400)
    if "response_format" in body:
        allowed = body["response_format"]["json_schema"]["schema"]["properties"]["choice"]["enum"]
        return handler.send_text(json.dumps({"choice": allowed[2]}))
    return handler.send_text("sadness")


def test_a_schema_holds_the_answer_where_no_likelihood_is_told(ask):
    server, backend = ask(only_by_schema)
    first = backend.choose(QUESTION, "Emotion:", OPTIONS)
    asked = len(server.requests)
    second = backend.choose(QUESTION, "Emotion:", OPTIONS)
    assert first == second
    assert (first.index, first.logprobs) == (2, None)
    assert len(server.requests) == asked + 1  # what the server is able to is remembered


def speaking(*answers):
    left = list(answers)

    def script(handler, body):
        for field in ("logprobs", "response_format"):
            if field in body:
                return handler.send_whole({"detail": f"{field}: extra inputs are not permitted"}, 422)
        return handler.send_text(left.pop(0))

    return script


@pytest.mark.parametrize(
    ("answers", "index"),
    [
        (["**Sadness.**"], 0),
        (["<think>surprise?</think>Happiness, I think"], 1),
        (["I cannot say.", "surprise"], 2),
        (["I cannot say.", "surprised"], 2),
        (["", ""], 0),
    ],
)
def test_words_are_read_leniently_and_asked_for_once_more(ask, answers, index):
    server, backend = ask(speaking(*answers))
    choice = backend.choose(QUESTION, "Emotion:", OPTIONS)
    assert (choice.index, choice.logprobs) == (index, None)
    if len(answers) == 2:
        assert "none of them" in server.requests[-1]["messages"][-1]["content"]


def test_no_option_is_no_choice(ask):
    _, backend = ask(likelihoods)
    with pytest.raises(InputError, match="no option"):
        backend.choose(QUESTION, "", ())


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("AU 12", 1),
        ("au 12.", 1),
        ("AU 123", None),
        ("这是积极。", 2),
        ("AU 1 + AU 12", 3),
        ("It is AU 12, not AU 1", 1),
    ],
)
def test_an_option_in_a_text(text, index):
    assert option_in(text, ["AU 1", "AU 12", "积极", "AU 1 + AU 12"]) == index
