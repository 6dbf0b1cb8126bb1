import base64
import threading

import cv2
import numpy as np
import pytest
from endpoint import stream

from mellm.errors import InputError
from mellm.language.backends import CancelledError, Control, Decoding, Message, TimedOutError
from mellm.language.backends.openai import OpenAIBackend

QUESTION = [Message("system", "Be brief."), Message("user", "What moved?")]
SHORT = Decoding(max_tokens=7, seed=3, stop=("END",))


def said(backend, messages=QUESTION, decoding=SHORT, **more):
    return "".join(backend.generate(messages, decoding, **more))


def test_the_request_says_all_that_decides_the_answer(ask):
    server, backend = ask(stream("The ", "brow."))
    assert said(backend) == "The brow."
    assert server.requests == [
        {
            "model": "toy",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "What moved?"},
            ],
            "max_tokens": 7,
            "temperature": 0.0,
            "seed": 3,
            "stop": ["END"],
            "stream": True,
        }
    ]
    assert server.keys == ["Bearer sk-secret"]


def test_a_fine_tuned_model_gets_its_system_message(ask):
    server, backend = ask(stream("fine"), system="You read faces.")
    said(backend, QUESTION[1:])
    said(backend)
    first, second = (body["messages"] for body in server.requests)
    assert first[0] == {"role": "system", "content": "You read faces."}
    assert [m["content"] for m in second] == ["Be brief.", "What moved?"]


def test_pieces_come_before_the_answer_is_over(ask):
    heard = threading.Event()

    def script(handler, body):
        handler.begin_stream()
        handler.send_piece("one")
        assert heard.wait(300)
        handler.send_piece(" two", "stop")
        handler.send_event("[DONE]")

    _, backend = ask(script)
    pieces = backend.generate(QUESTION, SHORT)
    assert next(pieces) == "one"
    heard.set()
    assert list(pieces) == [" two"]


BESIDE_THE_ANSWER = (
    ": OPENROUTER PROCESSING",
    ":",
    "data: null",
    "data:",
    "data: ping",
    "event: ping\ndata: {}",
    "event: ping\ndata: 2026-01-01 00:00:00",
    "event: keep-alive\ndata: .",
    'data: {"type": "ping"}',
    'data: {"usage": {"prompt_tokens": 4}}',
    'data: {"choices": []}',
    'data: {"choices": null}',
    'data: {"choices": [null]}',
    'data: {"choices": [{"index": 0, "delta": null, "finish_reason": null}]}',
    'data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": null}}], "error": null}',
    "id: 7\nretry: 10",
)


@pytest.mark.parametrize("event", BESIDE_THE_ANSWER)
def test_events_beside_the_answer_are_passed_over(ask, event):
    def script(handler, body):
        handler.begin_stream()
        for word in ("The ", "brow."):
            handler.wfile.write(f"{event}\n\n".encode())
            handler.send_piece(word)
        handler.wfile.write(f"{event}\n\n".encode())
        handler.send_event("[DONE]")

    _, backend = ask(script)
    assert said(backend) == "The brow."


def test_an_answer_in_parts(ask):
    parts = [{"type": "thinking", "thinking": [{"text": "hm"}]}, {"type": "text", "text": "The brow."}]
    _, backend = ask(lambda handler, body: handler.send_text(parts))
    assert said(backend) == "The brow."


def test_a_picture_travels_without_loss(ask):
    picture = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    server, backend = ask(stream("fine"))
    said(backend, [Message("user", "Look.", (picture,))])
    shown, text = server.requests[0]["messages"][0]["content"]
    head, data = shown["image_url"]["url"].split(",")
    assert head == "data:image/png;base64"
    back = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.array_equal(back, picture)
    assert text == {"type": "text", "text": "Look."}


def test_a_model_that_cannot_see_gets_no_picture(ask):
    server, backend = ask(stream("fine"), pictures=False)
    assert not backend.sees
    with pytest.raises(InputError, match="take the flow route"):
        said(backend, [Message("user", "Look.", (np.zeros((2, 2, 3), np.uint8),))])
    assert not server.requests


@pytest.mark.parametrize("owner", ["vllm", "llamacpp", "sglang"])
def test_a_beginning_is_given_to_servers_that_go_on_from_it(ask, owner):
    server, backend = ask(stream(" the brow"), owner)
    assert said(backend, prefix="Analysis:") == " the brow"
    body = server.requests[0]
    assert body["messages"][-1] == {"role": "assistant", "content": "Analysis:"}
    assert body["continue_final_message"] is True and body["add_generation_prompt"] is False


def test_a_beginning_that_the_server_repeats_is_not_handed_out(ask):
    _, backend = ask(stream("Ana", "lysis: the", " brow"), "llamacpp")
    assert said(backend, prefix="Analysis:") == " the brow"


