"""`troupe conversations` and `troupe scripts replay`, typed as a person types them."""

import asyncio

import pytest

from db.engine import create_engine
from db.notify import Notices
from db.stores import postgres_stores
from tests.fixtures.commands import Troupe, environment, quiet_logging, refused, troupe
from tests.integration.db.test_conversations import AT_ONCE, house_of
from tests.integration.db.test_secrets import ONE, cipher_of

__all__ = ["environment", "quiet_logging", "troupe"]


@pytest.fixture
def talked(
    database_url: str,
    troupe: Troupe,
    monkeypatch: pytest.MonkeyPatch,
) -> Troupe:
    """A conversation of three turns, the last of which asks for a person."""
    monkeypatch.setenv("TROUPE_ENCRYPTION_KEY", ONE)

    async def talk() -> None:
        engine = create_engine(database_url)
        stores = postgres_stores(engine, cipher_of(ONE), Notices(database_url), AT_ONCE)
        house = await house_of(stores, engine)
        await house.hears("Как вступить в клуб?")
        assert await house.answer("membership")
        await house.hears("только статьи")
        assert await house.answer()
        await house.hears("дайте оператора")
        assert await house.answer()
        await engine.dispose()

    asyncio.run(talk())
    return troupe


def test_a_conversation_is_listed_shown_explained_and_led_again(talked: Troupe) -> None:
    (row,) = talked("conversations", "list", "--json").json
    assert (row["state"], row["contact"], row["turns"]) == ("handed_over", "Pavel", 3)
    assert "handed_over" in talked("conversations", "list", "--account", "lena").out
    assert talked("conversations", "list", "--state", "paused").out.startswith("Nobody wrote")
    (waiting,) = talked("conversations", "handoffs", "--json").json
    assert waiting["reason"] == "the client asks for a person"
    shown = talked("conversations", "show", "1").out
    assert "читатель" in shown
    assert "← Как вступить в клуб?" in shown
    assert "→ Здесь отвечает" in shown
    told = talked("conversations", "explain", "1").out
    assert "club-ru@1" in told
    assert "script_80" in told
    assert [one["number"] for one in talked("conversations", "explain", "1", "--json").json] == [
        1,
        2,
        3,
    ]
    again = talked("scripts", "replay", "1")
    assert (again.code, again.err) == (0, "")
    assert "3 of 3 turns were led by a script, 0 were judged again; 0 differ now" in again.out


def test_a_person_takes_part_from_the_command_line(talked: Troupe) -> None:
    assert "is yours" in talked("conversations", "takeover", "1", "--reason", "mine").out
    assert talked("conversations", "handoffs").out == "No conversation waits for a person.\n"
    assert "queued as message" in talked("conversations", "reply", "1", "Сейчас отвечу").out
    assert "→ Сейчас отвечу [due]" in talked("conversations", "show", "1").out
    assert "is paused" in talked("conversations", "pause", "1").out
    assert "nothing waits for an answer" in talked("conversations", "resume", "1").out
    assert "is closed" in talked("conversations", "close", "1", "--reason", "spam").out
    assert "is closed" in refused(talked("conversations", "reply", "1", "Постойте"))
    assert "There is no conversation 9" in refused(talked("conversations", "show", "9"))
    assert "There is no conversation 9" in refused(talked("scripts", "replay", "9"))
