"""A small real HTTP server that behaves, and misbehaves, as OpenAI-compatible endpoints do."""

import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = {" happiness": 0.4, " sad": 0.2, "ness": 0.05, " surprise": 0.25, "!": 0.06, " A": 0.01, "B": 0.03}
"""The toy model: each next token's probability, whatever came before."""


class Endpoint(ThreadingHTTPServer):
    """`script(handler, body)` answers each chat request; `owner` is what the list of models says."""

    daemon_threads = True

    def __init__(self, script, owner="", models=("toy",)):
        self.script, self.owner, self.models = script, owner, models
        self.requests, self.keys = [], []
        self.hung_up = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.server.models is None:
            return self.send_whole({"error": {"message": "no such route"}}, 404)
        rows = [{"id": name, "owned_by": self.server.owner} for name in self.server.models]
        return self.send_whole({"object": "list", "data": rows})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        self.server.keys.append(self.headers.get("Authorization"))
        self.server.script(self, body)

    def send_bytes(self, data, status=200, kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def send_whole(self, reply, status=200, **headers):
        self.send_bytes(json.dumps(reply).encode(), status, **headers)

    def send_text(self, text, **choice):
        message = {"role": "assistant", "content": text}
        self.send_whole({"choices": [{"index": 0, "message": message, "finish_reason": "stop"} | choice]})

    def begin_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def send_event(self, event):
        data = event if isinstance(event, str) else json.dumps(event)
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def send_piece(self, text, reason=None):
        delta = {"content": text} if text is not None else {}
        self.send_event({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

    def send_stream(self, *pieces):
        self.begin_stream()
        for piece in pieces:
            self.send_piece(piece)
        self.send_piece(None, "stop")
        self.send_event("[DONE]")

    def wait_for_hang_up(self):
        """Be silent until the other side has closed the connection."""
        self.connection.settimeout(20)
        try:
            gone = self.connection.recv(1) == b""
        except (TimeoutError, ConnectionError) as error:
            gone = isinstance(error, ConnectionError)
        if gone:
            self.server.hung_up.set()
        self.close_connection = True

    def log_message(self, *args):
        pass


def stream(*pieces):
    return lambda handler, body: handler.send_stream(*pieces)


def likelihoods(handler, body):
    """Tell the likeliest next tokens, as vLLM and llama.cpp do."""
    if body.get("logprobs"):
        rows = [{"token": token, "logprob": math.log(p)} for token, p in WORDS.items()]
        return handler.send_text("?", logprobs={"content": [{"token": "?", "top_logprobs": rows}]})
    return handler.send_text("I cannot say.")
