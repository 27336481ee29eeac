"""The rules of mode topics: titles, what passes, the budget of a group, technicians' groups."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.ids import ChatId, ThreadId, TicketId
from support.languages import Language
from support.tickets import TicketState
from support.topics.budget import GROUP_BUDGET, Budget, GroupLoad, Titles, choose_group
from support.topics.graphemes import clusters, cut, one_line, units
from support.topics.mapping import read_mapping
from support.topics.passing import Fate, Heard, fate
from support.topics.titles import LONGEST_TITLE, TITLE_WORDS, Titled, topic_title

RU = TITLE_WORDS[Language.RU]
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
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


moments = st.lists(st.integers(0, 119).map(lambda one: NOON - timedelta(seconds=one)), max_size=60)


@given(moments)
def test_no_minute_holds_more_than_its_budget(spent: list[datetime]) -> None:
    at = GROUP_BUDGET.talk_at(spent, NOON)
    assert len([one for one in spent if one > at - GROUP_BUDGET.within]) < GROUP_BUDGET.acts
    assert GROUP_BUDGET.title_at(spent, NOON) >= at >= NOON


@given(moments)
def test_titles_leave_room_for_talk(spent: list[datetime]) -> None:
    at = GROUP_BUDGET.title_at(spent, NOON)
    left = GROUP_BUDGET.acts - GROUP_BUDGET.kept_for_talk
    assert len([one for one in spent if one > at - GROUP_BUDGET.within]) < left


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abc")), max_size=40))
def test_merged_titles_end_as_they_were_last_wanted_with_fewer_edits(
    wishes: list[tuple[int, str]],
) -> None:
    titles, last = Titles(), dict[ThreadId, str]()
    for second, (thread, title) in enumerate(wishes):
        last[ThreadId(thread)] = title
        titles = titles.want(ThreadId(thread), title, NOON + timedelta(seconds=second))
    later, sent = NOON + timedelta(hours=1), 0
    while (ready := titles.next(later, GROUP_BUDGET)) is not None:
        titles, sent = titles.showing(ready), sent + 1
    assert titles.shown == last
    assert sent == len(last)


def test_a_title_that_comes_back_to_what_is_shown_costs_nothing() -> None:
    thread = ThreadId(5)
    titles = Titles(shown={thread: "a"}).want(thread, "b", NOON).want(thread, "a", NOON)
    assert titles.next(NOON + timedelta(hours=1), GROUP_BUDGET) is None


def test_a_title_settles_before_it_is_sent_and_the_oldest_goes_first() -> None:
    old, new = ThreadId(1), ThreadId(2)
    titles = Titles().want(old, "a", NOON).want(new, "b", NOON + timedelta(seconds=1))
    titles = titles.want(old, "c", NOON + timedelta(seconds=2))
    assert titles.next(NOON + timedelta(seconds=2), GROUP_BUDGET) is None
    assert titles.next(NOON + timedelta(seconds=3), GROUP_BUDGET) == old


def test_the_group_with_room_and_the_fewest_tickets_gets_the_next_topic() -> None:
    first, second, third = ChatId(-1), ChatId(-2), ChatId(-3)
    loads = [GroupLoad(first, 20, 1), GroupLoad(second, 3, 9), GroupLoad(third, 5, 8)]
    assert choose_group(loads) == third
    assert choose_group([GroupLoad(first, 20, 1), GroupLoad(second, 19, 9)]) == second
    assert choose_group([]) is None


def test_a_budget_that_leaves_titles_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one act"):
        Budget(acts=5, kept_for_talk=5)


def test_technicians_are_read_from_the_setting() -> None:
    plain, full = read_mapping('{"Иван": -1001, " Пётр ": {"group": -1002, "user": 7}}')
    assert (plain.name, plain.group, plain.tg_user_id) == ("Иван", -1001, None)
    assert (full.name, full.group, full.tg_user_id) == ("Пётр", -1002, 7)
    assert read_mapping(None) == read_mapping("  ") == ()


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"a": 5}', '{"a": "-5"}', '{"": -5}', "1"])
def test_a_setting_that_cannot_be_read_says_how_it_must_look(text: str) -> None:
    with pytest.raises(ValueError, match="JSON object of names and groups"):
        read_mapping(text)
