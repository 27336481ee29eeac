"""What a turn says, on which version it is made, and that it can be made again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.commands.script_replay import pairs_of
from cli.documents import read_scripts
from orchestrator.conversations.deciding import Setting, decide, hand_over, words_of_handoff
from orchestrator.conversations.explaining import explain_turn
from orchestrator.conversations.ground import carry, ground_of
from orchestrator.conversations.replaying import Replayed, replay
from orchestrator.conversations.terms import BurstTerms, TalkTerms
from orchestrator.ids import AccountId, ConversationId, InboundId, MessageId, ScriptVersionId
from orchestrator.ports.conversations import (
    Arrival,
    Conclusion,
    ConversationState,
    Inbound,
    NewHandoff,
    Standing,
    TurnKind,
    TurnRecord,
)
from orchestrator.ports.interpreting import Opinion
from orchestrator.ports.library import Live
from orchestrator.ports.writing import PublishedScript
from personas.persona import Persona
from personas.scripts.model import Script
from personas.scripts.runner import Progress
from personas.scripts.steps import Outcome
from personas.strategy import Strategy

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LENA = Persona(key="lena", name="Lena", disclosure="Lantern; AI helps to write")
CLUB = next(
    one for one in read_scripts(Path("cli/demo_data/conversations")) if one.language == "ru"
)
FIRST, SECOND = ScriptVersionId(1), ScriptVersionId(2)
PUBLISHED = PublishedScript(FIRST, CLUB)


def standing(text: str = "Как вступить в клуб?", **changes: object) -> Standing:
    made = Standing(
        id=ConversationId(7),
        account=AccountId(1),
        state=ConversationState.OPEN,
        reopens=False,
        persona=LENA,
        version=None,
        progress=Progress(),
        unanswered=(Inbound(InboundId(3), MessageId(30), text, NOW),),
        turns=0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields that the test names


def setting(at: Standing, terms: TalkTerms | None = None) -> Setting:
    ground = ground_of(at)
    return Setting(
        standing=at,
        asked=at.unanswered[0].text,
        arrival=ground.arrival,
        progress=carry(at.progress, CLUB, ground.arrival),
        persona=LENA,
        now=NOW,
        terms=terms or TalkTerms(),
    )


def opinion(strategy: Strategy = Strategy.SCRIPT_80, **changes: object) -> Opinion:
    made = Opinion(PUBLISHED, "", 0.9, strategy, "a reason")
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields that the test names


LED = standing("а вчера дождь шёл", version=FIRST, progress=Progress(step="welcome", turns=1))


def test_a_model_may_not_talk_freely_unless_it_is_allowed() -> None:
    free = opinion(Strategy.FREE_20, words=("Дождь бывает.",))
    held = decide(setting(LED), free)
    assert held.state is ConversationState.HANDED_OVER
    assert held.handoff is not None
    assert held.handoff.suggestion == "Дождь бывает."
    assert held.turn.says == words_of_handoff(CLUB, setting(LED))
    said = decide(setting(LED, TalkTerms(free_talk=True)), free)
    assert (said.state, said.turn.kind) == (ConversationState.OPEN, TurnKind.FREE)
    assert said.turn.says == ("Дождь бывает.",)
    assert said.progress == Progress(step="welcome", turns=2)


@pytest.mark.parametrize("allowed", [False, True])
def test_a_script_says_by_itself_whether_a_model_may_talk_freely(*, allowed: bool) -> None:
    script = CLUB.model_copy(update={"free_talk": allowed})
    free = opinion(
        Strategy.FREE_20, words=("Дождь бывает.",), published=PublishedScript(FIRST, script)
    )
    said = decide(setting(LED, TalkTerms(free_talk=not allowed)), free)
    assert (said.turn.kind is TurnKind.FREE) is allowed
    if allowed:
        assert said.turn.approved_by == "free_talk of the script club-ru"


def test_a_reason_that_script_and_rules_share_is_said_once() -> None:
    assert CLUB.handoff is not None
    why = "the client asks for a person"
    asked = standing(CLUB.handoff.phrases[0], version=FIRST, progress=LED.progress)
    held = decide(setting(asked), opinion(reason=why))
    assert held.state is ConversationState.HANDED_OVER
    assert held.turn.reason == why
    assert "; " in decide(setting(asked), opinion(reason="it says so")).turn.reason


def test_thanks_bring_nobody_running() -> None:
    thanks = opinion(Strategy.FREE_20, published=None, needs_no_answer=True)
    let = decide(setting(standing("Спасибо!")), thanks)
    assert (let.turn.kind, let.turn.says) == (TurnKind.SILENT, ())
    assert (let.state, let.reopens, let.handoff) == (ConversationState.CLOSED, True, None)


def test_the_first_free_answer_begins_with_the_disclosure() -> None:
    said = decide(
        setting(standing(), TalkTerms(free_talk=True)),
        opinion(Strategy.FREE_20, words=("Здравствуйте!",)),
    )
    assert CLUB.disclosure is not None
    assert said.turn.says[0].startswith(CLUB.disclosure)
    assert said.version is None


def test_free_talk_ends_at_the_scripts_limit_of_turns() -> None:
    tired = replace(LED, progress=Progress(step="welcome", turns=CLUB.limits.turns))
    free = opinion(Strategy.FREE_20, words=("Да.",))
    over = decide(setting(tired, TalkTerms(free_talk=True)), free)
    assert over.state is ConversationState.HANDED_OVER


def test_what_nobody_can_answer_is_handed_over_silently_before_any_script_began() -> None:
    handed = decide(setting(standing()), opinion(Strategy.FREE_20))
    assert handed.turn.says == ()
    assert handed.turn.kind is TurnKind.SILENT
    assert handed.state is ConversationState.HANDED_OVER


def test_a_slot_brings_no_link_into_our_mouth() -> None:
    unsafe = Progress(step="ask-phone", turns=2, slots={"plan": "http://evil.example"})
    at = standing("+7 999 123-45-67", version=FIRST, progress=unsafe)
    told = decide(setting(at), opinion())
    assert told.state is ConversationState.HANDED_OVER
    assert not any("evil" in text for text in told.turn.says)


def test_a_model_s_tone_counts_only_part_for_part() -> None:
    at = standing("статьи", version=FIRST, progress=Progress(step="welcome", turns=1))
    as_written = decide(setting(at), opinion(words=("Одно сообщение.",)))
    assert len(as_written.turn.says) == len(as_written.turn.written) == 2
    toned = decide(setting(at), opinion(words=("Первое.", "Второе.")))
    assert toned.turn.says == ("Первое.", "Второе.")


@pytest.mark.parametrize(
    ("live", "newest", "arrival", "version"),
    [
        (Live.STAY, SECOND, Arrival.STAYED, FIRST),
        (Live.MOVE, SECOND, Arrival.MOVED, SECOND),
        (Live.RESTART, SECOND, Arrival.RESTARTED, SECOND),
        (Live.RESTART, FIRST, Arrival.STAYED, FIRST),
        (Live.MOVE, None, Arrival.STAYED, FIRST),
    ],
)
def test_publishing_says_on_which_version_a_conversation_goes_on(
    live: Live, newest: ScriptVersionId | None, arrival: Arrival, version: ScriptVersionId
) -> None:
    ground = ground_of(replace(LED, live=live, newest=newest))
    assert (ground.arrival, ground.version) == (arrival, version)


@pytest.mark.parametrize("outcome", [Outcome.CLOSED, Outcome.STOPPED, Outcome.HANDOFF])
def test_what_was_over_begins_anew(outcome: Outcome) -> None:
    over = replace(LED, progress=LED.progress.model_copy(update={"outcome": outcome}))
    assert ground_of(over).version is None


def test_what_a_person_gives_back_after_too_many_turns_is_led_on() -> None:
    talk = standing("Как вступить в клуб?")
    turns: list[TurnRecord] = []
    for number in range(1, CLUB.limits.turns + 4):
        made = decide(setting(talk), opinion(heard="membership" if number == 1 else ""))
        turns.append(TurnRecord(number, made.turn, NOW, "club-ru@1"))
        waiting = (Inbound(InboundId(3 + number), MessageId(30 + number), "ну такое", NOW),)
        # As `resume` leaves it, where a person had it.
        back = made.progress.model_copy(update={"outcome": Outcome.WAITING, "misses": 0})
        talk = replace(talk, version=FIRST, progress=back, turns=number, unanswered=waiting)
    told = [one.turn.reason for one in turns]
    over = [number for number, reason in enumerate(told, 1) if "more than" in reason]
    assert over == [CLUB.limits.turns + 1]
    assert turns[-1].turn.says
    assert turns[-1].turn.outcome is Outcome.WAITING


def test_who_moves_keeps_what_the_new_version_has_a_name_for() -> None:
    told = Progress(step="confirm", turns=3, slots={"plan": "друг", "gone": 5, "people": 999})
    kept = carry(told, CLUB, Arrival.MOVED)
    assert (kept.step, kept.slots, kept.turns) == ("confirm", {"plan": "друг"}, 3)
    lost = carry(told.model_copy(update={"step": "gone"}), CLUB, Arrival.MOVED)
    assert (lost.step, lost.slots) == (None, {"plan": "друг"})


def test_typing_grows_with_the_text_is_bounded_and_left_out_at_rush() -> None:
    terms = TalkTerms(letters_per_second=10, longest_typing=timedelta(seconds=4), rush=3)
    assert terms.typing("x" * 20, 0) == timedelta(seconds=2)
    assert terms.typing("x" * 900, 2) == timedelta(seconds=4)
    assert terms.typing("x" * 20, 3) == timedelta(0)


def test_quiet_hours_end_in_the_morning_of_the_account_s_own_zone() -> None:
    terms = TalkTerms(speaks_from="09:00", speaks_until="21:00", zone="UTC")
    night = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    assert terms.next_hour(night, None) == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert terms.next_hour(night, "Asia/Vladivostok") == datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert terms.next_hour(NOW, None) == NOW


@pytest.mark.parametrize(
    "wrong",
    [
        {"speaks_from": "25:00"},
        {"zone": "Mars/Olympus"},
        {"letters_per_second": 0},
        {"longest_typing": timedelta(minutes=5)},
        {"answer_lasts": timedelta(0)},
    ],
)
def test_numbers_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        TalkTerms(**wrong)  # type: ignore[arg-type]  # the fields that the test names
    with pytest.raises(ValueError, match="quiet"):
        BurstTerms(quiet=timedelta(minutes=1), longest=timedelta(seconds=1))


MESSAGES = (
    "Как вступить в клуб?",
    "Экскурсия для группы",
    "только статьи",
    "вечера",
    "дорого",
    "нас 24",
    "нас 60",
    "+7 999 123-45-67",
    "да",
    "нет",
    "не знаю",
    "дайте оператора",
    "…",
)
HEARD = ("", *CLUB.heard)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(MESSAGES), st.sampled_from(HEARD)), max_size=8))
def test_any_conversation_replays_to_what_was_said(told: list[tuple[str, str]]) -> None:
    at, turns = standing(), list[TurnRecord]()
    for number, (text, heard) in enumerate(told, 1):
        at = replace(at, unanswered=(replace(at.unanswered[0], text=text),))
        made = decide(setting(at), opinion(heard=heard))
        turns.append(TurnRecord(number, made.turn, NOW, "club-ru@1"))
        at = after(at, made)
    again = replay(turns, {FIRST: CLUB})
    assert [one.differences for one in again] == [() for _ in told]
    assert [one.says for one in again] == [one.turn.written for one in turns]


def after(at: Standing, made: Conclusion) -> Standing:
    """Let the person write again, whatever became of the turn before."""
    return replace(
        at,
        state=made.state,
        version=made.version,
        progress=made.progress,
        turns=at.turns + 1,
    )


def test_a_changed_script_is_seen_in_a_replay() -> None:
    at = standing("статьи", version=FIRST, progress=Progress(step="welcome", turns=1))
    begun = decide(setting(standing()), opinion(heard="membership"))
    made = decide(setting(replace(after(standing(), begun), unanswered=at.unanswered)), opinion())
    turns = [
        TurnRecord(1, begun.turn, NOW, "club-ru@1"),
        TurnRecord(2, made.turn, NOW, "club-ru@1"),
    ]
    dearer = Script.model_validate_json(CLUB.model_dump_json().replace("300", "333"))
    first, second = replay(turns, {FIRST: dearer})
    assert first.differences == ()
    assert "what is said" in second.differences[0]


def test_an_explanation_tells_script_strategy_fit_and_reason() -> None:
    made = decide(setting(standing()), opinion(heard="membership"))
    told = dict(explain_turn(TurnRecord(1, made.turn, NOW, "club-ru@1")))
    assert told["Script"].startswith("club-ru@1")
    assert told["Strategy"].startswith("script_80")
    assert told["Fit"] == "0.90, judged by this machine"
    assert "begun by the trigger membership" in told["Why"]
    assert told["Step afterwards"] == "welcome (waiting)"


@pytest.mark.parametrize(
    ("changes", "manner"),
    [
        ({}, "the script, as written"),
        ({"says": ("Здравствуй!",)}, "the script, in the persona's voice"),
        ({"says": ("Здравствуй!",), "model": "m"}, "the script, in a model's tone"),
        ({"model": "m"}, "the script, as written"),
        ({"written": (), "model": "m"}, "the script, with its words for handing over"),
    ],
)
def test_an_explanation_and_a_replay_tell_alike_what_a_voice_changed(
    changes: dict[str, object], manner: str
) -> None:
    turn = decide(setting(standing()), opinion(heard="membership")).turn
    turn = replace(turn, says=turn.written)
    turn = replace(turn, **changes)  # type: ignore[arg-type]  # the fields that the test names
    record = TurnRecord(1, turn, NOW, "club-ru@1")
    explained = dict(explain_turn(record))
    replayed = dict(pairs_of(Replayed(record, turn.written, ())))
    assert explained["Said by"] == replayed["Said by"] == manner
    assert explained["We said"] == replayed["We said"]
    changed = bool(turn.written) and turn.says != turn.written
    assert ("The script says" in explained) is changed
    assert ("The script says" in replayed) is changed


def test_an_address_that_the_script_asked_for_is_said_back() -> None:
    english = next(
        one for one in read_scripts(Path("cli/demo_data/conversations")) if one.language == "en"
    )
    told = Progress(step="ask-email", turns=2, slots={"plan": "reader"})
    at = standing("it is eve@reader.example", version=FIRST, progress=told)
    made = decide(setting(at), opinion(published=PublishedScript(FIRST, english)))
    assert made.state is ConversationState.OPEN, made.turn.reason
    assert "eve@reader.example" in made.turn.says[0]


def test_who_is_handed_over_without_a_script_at_hand_keeps_their_place_in_it() -> None:
    nobody = Opinion(None, "", 0.0, Strategy.FREE_20, "")
    made = hand_over(setting(LED), nobody, NewHandoff("no answer could be made"))
    assert (made.version, made.progress.step) == (FIRST, "welcome")
    turns = [
        TurnRecord(1, decide(setting(standing()), opinion(heard="membership")).turn, NOW, "x@1"),
        TurnRecord(2, made.turn, NOW, None),
        TurnRecord(3, decide(setting(replace(LED, turns=2)), opinion()).turn, NOW, "x@1"),
    ]
    assert [one.is_script for one in replay(turns, {FIRST: CLUB})] == [True, False, True]