def test_a_beginning_is_asked_for_in_words_elsewhere(ask):
    server, backend = ask(stream("\nAnalysis: ", "the brow"), "openai")
    assert said(backend, prefix="Analysis: ") == "the brow"
    messages = server.requests[0]["messages"]
    assert len(messages) == 2 and messages[1]["content"].endswith("go on from there:\nAnalysis: ")
    assert "continue_final_message" not in server.requests[0]


def test_a_refused_field_is_left_out_from_then_on(ask):
    def script(handler, body):
        if "continue_final_message" in body:
            return handler.send_whole([{"error": {"message": 'Unknown name "continue_final_message"'}}], 400)
        if "seed" in body:
            return handler.send_whole({"detail": "extra field: seed"}, 422)
        return handler.send_stream("yes")

    server, backend = ask(script, "vllm")
    assert [said(backend, prefix="Well,") for _ in range(2)] == ["yes", "yes"]
    assert len(server.requests) == 4
    assert "begin your answer" in server.requests[3]["messages"][-1]["content"].lower()


def test_the_other_name_of_the_limit_is_tried(ask):
    def script(handler, body):
        if "max_tokens" in body:
            told = (
                "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
            )
            return handler.send_whole({"error": {"message": told}}, 400)
        return handler.send_stream("yes")

    server, backend = ask(script)
    assert said(backend) == "yes"
    assert server.requests[1]["max_completion_tokens"] == 7


def test_events_are_read_as_the_standard_says(ask):
    def script(handler, body):
        handler.begin_stream()
        piece = b'{"choices": [{"delta": {"content": "\xe7\xac\x91\xe2\x80\xa8"}, "finish_reason": null}]}'
        # Line ends of all kinds, comments, names, ids, data over two lines (U+2028 ends no line).
        handler.wfile.write(b": ping\r\n\r\nevent: x\ndata:" + piece + b"\n\nid: 1\n\n")
        handler.wfile.write(b"data: " + piece[:12] + b"\rdata: " + piece[12:] + b"\r\rdata: [DONE]\n\n")

    _, backend = ask(script)
    assert said(backend) == "笑\u2028笑\u2028"


def test_a_stop_the_server_overlooks_ends_the_text(ask):
    _, backend = ask(stream("one. E", "N", "D two"))
    assert said(backend) == "one. "


def test_thoughts_are_not_handed_out(ask):
    _, backend = ask(stream("<thi", "nk>brow? ", "</think>", "\n\nThe brow."))
    assert said(backend) == "The brow."


def test_a_server_that_does_not_stream_is_understood(ask):
    _, backend = ask(lambda handler, body: handler.send_text("all at once"))
    assert list(backend.generate(QUESTION, SHORT)) == ["all at once"]


def silent_before(handler, body):
    handler.wait_for_hang_up()


def silent_within(handler, body):
    handler.begin_stream()
    handler.send_piece("one")
    handler.wait_for_hang_up()


@pytest.mark.parametrize("script", [silent_before, silent_within])
def test_cancelling_hangs_up_on_a_silent_server(ask, script):
    server, backend = ask(script)
    control = Control()
    threading.Timer(0.3, control.cancel).start()
    with pytest.raises(CancelledError):
        said(backend, control=control)
    assert server.hung_up.wait(300)


def test_the_deadline_hangs_up_too(ask):
    server, backend = ask(silent_within)
    with pytest.raises(TimedOutError, match=r"longer than 0\.3 s"):
        said(backend, control=Control(timeout=0.3))
    assert server.hung_up.wait(300)


def test_leaving_early_hangs_up(ask):
    server, backend = ask(silent_within)
    pieces = backend.generate(QUESTION, SHORT)
    assert next(pieces) == "one"
    pieces.close()
    assert server.hung_up.wait(300)


def test_waiting_to_try_again_can_be_cancelled(ask):
    _, backend = ask(lambda h, b: h.send_whole({}, 429, Retry_After="60"))
    control = Control()
    threading.Timer(0.3, control.cancel).start()
    with pytest.raises(CancelledError):
        said(backend, control=control)


def test_the_only_model_needs_no_name(serve):
    server = serve(stream("yes"), models=("only",))
    backend = OpenAIBackend(server.url)
    assert said(backend) == "yes"
    assert server.requests[0]["model"] == "only"
    assert backend.name == f"openai/only at 127.0.0.1:{server.server_port}"


def test_several_models_need_one(serve):
    with pytest.raises(InputError, match="with model=NAME; it offers one, two"):
        said(OpenAIBackend(serve(stream("yes"), models=("one", "two")).url))
