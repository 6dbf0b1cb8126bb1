from mellm.language.backends.draft import Draft


def test_a_draft_is_followed_left_and_come_back_to():
    draft = Draft([1, 2, 3, 4, 5, 6, 7, 8])
    assert draft.guess([])[:3] == [1, 2, 3]
    draft.heard(2, 8)  # 1 2 were right, something else was said than 3
    assert draft.guess([1, 2, 9])[:3] == [4, 5, 6]
    draft.heard(0, 3)
    # Two words of the draft end what was said: it goes on after them.
    assert draft.guess([1, 2, 9, 9, 9, 6, 7]) == [8]


def test_what_repeats_goes_on_at_its_next_place():
    draft = Draft([1, 2, 3, 1, 2, 4])
    draft.guess([])
    draft.heard(3, 6)
    assert draft.guess([1, 2, 3, 1, 2]) == [4]


def test_after_a_wrong_guess_fewer_are_made_and_after_right_ones_more():
    draft = Draft(list(range(100)))
    first = len(draft.guess([]))
    draft.heard(0, first)
    few = len(draft.guess([500]))
    draft.heard(few, few)
    assert few < len(draft.guess([500, *range(1, few + 1)])) <= first


def test_no_draft_guesses_nothing():
    draft = Draft([])
    assert draft.guess([]) == draft.guess([1, 2, 3]) == []
