from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from personas.choice import Player, PostView, choose
from personas.persona import Persona
from personas.silence import Silence, SilenceReason

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPACE = "Астрономы нашли экзопланету у соседней звезды"


def persona(key: str, **changes: object) -> Persona:
    return Persona.model_validate(
        {"key": key, "name": key, "disclosure": "Speaks for us", **changes}
    )


def player(place: int, minutes_ago: int | None = None, **changes: object) -> Player:
    spoke = None if minutes_ago is None else NOON - timedelta(minutes=minutes_ago)
    return Player(place, persona(f"p{place}", **changes), spoke)


def chosen(text: str, *cast: Player, seed: int = 1) -> int:
    found = choose(PostView(text, seed), cast)
    assert isinstance(found, Player), found
    return found.key


def reason(text: str, *cast: Player) -> SilenceReason:
    found = choose(PostView(text, 1), cast)
    assert isinstance(found, Silence), found
    assert found.detail.endswith(".")
    return found.reason


def test_the_one_whose_interest_it_is_speaks() -> None:
    assert chosen(SPACE, player(1, interests=["динозавр"]), player(2, interests=["звезда"])) == 2


def test_who_follows_everything_stands_back_for_who_is_interested() -> None:
    everything = player(1)
    assert chosen(SPACE, everything, player(2, interests=["звезда"])) == 2
    assert chosen("Новый рецепт пирога", everything, player(2, interests=["звезда"])) == 1


def test_of_equals_the_one_silent_for_longest_speaks() -> None:
    assert chosen(SPACE, player(1, minutes_ago=5), player(2, minutes_ago=50)) == 2
    assert chosen(SPACE, player(1, minutes_ago=5), player(2)) == 2


def test_a_much_keener_persona_does_not_wait_for_its_turn() -> None:
    keen = player(1, minutes_ago=1, interests=["астроном", "экзопланета", "звезда"])
    assert chosen(SPACE, keen, player(2, interests=["звезда"])) == 1


def test_the_seed_decides_between_those_who_never_spoke() -> None:
    drawn = Counter(chosen(SPACE, player(1), player(2), seed=seed) for seed in range(40))
    assert set(drawn) == {1, 2}


def test_nobody_to_choose_from_is_a_silence() -> None:
    assert reason(SPACE) is SilenceReason.NO_ACCOUNT


def test_a_post_without_words_is_a_silence() -> None:
    assert reason("👍 https://example.com", player(1)) is SilenceReason.EMPTY_POST
    assert reason("", player(1)) is SilenceReason.EMPTY_POST


def test_a_language_that_nobody_speaks_is_a_silence() -> None:
    assert reason(SPACE, player(1, languages=["en"])) is SilenceReason.LANGUAGE_NOT_SPOKEN


def test_a_topic_that_nobody_follows_is_a_silence() -> None:
    assert reason(SPACE, player(1, interests=["рыба"])) is SilenceReason.NO_PERSONA_FOLLOWS_TOPIC


def test_a_forbidden_topic_is_a_silence_and_is_named() -> None:
    found = choose(PostView("Гороскоп и звезды", 1), [player(1, forbidden_topics=["гороскоп*"])])
    assert isinstance(found, Silence)
    assert found.reason is SilenceReason.FORBIDDEN_TOPIC
    assert "гороскоп" in found.detail


def test_another_persona_may_speak_of_what_one_must_not() -> None:
    first = player(1, interests=["звезда"], forbidden_topics=["экзопланета"])
    assert chosen(SPACE, first, player(2)) == 2


@given(
    st.text(max_size=120),
    st.lists(st.tuples(st.booleans(), st.integers(0, 500)), max_size=5),
    st.integers(0, 2**32),
)
def test_the_same_question_has_the_same_answer_whatever_the_order(
    text: str, cast: list[tuple[bool, int]], seed: int
) -> None:
    players = [
        player(place, minutes_ago=ago if spoke else None) for place, (spoke, ago) in enumerate(cast)
    ]
    once = choose(PostView(text, seed), players)
    again = choose(PostView(text, seed), list(reversed(players)))
    assert once == again
