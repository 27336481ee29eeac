"""Signing in by QR code, and the list of one's sessions."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from telethon import errors
from telethon.tl.functions.account import GetAuthorizationsRequest, ResetAuthorizationRequest
from telethon.tl.functions.auth import (
    AcceptLoginTokenRequest,
    ImportLoginTokenRequest,
    ResetAuthorizationsRequest,
)
from telethon.tl.types.auth import LoginToken

from simulator.world.login_tokens import LIFE
from simulator.world.people import Person
from tests.integration.simulator.conftest import Street

PATIENCE = 60


async def show_code(street: Street, **options: Any) -> tuple[Any, Any]:
    client = await street.enter(None, **options)
    return client, await client.qr_login()


async def scan(client: Any, qr_login: Any) -> tuple[Any, Any]:
    """Wait for the code to be scanned, and have it scanned by another session."""
    waiting = asyncio.ensure_future(qr_login.wait(PATIENCE))
    await asyncio.sleep(0)
    shown = await client(AcceptLoginTokenRequest(qr_login.token))
    return waiting, shown


async def test_a_code_that_another_session_accepts_signs_in(street: Street, anna: Person) -> None:
    phone = await street.enter(anna)
    desktop, qr_login = await show_code(street, device_model="Desktop")
    waiting, shown = await scan(phone, qr_login)
    assert (await waiting).id == anna.id
    assert (await desktop.get_me()).id == anna.id
    assert (shown.device_model, shown.current, shown.ip) == ("Desktop", False, "127.0.0.1")
    listed = (await phone(GetAuthorizationsRequest())).authorizations
    assert shown.hash in {each.hash for each in listed}


async def test_a_code_does_not_spare_the_password(street: Street, anna: Person) -> None:
    phone = await street.enter(anna)
    street.world.set_password(anna, "secret")
    desktop, qr_login = await show_code(street)
    waiting, _ = await scan(phone, qr_login)
    with pytest.raises(errors.SessionPasswordNeededError):
        await waiting
    assert not await desktop.is_user_authorized()
    assert (await desktop.sign_in(password="secret")).id == anna.id


async def test_a_code_is_accepted_once_and_in_time(street: Street, anna: Person) -> None:
    phone = await street.enter(anna)
    _, qr_login = await show_code(street)
    with pytest.raises(errors.AuthTokenInvalidError):
        await phone(AcceptLoginTokenRequest(b"another"))
    street.world.clock.advance(LIFE + timedelta(seconds=1))
    with pytest.raises(errors.AuthTokenExpiredError):
        await phone(AcceptLoginTokenRequest(qr_login.token))
    street.world.clock.advance(-2 * LIFE)
    await phone(AcceptLoginTokenRequest(qr_login.token))
    with pytest.raises(errors.AuthTokenAlreadyAcceptedError):
        await phone(AcceptLoginTokenRequest(qr_login.token))


async def test_a_code_that_nobody_scans_opens_nothing(street: Street) -> None:
    desktop, qr_login = await show_code(street)
    first = qr_login.token
    await qr_login.recreate()
    assert qr_login.token != first
    assert isinstance(await desktop(ImportLoginTokenRequest(qr_login.token)), LoginToken)
    assert not await desktop.is_user_authorized()


async def test_only_who_is_signed_in_accepts_a_code(street: Street) -> None:
    stranger, qr_login = await show_code(street)
    with pytest.raises(errors.AuthKeyUnregisteredError):
        await stranger(AcceptLoginTokenRequest(qr_login.token))


async def test_sessions_are_listed_with_what_they_said_of_themselves(
    street: Street, anna: Person
) -> None:
    here = await street.enter(anna, device_model="Phone", system_version="11", app_version="3.1")
    await street.enter(anna, device_model="Tablet")
    mine, other = (await here(GetAuthorizationsRequest())).authorizations
    said = (mine.device_model, mine.system_version, mine.app_version, mine.api_id)
    assert said == ("Phone", "11", "3.1", street.server.api_id)
    assert (mine.hash, mine.current) == (0, True)
    assert (other.device_model, other.current) == ("Tablet", False)
    assert other.hash


async def test_another_session_is_ended(street: Street, anna: Person) -> None:
    here, there, third = [await street.enter(anna, device_model=name) for name in "ABC"]
    listed = (await here(GetAuthorizationsRequest())).authorizations
    (ended,) = (each.hash for each in listed if each.device_model == "B")
    assert await here(ResetAuthorizationRequest(ended))
    with pytest.raises(errors.AuthKeyUnregisteredError):
        await there(GetAuthorizationsRequest())
    assert await third.is_user_authorized()
    with pytest.raises(errors.HashInvalidError):
        await here(ResetAuthorizationRequest(ended))


async def test_all_other_sessions_are_ended(street: Street, anna: Person, boris: Person) -> None:
    here, there = [await street.enter(anna) for _ in range(2)]
    neighbour = await street.enter(boris)
    assert await here(ResetAuthorizationsRequest())
    with pytest.raises(errors.AuthKeyUnregisteredError):
        await there(GetAuthorizationsRequest())
    assert len((await here(GetAuthorizationsRequest())).authorizations) == 1
    assert await neighbour.is_user_authorized()


async def test_who_logs_out_is_gone_from_the_list(street: Street, anna: Person) -> None:
    here, there = [await street.enter(anna) for _ in range(2)]
    assert await there.log_out()
    assert len((await here(GetAuthorizationsRequest())).authorizations) == 1
