import pytest
from endpoint import Endpoint

from mellm.language.backends.openai import OpenAIBackend


@pytest.fixture
def serve():
    servers = []

    def start(script, owner="", models=("toy",)):
        servers.append(Endpoint(script, owner, models))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def ask(serve, monkeypatch):
    """Start a server with a script; return it and a backend that asks it."""
    monkeypatch.setenv("MELLM_OPENAI_KEY", "sk-secret")

    def start(script, owner="", models=("toy",), **options):
        server = serve(script, owner, models)
        return server, OpenAIBackend(server.url, "toy", **{"pause": 0.001, **options})

    return start
