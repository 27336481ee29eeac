"""What admins edit, in PostgreSQL."""

from datetime import UTC, date, datetime, timedelta

import pytest

from orchestrator.errors import BadInput, NotAllowed
from support.calendar import Span
from support.catalogue import CannedReply, Flow, Hours, MenuTopic
from support.languages import Language
from support.sla import ClockKind, SlaPolicy
from tests.integration.db.desk_scene import OLGA, Desk

OFFICE = Hours(
    "office",
    "Europe/Moscow",
    {day: (Span(9 * 60, 18 * 60),) for day in range(5)},
    {date(2026, 12, 31): "New Year's Eve"},
    is_desk=True,
)


async def test_the_menu_begins_with_three_topics_in_both_languages(desk: Desk) -> None:
    menu = await desk.stores.catalogue.menu()
    titles = [(one.title(Language.RU), one.title(Language.EN)) for one in menu]
    assert titles == [
        ("Гарантия", "Warranty"),
        ("Возврат", "Return"),
        ("Другой вопрос", "Other question"),
    ]
    assert [one.flow for one in menu] == [Flow.ANSWER, Flow.ANSWER, Flow.OPERATOR]
    assert all(one.answer(code) for one in menu[:2] for code in Language)


async def test_a_topic_may_be_added_changed_hidden_and_removed(desk: Desk) -> None:
    catalogue = desk.stores.catalogue
    delivery = MenuTopic(
        "delivery",
        {Language.RU: "Доставка", Language.EN: "Delivery"},
        Flow.OPERATOR,
        {},
        position=5,
        asks_phone=True,
    )
    await catalogue.put_menu_topic(OLGA, delivery)
    assert (await catalogue.menu())[0].key == "delivery"
    hidden = MenuTopic("delivery", {Language.RU: "Доставка"}, Flow.OPERATOR, {}, 5, is_active=False)
    await catalogue.put_menu_topic(OLGA, hidden)
    assert "delivery" not in [one.key for one in await catalogue.menu()]
    known = await catalogue.menu_topic("delivery")
    assert known is not None
    assert known.title(Language.EN) == "Доставка"
    assert await catalogue.remove_menu_topic(OLGA, "delivery")
    assert not await catalogue.remove_menu_topic(OLGA, "delivery")
    with pytest.raises(BadInput):
        await catalogue.put_menu_topic(OLGA, MenuTopic("x", {}, Flow.ANSWER, {}))


async def test_a_canned_reply_holds_only_what_can_be_filled_in(desk: Desk) -> None:
    catalogue = desk.stores.catalogue
    titles = {Language.EN: "Thanks"}
    good = CannedReply("thanks", titles, {Language.EN: "Thank you, {client}!"})
    await catalogue.put_canned_reply(OLGA, good)
    assert await catalogue.canned_replies() == [good]
    with pytest.raises(BadInput, match="may hold"):
        await catalogue.put_canned_reply(OLGA, CannedReply("x", titles, {Language.EN: "{card}"}))
    assert await catalogue.remove_canned_reply(OLGA, "thanks")


async def test_hours_tell_when_the_desk_is_open(desk: Desk) -> None:
    catalogue = desk.stores.catalogue
    assert await catalogue.desk_calendar() is None
    await catalogue.put_hours(OLGA, OFFICE)
    assert await catalogue.hours() == [OFFICE]
    await catalogue.add_holiday(OLGA, "office", date(2026, 3, 9), "after a Sunday")
    calendar = await catalogue.desk_calendar()
    assert calendar is not None
    friday_evening = datetime(2026, 3, 6, 17, tzinfo=UTC)
    assert not calendar.is_open(friday_evening)
    assert calendar.next_opening(friday_evening) == datetime(2026, 3, 10, 6, tzinfo=UTC)
    with pytest.raises(BadInput, match="time zone"):
        await catalogue.put_hours(OLGA, Hours("x", "Mars/Olympus", OFFICE.week))


async def test_hours_that_a_policy_counts_by_stay(desk: Desk) -> None:
    catalogue = desk.stores.catalogue
    await catalogue.put_hours(OLGA, OFFICE)
    minute = timedelta(minutes=1)
    policy = SlaPolicy("vip", 5 * minute, None, None, minute, calendar="office", topic="warranty")
    await catalogue.put_policy(OLGA, policy)
    assert await catalogue.policies() == [policy]
    with pytest.raises(NotAllowed, match="vip"):
        await catalogue.remove_hours(OLGA, "office")
    ticket = await desk.open(await desk.client(), topic="warranty")
    [clock] = await desk.stores.clocks.clocks(ticket.ticket.id)
    assert clock.kind is ClockKind.FIRST_ANSWER
    other = await desk.open(await desk.client(), topic="return")
    assert await desk.stores.clocks.clocks(other.ticket.id) == []
    assert await catalogue.remove_policy(OLGA, "vip")
    assert await catalogue.remove_hours(OLGA, "office")


async def test_a_text_nobody_knows_is_refused(desk: Desk) -> None:
    with pytest.raises(BadInput, match="no text"):
        await desk.stores.catalogue.put_text(OLGA, "no-such-text", Language.RU, "hello")
    assert await desk.stores.catalogue.text_overrides() == {}
