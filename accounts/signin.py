"""Signing an account in: number, code, two-step password, or a first name for a new number.

Neither number nor code nor password is logged, or part of any error's sentence.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from telethon import types as tl
from telethon.password import compute_check
from telethon.tl.functions.account import GetPasswordRequest
from telethon.tl.functions.auth import CheckPasswordRequest, SignInRequest, SignUpRequest

from accounts.calls import Caller
from orchestrator.errors import BadInput, SignInRefused
from orchestrator.ports.telegram import SignInAnswers
from orchestrator.refusals import Refusal, TelegramRefused

TRIES: Final = 3
"""How often a code or a password may be wrong before the person has to start again."""

PHONE: Final = re.compile(r"\+\d{8,15}")

WRONG_CODE: Final = frozenset({"PHONE_CODE_INVALID", "PHONE_CODE_EMPTY"})
WRONG_PASSWORD: Final = frozenset({"PASSWORD_HASH_INVALID"})

SIGN_UP_ELSEWHERE: Final = "New numbers have to sign up in an official app first"
SENTENCES: Final = {
    "PHONE_NUMBER_INVALID": "Telegram does not know such a phone number: check the digits",
    "PHONE_NUMBER_BANNED": "Telegram banned this phone number: write to recover@telegram.org",
    "PHONE_NUMBER_FLOOD": "This number asked for too many codes: try again tomorrow",
    "PHONE_PASSWORD_FLOOD": "This number was tried too often: try again tomorrow",
    "PHONE_CODE_INVALID": "The code was wrong too often: start again to be sent a new one",
    "PHONE_CODE_EMPTY": "The code was wrong too often: start again to be sent a new one",
    "PHONE_CODE_EXPIRED": "The code has expired: start again to be sent a new one",
    "PASSWORD_HASH_INVALID": "The two-step password was wrong too often: start again",
    "SRP_ID_INVALID": "The two-step password was changed meanwhile: start again",
    "SRP_PASSWORD_CHANGED": "The two-step password was changed meanwhile: start again",
    "API_ID_INVALID": "The API id and hash are not a pair: copy both from my.telegram.org",
    "PHONE_NUMBER_APP_SIGNUP_FORBIDDEN": SIGN_UP_ELSEWHERE,
    "UPDATE_APP_TO_LOGIN": SIGN_UP_ELSEWHERE,
    "FIRSTNAME_INVALID": "Telegram does not take this first name: start again with another",
    "USER_DEACTIVATED_BAN": "Telegram banned this account: write to recover@telegram.org",
    "USER_DEACTIVATED": "This account was deleted",
}


def check_phone(text: str) -> str:
    """Return a phone number as + and digits; raises BadInput for anything else."""
    phone = re.sub(r"[\s()./-]", "", text)
    if not PHONE.fullmatch(phone):
        raise BadInput(
            "A phone number is written with + and 8 to 15 digits, for example +12025550123"
        )
    return phone


async def sign_in(call: Caller, phone: str, answers: SignInAnswers) -> None:
    """Lead a connected client through signing in; raises SignInRefused or OutcomeUnknown."""
    try:
        sent = await call.bounded(call.client.send_code_request(phone), call.answer)
        try:
            answer = await with_code(call, phone, sent.phone_code_hash, answers)
        except TelegramRefused as refused:
            if refused.refusal.name != "SESSION_PASSWORD_NEEDED":
                raise
            answer = await with_password(call, answers)
        if isinstance(answer, tl.auth.AuthorizationSignUpRequired):
            await sign_up(call, phone, sent.phone_code_hash, answers)
    except TelegramRefused as refused:
        raise SignInRefused(sentence_for(refused.refusal)) from None


def sentence_for(refusal: Refusal) -> str:
    """Put Telegram's answer into one sentence, without what the person typed."""
    if refusal.delay is not None:
        seconds = refusal.delay.total_seconds()
        return f"Telegram asks to wait {seconds:.0f} s before this number is tried again"
    trouble = f"Telegram did not let the account in ({refusal.name}): try again later"
    return SENTENCES.get(refusal.name, trouble)


async def with_code(call: Caller, phone: str, code_hash: str, answers: SignInAnswers) -> Any:  # noqa: ANN401 - one of two authorisations
    """Ask for the code until Telegram takes it."""

    async def check(code: str) -> Any:  # noqa: ANN401
        return await call(SignInRequest(phone, code_hash, code.strip()))

    return await persist(check, answers.code, WRONG_CODE)


async def with_password(call: Caller, answers: SignInAnswers) -> Any:  # noqa: ANN401
    """Ask for the two-step password until Telegram takes it; the hint goes along."""
    hint: str | None = (await call(GetPasswordRequest())).hint

    async def check(password: str) -> Any:  # noqa: ANN401
        challenge = await call(GetPasswordRequest())
        proof = await asyncio.to_thread(compute_check, challenge, password)
        return await call(CheckPasswordRequest(proof))

    return await persist(check, lambda: answers.password(hint), WRONG_PASSWORD)


async def persist(
    check: Callable[[str], Awaitable[Any]], ask: Callable[[], Awaitable[str]], wrong: frozenset[str]
) -> Any:  # noqa: ANN401
    """Ask and check a bounded number of times; the refusal of the last try is raised."""
    for attempt in range(1, TRIES + 1):
        try:
            return await check(await ask())
        except TelegramRefused as refused:
            if refused.refusal.name not in wrong or attempt == TRIES:
                raise
    raise AssertionError("unreachable")


async def sign_up(call: Caller, phone: str, code_hash: str, answers: SignInAnswers) -> None:
    """Make an account for a new number, where the server lets applications do so."""
    name = (await answers.name()).strip()
    await call(SignUpRequest(phone, code_hash, first_name=name, last_name=""))
