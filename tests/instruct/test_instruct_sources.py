from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import cv2
import pytest

from mellm.datasets import Sample, write_table
from mellm.errors import InputError
from mellm.face.regions import REGION_NAMES
from mellm.instruct import (
    FlowOnlySource,
    IndexedSource,
    MEFlowSource,
    Rules,
    Wanted,
    check_record,
    open_source,
    records_of,
)
from mellm.instruct.sample_measurement import implausible
from mellm.instruct.sources import Skipped, case_key, subject_split
from mellm.simulate.manifest import Manifest, ShardEntry
from mellm.simulate.photo_pairs import PairConfig, PhotoSource
from mellm.simulate.shards import write_shard


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A MEFlowDataset of six pairs made from the shipped portrait."""
    root = tmp_path_factory.mktemp("meflow")
    (root / "faces").mkdir()
    portrait = cv2.imread(str(files("mellm.data") / "portrait.jpg"))
    cv2.imwrite(str(root / "faces/portrait.jpg"), cv2.resize(portrait, None, fx=3, fy=3))
    config = PairConfig(smallest=1.5, head=0.0, still=0.0, bumps=0.0, occluded=0.0)
    pairs = PhotoSource(root / "faces", split=None, seed=4, config=config)
    made = [pairs.pair(index) for index in range(6)]
    (root / "data/train").mkdir(parents=True)
    write_shard(root / "data/train/00000.npz", made)
    shards = {"train/00000.npz": ShardEntry(sha256="", pairs=6, first=0)}
    Manifest(format="test", signature="test", recipe={}, identities={}, complete=True, shards=shards).write(
        root / "data"
    )
    return root, made


def test_generated_pairs_become_true_records(generated):
    root, made = generated
    source = open_source(root / "data", None, "dis")
    assert isinstance(source, MEFlowSource) and len(source) == 6
    records = 0
    for index, pair in enumerate(made):
        found = source.measure(index)
        assert tuple(m.name for m in found.case.motion) == REGION_NAMES
        assert found.picture.shape == (480, 400, 3)
        assert [u.au for u in found.case.truth.units] == [u.au for u in pair.action_units]
        case = replace(found.case, picture="images/x.jpg")
        for record in records_of(case, Wanted(), Rules()):
            assert check_record(record, case) == []
            records += 1
    assert records > 60


def test_exact_flow_instead_of_an_estimate(generated):
    root, _ = generated
    # A pair whose brows move by more than 3 px: clear to any estimator.
    exact, estimated = (MEFlowSource(root / "data", name).measure(4).case for name in ("truth", "dis"))
    assert exact.key == estimated.key
    assert exact.motion != estimated.motion
    assert exact.made["estimator"] == "truth"
    strongest = max(exact.motion, key=lambda m: m.mean)
    other = next(m for m in estimated.motion if m.name == strongest.name)
    assert other.mean == pytest.approx(strongest.mean, rel=0.35)


@pytest.fixture(scope="module")
def indexed(generated, tmp_path_factory):
    """A table of four samples: frames in a folder, no apex, a missing frame, no folder."""
    _, made = generated
    root = tmp_path_factory.mktemp("set")
    (root / "sub01/a").mkdir(parents=True)
    for number, image in ((17, made[0].onset), (20, made[0].onset), (25, made[0].apex)):
        cv2.imwrite(str(root / f"sub01/a/reg_img{number}.png"), image[..., ::-1])

    def sample(key, onset, apex, path="sub01/a"):
        return Sample("casme2", key, "sub01", onset, apex, None, 200.0, "happiness", "6+12", path)

    samples = [sample("s1", 17, 25), sample("s2", 17, None), sample("s3", 17, 99), sample("s4", 1, 2, "no")]
    write_table(root / "table.csv", samples)
    return root


def test_an_indexed_set_is_aligned_and_measured(indexed):
    source = open_source(indexed / "table.csv", indexed, "dis")
    assert isinstance(source, IndexedSource) and len(source) == 4
    case = source.measure(0).case
    assert (case.dataset, case.subject, case.name, case.scale) == ("casme2", "sub01", "s1", "px")
    assert case.truth.labels["5"] == "happiness"
    assert len(case.motion) == 29 and any(m.moving for m in case.motion)
    reasons = [source.measure(k).reason for k in (1, 2, 3)]
    assert all(isinstance(source.measure(k), Skipped) for k in (1, 2, 3))
    assert reasons[0] == "no onset or apex frame in the sheet"
    assert "Frame 99" in reasons[1] and "not there" in reasons[2]


def test_flow_without_scale_says_so(flow_folder):
    source = open_source(flow_folder, None, "dis")
    assert isinstance(source, FlowOnlySource)
    case = replace(source.measure(0).case, picture="images/x.jpg")
    assert (case.scale, case.picture_face) == ("relative", False)
    assert {"left mouth corner", "right mouth corner"} <= {m.name for m in case.motion if m.moving}
    assert not any(m.moving for m in case.motion if m.name.endswith("brow"))
    prompts = {r.id.split("/")[1]: r.prompt for r in records_of(case, Wanted(), Rules())}
    assert (
        '"mean_px"' not in prompts["meu.flow.en"] and "in pixels" not in prompts["meu.flow.en"].split("(")[0]
    )
    assert "average motion" in prompts["meu.flow.en"]
    assert "像素）" not in prompts["meu.flow.zh"] and "平均运动" in prompts["meu.flow.zh"]
    assert "black" in prompts["meu.vision.en"]


def test_samples_without_units_are_asked_for_the_label_only(flow_folder):
    source = FlowOnlySource(flow_folder)
    case = source.measure(8).case
    assert case.truth.action_units is None
    tasks = {(r.task, r.question) for r in records_of(case, Wanted(), Rules())}
    assert tasks == {("mer", ""), ("vqa", "coarse")}


def test_failed_flow_is_left_out(generated):
    root, _ = generated
    motion = list(MEFlowSource(root / "data").measure(0).case.motion)
    assert implausible(motion) == ""
    motion[3] = replace(motion[3], relative=0.4)
    assert implausible(motion).startswith(f"the {motion[3].name} moves 40%")


def test_nothing_is_said_of_what_cannot_be_seen(flow_folder):
    case = replace(FlowOnlySource(flow_folder).measure(0).case, picture="images/x.jpg")
    still = replace(case, motion=tuple(replace(m, moving=False) for m in case.motion))
    assert list(records_of(still, Wanted(), Rules())) == []
    shown = list(records_of(still, Wanted(unseen=True), Rules()))
    assert {r.task for r in shown} == {"meu", "mer", "vqa"}
    assert [p for r in shown for p in check_record(r, still)] == []
    brows = replace(case, motion=tuple(replace(m, moving=m.name.endswith("brow")) for m in case.motion))
    assert {r.task for r in records_of(brows, Wanted(), Rules())} == {"mer", "vqa"}


def test_what_is_no_source_is_told(tmp_path):
    with pytest.raises(InputError, match="neither a table"):
        open_source(tmp_path, None, "dis")
    (tmp_path / "t.csv").write_text("x")
    with pytest.raises(InputError, match="--frames"):
        open_source(tmp_path / "t.csv", None, "dis")


def test_keys_hide_the_sample_and_people_stay_in_one_split():
    key = case_key("casme2", "sub01", "EP02_01f")
    assert len(key) == 16 and "sub" not in key
    assert key != case_key("casme2", "sub02", "EP02_01f")
    splits = [subject_split("casme2", f"sub{i:02d}") for i in range(400)]
    assert 0.7 < splits.count("train") / 400 < 0.9
    assert set(splits) == {"train", "val", "test"}


def test_the_source_file_is_read_lazily():
    assert FlowOnlySource(Path("nowhere")).folder.name == "nowhere"
