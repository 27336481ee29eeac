"""Faults, limits and evidence of the Bot API, ordered and read over HTTP alone."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
)

from tests.integration.simulator.control.conftest import Director, Json

NewBot = Callable[[Json], Bot]

REFUSALS: list[tuple[Json, type[TelegramAPIError], str]] = [
    ({"kind": "too_many", "seconds": 7}, TelegramRetryAfter, "retry after 7"),
    ({"kind": "broken"}, TelegramServerError, "Internal Server Error"),
    ({"kind": "broken", "code": 502, "error": "Bad Gateway"}, TelegramServerError, "Bad Gateway"),
    ({"kind": "blocked"}, TelegramForbiddenError, "bot was blocked by the user"),
    ({"kind": "thread_gone"}, TelegramBadRequest, "message thread not found"),
    ({"kind": "not_modified"}, TelegramBadRequest, "message is not modified"),
    ({"kind": "conflict"}, TelegramConflictError, "terminated by other getUpdates"),
    (
        {"kind": "error", "code": 403, "error": "Forbidden: user is deactivated"},
        TelegramForbiddenError,
        "user is deactivated",
    ),
]


async def talking(director: Director) -> tuple[Json, Json]:
    """Make a client who wrote to a bot."""
    anna, bot = await director.person("Anna"), await director.bot()
    await director.says(anna, bot["id"], "/start")
    return anna, bot


@pytest.mark.parametrize(("fault", "error", "words"), REFUSALS)
async def test_a_fault_refuses_one_call_and_nothing_is_said(
    director: Director, bots: NewBot, fault: Json, error: type[TelegramAPIError], words: str
) -> None:
    anna, shown = await talking(director)
    await director.post("/bot-faults", method="sendMessage", bot=shown["id"], **fault)
    bot = bots(shown)
    await bot.get_me()
    with pytest.raises(error, match=words):
        await bot.send_message(anna["id"], "hi")
    assert await director.get(f"/bots/{shown['id']}/sent") == []
    await bot.send_message(anna["id"], "hi")
    assert [each["kind"] for each in await director.get("/bot-faults/met")] == [fault["kind"]]


@pytest.mark.parametrize(("kind", "said"), [("lost_answer", 1), ("time_out", 0)])
async def test_an_answer_that_never_comes_is_in_the_journal(
    director: Director, bots: NewBot, kind: str, said: int
) -> None:
    anna, shown = await talking(director)
    await director.post("/bot-faults", kind=kind, method="sendMessage", seconds=0.05)
    with pytest.raises(TelegramNetworkError):
        await bots(shown).send_message(anna["id"], "hi")
    sent = await director.get(f"/bots/{shown['id']}/sent")
    assert len(sent) == said
    (call,) = await director.get(f"/bots/{shown['id']}/calls", method="sendmessage")
    assert (call["answered"], call["messages"]) == (False, [each["id"] for each in sent])
    assert call["params"]["text"] == "hi"


async def test_a_fault_may_concern_one_chat_and_let_some_calls_pass(
    director: Director, bots: NewBot
) -> None:
    anna, shown = await talking(director)
    boris = await director.person("Boris")
    await director.says(boris, shown["id"], "/start")
    await director.post("/bot-faults", kind="blocked", chat=anna["id"], skip=1, times=None)
    bot = bots(shown)
    await bot.send_message(anna["id"], "passes")
    await bot.send_message(boris["id"], "passes")
    for _ in range(2):
        with pytest.raises(TelegramForbiddenError):
            await bot.send_message(anna["id"], "refused")
    (armed,) = await director.get("/bot-faults")
    assert armed["left"] is None
    await director.do("DELETE", f"/bot-faults/{armed['number']}")
    await bot.send_message(anna["id"], "passes again")
    again = await director.ask("DELETE", f"/bot-faults/{armed['number']}")
    assert again.status_code == 404


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "error"}, "needs a `code`"),
        ({"kind": "broken", "code": 400}, "from 500 to 599"),
        ({"kind": "sulk"}, "At body.kind"),
        ({"kind": "broken", "times": 0}, "`times`"),
        ({"kind": "broken", "chance": 0}, "At body.chance"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused_and_not_armed(
    director: Director, fault: Json, words: str
) -> None:
    answer = await director.ask("POST", "/bot-faults", json=fault)
    assert (answer.status_code, words in answer.json()["message"]) == (422, True)
    assert await director.get("/bot-faults") == []


async def test_clearing_disarms_all_faults(director: Director, bots: NewBot) -> None:
    _, shown = await talking(director)
    for kind in ("broken", "conflict"):
        await director.post("/bot-faults", kind=kind, times=None)
    await director.do("DELETE", "/bot-faults")
    assert (await bots(shown).get_me()).username == "desk_bot"


async def test_what_is_not_known_and_what_has_no_effect_is_counted(
    director: Director, bots: NewBot
) -> None:
    anna, shown = await talking(director)
    bot = bots(shown)
    for _ in range(2):
        with pytest.raises(TelegramNotFound, match="getMyStarBalance"):
            await bot.get_my_star_balance()
    await bot.send_message(anna["id"], "hi", message_effect_id="5104841245755180586")
    assert await director.get("/bot-evidence") == {
        "unknown_methods": {"getMyStarBalance": 2},
        "unread_parameters": {"sendMessage.message_effect_id": 1},
        "failures": {},
    }


async def test_a_bots_state_tells_how_it_takes_its_updates(
    director: Director, bots: NewBot
) -> None:
    _, shown = await talking(director)
    state = await director.get(f"/bots/{shown['id']}")
    assert (state["pending"], state["webhook"], state["token"]) == (1, "", shown["token"])
    (update,) = await director.get(f"/bots/{shown['id']}/updates")
    assert (update["kind"], update["content"]["text"]) == ("message", "/start")
    await bots(shown).set_webhook("http://127.0.0.1:1/hook")
    (state,) = await director.get("/bots")
    assert (state["webhook"], state["calls"]) == ("http://127.0.0.1:1/hook", {"setWebhook": 1})
    nobody = await director.ask("GET", "/bots/5")
    assert (nobody.status_code, "no bot" in nobody.json()["message"]) == (404, True)


async def test_limits_are_kept_on_command_and_waited_out_by_the_worlds_clock(
    director: Director, bots: NewBot
) -> None:
    anna, shown = await talking(director)
    bot = bots(shown)
    assert await director.put("/limits", bots=True) == {"bots": True, "accounts": False}
    await bot.send_message(anna["id"], "one")
    with pytest.raises(TelegramRetryAfter) as refused:
        await bot.send_message(anna["id"], "two")
    assert refused.value.retry_after == 1
    await director.post("/clock", advance_seconds=1)
    await bot.send_message(anna["id"], "two")
    await director.put("/limits", bots=False)
    for number in range(5):
        await bot.send_message(anna["id"], str(number))


async def test_a_group_hears_twenty_a_minute_with_edits_of_topics_counted(
    director: Director, bots: NewBot
) -> None:
    boss, shown = await director.person("Boss"), await director.bot()
    group = await director.post("/groups", title="Office", owner=boss["id"], forum=True)
    await director.put(f"/chats/{group['id']}/admins/{shown['id']}", rights=[])
    await director.put("/limits", bots=True)
    bot, second = bots(shown), {"advance_seconds": 1}
    topic = await bot.create_forum_topic(group["id"], "0")
    thread = topic.message_thread_id
    for number in range(1, 10):
        await director.post("/clock", **second)
        await bot.edit_forum_topic(group["id"], thread, name=str(number))
    for number in range(10):
        await director.post("/clock", **second)
        await bot.send_message(group["id"], str(number), message_thread_id=thread)
    await director.post("/clock", **second)
    with pytest.raises(TelegramRetryAfter) as refused:
        await bot.edit_forum_topic(group["id"], thread, name="one too many")
    assert 35 <= refused.value.retry_after <= 40
    await director.post("/clock", advance_seconds=refused.value.retry_after)
    await bot.edit_forum_topic(group["id"], thread, name="in time")


async def test_thirty_a_second_go_to_all_chats(director: Director, bots: NewBot) -> None:
    shown = await director.bot()
    people = [await director.person(f"Client{number}") for number in range(31)]
    for each in people:
        await director.says(each, shown["id"], "/start")
    await director.put("/limits", bots=True)
    bot, refused = bots(shown), 0
    for each in people:
        try:
            await bot.send_message(each["id"], "news")
        except TelegramRetryAfter:
            refused += 1
    calls: list[Json] = await director.get(f"/bots/{shown['id']}/calls")
    assert [each["code"] for each in calls].count(429) == refused
    # Thirty sends may take longer than a second here; then the window has moved on by itself.
    assert refused <= 1


async def test_a_loaded_world_brings_no_news_of_what_was_before(
    director: Director, bots: NewBot, control: httpx.AsyncClient
) -> None:
    boss, shown = await director.person("Boss"), await director.bot()
    group = await director.post("/groups", title="Office", owner=boss["id"])
    await director.put(f"/chats/{group['id']}/members/{shown['id']}")
    bot: Any = bots(shown)
    await bot.get_updates(offset=-1)
    saved = await director.get("/world")
    assert (await control.put("/world", json=saved)).status_code == 204
    pending = (await director.get(f"/bots/{shown['id']}"))["pending"]
    await director.put(f"/chats/{group['id']}/admins/{shown['id']}", rights=[])
    updates = await director.get(f"/bots/{shown['id']}/updates")
    change = updates[-1]["content"]
    assert len(updates) == pending + 1
    assert change["old_chat_member"]["status"] == "member"
