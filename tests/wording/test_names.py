"""Names for people: whatever the package names has a name in every language."""

from string import Formatter

import pytest

from mellm.face.region_id import RegionId
from mellm.face.regions import AREAS
from mellm.facs import INTENSITY_SCALE, TAXONOMIES
from mellm.facs.unit_rules import intensity_scale
from mellm.flow.region_motion import OCTANTS
from mellm.wording.names import (
    AREA_NAMES_EN,
    AREA_NAMES_ZH,
    EMOTIONS_ZH,
    INTENSITY_EN,
    INTENSITY_ZH,
    OCTANTS_ZH,
    REGION_NAMES_ZH,
)
from mellm.wording.page_words import WORDS
from mellm.wording.unit_names import AU_NAMES, AU_NAMES_ZH


def test_every_region_has_one_chinese_name() -> None:
    assert set(REGION_NAMES_ZH) == set(RegionId)
    assert len(set(REGION_NAMES_ZH.values())) == len(RegionId) == 29
    for region in RegionId:
        chinese = REGION_NAMES_ZH[region]
        if region.mirrored is not region:
            there = {"左": "右", "右": "左"}
            assert REGION_NAMES_ZH[region.mirrored] == "".join(there.get(sign, sign) for sign in chinese)


def test_everything_else_has_its_names() -> None:
    assert set(AREA_NAMES_EN) == set(AREA_NAMES_ZH) == set(AREAS)
    assert set(AU_NAMES) == set(AU_NAMES_ZH)
    assert set(OCTANTS_ZH) == set(OCTANTS)
    assert set(INTENSITY_EN) == set(INTENSITY_ZH) == set("ABCDE")
    assert {label for taxonomy in TAXONOMIES.values() for label in taxonomy.labels} <= set(EMOTIONS_ZH)


@pytest.mark.parametrize("key", WORDS)
def test_page_words_have_the_same_fields_in_both_languages(key: str) -> None:
    english, chinese = ({f for _, f, _, _ in Formatter().parse(text) if f} for text in WORDS[key])
    assert english == chinese
    assert WORDS[key][1]


def test_the_scale_of_intensity() -> None:
    assert INTENSITY_SCALE.endswith("full range (A < 10%, B < 25%, C < 55%, D < 85%, E)")
    assert (
        intensity_scale("zh")
        == "相关区域的位移占该动作最大幅度的比例（A < 10%，B < 25%，C < 55%，D < 85%，E）"
    )
