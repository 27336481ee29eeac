"""Answers to pressed buttons."""

from simulator.bot_api.call import Call, Methods
from simulator.bot_api.errors import bad_request
from simulator.world.queries import CallbackAnswer
from simulator.world.refusals import Refusal

LONGEST_ANSWER = 200
methods = Methods()


@methods.handles("answerCallbackQuery")
async def answer_callback_query(call: Call) -> object:
    """Answer whoever pressed a button."""
    params, asked = call.params, call.params.required("callback_query_id")
    if not asked.isdecimal():
        raise Refusal("QUERY_ID_INVALID")
    if len(params.text("text")) > LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    answer = CallbackAnswer(
        params.text("text"),
        params.flag("show_alert"),
        params.text("url"),
        params.number("cache_time") or 0,
    )
    call.world.callbacks.answer(call.bot.id, int(asked), answer)
    return True
