"""Several people code one clip: nothing is lost, and nothing the report does not hold is kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web_client import Client, client_of

from long_report import store_long_report
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    store = tmp_path_factory.mktemp("coding")
    return store, store_long_report(store, minutes=0.5, moments=4)


@pytest.fixture(scope="module")
def server(stored: tuple[Path, str]) -> Iterator[Client]:
    with serving(ServerOptions(store=stored[0], port=0)) as address, client_of(address) as client:
        yield client


@pytest.fixture
def clip(server: Client, stored: tuple[Path, str], request: pytest.FixtureRequest) -> str:
    """A clip of its own for each test: the same content under another name."""
    media = server.get(f"jobs/{stored[1]}").json()["request"]["media"]
    answer = server.post("jobs", json={"media": media, "name": request.node.name})
    assert answer.status_code == 202 and answer.json()["id"] != stored[1]
    assert server.wait(answer.json()["id"])["state"] == "done"
    return str(answer.json()["id"])


def save(server: Client, clip: str, coder: str, base: int, *moments: dict[str, Any], **more: Any) -> Any:
    body = {"coder": coder, "base_version": base, "moments": moments, **more}
    return server.put(f"jobs/{clip}/annotation", json=body)


ADDED = {"number": None, "verdict": "added", "frames": {"onset": 40, "apex": 44, "offset": 50}}


@pytest.mark.parametrize(
    ("moment", "sentence"),
    [
        ({"number": 99}, "no micro-expression 99"),
        ({"number": 1, "frames": {"onset": 3, "apex": 900}}, "Frame 900 is outside the clip"),
        ({"number": 1, "frames": {"onset": 30, "apex": 20}}, "not in order"),
        ({**ADDED, "person": 7}, "no person 7"),
        ({"number": 1, "person": 2}, "is person 1's"),
        ({"number": None, "verdict": "added"}, "needs its onset"),
        ({"number": 1, "units": [{"code": "99", "verdict": "added"}]}, "no action unit 99"),
        ({"number": 1, "units": [{"code": "2A", "verdict": "added"}] * 2}, "AU 2 is there already"),
        ({"number": 1, "units": [{"code": "6B", "verdict": "added"}]}, "AU 6 is there already"),
        ({"number": 1, "emotion": {"taxonomy": "7", "label": "boredom"}}, "no emotion boredom"),
        ({"number": 1, "emotion": {"taxonomy": "8", "label": None}}, "no set of 8 classes"),
        ({"number": 1, "reread": "a" * 20}, "not one of this clip"),
    ],
)
def test_what_the_report_does_not_hold_is_refused(
    server: Client, stored: tuple[Path, str], moment: dict[str, Any], sentence: str
) -> None:
    answer = save(server, stored[1], "Ada", 0, moment)
    assert answer.status_code == 422 and sentence in answer.json()["error"]
    assert server.get(f"jobs/{stored[1]}/annotation").json()["version"] == 0


def test_a_moment_twice_is_refused(server: Client, stored: tuple[Path, str]) -> None:
    answer = save(server, stored[1], "Ada", 0, {"number": 1}, {"number": 1})
    assert answer.status_code == 422 and "coded twice" in answer.json()["error"]
    assert "两次" in answer.json()["chinese"]


def test_an_agreement_ends_when_a_phase_is_moved(server: Client, clip: str) -> None:
    when = server.get(f"jobs/{clip}/report").json()["micro_expressions"][0]["interval"]
    same = {"onset": when["onset_frame"], "apex": when["apex_frame"], "offset": when["offset_frame"]}
    agreed = save(server, clip, "Ada", 0, {"number": 1, "verdict": "agreed", "frames": same}).json()
    assert agreed["moments"][0]["verdict"] == "agreed"
    moved = {"number": 1, "verdict": "agreed", "frames": {**same, "apex": same["apex"] + 1}}
    assert save(server, clip, "Ada", 1, moved).json()["moments"][0]["verdict"] == "changed"


def test_moments_keep_their_names_and_numbers(server: Client, clip: str) -> None:
    """A number that was taken away is never given to another moment, whoever adds it."""
    first = save(server, clip, "Ada", 0, {"number": 3, "verdict": "rejected"}, ADDED).json()
    third, added = first["moments"]
    assert (third["key"], third["id"]) == ("me3", 3)
    assert added["id"] == 5 and added["key"]
    save(server, clip, "Ada", 1)
    other = {**ADDED, "frames": {"onset": 80, "apex": 84}}
    assert save(server, clip, "Bo", 2, other).json()["moments"][0]["id"] == 6
    back = save(server, clip, "Ada", 3, added, {**other, "key": "mine-1"}).json()
    assert [(m["key"], m["id"]) for m in back["moments"]] == [(added["key"], 5), ("mine-1", 7)]


def test_two_coders_do_not_stand_in_each_others_way(server: Client, clip: str) -> None:
    save(server, clip, "Ada", 0, {"number": 1, "verdict": "agreed"})
    second = save(server, clip, "Bo", 0, {"number": 1, "verdict": "rejected"})
    assert second.status_code == 200 and second.json()["version"] == 2
    for coder, verdict in (("Ada", "agreed"), ("Bo", "rejected")):
        mine = server.get(f"jobs/{clip}/annotation", params={"coder": coder}).json()
        assert (mine["coder"], mine["moments"][0]["verdict"]) == (coder, verdict)
    assert server.get(f"jobs/{clip}/annotation", params={"coder": "Cy"}).json()["version"] == 0
    assert server.get(f"jobs/{clip}").json()["coders"] == ["Ada", "Bo"]
    states = server.get(f"jobs/{clip}/coders").json()["coders"]
    assert [(one["coder"], one["version"], one["finished"]) for one in states] == [
        ("Ada", 1, False),
        ("Bo", 2, False),
    ]


def test_two_tabs_of_one_coder_lose_nothing(server: Client, clip: str) -> None:
    base = save(server, clip, "Ada", 0, {"number": 1}, {"number": 2}, {"number": 4}).json()
    assert base["version"] == 1
    # One tab agrees with 1 and takes 4 back; the other, which began with the same, rejects 2 and adds one.
    save(server, clip, "Ada", 1, {"number": 1, "verdict": "agreed"}, {"number": 2})
    late = ({"number": 1}, {"number": 2, "verdict": "rejected"}, {"number": 4}, ADDED)
    refused = save(server, clip, "Ada", 1, *late)
    assert refused.status_code == 409
    conflict = refused.json()["conflict"]
    assert conflict["moments"] == [] and conflict["theirs"]["version"] == 2
    merged = save(server, clip, "Ada", 1, *late, merge=True)
    assert merged.status_code == 200 and merged.json()["version"] == 3
    verdicts = {m["key"]: m["verdict"] for m in merged.json()["moments"]}
    assert {"me1": "agreed", "me2": "rejected"}.items() <= verdicts.items() and "me4" not in verdicts
    assert sorted(verdicts.values()) == ["added", "agreed", "rejected"]


def test_what_both_tabs_changed_comes_back_twice(server: Client, clip: str) -> None:
    save(server, clip, "Ada", 0, {"number": 1}, note="first")
    save(server, clip, "Ada", 1, {"number": 1, "verdict": "agreed"}, note="left")
    late = save(server, clip, "Ada", 1, {"number": 1, "verdict": "rejected"}, merge=True, note="right")
    assert late.status_code == 409
    conflict = late.json()["conflict"]
    assert conflict["moments"] == ["me1"] and conflict["note"] is True
    assert conflict["theirs"]["moments"][0]["verdict"] == "agreed"
    assert conflict["yours"]["moments"][0]["verdict"] == "rejected"
    assert conflict["merged"]["note"] == "left" and conflict["base"]["version"] == 1


def test_an_older_version_comes_back_as_a_new_one(server: Client, clip: str) -> None:
    save(server, clip, "Ada", 0, {"number": 1, "verdict": "agreed"})
    save(server, clip, "Bo", 1)
    save(server, clip, "Ada", 2)
    answer = server.post(f"jobs/{clip}/annotation/versions/1/restore", json={"base_version": 3})
    assert answer.json()["version"] == 4 and answer.json()["moments"][0]["verdict"] == "agreed"
    mine = server.get(f"jobs/{clip}/annotation/versions", params={"coder": "Ada"}).json()["versions"]
    assert [one["version"] for one in mine] == [1, 3, 4]
    late = server.post(f"jobs/{clip}/annotation/versions/1/restore", json={"base_version": 3})
    assert late.status_code == 409 and late.json()["conflict"]["theirs"]["version"] == 4
    gone = server.post(f"jobs/{clip}/annotation/versions/9/restore", json={"base_version": 4})
    assert gone.status_code == 404


def test_blind_coding_hides_others_until_one_has_handed_in(server: Client, clip: str) -> None:
    server.patch(f"jobs/{clip}", json={"blind": "program"})
    assert server.get(f"jobs/{clip}").json()["verdict"] is None
    assert server.get(f"jobs/{clip}").json()["emotions"] == []
    save(server, clip, "Ada", 0, ADDED, finished=True)
    bo = {"viewer": "Bo"}
    assert server.get(f"jobs/{clip}/annotation", params={"coder": "Ada", **bo}).status_code == 403
    assert server.get(f"jobs/{clip}/report", params=bo).status_code == 403
    assert server.get(f"jobs/{clip}/sentences", params=bo).json() == {"chinese": {}}
    assert server.get(f"jobs/{clip}/export/mes", params=bo).status_code == 403
    assert server.get("export/mes", params={"text": "test_blind", **bo}).text.count("\n") == 1
    hidden = server.get(f"jobs/{clip}/partial", params=bo).json()
    assert hidden["complete"] and hidden["people"] and not hidden["moments"] and not hidden["traces"]
    assert server.get(f"jobs/{clip}/annotation", params={"coder": "Bo", **bo}).json()["version"] == 0
    save(server, clip, "Bo", 0, ADDED)
    assert server.get(f"jobs/{clip}/report", params=bo).status_code == 403
    save(server, clip, "Bo", 2, ADDED, finished=True)
    assert server.get(f"jobs/{clip}/report", params=bo).status_code == 200
    assert server.get(f"jobs/{clip}/annotation", params={"coder": "Ada", **bo}).json()["moments"]
    assert server.get(f"jobs/{clip}", params=bo).json()["verdict"]


def test_the_same_content_under_another_name_is_an_entry_of_its_own(
    server: Client, stored: tuple[Path, str], clip: str
) -> None:
    save(server, clip, "Ada", 0, {"number": 1, "verdict": "agreed"})
    assert server.get(f"jobs/{stored[1]}/annotation").json()["version"] == 0
    assert server.get(f"jobs/{stored[1]}").json()["name"] == "long.mp4"
    name = "受试者 01.mp4"
    changed = server.patch(
        f"jobs/{clip}", json={"name": name, "subject": "s01", "tags": ["lie"], "note": "glasses"}
    )
    assert (changed.json()["name"], changed.json()["subject"]) == (name, "s01")
    assert server.get(f"jobs/{clip}/report").json()["source"]["path"] == name
    assert server.patch(f"jobs/{clip}", json={"session": "2"}).json()["tags"] == ["lie"]
    found = server.get("jobs", params={"tag": "lie", "subject": "s01"}).json()["jobs"]
    assert [one["id"] for one in found] == [clip]
    after = server.get(f"jobs/{clip}/neighbours").json()
    assert after["next"] is not None or after["previous"] is not None
    assert server.patch(f"jobs/{'0' * 20}", json={"note": "x"}).status_code == 404


def test_agreement_is_what_facs_coders_count(server: Client, clip: str) -> None:
    """Two share one moment (overlap 8 of 12 frames), three of four units, one label of one."""
    happy = {"taxonomy": "7", "label": "happiness"}

    def added(onset: int, apex: int, offset: int, *codes: str) -> dict[str, Any]:
        units = [{"code": code, "verdict": "added"} for code in codes]
        frames = {"onset": onset, "apex": apex, "offset": offset}
        return {"verdict": "added", "frames": frames, "units": units, "emotion": happy}

    save(server, clip, "Ada", 0, added(100, 104, 109, "6B", "12C"), added(300, 304, 309, "4A"))
    save(server, clip, "Bo", 0, added(102, 104, 111, "L12A", "6A", "25"))
    found = server.get(f"jobs/{clip}/agreement", params={"a": "Ada", "b": "Bo"}).json()
    assert (found["moments_a"], found["moments_b"], found["matched"]) == (2, 1, 1)
    assert found["overlap"] == pytest.approx(8 / 12)
    # 2 agreed of 3 + 3 codes: 2 x 2 / 6.
    assert found["units"] == {
        "au": None, "agreed": 2, "codes_a": 3, "codes_b": 3, "reliability": pytest.approx(2 / 3)
    }  # fmt: skip
    by_unit = {one["au"]: one["reliability"] for one in found["by_unit"]}
    assert by_unit == {4: 0.0, 6: 1.0, 12: 1.0, 25: 0.0}
    frames, a, b, both = 900, 20, 10, 8
    observed = (both + frames - (a + b - both)) / frames
    chance = (a * b + (frames - a) * (frames - b)) / frames**2
    assert found["kappa_frames"] == pytest.approx((observed - chance) / (1 - chance))
    assert found["phases"] == {"onset": 2.0, "apex": 0.0, "offset": 2.0}
    first, second = found["pairs"]
    assert first["differs"] == ["frames", "units"] and first["a"]["units"][0]["code"] == "6B"
    assert second["b"] is None and second["units_a"] == ["4A"]
    program = server.get(f"jobs/{clip}/agreement", params={"a": "program:", "b": "Bo"}).json()
    assert program["moments_a"] == 4 and program["a"] == "program:"
    alone = server.get(f"jobs/{clip}/agreement", params={"a": "Ada", "b": "Cy"})
    assert alone.status_code == 404 and "Ada, Bo" in alone.json()["error"]
    server.patch(f"jobs/{clip}", json={"blind": "others"})
    hidden = server.get(f"jobs/{clip}/agreement", params={"a": "Ada", "b": "Bo", "viewer": "Ada"})
    assert hidden.status_code == 403


def test_a_person_agrees_with_the_program_as_far_as_nothing_was_changed(server: Client, clip: str) -> None:
    moments = [{"number": number, "verdict": "agreed"} for number in (1, 2, 3, 4)]
    save(server, clip, "Ada", 0, *moments)
    params = {"a": "program:", "b": "Ada"}
    whole = server.get(f"jobs/{clip}/agreement", params=params).json()
    assert whole["kappa_frames"] == whole["units"]["reliability"] == whole["overlap"] == 1.0
    moments[0]["verdict"] = "rejected"
    save(server, clip, "Ada", 1, *moments)
    less = server.get(f"jobs/{clip}/agreement", params=params).json()
    assert less["moments_b"] == 3 and less["units"]["reliability"] == pytest.approx(2 * 3 / 7)
