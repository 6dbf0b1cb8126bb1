"""Questions over the API: one answer, or the same as a stream."""

import json


def test_a_question_is_answered_from_the_report(client, job: str) -> None:
    found = client.post(f"jobs/{job}/ask", json={"question": "How many micro-expressions are there?"})
    assert found.status_code == 200
    answer = found.json()
    assert (answer["short"], answer["measured"], answer["micro_expressions"]) == ("1", True, [1])
    assert answer["frames"] == [
        client.get(f"jobs/{job}/report").json()["micro_expressions"][0]["interval"]["apex_frame"]
    ]


def test_a_stream_has_the_sentences_and_then_the_answer(client, job: str) -> None:
    body = {"question": "第一个微表情在什么时候？", "stream": True}
    found = client.post(f"jobs/{job}/ask", json=body)
    assert found.headers["content-type"].startswith("text/event-stream")
    events = [
        dict(line.split(": ", 1) for line in block.splitlines()) for block in found.text.strip().split("\n\n")
    ]
    pieces = [json.loads(e["data"])["text"] for e in events if e["event"] == "piece"]
    assert events[-1]["event"] == "answer"
    answer = json.loads(events[-1]["data"])
    assert answer["language"] == "zh" and "".join(pieces) == answer["text"] and len(pieces) > 1


def test_an_odd_question_is_refused_or_said_to_be_unmeasured(client, job: str) -> None:
    assert client.post(f"jobs/{job}/ask", json={"question": "   "}).status_code == 422
    assert client.post(f"jobs/{job}/ask", json={"question": "x" * 501}).status_code == 422
    assert client.post("jobs/nothing/ask", json={"question": "When?"}).status_code == 404
    assert client.post(f"jobs/{job}/ask", json={"question": "Is he lying?"}).json()["measured"] is False
