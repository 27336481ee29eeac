"""The table of Telegram's errors, as the facts about Telegram demand it."""

from datetime import timedelta

import pytest
from telethon import errors as te
from telethon.errors import rpc_message_to_error
from telethon.tl.functions.help import GetConfigRequest
from telethon.tl.types import RpcError

from accounts.errors import BY_CLASS, known_refusals, refusal_in, refusal_named, translate
from orchestrator.refusals import Action, OutcomeUnknown, Scope, TelegramRefused


def answer(code: int, name: str) -> Exception:
    """Return what Telethon raises for an answer on the wire."""
    error: Exception = rpc_message_to_error(RpcError(code, name), GetConfigRequest())
    return error


@pytest.mark.parametrize(
    ("code", "name", "scope", "action"),
    [
        (420, "FLOOD_WAIT_30", Scope.METHOD, Action.WAIT),
        (420, "FLOOD_PREMIUM_WAIT_30", Scope.METHOD, Action.WAIT),
        (420, "SLOWMODE_WAIT_30", Scope.CHAT, Action.WAIT),
        (400, "PEER_FLOOD", Scope.ACCOUNT, Action.STOP_OUTBOUND),
        (400, "USER_BANNED_IN_CHANNEL", Scope.ACCOUNT, Action.STOP_PUBLIC),
        (403, "CHAT_WRITE_FORBIDDEN", Scope.CHAT, Action.SUSPEND_CHAT),
        (403, "CHAT_SEND_PLAIN_FORBIDDEN", Scope.CHAT, Action.SUSPEND_CHAT),
        (400, "CHAT_RESTRICTED", Scope.CHAT, Action.SUSPEND_CHAT),
        (400, "CHAT_ADMIN_REQUIRED", Scope.CHAT, Action.SUSPEND_CHAT),
        (403, "CHAT_GUEST_SEND_FORBIDDEN", Scope.CHAT, Action.NEEDS_JOIN),
        (403, "ALLOW_PAYMENT_REQUIRED_50", Scope.PEER, Action.GIVE_UP),
        (406, "ALLOW_PAYMENT_REQUIRED_50", Scope.PEER, Action.GIVE_UP),
        (403, "PRIVACY_PREMIUM_REQUIRED", Scope.PEER, Action.GIVE_UP),
        (406, "PRIVACY_PREMIUM_REQUIRED", Scope.PEER, Action.GIVE_UP),
        (400, "MSG_ID_INVALID", Scope.MESSAGE, Action.RETRY_FRESH),
        (400, "CHANNEL_PRIVATE", Scope.CHAT, Action.SUSPEND_CHAT),
        (400, "CHANNEL_INVALID", Scope.CHAT, Action.SUSPEND_CHAT),
        (406, "AUTH_KEY_DUPLICATED", Scope.ACCOUNT, Action.QUARANTINE),
        (401, "AUTH_KEY_UNREGISTERED", Scope.ACCOUNT, Action.NEEDS_LOGIN),
        (401, "SESSION_REVOKED", Scope.ACCOUNT, Action.NEEDS_LOGIN),
        (401, "SESSION_EXPIRED", Scope.ACCOUNT, Action.NEEDS_LOGIN),
        (401, "AUTH_KEY_INVALID", Scope.ACCOUNT, Action.NEEDS_LOGIN),
        (401, "USER_DEACTIVATED", Scope.ACCOUNT, Action.BANNED),
        (401, "USER_DEACTIVATED_BAN", Scope.ACCOUNT, Action.BANNED),
        (400, "PHONE_NUMBER_BANNED", Scope.ACCOUNT, Action.BANNED),
        (420, "FROZEN_METHOD_INVALID", Scope.ACCOUNT, Action.FROZEN),
        (400, "FROZEN_PARTICIPANT_MISSING", Scope.ACCOUNT, Action.FROZEN),
        (500, "RPC_CALL_FAIL", Scope.REQUEST, Action.BACK_OFF),
        (500, "WORKER_BUSY_TOO_LONG_RETRY", Scope.REQUEST, Action.BACK_OFF),
        (-503, "Timeout", Scope.REQUEST, Action.BACK_OFF),
        (-500, "No workers running", Scope.REQUEST, Action.BACK_OFF),
        (500, "SOMETHING_NEW", Scope.REQUEST, Action.BACK_OFF),
        (500, "RANDOM_ID_DUPLICATE", Scope.REQUEST, Action.REISSUE_OR_LOOK),
        (400, "USER_IS_BLOCKED", Scope.CONVERSATION, Action.OPT_OUT),
        (400, "YOU_BLOCKED_USER", Scope.CONVERSATION, Action.OPT_OUT),
        (400, "INPUT_USER_DEACTIVATED", Scope.CONVERSATION, Action.OPT_OUT),
        (400, "PERSISTENT_TIMESTAMP_EMPTY", Scope.UPDATES, Action.TAKE_DIFFERENCE),
        (500, "PERSISTENT_TIMESTAMP_OUTDATED", Scope.UPDATES, Action.TAKE_DIFFERENCE),
        (403, "CHANNEL_PUBLIC_GROUP_NA", Scope.UPDATES, Action.TAKE_DIFFERENCE),
    ],
)
def test_an_answer_on_the_wire_has_its_scope_and_action(
    code: int, name: str, scope: Scope, action: Action
) -> None:
    refusal = refusal_in(answer(code, name))
    assert (refusal.scope, refusal.action) == (scope, action)


