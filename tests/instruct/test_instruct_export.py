import json
import re
from pathlib import Path

import pytest

from mellm.errors import InputError
from mellm.instruct.export import FORMATS, Chosen, export, with_pictures_below
from mellm.instruct.records import Record


def read(path):
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def exported(built, tmp_path_factory):
    """Form name -> (folder, counts)."""
    made = {}
    for name in FORMATS:
        folder = tmp_path_factory.mktemp(name)
        made[name] = (folder, export(built.records(), folder, name))
    return made


@pytest.mark.parametrize("name", FORMATS)
def test_every_record_is_there_once(exported, built, name):
    folder, counts = exported[name]
    assert sum(counts.values()) == sum(1 for _ in built.records())
    for file, count in counts.items():
        assert len(read(folder / file)) == count
    assert not list(folder.glob("*.partial"))


def test_trl_texts_and_pictures(exported):
    folder, counts = exported["trl"]
    for file in counts:
        for line in read(folder / file):
            user, assistant = line["messages"]
            assert (user["role"], assistant["role"]) == ("user", "assistant")
            if file.startswith("flow"):
                assert isinstance(user["content"], str) and set(line) == {"messages"}
            else:
                kinds = [part["type"] for part in user["content"]]
                assert kinds == ["image", "text"] and len(line["images"]) == 1
                assert "<image>" not in user["content"][1]["text"]
                assert [part["type"] for part in assistant["content"]] == ["text"]


@pytest.mark.parametrize("name", ["llama-factory", "ms-swift"])
def test_sharegpt_has_a_mark_per_picture(exported, name):
    folder, counts = exported[name]
    for file in counts:
        for line in read(folder / file):
            marks = line["messages"][0]["content"].count("<image>")
            assert marks == len(line.get("images", ())) == int(file.startswith("vision"))
            assert "<image>" not in line["messages"][1]["content"]


def test_llama_factory_finds_its_files(exported):
    folder, counts = exported["llama-factory"]
    info = read(folder / "dataset_info.json")
    assert {entry["file_name"] for entry in info.values()} == set(counts)
    for entry in info.values():
        line = read(folder / entry["file_name"])[0]
        assert entry["formatting"] == "sharegpt"
        assert set(entry["columns"].values()) == set(line)
        tags = entry["tags"]
        said = [(m[tags["role_tag"]], m[tags["content_tag"]]) for m in line["messages"]]
        assert [role for role, _ in said] == [tags["user_tag"], tags["assistant_tag"]]


def test_the_card_names_every_file_once(exported):
    for name, (folder, counts) in exported.items():
        card = (folder / "README.md").read_text(encoding="utf-8")
        _, head, text = card.split("---\n", 2)
        assert sorted(re.findall(r"path: (.+)", head)) == sorted(counts), name
        assert set(re.findall(r"split: (.+)", head)) <= {"train", "validation", "test"}
        assert all(f"| {file} | {count} |" in text for file, count in counts.items())


def test_a_readme_of_the_users_stays(built, tmp_path):
    (tmp_path / "README.md").write_text("mine")
    export(built.records(), tmp_path, "trl")
    assert (tmp_path / "README.md").read_text() == "mine"


def test_the_real_library_loads_a_folder_by_its_card(exported, tmp_path):
    load_dataset = pytest.importorskip("datasets.load").load_dataset
    folder, counts = exported["trl"]
    rows = load_dataset(str(folder), "flow", cache_dir=str(tmp_path))
    assert {split: len(part) for split, part in rows.items()} == {
        {"val": "validation"}.get(file.split(".")[1], file.split(".")[1]): count
        for file, count in counts.items()
        if file.startswith("flow.")
    }


def test_llava_is_one_list_of_conversations(exported):
    folder, counts = exported["llava"]
    lines = [line for file in counts for line in read(folder / file)]
    assert len({line["id"] for line in lines}) == len(lines)
    for line in lines:
        human, gpt = line["conversations"]
        assert (human["from"], gpt["from"]) == ("human", "gpt")
        assert human["value"].startswith("<image>\n") == ("image" in line)


def test_the_canonical_form_reads_back(exported, built):
    folder, counts = exported["canonical"]
    lines = [line for file in counts for line in (folder / file).read_text("utf-8").splitlines()]
    back = {r.id: r for r in map(Record.from_json, lines)}
    assert all(back[record.id] == record for record in built.records())


def test_a_choice_of_records(built, tmp_path):
    chosen = Chosen(tasks=("meu",), routes=("flow",), languages=("zh",), without=("made/person0",))
    export(built.records(), tmp_path, "canonical", chosen)
    lines = [line for path in tmp_path.glob("*.jsonl") for line in read(path)]
    assert lines
    assert {(d["task"], d["route"], d["language"]) for d in lines} == {("meu", "flow", "zh")}
    assert "person0" not in {d["provenance"]["subject"] for d in lines}
    export(built.records(), tmp_path / "one", "canonical", Chosen(only=("made/person0",)))
    one = [line for path in (tmp_path / "one").glob("*.jsonl") for line in read(path)]
    assert {d["provenance"]["subject"] for d in one} == {"person0"}


def test_pictures_by_their_full_path(built, tmp_path):
    found = with_pictures_below(built.records(), built.root)
    export(found, tmp_path, "llava", Chosen(routes=("vision",)))
    for path in tmp_path.glob("*.json"):
        assert all(Path(line["image"]).is_file() for line in read(path))


def test_an_unknown_form_is_refused(tmp_path):
    with pytest.raises(InputError, match="choose from trl"):
        export([], tmp_path, "parquet")


def test_the_real_library_loads_every_form(exported, tmp_path):
    # Without the library, this suite's own folder of the name would stand in for it.
    load_dataset = pytest.importorskip("datasets.load").load_dataset
    for name, (folder, counts) in exported.items():
        if name == "canonical":  # mixed schemas; read with Record.from_json
            continue
        for file, count in counts.items():
            loaded = load_dataset(
                "json", data_files=str(folder / file), split="train", cache_dir=str(tmp_path)
            )
            assert loaded.num_rows == count
            assert {"messages", "conversations"} & set(loaded.column_names)
