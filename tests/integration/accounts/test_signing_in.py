"""Signing in, on a simulated Telegram."""

import logging
from dataclasses import replace

import pytest

from accounts.endpoint import Server
from accounts.telegram import NO_SESSION, TelethonTelegram
from orchestrator.errors import BadInput, SignInRefused
from orchestrator.refusals import Action, TelegramRefused
from simulator.mtproto.faults import Fault, FaultKind
from simulator.world.two_step import seal_password
from tests.integration.accounts.cast import ANNA, PHONES, Cast, Prompter, endpoint

PHONE = PHONES[ANNA]
CODE = "11111"


async def test_a_code_signs_an_account_in_and_its_session_is_stored(cast: Cast) -> None:
    cast.world.add_person(PHONE, "Anna Petrova", username="anna_p", bio="a machine helps me")
    profile = await cast.telegram.sign_in(ANNA, PHONE, Prompter(CODE))
    assert (profile.username, profile.first_name) == ("anna_p", "Anna")
    assert profile.bio == "a machine helps me"
    stored = await cast.sessions.load_session(ANNA)
    assert stored is not None
    assert stored.user_id == profile.telegram_id
    assert stored.updates is not None
    assert len(stored.auth_key) == 256
    async with cast.telegram.open(ANNA, None) as account:
        assert await account.profile() == profile


async def test_a_wrong_code_may_be_corrected(cast: Cast) -> None:
    cast.world.add_person(PHONE, "Anna")
    prompter = Prompter("99999", CODE)
    await cast.telegram.sign_in(ANNA, PHONE, prompter)
    assert prompter.asked == ["code", "code"]


async def test_too_many_wrong_codes_end_in_a_sentence_and_store_nothing(cast: Cast) -> None:
    cast.world.add_person(PHONE, "Anna")
    prompter = Prompter("99991", "99992", "", CODE)
    with pytest.raises(SignInRefused, match="start again"):
        await cast.telegram.sign_in(ANNA, PHONE, prompter)
    assert len(prompter.asked) == 3
    assert await cast.sessions.load_session(ANNA) is None


async def test_a_new_number_is_asked_for_a_name(cast: Cast) -> None:
    prompter = Prompter(CODE, name="Vera")
    profile = await cast.telegram.sign_in(ANNA, PHONE, prompter)
    assert prompter.asked == ["code", "name"]
    assert profile.first_name == "Vera"


async def test_a_two_step_password_is_asked_for_with_its_hint(cast: Cast) -> None:
    person = cast.world.add_person(PHONE, "Anna")
    person.two_step = seal_password("correct horse", "a battery")
    prompter = Prompter(CODE, passwords=("wrong", "correct horse"))
    profile = await cast.telegram.sign_in(ANNA, PHONE, prompter)
    assert profile.first_name == "Anna"
    assert prompter.asked == ["code", "password", "password"]
    assert prompter.hints == ["a battery", "a battery"]


async def test_too_many_wrong_passwords_end_in_a_sentence(cast: Cast) -> None:
    person = cast.world.add_person(PHONE, "Anna")
    person.two_step = seal_password("correct horse")
    with pytest.raises(SignInRefused, match="password was wrong too often"):
        await cast.telegram.sign_in(ANNA, PHONE, Prompter(CODE, passwords=("a", "b", "c", "d")))


async def test_a_malformed_number_is_refused_before_anything_is_asked(cast: Cast) -> None:
    prompter = Prompter(CODE)
    with pytest.raises(BadInput, match="digits"):
        await cast.telegram.sign_in(ANNA, "call me", prompter)
    assert prompter.asked == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("PHONE_NUMBER_INVALID", "check the digits"),
        ("PHONE_NUMBER_BANNED", "banned"),
        ("PHONE_NUMBER_FLOOD", "tomorrow"),
        ("FLOOD_WAIT_120", "120 s"),
        ("API_ID_INVALID", "my.telegram.org"),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
    ],
)
async def test_a_refused_number_is_explained_in_one_sentence(
    cast: Cast, error: str, sentence: str
) -> None:
    cast.server.faults.add(Fault("auth.SendCode", FaultKind.ERROR, error))
    with pytest.raises(SignInRefused, match=sentence):
        await cast.telegram.sign_in(ANNA, PHONE, Prompter(CODE))


async def test_an_expired_code_is_not_asked_for_again(cast: Cast) -> None:
    cast.server.faults.add(Fault("auth.SignIn", FaultKind.ERROR, "PHONE_CODE_EXPIRED"))
    prompter = Prompter(CODE, CODE)
    with pytest.raises(SignInRefused, match="expired"):
        await cast.telegram.sign_in(ANNA, PHONE, prompter)
    assert prompter.asked == ["code"]


async def test_neither_number_nor_code_is_ever_logged(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(SignInRefused) as caught:
        await cast.telegram.sign_in(ANNA, PHONE, Prompter("90909", "90909", "90909"))
    assert PHONE.removeprefix("+") not in caplog.text + str(caught.value)
    assert "90909" not in caplog.text + str(caught.value)


async def test_an_account_without_a_session_needs_a_login(cast: Cast) -> None:
    with pytest.raises(TelegramRefused) as caught:
        async with cast.telegram.open(ANNA, None):
            pytest.fail("opened without a session")
    assert caught.value.refusal == NO_SESSION
    assert caught.value.refusal.action is Action.NEEDS_LOGIN


async def test_logging_out_ends_the_session_and_forgets_it(cast: Cast) -> None:
    await cast.enlist()
    stored = await cast.sessions.load_session(ANNA)
    assert stored is not None
    async with cast.telegram.open(ANNA, None) as account:
        await account.log_out()
    assert await cast.sessions.load_session(ANNA) is None
    await cast.sessions.save_session(ANNA, stored)
    with pytest.raises(TelegramRefused) as caught:
        async with cast.telegram.open(ANNA, None):
            pytest.fail("the key should be dead")
    assert caught.value.refusal.action is Action.NEEDS_LOGIN


async def test_where_nobody_answers_the_sentence_names_the_place(cast: Cast) -> None:
    nowhere = replace(endpoint(cast.server), server=Server("127.0.0.1", 9))
    with pytest.raises(SignInRefused, match=r"127\.0\.0\.1:9: .*troupe doctor"):
        await TelethonTelegram(nowhere, cast.sessions).sign_in(ANNA, PHONE, Prompter(CODE))
