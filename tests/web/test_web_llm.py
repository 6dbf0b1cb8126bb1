"""Readings by a language model over the API: chosen by name, heard while written, never an address."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner
from web_client import Client, client_of

from mellm.errors import InputError
from mellm.simulate.generated_clip import ClipTruth
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions
from writing_model import ANSWER, WritingModel


@pytest.fixture
def model() -> Iterator[WritingModel]:
    model = WritingModel()
    yield model
    model.go_on.set()
    model.shutdown()
    model.server_close()


@pytest.fixture
def reader(model: WritingModel, tmp_path: Path) -> Iterator[Client]:
    with (
        serving(ServerOptions(store=tmp_path, port=0, llm=model.spec)) as address,
        client_of(address) as client,
    ):
        yield client


def test_a_reading_is_heard_while_it_is_written(
    reader: Client, model: WritingModel, smile_clip: tuple[Path, ClipTruth]
) -> None:
    assert reader.get("choices").json()["readers"][0] == "server"
    request = {"media": reader.upload(smile_clip[0]), "settings": {"llm": "server"}}
    job = reader.post("jobs", json=request).json()["id"]
    heard, state = "", ""
    with reader.stream("GET", f"jobs/{job}/events") as events:
        kind = ""
        for line in events.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: ") and kind == "reading":
                piece = json.loads(line.removeprefix("data: "))
                assert piece["moment"] == 0
                assert heard or not model.go_on.is_set(), "the first piece comes before the rest is written"
                heard += piece["text"]
                if heard.rstrip() == ANSWER[0].rstrip():
                    model.go_on.set()
            elif line.startswith("data: ") and kind == "job":
                state = json.loads(line.removeprefix("data: "))["state"]
    assert state == "done" and "".join(ANSWER).startswith(heard.rstrip()[:80]) and heard.startswith(ANSWER[0])
    reading = reader.get(f"jobs/{job}/report").json()["micro_expressions"][0]["reading"]
    assert reading["model"].startswith("openai/toy") and reading["label"] == "happiness"
    assert any("brow" in claim for claim in reading["unsupported_claims"])
    rules = reader.get(f"jobs/{job}/readings/1").json()
    assert rules["model"] == "evidence", "another language or class set is read at once, by rules"


def test_clients_choose_by_name_and_give_no_address(client: Client, job: str) -> None:
    media = client.get(f"jobs/{job}").json()["request"]["media"]
    for llm, status, words in (
        ("server", 404, "no language model of its own"), ("openai:http://127.0.0.1:9/v1,model=x", 422, "llm"),
        ("transformers:/etc", 422, "llm"),
    ):  # fmt: skip
        answer = client.post("jobs", json={"media": media, "settings": {"llm": llm}})
        assert answer.status_code == status and words in answer.json()["error"]
    assert set(client.get("choices").json()["readers"]) == {"none", "embedded"}


def test_the_command_refuses_what_is_no_server() -> None:
    import typer

    from mellm.cli.serve import serve

    app = typer.Typer()
    app.command()(serve)
    for llm, words in (("embedded", "server of your own"), ("openai:not a url", "address")):
        result = CliRunner().invoke(app, ["--port", "0", "--llm", llm])
        assert isinstance(result.exception, InputError) and words in str(result.exception)


def test_verdicts_and_errors_have_their_chinese(client: Client, job: str) -> None:
    found = client.get(f"jobs/{job}").json()
    assert "微表情" in found["chinese"][found["verdict"]]
    assert (
        client.get(f"jobs/{job}/sentences").json()["chinese"][found["verdict"]].startswith("发现 1 个微表情")
    )
