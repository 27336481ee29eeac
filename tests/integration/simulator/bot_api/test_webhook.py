from simulator.bot_api.webhook import Delays
from simulator.world.people import Person
from tests.integration.simulator.bot_api.conftest import Place, Raw


def test_delays_grow_up_to_a_limit() -> None:
    delays = Delays()
    assert [delays.after(failures) for failures in (1, 2, 3, 7, 5_000)] == [1, 2, 4, 60, 60]


async def test_polling_is_refused_while_a_webhook_is_set(
    raw: Raw, place: Place, anna: Person
) -> None:
    await raw.do("setWebhook", url="http://127.0.0.1:1/hook", secret_token="ab-c")
    place.world.send_private(anna, place.bot, "kept")
    refused = await raw.ask("getUpdates")
    assert refused["error_code"] == 409
    assert "deleteWebhook" in refused["description"]
    info = await raw.do("getWebhookInfo")
    assert (info["url"], info["pending_update_count"]) == ("http://127.0.0.1:1/hook", 1)
    await raw.do("deleteWebhook")
    assert [update["message"]["text"] for update in await raw.do("getUpdates")] == ["kept"]


async def test_a_webhook_may_be_dropped_with_what_waits(
    raw: Raw, place: Place, anna: Person
) -> None:
    await raw.do("setWebhook", url="http://127.0.0.1:1/hook")
    place.world.send_private(anna, place.bot, "dropped")
    await raw.do("setWebhook", url="", drop_pending_updates=True)
    assert (await raw.do("getWebhookInfo"))["url"] == ""
    assert await raw.do("getUpdates") == []


async def test_a_secret_of_other_characters_is_refused(raw: Raw) -> None:
    refused = await raw.ask("setWebhook", url="http://127.0.0.1:1/hook", secret_token="а б")
    assert refused["error_code"] == 400
    assert (await raw.do("getWebhookInfo"))["url"] == ""
