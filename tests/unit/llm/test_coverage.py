"""What a trigger's phrases lack of a message's words is counted as if nothing else were known."""

import numpy as np
import pytest

from llm.coverage import Vocabulary

TEXTS = ("pending transfer", "transfer failed", "pending top-up", "top-up failed again", "weather")
TARGETS = np.array([0, 0, 1, 1, -1])
TRANSFER, TOP_UP = 0, 1


def vocabulary(kept: list[int] | None = None) -> Vocabulary:
    places = range(len(TEXTS)) if kept is None else kept
    return Vocabulary([TEXTS[at] for at in places], TARGETS[list(places)], 2)


def test_a_trigger_lacks_the_word_that_only_others_have() -> None:
    known = vocabulary()
    lacks = known.coverage(known.rows(["pending top-up", "transfer", "rain", ""])).lacks()
    assert lacks[0, TOP_UP] == pytest.approx(0, abs=1e-3)
    assert 0.5 < lacks[0, TRANSFER] < 1
    assert lacks[1] == pytest.approx([0, 1], abs=1e-3)
    assert lacks[2] == pytest.approx([1, 1], abs=1e-3)


def test_what_a_trigger_lacks_is_the_same_for_all_as_for_the_chosen() -> None:
    known = vocabulary()
    found = known.coverage(known.learnt).without_trigger(TOP_UP)
    chosen = np.array([0, 1, 1, 0, 0])
    of_chosen = found.lacks()[np.arange(len(TEXTS)), chosen]
    assert np.allclose(of_chosen, found.of(chosen)[0], atol=1e-5)


@pytest.mark.parametrize("place", range(4))
def test_a_phrase_left_out_is_covered_as_if_it_had_never_been_learnt(place: int) -> None:
    trigger = int(TARGETS[place])
    known = vocabulary()
    held = known.coverage(known.rows([TEXTS[place]])).without_themselves(trigger)
    others = vocabulary([at for at in range(len(TEXTS)) if at != place])
    fresh = others.coverage(others.rows([TEXTS[place]]))
    lacking = held.of(np.array([trigger]))[0] > 0.5
    assert lacking == (fresh.of(np.array([trigger]))[0] > 0.5)
    assert held.lacks()[0, trigger] == pytest.approx(fresh.lacks()[0, trigger], abs=0.1)
