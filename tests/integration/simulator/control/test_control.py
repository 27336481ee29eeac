"""Everything here is done and seen over HTTP."""

import base64
from datetime import datetime
from typing import Any

import httpx
import pytest

from simulator.server import TelegramServer
from tests.integration.simulator.control.conftest import PICTURE


async def made(control: httpx.AsyncClient, path: str, **asked: Any) -> dict[str, Any]:
    """Make something and return how it is shown."""
    answer = await control.post(path, json=asked)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def seen(control: httpx.AsyncClient, path: str) -> Any:
    answer = await control.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_channel_its_posts_and_comments_come_about_over_http(
    control: httpx.AsyncClient,
) -> None:
    owner = await made(control, "/people", phone="+9996620001", name="Olga Owner")
    guest = await made(control, "/people", name="Gleb")
    new = {"title": "News", "username": "daily_news", "owner": owner["id"], "linked": True}
    channel = await made(control, "/channels", **new)
    posted = await made(control, f"/chats/{channel['id']}/messages", text="First")
    thread = f"/chats/{channel['id']}/posts/{posted['id']}/comments"
    said = await made(control, thread, author=guest["id"], text="Well said")
    assert channel["id"] < -1_000_000_000_000
    assert [each["text"] for each in await seen(control, thread)] == ["Well said"]
    assert said["chat"] == channel["linked"]
    assert (await seen(control, "/counts"))["channels"] == 1


async def test_people_join_rise_and_leave(control: httpx.AsyncClient) -> None:
    owner = await made(control, "/people", name="Olga")
    anna = await made(control, "/people", name="Anna")
    group = await made(control, "/groups", title="Talk", owner=owner["id"])
    place = f"/chats/{group['id']}"
    await control.put(f"{place}/members/{anna['id']}")
    risen = await control.put(f"{place}/admins/{anna['id']}", json={"rights": ["pin_messages"]})
    assert risen.json()["members"][1]["rights"] == ["pin_messages"]
    left = await control.delete(f"{place}/members/{anna['id']}")
    assert [each["user"] for each in left.json()["members"]] == [owner["id"]]


async def test_a_photo_is_sent_in_private_until_somebody_blocks(control: httpx.AsyncClient) -> None:
    anna = await made(control, "/people", name="Anna")
    bot = await made(control, "/bots", name="Helper", username="helper_bot", token="1:abc")
    path = f"/people/{anna['id']}/messages"
    photo = base64.b64encode(PICTURE).decode()
    sent = await made(control, path, to=bot["id"], text="Look", photo=photo)
    assert (sent["media"], bot["token"]) == ("picture", "1:abc")
    assert [m["text"] for m in await seen(control, f"{path}?with={bot['id']}")] == ["Look"]
    await control.put(f"/people/{bot['id']}/blocked/{anna['id']}")
    refused = await control.post(path, json={"to": bot["id"], "text": "Still there?"})
    assert (refused.status_code, refused.json()["error"]) == (409, "USER_IS_BLOCKED")


async def test_faults_are_ordered_listed_and_withdrawn(
    control: httpx.AsyncClient, directed: TelegramServer
) -> None:
    flood = {"method": "messages.SendMessage", "kind": "error", "error": "FLOOD_WAIT_5"}
    armed = await made(control, "/faults", **flood)
    assert directed.faults.armed[0].fault.error == "FLOOD_WAIT_5"
    assert [each["number"] for each in await seen(control, "/faults")] == [armed["number"]]
    assert (await control.delete(f"/faults/{armed['number']}")).status_code == 204
    assert await seen(control, "/faults") == []
    gone = await control.delete(f"/faults/{armed['number']}")
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "code", "words"),
    [
        ("/faults", {"kind": "delay"}, 422, "how many `seconds`"),
        ("/faults", {"kind": "sulk"}, 422, "At body.kind"),
        ("/people", {"nickname": "x"}, 422, "nickname"),
        ("/people", {"nme": "x", "name": "Anna"}, 422, "At body.nme: there is no field"),
        ("/peple", {"name": "Anna"}, 404, "POST /peple: Not Found; /openapi.json lists"),
        ("/channels", {"title": "News", "owner": 5}, 404, "no person or bot with the id 5"),
        ("/chats/-1000000000007/messages", {"text": "x"}, 404, "no channel or group"),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(
    control: httpx.AsyncClient, path: str, body: dict[str, Any], code: int, words: str
) -> None:
    answer = await control.post(path, json=body)
    assert answer.status_code == code
    assert words in answer.json()["message"]


async def test_the_world_is_saved_and_loaded_and_a_spoilt_one_changes_nothing(
    control: httpx.AsyncClient,
) -> None:
    await made(control, "/people", name="Anna")
    saved = await seen(control, "/world")
    await made(control, "/people", name="Boris")
    assert (await control.put("/world", json={"form": 0})).status_code == 422
    assert len(await seen(control, "/people")) == 2
    assert (await control.put("/world", json=saved)).status_code == 204
    assert [each["name"] for each in await seen(control, "/people")] == ["Anna"]


async def test_the_clock_moves_on_command(control: httpx.AsyncClient) -> None:
    answer = await control.post("/clock", json={"now": "2030-01-01T00:00:00Z"})
    assert datetime.fromisoformat(answer.json()["now"]).year in {2029, 2030}
    later = await control.post("/clock", json={"advance_seconds": 86_400 * 40})
    assert datetime.fromisoformat(later.json()["now"]).month == 2


async def test_what_trials_are_judged_by_is_empty_at_first_and_described_by_openapi(
    control: httpx.AsyncClient,
) -> None:
    assert await seen(control, "/duplicates") == []
    assert await seen(control, "/copied-keys") == []
    assert await seen(control, "/unknown-methods") == {}
    assert "/people/{person}/presses" in (await seen(control, "/openapi.json"))["paths"]
