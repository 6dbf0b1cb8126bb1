"""The review room's API: one record at a time, decisions kept per person, nothing leaks or is overwritten."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from web_client import Client, client_of

from mellm.cli.instruct import app
from mellm.errors import InputError
from mellm.instruct import Store
from mellm.instruct.review import Review
from mellm.simulate.generated_clip import ClipTruth
from mellm.web.server import create_app, serving
from mellm.web.server_options import ServerOptions
from review_samples import review_store


@pytest.fixture(scope="module")
def data(smile_clip: tuple[Path, ClipTruth], tmp_path_factory: pytest.TempPathFactory) -> Store:
    return review_store(smile_clip[0], tmp_path_factory.mktemp("review"))


@pytest.fixture(scope="module")
def room(data: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    options = ServerOptions(
        store=tmp_path_factory.mktemp("room"), port=0, workers=0, instruct=data.root, instruct_share=1.0
    )
    with serving(options) as address, client_of(address) as client:
        yield client


def item(room: Client, who: str, place: int = 0) -> dict[str, Any]:
    answer = room.get(f"review/items/{place}", params={"who": who})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_queue_comes_first_with_what_is_wrong(room: Client) -> None:
    assert room.get("choices").json()["review"] is True
    state = room.get("review/state", params={"who": "Nobody"}).json()
    assert state == {"total": 26, "counts": {}, "next": 0}
    for after in (25, 2**31):
        answer = room.get("review/state", params={"who": "Nobody", "after": after})
        assert answer.json()["next"] == 0, "behind the last record the search begins again"
    first = item(room, "Nobody")
    assert first["folder"] == "queue" and [p["kind"] for p in first["problems"]] == ["emotion"]
    assert {unit["code"][:2].rstrip("ABCDE") for unit in first["units"]} == {"6", "12"}
    assert all(unit["support"] for unit in first["units"]) and first["labels"]["7"] == "happiness"
    assert item(room, "Nobody", 25)["folder"] == "records"
    assert room.get("review/items/26").status_code == 404


def test_edits_are_checked_and_kept_while_they_are_written(room: Client) -> None:
    first = item(room, "Cleo")
    head, _, _ = first["answer"].rpartition("\n")
    codes = " + ".join(unit["code"] for unit in first["units"])
    answer = f"{head}\nAU {codes}. This suggests {first['record']['target']['label']}."
    text = {"record": first["record"]["id"], "who": "Cleo", "answer": answer}
    assert room.put("review/typing", json=text).json() == {"problems": []}
    again = item(room, "Cleo")
    assert (again["answer"], again["unsaved"]) == (text["answer"], True)
    assert item(room, "Bert")["unsaved"] is False


def test_decisions_are_kept_per_person(room: Client, data: Store) -> None:
    record = item(room, "Anna")["record"]
    decision = {
        "record": record["id"], "who": "Anna", "verdict": "reject", "answer": "x", "note": "wrong label"
    }  # fmt: skip
    kept = room.post("review/decisions", json=decision).json()
    assert kept["counts"] == {"reject": 1} and kept["decision"]["at"].startswith("20")
    assert room.get("review/state", params={"who": "Anna"}).json()["next"] == 1
    assert room.get("review/state", params={"who": "Dora"}).json()["counts"] == {}
    assert item(room, "Anna")["decision"]["note"] == "wrong label" and item(room, "Dora")["decision"] is None
    assert room.post("review/decisions", json={**decision, "verdict": "open"}).json()["counts"] == {}
    review = Review(data)
    assert [h["verdict"] for h in review.history(record["id"])] == ["reject", "open"]
    review.close()


def test_what_makes_no_sense_is_refused_with_a_sentence(room: Client, client: Client) -> None:
    record = item(room, "Anna")["record"]["id"]
    good = {"record": record, "who": "Anna", "verdict": "accept", "answer": "x"}
    for change, words in (
        ({"verdict": "perhaps"}, "verdict"), ({"who": " "}, "who"), ({"extra": 1}, "extra"),
    ):  # fmt: skip
        answer = room.post("review/decisions", json={**good, **change})
        assert answer.status_code == 422 and words in answer.json()["error"], answer.text
    elsewhere = "../../manifest.json"
    for answer in (
        room.get("review/picture", params={"record": elsewhere}),
        room.put("review/typing", json={"record": elsewhere, "who": "Anna", "answer": "x"}),
        room.post("review/decisions", json={**good, "record": elsewhere}),
    ):
        assert answer.status_code == 404 and "no record" in answer.json()["error"]
    for path in ("review/state", "review/items/0"):
        answer = client.get(path)
        assert answer.status_code == 404 and "--instruct" in answer.json()["error"]
    assert client.get("choices").json()["review"] is False


def test_the_picture_is_the_cases_map(room: Client) -> None:
    record = item(room, "Anna")["record"]["id"]
    answer = room.get("review/picture", params={"record": record})
    assert answer.headers["content-type"] == "image/jpeg" and answer.content[:2] == b"\xff\xd8"


def test_a_folder_without_data_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no MEU-Instruct data"):
        create_app(ServerOptions(store=tmp_path / "store", instruct=tmp_path))
    assert not (tmp_path / "store").exists()


def test_the_command_opens_the_room(data: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`mellm data instruct review` runs the application on the folder, at the review room."""
    asked: dict[str, Any] = {}

    def run(options: ServerOptions, *, ready: Any, room: str) -> None:
        asked.update(options=options, room=room)
        ready(f"http://127.0.0.1:1{room}")

    monkeypatch.setattr("mellm.web.server.serve", run)
    arguments = ["review", str(data.root), "--store", str(tmp_path), "--port", "0", "--share", "0.5"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "26 records to review" in result.output and "/review" in result.output
    options = asked["options"]
    assert (options.instruct, options.instruct_share, options.store, asked["room"]) == (
        data.root, 0.5, tmp_path, "/review",
    )  # fmt: skip
