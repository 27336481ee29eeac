"""What bots do over this wire: signing in, hearing of buttons, answering, listing commands."""

import asyncio
from collections.abc import Callable

from telethon.tl import types
from telethon.tl.functions import auth, bots, messages

from simulator.mtproto.call import Call, Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.signing import show_authorization
from simulator.mtproto.methods.topic import Topic
from simulator.world.bots import Command
from simulator.world.events import CallbackAnswered, Event
from simulator.world.queries import CallbackAnswer, CallbackQuery
from simulator.world.refusals import Refusal

PATIENCE = 10
LONGEST_ANSWER = 200

topic = Topic()


@topic.open_to_all(auth.ImportBotAuthorizationRequest)
async def import_bot(call: Call, request: auth.ImportBotAuthorizationRequest) -> Result:
    """Sign a key in as a bot."""
    bot = call.world.bots.find(request.bot_auth_token)
    if bot is None:
        raise Refusal("ACCESS_TOKEN_INVALID")
    call.world.logins.admit(call.key_id, bot, call.address)
    return show_authorization(call, bot)


@topic.handles(messages.GetBotCallbackAnswerRequest)
async def press_button(caller: Caller, request: messages.GetBotCallbackAnswerRequest) -> Result:
    """Press a button and wait for what the bot says."""
    message = caller.message(caller.peer(request.peer), request.msg_id)
    query = await pressed(
        caller, lambda: caller.world.callbacks.press(caller.me, message, request.data or b"")
    )
    return show_answer(query.answer or CallbackAnswer())


async def pressed(caller: Caller, press: Callable[[], CallbackQuery]) -> CallbackQuery:
    """Press and wait; raises `Refusal` when the bot stays silent."""
    answered = asyncio.Queue[CallbackQuery]()

    def note(event: Event) -> None:
        if isinstance(event, CallbackAnswered):
            answered.put_nowait(event.query)

    stop = caller.world.bulletin.subscribe(note)
    try:
        query = press()
        async with asyncio.timeout(PATIENCE):
            while await answered.get() is not query:
                continue
    except TimeoutError as error:
        raise Refusal("BOT_RESPONSE_TIMEOUT") from error
    finally:
        stop()
    return query


def show_answer(answer: CallbackAnswer) -> types.messages.BotCallbackAnswer:
    """Show what a bot says to a pressed button."""
    return types.messages.BotCallbackAnswer(
        cache_time=answer.cache_time,
        alert=answer.alert,
        has_url=bool(answer.url),
        message=answer.text or None,
        url=answer.url or None,
    )


@topic.handles(messages.SetBotCallbackAnswerRequest)
async def answer_callback(caller: Caller, request: messages.SetBotCallbackAnswerRequest) -> Result:
    """Answer whoever pressed a button."""
    require_bot(caller)
    if len(request.message or "") > LONGEST_ANSWER:
        raise Refusal("MESSAGE_TOO_LONG")
    answer = CallbackAnswer(
        request.message or "", bool(request.alert), request.url or "", request.cache_time
    )
    caller.world.callbacks.answer(caller.me.id, request.query_id, answer)
    return True


@topic.handles(bots.SetBotCommandsRequest)
async def set_commands(caller: Caller, request: bots.SetBotCommandsRequest) -> Result:
    """List what the bot understands; this world keeps one list for all scopes."""
    require_bot(caller)
    chosen = tuple(Command(each.command, each.description) for each in request.commands)
    caller.world.bots.set_commands(caller.me, chosen)
    return True


@topic.handles(bots.GetBotCommandsRequest)
async def get_commands(caller: Caller, _: bots.GetBotCommandsRequest) -> Result:
    """Show what the bot understands."""
    require_bot(caller)
    known = caller.world.bots.commands_of(caller.me)
    return [types.BotCommand(each.name, each.description) for each in known]


@topic.handles(bots.ResetBotCommandsRequest)
async def reset_commands(caller: Caller, _: bots.ResetBotCommandsRequest) -> Result:
    """Forget what the bot understands."""
    require_bot(caller)
    caller.world.bots.set_commands(caller.me, ())
    return True


def require_bot(caller: Caller) -> None:
    """Refuse people."""
    if not caller.me.bot:
        raise Refusal("USER_BOT_REQUIRED")
