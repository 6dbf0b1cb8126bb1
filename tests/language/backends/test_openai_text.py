from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from mellm.language.backends.text_stream import until_stop, without_beginning, without_thoughts

TEXT = st.text("abc \n", max_size=30)


def split(text, cuts):
    places = sorted({0, len(text), *(c % (len(text) + 1) for c in cuts)})
    return [text[a:b] for a, b in pairwise(places)]


CUTS = st.lists(st.integers(0, 1000), max_size=8)


@given(TEXT, CUTS, st.lists(st.text("abc\n", min_size=1, max_size=4), max_size=3))
@example("aba", [2], ["b", "aba"])
def test_a_stop_is_found_however_the_text_is_cut(text, cuts, stops):
    ends = [at for stop in stops if (at := text.find(stop)) >= 0]
    assert "".join(until_stop(split(text, cuts), stops)) == text[: min(ends, default=len(text))]


@given(TEXT, CUTS, st.text("abc", min_size=1, max_size=5))
def test_a_beginning_is_taken_off_however_the_text_is_cut(text, cuts, beginning):
    start = text.lstrip()
    wanted = start.removeprefix(beginning) if start.startswith(beginning) else text
    assert "".join(without_beginning(split(text, cuts), beginning)) == wanted


@given(TEXT, CUTS)
def test_thoughts_are_taken_off_however_the_text_is_cut(text, cuts):
    thought = f"<think>{text}</think>\n\nyes"
    assert "".join(without_thoughts(split(thought, cuts))) == "yes"
    assert "".join(without_thoughts(split(text, cuts))) == text
