import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mellm.errors import InputError
from mellm.instruct import BuildConfig, FlowOnlySource, Rules, Wanted, build, check_folder, open_store

BUILD = """
import sys
from pathlib import Path
from mellm.instruct import BuildConfig, FlowOnlySource, build
if __name__ == "__main__":
    config = BuildConfig(FlowOnlySource(Path(sys.argv[1])), shard=2)
    build(config, sys.argv[2], lambda *step: print(*step, flush=True))
"""


def lines(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.suffix in (".jsonl", ".jpg")
    }


@pytest.mark.parametrize("step", ["measuring 3", "writing 5"])
def test_killed_and_started_again_it_ends_the_same(flow_folder, tmp_path, step):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    config = BuildConfig(FlowOnlySource(flow_folder), shard=2)
    build(config, whole)
    script = tmp_path / "run.py"
    script.write_text(BUILD)
    run = subprocess.Popen([sys.executable, script, flow_folder, killed], stdout=subprocess.PIPE, text=True)
    for line in run.stdout:
        if line.startswith(step):
            break
    time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    assert len(lines(killed)) < len(lines(whole))
    manifest = build(config, killed)
    assert lines(killed) == lines(whole)
    ids = [record.id for record in open_store(killed).records()]
    assert len(ids) == len(set(ids)) == manifest["counts"]["records"]
    assert not list(killed.rglob("*.partial"))


def test_two_processes_write_the_same_lines(flow_folder, tmp_path, built):
    build(BuildConfig(FlowOnlySource(flow_folder), shard=10, workers=2), tmp_path / "two")
    assert lines(tmp_path / "two") == lines(built.root)


def test_another_recipe_is_refused(flow_folder, built):
    with pytest.raises(InputError, match="other settings"):
        build(BuildConfig(FlowOnlySource(flow_folder), Wanted(seed=1), shard=10), built.root)


def test_no_samples_is_said(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    with pytest.raises(InputError, match=r"samples\.csv"):
        build(BuildConfig(FlowOnlySource(folder)), tmp_path / "out")


def test_check_of_the_whole_folder(built):
    result = check_folder(built)
    assert (result.failures, result.queued, result.kinds) == (0, 0, {})
    assert result.records == sum(1 for _ in built.records())


def test_check_finds_what_was_changed_on_disk(flow_folder, tmp_path):
    build(BuildConfig(FlowOnlySource(flow_folder), Wanted(tasks=("mer",)), shard=50), tmp_path / "d")
    path = tmp_path / "d/records/00000.jsonl"
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    changed = json.loads(first)
    changed["messages"][1]["content"] = "contempt"
    path.write_text(
        "\n".join([json.dumps(changed, ensure_ascii=False), *rest, rest[0]]) + "\n", encoding="utf-8"
    )
    result = check_folder(open_store(tmp_path / "d"))
    assert (result.failures, set(result.kinds)) == (2, {"emotion", "duplicate"})


def test_splits_keep_people_apart(built):
    splits = {}
    for record in built.records():
        person = (record.provenance["dataset"], record.provenance["subject"])
        splits.setdefault(person, set()).add(record.split)
    assert len(splits) == 9
    assert all(len(found) == 1 for found in splits.values())


def test_the_seed_changes_the_words_only(flow_folder, tmp_path, built):
    build(BuildConfig(FlowOnlySource(flow_folder), Wanted(seed=5), Rules(5), shard=10), tmp_path / "d")
    other = {r.id: r for r in open_store(tmp_path / "d").records() if r.task == "meu"}
    same = {r.id: r for r in built.records() if r.task == "meu"}
    assert other.keys() == same.keys()
    assert sum(other[k].answer != same[k].answer for k in same) > 0.9 * len(same)
    units = [k for k in same if other[k].target["action_units"] != same[k].target["action_units"]]
    assert units == []


def test_measurements_are_taken_over(flow_folder, tmp_path, built, monkeypatch):
    source = FlowOnlySource(flow_folder)

    def never(self, index):
        raise AssertionError("measured again")

    monkeypatch.setattr(FlowOnlySource, "measure", never)
    build(BuildConfig(source, Wanted(seed=9), Rules(9), shard=10, measured=built.root), tmp_path / "d")
    ours, theirs = lines(tmp_path / "d"), lines(built.root)
    same = [name for name in theirs if not name.startswith(("records", "queue"))]
    assert all(ours[name] == theirs[name] for name in same)
    assert check_folder(open_store(tmp_path / "d")).failures == 0
    with pytest.raises(InputError, match="not measured from the same source"):
        build(BuildConfig(source, shard=7, measured=built.root), tmp_path / "e")
