import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mellm.errors import InputError, MellmError
from mellm.instruct import BuildConfig, FlowOnlySource, Rules, Wanted, build, open_store
from mellm.instruct.drafts import Endpoint, OpenAIDrafts
from mellm.instruct.rules_annotator import write_answer
from mellm.instruct.tasks import Job


class FakeServer(ThreadingHTTPServer):
    """Answers like an OpenAI-compatible endpoint; `script` gives the reply to each request by number."""

    daemon_threads = True

    def __init__(self, script):
        self.script, self.requests, self.keys = script, [], []
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), FakeHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class FakeHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append(body)
            self.server.keys.append(self.headers.get("Authorization"))
            number = len(self.server.requests)
        status, text = self.server.script(number, body)
        reply = {
            "choices": [{"message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
        }
        data = json.dumps(reply).encode()
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "0.01")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def serve():
    servers = []

    def start(script):
        servers.append(FakeServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def case(built):
    return next(c for c in built.cases(0).values() if c.truth.action_units == ("12",))


def truth_of(case, language="en"):
    return write_answer(case, "flow", language, "3", 3).text(language)


def drafts(server, folder, **more):
    return OpenAIDrafts(Endpoint(server.url, "fake", pause=0.001, **more), folder)


def test_a_passing_failure_is_retried(serve, case, tmp_path):
    server = serve(lambda n, body: (429 if n == 1 else 503 if n == 2 else 200, truth_of(case)))
    writer = drafts(server, tmp_path, key="secret")
    draft = writer.draft(Job(case, "flow", "en", "3", "prompt"))
    assert draft.answer == truth_of(case)
    assert len(server.requests) == 3
    assert set(server.keys) == {"Bearer secret"}
    assert b"secret" not in (tmp_path / "drafts.sqlite").read_bytes()


def test_a_refusal_is_not_retried(serve, case, tmp_path):
    server = serve(lambda n, body: (401, "no"))
    with pytest.raises(MellmError, match="refused the request: HTTP 401"):
        drafts(server, tmp_path).draft(Job(case, "flow", "en", "3", "prompt"))
    assert len(server.requests) == 1


def test_a_dead_server_is_told_after_the_tries(serve, case, tmp_path):
    server = serve(lambda n, body: (500, ""))
    with pytest.raises(MellmError, match="did not answer after 3 tries"):
        drafts(server, tmp_path, retries=2).draft(Job(case, "flow", "en", "3", "prompt"))
    assert len(server.requests) == 3


def test_a_false_draft_is_sent_back_with_what_was_wrong(serve, built, tmp_path):
    source = built.cases(0)
    case = next(c for c in source.values() if c.truth.action_units == ("12",))
    record = next(r for r in built.records() if r.case == case.key and r.id.endswith("meu.flow.en"))
    taxonomy = record.target["taxonomy"]
    good = write_answer(case, "flow", "en", taxonomy, 3).text("en")
    server = serve(lambda n, body: (200, good.replace("AU 12", "AU 15") if n == 1 else good))
    draft = drafts(server, tmp_path).draft(Job(case, "flow", "en", taxonomy, record.prompt))
    assert (draft.answer, draft.by["tries"]) == (good, 2)
    told = server.requests[1]["messages"][-1]["content"]
    assert "the conclusion names 15, the labels are 12" in told


def test_the_truth_is_told_and_the_picture_sent(serve, built, tmp_path):
    case = next(c for c in built.cases(0).values() if c.truth.action_units == ("12",))
    server = serve(lambda n, body: (200, "nothing"))
    writer = OpenAIDrafts(Endpoint(server.url, "fake", tries=1), built.root)
    writer.draft(Job(case, "vision", "zh", "3", "<image>\n题"))
    content = server.requests[0]["messages"][1]["content"]
    assert content[0]["image_url"]["url"].startswith("data:image/jpeg;base64,/9j/")
    assert "AU 12" in content[1]["text"] and "标签：积极" in content[1]["text"]
    assert "<image>" not in content[1]["text"]
    (built.root / "drafts.sqlite").unlink()


def test_a_build_pays_once_keeps_its_budget_and_queues_what_is_false(serve, flow_folder, tmp_path):
    server = serve(
        lambda n, body: (200, "Analysis:\nI see a smile.\n\nReasoning:\nHm.\n\nConclusion:\nAU 12.")
    )
    out = tmp_path / "d"
    wanted = Wanted(tasks=("meu",), routes=("flow",), languages=("en",))

    def config(**more):
        return BuildConfig(
            FlowOnlySource(flow_folder), wanted, drafts(server, out, tries=1, **more), shard=12
        )

    price = {"price_in": 1000.0, "price_out": 1000.0}
    with pytest.raises(MellmError, match="budget of 3 is used up"):
        build(config(budget=3.0, threads=1, **price), out)
    paid = len(server.requests)
    assert paid == 3
    manifest = build(config(), out)
    asked = len(server.requests)
    assert manifest["counts"]["records"] == 0
    assert manifest["counts"]["queue"] == asked > paid
    bodies = [json.dumps(body, sort_keys=True) for body in server.requests]
    assert len(set(bodies)) == asked
    reasons = {p.kind for r in open_store(out).records("queue") for p in r.problems}
    assert {"unmentioned", "emotion"} <= reasons
    spent = drafts(server, out).store.spent()
    assert spent[:3] == (asked, 1000 * asked, 100 * asked)
    assert spent[3] == pytest.approx(3 * 1.1)


def test_a_dead_server_is_not_asked_for_every_answer(serve, flow_folder, tmp_path):
    server = serve(lambda n, body: (401, ""))
    wanted = Wanted(tasks=("meu",))
    writer = drafts(server, tmp_path / "d", threads=2)
    with pytest.raises(MellmError, match="refused"):
        build(BuildConfig(FlowOnlySource(flow_folder), wanted, writer, shard=36), tmp_path / "d")
    assert len(server.requests) <= 2


def test_requests_keep_their_distance(serve, case, tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr("mellm.language.backends.http._sleep", lambda wait, control: waits.append(wait))
    server = serve(lambda n, body: (200, "x"))
    writer = drafts(server, tmp_path, per_minute=60.0, tries=1)
    for k in range(3):
        writer.draft(Job(case, "flow", "en", "3", f"prompt {k}"))
    assert waits[0] == 0.0
    assert 0.5 < waits[1] <= 1.0 and 1.0 < waits[2] <= 2.0


def test_an_address_must_be_one(tmp_path):
    with pytest.raises(InputError, match="no address"):
        OpenAIDrafts(Endpoint("localhost:8000", "m"), tmp_path)


def test_rules_need_no_preparation(case):
    assert Rules().prepare([]) is None
