"""What is said before an analysis has ended is kept, whatever its report holds in the end."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from web_client import Client, client_of

from held_analysis import HeldAnalysis, held_server
from mellm.web.service import Service

Server = tuple[Client, Service, list[str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with (
        pytest.MonkeyPatch.context() as patch,
        held_server(tmp_path_factory.mktemp("early"), 5, patch) as (address, service, jobs),
        client_of(address) as client,
    ):
        yield client, service, jobs


def save(
    client: Client, job: str, base: int, *moments: dict[str, Any], coder: str = "Ada", **more: Any
) -> Any:
    body = {"coder": coder, "base_version": base, "moments": moments, **more}
    return client.put(f"jobs/{job}/annotation", json=body)


def spotted(held: HeldAnalysis, number: int) -> dict[str, Any]:
    when = next(me.interval for me in held.report.micro_expressions if me.number == number)
    frames = {"onset": when.onset_frame, "apex": when.apex_frame, "offset": when.offset_frame}
    return {"number": number, "spotted": frames}


ADDED = {"key": "mine", "verdict": "added", "frames": {"onset": 40, "apex": 44, "offset": 50}}


def newest(client: Client, job: str, coder: str = "Ada") -> Any:
    return client.get(f"jobs/{job}/annotation", params={"coder": coder}).json()


def test_marks_made_early_stand_in_the_report(server: Server) -> None:
    client, service, jobs = server
    held = HeldAnalysis.of(service, jobs[0])
    first = save(client, jobs[0], 0, ADDED, note="glasses")
    assert first.status_code == 200, first.text
    # Nobody knows yet which numbers the program will give: the added moment has none.
    assert first.json()["early"] and first.json()["moments"][0]["id"] is None
    assert save(client, jobs[0], 1, {"number": 2, "verdict": "agreed"}).status_code == 422
    held.watched()
    answer = save(client, jobs[0], 1, {"number": 2, "verdict": "agreed"})
    assert "is being measured" in answer.json()["error"] and "正在测量" in answer.json()["chinese"]
    assert save(client, jobs[0], 1, {"number": 9, "verdict": "rejected"}).status_code == 422
    held.measured(2)
    said = [ADDED, {**spotted(held, 2), "verdict": "agreed"}, {**spotted(held, 3), "verdict": "rejected"}]
    assert save(client, jobs[0], 1, *said, note="glasses").status_code == 200
    assert newest(client, jobs[0])["version"] == 2
    held.ended()
    now = newest(client, jobs[0])
    assert (now["version"], now["early"], now["note"]) == (3, False, "glasses")
    rows = {m["id"]: (m["key"], m["number"], m["verdict"], m["spotted"]) for m in now["moments"]}
    assert rows == {
        6: ("mine", None, "added", None),
        2: ("me2", 2, "agreed", None),
        3: ("me3", 3, "rejected", None),
    }
    # A tab that was opened early goes on from its own version: nothing clashes, nothing is doubled.
    late = [ADDED, {**spotted(held, 2), "verdict": "agreed"}, {**spotted(held, 4), "verdict": "rejected"}]
    merged = save(client, jobs[0], 2, *late, note="glasses", merge=True)
    assert merged.status_code == 200, merged.text
    assert sorted((m["id"], m["verdict"]) for m in merged.json()["moments"]) == [
        (2, "agreed"),
        (4, "rejected"),
        (6, "added"),
    ]
    table = client.get(f"jobs/{jobs[0]}/export/mes", params={"coder": "Ada"}).text.lstrip("\ufeff")
    assert [row["number"] for row in csv.DictReader(io.StringIO(table))] == ["1", "2", "3", "5"]


def test_a_moment_that_could_not_be_read_stays_its_coders_own(server: Server) -> None:
    client, service, jobs = server
    held = HeldAnalysis.of(service, jobs[1])
    held.watched()
    unit = {"code": "14B", "verdict": "added", "note": "a dimple"}
    said = [
        {**spotted(held, 2), "verdict": "changed", "units": [unit], "note": "sure"},
        {**spotted(held, 4), "verdict": "rejected"},
        ADDED,
    ]
    assert save(client, jobs[1], 0, *said).status_code == 200
    mes = held.report.micro_expressions
    held.ended([me for me in mes if me.number not in (2, 4)])
    moments = {m["id"]: m for m in newest(client, jobs[1])["moments"]}
    lost = moments[2]
    assert (lost["number"], lost["verdict"], lost["note"]) == (None, "added", "sure")
    assert lost["frames"] == spotted(held, 1)["spotted"] | {
        "onset": mes[1].interval.onset_frame,
        "apex": mes[1].interval.apex_frame,
        "offset": mes[1].interval.offset_frame,
    }
    assert lost["units"][0]["code"] == "14B" and moments[4]["verdict"] == "rejected"
    # The number of neither is given to the one that was added.
    assert moments[6]["key"] == "mine"
    tiers = client.get(f"jobs/{jobs[1]}/export/eaf", params={"coder": "Ada"}).text
    assert "ME 2 added" in tiers and "ME 6 added" in tiers and "ME 4 rejected" in tiers
    # Later versions go on in the same way; the report's other moments keep their numbers.
    again = save(client, jobs[1], 2, *moments.values(), {"number": 5, "verdict": "agreed"})
    assert again.status_code == 200 and again.json()["moments"][-1]["key"] == "me5"
    reading = client.get(f"jobs/{jobs[1]}/readings/5").json()
    assert reading == client.get(f"jobs/{jobs[1]}/moments/5").json()["reading"]
    assert client.get(f"jobs/{jobs[1]}/readings/4").status_code == 404


def test_a_clip_that_was_analysed_anew_is_met_by_its_frames(server: Server) -> None:
    """A program that numbers otherwise after a restart: words follow the interval they were said about."""
    client, service, jobs = server
    held = HeldAnalysis.of(service, jobs[2])
    held.watched()
    said = [{**spotted(held, 2), "verdict": "rejected", "note": "blink"}, {**spotted(held, 3), "note": "ok"}]
    assert save(client, jobs[2], 0, *said).status_code == 200
    held.restarted()
    # What is not known again yet may be saved on.
    assert save(client, jobs[2], 1, *said).status_code == 200
    mes = [me.model_copy(deep=True) for me in held.report.micro_expressions[1:]]
    for number, me in enumerate(mes, 1):
        me.number = number
    held.ended(mes)
    rows = [(m["number"], m["key"], m["note"]) for m in newest(client, jobs[2])["moments"]]
    assert rows == [(1, "me1", "blink"), (2, "me2", "ok")]


def test_a_unit_added_before_the_programs_own_came(server: Server) -> None:
    client, service, jobs = server
    held = HeldAnalysis.of(service, jobs[3])
    held.watched()
    own = held.report.micro_expressions[0].action_units[0]
    code = own.code[:-1] + ("D" if own.code[-1] != "D" else "C")
    said = {**spotted(held, 1), "units": [{"code": code, "verdict": "added", "note": "strong"}]}
    assert save(client, jobs[3], 0, said).status_code == 200
    held.ended()
    (moment,) = newest(client, jobs[3])["moments"]
    assert moment["units"] == [{"code": code, "verdict": "changed", "was": own.code, "note": "strong"}]


def test_two_coders_and_a_failed_analysis(server: Server) -> None:
    client, service, jobs = server
    HeldAnalysis.of(service, jobs[4])
    assert save(client, jobs[4], 0, ADDED).status_code == 200
    assert save(client, jobs[4], 0, {**ADDED, "person": 7}, coder="Bo").status_code == 200
    service.store.set_state(jobs[4], "failed", was=["running"])
    # What was saved can still be had; nothing more can be said about a clip that has no result.
    assert newest(client, jobs[4])["moments"][0]["key"] == "mine"
    assert save(client, jobs[4], 1, ADDED).status_code == 409