def test_a_key_that_the_server_does_not_know_needs_a_login() -> None:
    refused = translate(te.AuthKeyNotFound())
    assert isinstance(refused, TelegramRefused)
    assert refused.refusal.action is Action.NEEDS_LOGIN


@pytest.mark.parametrize("name", ["FLOOD_WAIT_42", "SLOWMODE_WAIT_42", "FLOOD_PREMIUM_WAIT_42"])
def test_a_wait_carries_its_delay_and_says_it(name: str) -> None:
    refusal = refusal_in(answer(420, name))
    assert refusal.delay == timedelta(seconds=42)
    assert "42 s" in refusal.sentence
    assert refusal.name == name.removesuffix("_42")


def test_a_frozen_method_is_no_wait_though_it_is_a_flood_error() -> None:
    error = answer(420, "FROZEN_METHOD_INVALID")
    assert isinstance(error, te.FloodError)
    assert refusal_in(error).delay is None


@pytest.mark.parametrize(
    ("code", "name"), [(406, "NEVER_HEARD_OF"), (400, "NEVER_HEARD_OF"), (401, "NEVER_HEARD_OF")]
)
def test_an_unknown_answer_fails_the_request_and_nothing_else(code: int, name: str) -> None:
    refusal = refusal_in(answer(code, name))
    assert (refusal.scope, refusal.action) == (Scope.REQUEST, Action.FAIL)
    assert "NEVER_HEARD_OF" in refusal.sentence


def test_a_brace_in_an_answer_does_not_break_the_sentence() -> None:
    assert "{wait.__class__}" in refusal_in(answer(400, "{wait.__class__}")).sentence


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionResetError(), ""),
        (ConnectionError("Connection to Telegram failed 5 time(s)"), "it cannot be reached"),
        (TimeoutError(), "nothing came in time"),
        (OSError(), ""),
        (EOFError(), ""),
        (te.SecurityError(), "not Telegram's own"),
        (te.InvalidBufferError(b"\x6c\xfe\xff\xff"), "not whole"),
        (te.BadMessageError(None, 16), "is this machine's clock right?"),
        (te.TypeNotFoundError(1, b""), "newer than the Telethon"),
    ],
)
def test_no_answer_is_an_unknown_outcome_that_names_no_class(error: Exception, why: str) -> None:
    told = translate(error)
    assert isinstance(told, OutcomeUnknown)
    assert why in str(told)
    assert "Error" not in str(told)


def test_every_known_refusal_is_a_sentence_without_holes() -> None:
    refusals = known_refusals()
    assert len({refusal.name for refusal in refusals}) == len(refusals)
    assert {refusal.action for refusal in refusals} == set(Action) - {Action.FAIL}
    assert not [refusal for refusal in refusals if "{" in refusal.sentence]


def test_classes_are_matched_exactly() -> None:
    class NewError(te.ChatWriteForbiddenError):  # type: ignore[misc]
        pass

    assert refusal_in(NewError(None)).action is Action.FAIL
    assert te.ChatWriteForbiddenError in BY_CLASS


def test_a_refusal_can_be_given_in_telegrams_stead() -> None:
    assert refusal_named("CHANNEL_INVALID").action is Action.SUSPEND_CHAT
