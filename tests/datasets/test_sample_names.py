"""One sample under the names that question files and folders give it."""

import pytest

from mellm.datasets.megc2019 import Sample
from mellm.datasets.sample_names import SampleNames, identity

SAMPLES = [
    Sample("sub03_EP07_01f", "casme2", "sub03", "negative", "", ""),
    Sample("s03_s3_po_05", "smic", "s03", "positive", "", ""),
    Sample("007_3_2", "samm", "007", "negative", "", ""),
    Sample("spNO.3_k_355", "casme3", "spNO.3", "negative", "", "", "k"),
    Sample("spNO.3_m_1", "casme3", "spNO.3", "negative", "", "", "m"),
    Sample("spNO.3_m_9", "casme3", "spNO.3", "negative", "", "", "m"),
]


@pytest.mark.parametrize(
    ("dataset", "subject", "name", "key"),
    [
        ("casme2", "sub03", "EP07_01f", "sub03_EP07_01f"),
        ("CASME II", "3", "sub03_EP07_01f", "sub03_EP07_01f"),
        ("CASME-II", "03", "ep07_01f.avi", "sub03_EP07_01f"),
        ("SMIC", "s3", "s3_po_05", "s03_s3_po_05"),
        ("SMIC-HS-E", "03", "po_05", "s03_s3_po_05"),
        ("SAMM", "7", "007_3_2", "007_3_2"),
        ("samm", "007", "7_3_2", "007_3_2"),
        ("samm", "7", "007_007_3_2", "007_3_2"),
        ("CAS(ME)^3", "3", "k", "spNO.3_k_355"),
        ("casme3a", "spNO.3", "spNO.3_k", "spNO.3_k_355"),
        ("casme2", "sub04", "EP07_01f", None),
        ("samm", "sub03", "EP07_01f", None),
        ("CAS(ME)^2", "3", "EP07_01f", None),
        ("casme3", "spNO.3", "m", None),
    ],
)
def test_a_sample_is_found_whatever_spelling(dataset: str, subject: str, name: str, key: str | None) -> None:
    assert SampleNames(SAMPLES).find(dataset, subject, name) == key


def test_the_key_decides_between_two_of_one_name_and_never_across_sets() -> None:
    names = SampleNames(SAMPLES)
    assert names.find("casme3", "spNO.3", "m", "spNO.3_m_9") == "spNO.3_m_9"
    assert names.find("samm", "spNO.3", "m", "spNO.3_m_9") is None


def test_a_clip_that_begins_like_a_subject_keeps_its_name() -> None:
    assert identity("samm", "7", "007_7_2") != identity("samm", "7", "007_2")
    assert identity("x", "1", "1_2") == ("x", "1", "1 2")
    assert identity("x", "anna", "clip") == ("x", "anna", "clip")
