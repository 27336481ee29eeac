"""The machine that leads conversations, by example and by rule."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.scripts.canonical import canonical_json, read_canonical
from personas.scripts.model import Script
from personas.scripts.runner import Incoming, Progress, Turn, advance
from personas.scripts.steps import Outcome

from .any_script import scripts
from .conversations import sales, with_step


def lead(script: Script, *messages: str | Incoming) -> list[Turn]:
    turns: list[Turn] = []
    for message in messages:
        before = turns[-1].progress if turns else Progress()
        incoming = Incoming(message) if isinstance(message, str) else message
        turns.append(advance(script, before, incoming))
    return turns


def test_a_sale_goes_from_the_first_message_to_the_end() -> None:
    first, second, third = lead(sales(), "hello", "20 please", "yes")
    assert first.says[0].startswith("A program of Example Ltd writes here.\n\nHow many seats")
    assert second.says == ("20 seats cost ten euros each. Shall I send the contract?",)
    assert third.says == ("Thank you, it is on its way.",)
    assert third.progress.outcome is Outcome.CLOSED
    assert third.progress.slots == {"seats": 20, "agreed": True}


def test_a_condition_decides_where_it_goes() -> None:
    *_, last = lead(sales(), "hello", "200")
    assert last.says == ("That is a large order.", "A colleague takes over.")
    assert last.progress.outcome is Outcome.HANDOFF


def test_what_is_no_answer_is_refused_until_a_person_takes_over() -> None:
    turns = lead(sales(), "hello", "many", "lots", "who knows")
    assert [turn.says for turn in turns[1:3]] == [("Please name a number up to 500.",)] * 2
    assert turns[3].progress.outcome is Outcome.HANDOFF
    assert turns[3].reason == "no answer to ask"


def test_an_objection_is_answered_and_the_question_stays() -> None:
    _, objected, answered = lead(sales(), "hello", "That is expensive", "5")
    assert objected.says == ("The price covers support.",)
    assert objected.progress.step == "ask"
    assert answered.progress.step == "offer"


@pytest.mark.parametrize(
    ("message", "outcome", "said"),
    [
        ("I want a human", Outcome.HANDOFF, "A colleague takes over."),
        ("go away", Outcome.STOPPED, "Good bye."),
    ],
)
def test_asking_for_a_person_and_stop_rules_come_before_all_steps(
    message: str, outcome: Outcome, said: str
) -> None:
    turn = lead(sales(), "hello", message)[-1]
    assert (turn.progress.outcome, turn.says) == (outcome, (said,))


def test_too_many_turns_end_with_a_person() -> None:
    turns = lead(sales(limits={"turns": 2}), "hello", "expensive", "expensive")
    assert turns[-1].progress.outcome is Outcome.HANDOFF


def test_where_no_branch_holds_the_fallback_speaks_and_then_a_person() -> None:
    script = sales(**with_step(0, collect=None, next=[{"when": "seats > 1", "go": "offer"}]))
    turns = lead(script, "hello", "hm", "hm", "hm")
    assert [turn.says for turn in turns[1:3]] == [("I did not understand.",)] * 2
    assert turns[3].progress.outcome is Outcome.HANDOFF


def test_what_a_scorer_heard_counts_and_phrases_are_heard_beside_it() -> None:
    told = lead(sales(), Incoming("I want to buy seats", heard=""))[-1]
    assert told.reason == "the conversation begins"
    named = lead(sales(), "hello", Incoming("hm", heard="price"))[-1]
    beside = lead(sales(), "hello", Incoming("expensive!", heard=""))[-1]
    assert named.says == beside.says == ("The price covers support.",)


def test_what_a_model_found_is_taken_only_where_it_is_valid() -> None:
    found = Incoming("as I said", slots={"seats": 12, "agreed": "maybe", "other": 1})
    turn = lead(sales(), "hello", found)[-1]
    assert (turn.progress.step, turn.progress.slots) == ("offer", {"seats": 12})


def test_a_step_that_speaks_of_the_unknown_goes_to_a_person() -> None:
    script = sales(**with_step(0, collect=None, next="offer"))
    turn = lead(script, "hello", "hm")[-1]
    assert (turn.says, turn.progress.outcome) == (("A colleague takes over.",), Outcome.HANDOFF)


def test_an_ended_conversation_says_nothing_more() -> None:
    *_, after = lead(sales(), "hello", "go away", "hello?", "are you there?")
    assert (after.says, after.progress.outcome) == ((), Outcome.STOPPED)


def test_what_a_client_writes_is_never_filled_in_again() -> None:
    name = [{"key": "name"}, {"key": "secret", "default": "42"}]
    steps = [
        {"key": "ask", "say": "Name?", "collect": {"variable": "name", "refusals": "?"},
         "next": "greet"},
        {"key": "greet", "say": "Hello {name}", "next": "close"},
    ]  # fmt: skip
    turn = lead(sales(variables=name, steps=steps), "hi", "{secret} {persona}")[-1]
    assert turn.says == ("Hello secret persona",)


def test_progress_survives_being_stored() -> None:
    turn = lead(sales(), "hello", "20")[-1]
    assert Progress.model_validate_json(turn.progress.model_dump_json()) == turn.progress


MESSAGES = st.builds(
    Incoming,
    st.sampled_from(("yes", "5", "99", "no", "hm", "stop", "human", "{count}", "")) | st.text(),
    st.none() | st.sampled_from(("no", "hm", "unheard of", "")),
    st.dictionaries(
        st.sampled_from(("count", "flag", "word", "else")),
        st.integers() | st.booleans() | st.text(max_size=5),
        max_size=2,
    ),
)


@settings(max_examples=150)
@given(scripts(), st.lists(MESSAGES, min_size=1, max_size=16), st.integers(0, 9))
def test_no_conversation_leaves_the_script_or_goes_on_by_itself(
    script: Script, messages: list[Incoming], seed: int
) -> None:
    again = read_canonical(canonical_json(script))
    assert canonical_json(again) == canonical_json(script)
    keys = {step.key for step in script.steps} | {None}
    progress = Progress()
    for message in messages:
        turn = advance(again, progress, message, seed)
        assert turn == advance(script, progress, message, seed)
        assert turn.progress.step in keys
        assert len(turn.says) <= script.limits.parts
        assert all("{count}" not in said and "{word}" not in said for said in turn.says)
        assert turn.progress.turns <= script.limits.turns + 1
        if progress.outcome is Outcome.WAITING:
            assert turn.progress.turns == progress.turns + 1
        else:
            assert (turn.says, turn.progress) == ((), progress)
        progress = Progress.model_validate_json(turn.progress.model_dump_json())
        assert progress == turn.progress
    assert len(messages) <= script.limits.turns or progress.outcome is not Outcome.WAITING
