import itertools

from mellm.language.labelled_writer import LABELLED_WORDS, RandomVoice, SizeUnit
from mellm.language.reading_writer import WORDS


def test_a_voice_is_repeatable_and_does_not_repeat_itself():
    one, two = RandomVoice("seed", more={"slot": ("d",)}), RandomVoice("seed", more={"slot": ("d",)})
    said = [one.pick("slot", ("a", "b", "c")) for _ in range(200)]
    assert said == [two.pick("slot", ("a", "b", "c")) for _ in range(200)]
    assert set(said) == set("abcd")
    assert all(a != b for a, b in itertools.pairwise(said))


def test_brightness_is_a_share_of_the_full_motion():
    class Moved:
        mean = 1.5

    assert SizeUnit("colour", 3.0).brightness(Moved()) == 0.5
    assert SizeUnit("colour", 1.0).brightness(Moved()) == 1.0
    assert SizeUnit("colour", 0.0).brightness(Moved()) == 0.0


def test_further_variants_have_the_fields_of_the_variants_they_stand_beside():
    slots = {"move": "moves", "still": "other_still", "apart": "apart", "au": "lead", "none": "none"}
    for language, words in WORDS.items():
        for slot, more in LABELLED_WORDS[language].more.items():
            own = words.joints.get(slot) or getattr(words, slots[slot])
            for variant in more:
                assert variant.count("{") == own[0].count("{"), (language, slot, variant)
