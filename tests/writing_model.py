"""A server that writes as an OpenAI-compatible language model does, slowly enough to be watched."""

import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = (
    "Analysis:\nBoth mouth corners move up. The left inner brow moves down.\n\n",
    "Reasoning:\nThe cheeks lift with them, as in a smile.\n\n",
    "Conclusion:\nAU 6 + AU 12. This suggests happiness.",
)
"""What it writes, in three pieces. That the brow moves down is not true of the demonstration clip."""


class WritingModel(ThreadingHTTPServer):
    """Writes `ANSWER`; after the first piece it waits until `go_on` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port of this machine."""
        self.go_on = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def spec(self) -> str:
        """How `--llm` names it."""
        return f"openai:http://127.0.0.1:{self.server_port}/v1,model=toy"


class _Handler(BaseHTTPRequestHandler):
    server: WritingModel
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send({"object": "list", "data": [{"id": "toy", "owned_by": ""}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not body.get("stream"):
            rows = [
                {"token": word, "logprob": math.log(p)} for word, p in ((" happiness", 0.7), (" sad", 0.1))
            ]
            choice = {"index": 0, "message": {"role": "assistant", "content": "?"}, "finish_reason": "stop"}
            self._send(
                {"choices": [{**choice, "logprobs": {"content": [{"token": "?", "top_logprobs": rows}]}}]}
            )
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for number, piece in enumerate(ANSWER):
            if number == 1:
                self.server.go_on.wait(900)
            self._event(
                json.dumps({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
            )
        self._event(json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
        self._event("[DONE]")

    def _event(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def _send(self, reply: dict[str, Any]) -> None:
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
