"""Two measurements of the same samples: read from folders as they are, averaged."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from mellm.datasets.flow_crops import WIDE, in_tight_crop, turned_round
from mellm.datasets.megc2019 import read_flow_set
from mellm.errors import InputError
from mellm.evaluate.recognition import evaluate_recognition
from mellm.evaluate.unit_recognition import evaluate_units


def second_of(folder: Path, place: Path, **arrays: np.ndarray) -> Path:
    """A second measurement of a folder's samples, without a sheet, beside a copy of the folder."""
    shutil.copytree(folder, place / "flows")
    second = place / "flows_second"
    second.mkdir()
    keys = np.array([s.key for s in read_flow_set(folder).samples])
    np.savez(second / "flows.npz", key=keys[::-1], **{name: a[::-1] for name, a in arrays.items()})
    return second


def test_a_folder_without_a_sheet_takes_its_neighbours(flow_folder: Path, tmp_path: Path) -> None:
    data = read_flow_set(flow_folder)
    few = data.select(np.arange(len(data.samples)) < 10)
    second = second_of(flow_folder, tmp_path, onset_apex=data.flows, apex_offset=255 - data.flows)
    found = read_flow_set(second)
    assert found.samples == data.samples and found.again == ()
    assert np.array_equal(found.flows, in_tight_crop(data.flows, WIDE))
    both = read_flow_set(tmp_path / "flows", second)
    assert len(both.measurements) == 2 and np.array_equal(both.flows, data.flows)
    assert len(few.samples) == 10 and both.select(np.arange(len(both.samples)) < 10).again[0].shape[0] == 10
    shutil.rmtree(tmp_path / "flows")
    with pytest.raises(InputError, match=r"samples\.csv"):
        read_flow_set(second)


def test_the_way_back_alone_is_turned_round(flow_folder: Path, tmp_path: Path) -> None:
    data = read_flow_set(flow_folder)
    second = second_of(flow_folder, tmp_path, apex_offset=turned_round(data.flows))
    assert np.array_equal(read_flow_set(second).flows, in_tight_crop(data.flows, WIDE))


def test_both_measurements_are_averaged_and_told_alone(flow_folder: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(2).integers(0, 256, read_flow_set(flow_folder).flows.shape).astype(np.uint8)
    second = second_of(flow_folder, tmp_path, flows=noise)
    run = evaluate_recognition(flow_folder, "zero-shot", "facs", also=second)
    alone = evaluate_recognition(flow_folder, "zero-shot", "facs")
    first, again = run.figures.per_measurement
    assert first.uf1 == alone.figures.uf1 > again.uf1
    for mean, one in zip(run.samples, alone.samples, strict=True):
        assert mean.key == one.key and mean.probabilities != one.probabilities
    assert len(run.provenance.inputs) == 3
    units = evaluate_units(flow_folder, "loso", also=second).figures
    assert units.per_measurement[0].macro_f1 > units.per_measurement[1].macro_f1
