"""The rules of mode topics: titles, what passes, the budget of a group, technicians' groups."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.ids import ChatId, TicketId
from support.languages import Language
from support.tickets import TicketState
from support.topics.budget import Budget, GroupLoad, choose_group
from support.topics.graphemes import clusters, cut, one_line, units
from support.topics.passing import Fate, Heard, fate
from support.topics.titles import LONGEST_TITLE, TITLE_WORDS, Titled, topic_title

RU = TITLE_WORDS[Language.RU]
FAMILY = "👨\u200d👩\u200d👧\u200d👦"
THUMB = "👍🏽"
FLAGS = "🇷🇺🇩🇪"
names = st.lists(
    st.characters(codec="utf-8") | st.sampled_from([*FAMILY, *THUMB, *FLAGS, "e\u0301", "각"])
).map("".join)


def test_titles_tell_state_holder_number_and_client() -> None:
    ticket = Titled(TicketId(12), TicketState.NEW, "Мария", "masha")
    assert topic_title(ticket, RU) == "🟢 [Новый] #12 | Мария (@masha)"
    work = Titled(TicketId(12), TicketState.WORK, "Мария", "masha", "@tech")
    assert topic_title(work, RU) == "🟡 [В работе | @tech] #12 | Мария"
    closed = Titled(TicketId(12), TicketState.CLOSED, "Мария", None, "@tech")
    assert topic_title(closed, RU) == "🟣 [Закрыт | @tech] #12 | Мария"
    assert topic_title(ticket, TITLE_WORDS[Language.EN]) == "🟢 [New] #12 | Мария (@masha)"


def test_a_ticket_without_a_holder_names_none() -> None:
    work = Titled(TicketId(3), TicketState.WORK, "Anna")
    assert topic_title(work, RU) == "🟡 [В работе] #3 | Anna"


def test_a_long_name_is_cut_and_the_username_stays() -> None:
    title = topic_title(Titled(TicketId(7), TicketState.NEW, "А" * 200, "masha"), RU)
    assert title.endswith("… (@masha)")
    assert units(title) == LONGEST_TITLE


titled = st.builds(
    Titled,
    st.integers(1, 2**63 - 1).map(TicketId),
    st.sampled_from(TicketState),
    names,
    st.none() | st.from_regex(r"[a-z]{5,32}", fullmatch=True),
    st.none() | names,
)


@given(titled, st.sampled_from(Language))
def test_any_title_is_one_line_of_at_most_128_that_names_its_ticket(
    told: Titled, language: Language
) -> None:
    title = topic_title(told, TITLE_WORDS[language])
    assert units(title) <= LONGEST_TITLE
    assert f"#{told.ticket} | " in title
    assert TITLE_WORDS[language][told.state].word in title
    allowed = {"\u200d"}
    assert all(one in allowed or unicodedata.category(one) not in {"Cc", "Cf"} for one in title)


@given(names, st.integers(1, 40))
def test_a_cut_never_breaks_a_character(text: str, most: int) -> None:
    short = cut(text, most)
    assert units(short) <= most
    if short != text:
        kept = list(clusters(short.removesuffix("…")))
        assert kept == list(clusters(text))[: len(kept)]


@given(names)
def test_the_characters_of_a_text_joined_are_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text


@pytest.mark.parametrize(
    ("text", "count"),
    [(FAMILY, 1), (THUMB, 1), (FLAGS, 2), ("e\u0301x", 2), ("각각", 2), ("한", 1), ("", 0)],
)
def test_people_see_so_many_characters(text: str, count: int) -> None:
    assert len(list(clusters(text))) == count


def test_a_name_cannot_steer_a_title() -> None:
    assert one_line("Anna\n\u202eevil\u2066\x07  B") == "Anna evil B"


@pytest.mark.parametrize(
    ("heard", "becomes"),
    [
        (Heard("Здравствуйте"), Fate.RELAYED),
        (Heard(None), Fate.RELAYED),
        (Heard("/start"), Fate.IGNORED),
        (Heard("/close now", is_from_staff=True), Fate.IGNORED),
        (Heard("/ 2 = 4", is_from_staff=True), Fate.RELAYED),
        (Heard(None, is_service=True), Fate.IGNORED),
        (Heard("echo", is_ours=True), Fate.IGNORED),
        (Heard("@someone помоги", is_from_staff=True), Fate.CALL),
        (Heard("  @someone", is_from_staff=True), Fate.CALL),
        (Heard("Иван, помоги", is_from_staff=True, begins_with_mention=True), Fate.CALL),
        (Heard("пишите на a@example.com", is_from_staff=True), Fate.RELAYED),
        (Heard("@example.com — наш адрес", is_from_staff=True), Fate.CALL),
        (Heard("@someone помоги"), Fate.RELAYED),
    ],
)
def test_what_passes(heard: Heard, becomes: Fate) -> None:
    assert fate(heard) is becomes


def test_the_group_with_room_and_the_fewest_tickets_gets_the_next_topic() -> None:
    first, second, third = ChatId(-1), ChatId(-2), ChatId(-3)
    loads = [GroupLoad(first, 20, 1), GroupLoad(second, 3, 9), GroupLoad(third, 5, 8)]
    assert choose_group(loads) == third
    assert choose_group([GroupLoad(first, 20, 1), GroupLoad(second, 19, 9)]) == second
    assert choose_group([]) is None


def test_a_budget_that_leaves_titles_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one act"):
        Budget(acts=5, kept_for_talk=5)
