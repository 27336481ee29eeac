"""Somebody else in an account is noticed, reported once, and never mistaken for ourselves."""

from orchestrator.facts import SecurityChanged
from orchestrator.ports.accounts import AccountEvent
from tests.integration.intake.house import House


async def events(house: House) -> list[tuple[str, ...]]:
    rows = await house.sql(
        "SELECT kind, detail FROM account_events WHERE kind = ANY(:kinds) ORDER BY id",
        kinds=[AccountEvent.FOREIGN_SESSION, AccountEvent.PASSWORD_CHANGED],
    )
    return [tuple(row) for row in rows]


def sign_stranger_in(house: House) -> None:
    key = house.server.keys.issue()
    house.world.logins.admit(key.id, house.anna, "127.0.0.9")


async def test_a_session_that_opens_after_the_first_look_is_reported_once(house: House) -> None:
    sign_stranger_in(house)
    async with house.open() as client:
        await house.sentry(client).look_if_due()
        assert await events(house) == []
        sign_stranger_in(house)
        await house.stage.sink(SecurityChanged(house.account, "a new session"))
        await house.sentry(client).look_if_due()
        await house.stage.sink(SecurityChanged(house.account, "a service notification"))
        await house.sentry(client).look_if_due()
    [(kind, detail)] = await events(house)
    assert kind == AccountEvent.FOREIGN_SESSION
    assert "a session opened at" in detail


async def test_a_stranger_who_signs_in_is_noticed_at_once(house: House) -> None:
    async with house.open() as client:
        await house.sentry(client).look_if_due()
        key = house.server.keys.issue()
        logins, phone = house.world.logins, house.anna.phone
        code_hash = logins.send_code(phone)
        logins.sign_in(key.id, phone, code_hash, logins.code_for(phone), "127.0.0.9")
        await house.until("SELECT security_at IS NULL FROM account_watch")
        await house.sentry(client).look_if_due()
    [(kind, detail)] = await events(house)
    assert kind == AccountEvent.FOREIGN_SESSION
    assert "a session opened at" in detail


async def test_signing_in_anew_ourselves_is_no_strangers_doing(house: House) -> None:
    async with house.open() as client:
        await house.sentry(client).look_if_due()
    [login] = house.world.logins.keys[house.anna.id].values()
    house.world.logins.end(login.key_id)
    await house.sign_in()
    await house.sql("UPDATE account_watch SET security_at = NULL")
    async with house.open() as client:
        await house.sentry(client).look_if_due()
    assert await events(house) == []


async def test_a_password_that_changes_is_reported(house: House) -> None:
    async with house.open() as client:
        await house.sentry(client).look_if_due()
        for password, hint in (("first", ""), ("first", "colour"), ("second", "colour")):
            house.world.set_password(house.anna, password, hint)
            await house.sql("UPDATE account_watch SET security_at = NULL")
            await house.sentry(client).look_if_due()
            await house.sql("UPDATE account_watch SET security_at = NULL")
            await house.sentry(client).look_if_due()
    assert [kind for kind, _ in await events(house)] == [AccountEvent.PASSWORD_CHANGED] * 3


async def test_it_is_not_asked_more_often_than_the_settings_say(house: House) -> None:
    async with house.open() as client:
        await house.sentry(client).look_if_due()
        assert not await house.stage.stores.security.look_is_due(
            house.account, house.stage.tuning.security_check
        )
