"""How a bot gets its updates: it polls, or has them brought to its webhook."""

import re
from urllib.parse import urlsplit

from simulator.bot_api.call import Call, Methods
from simulator.bot_api.errors import CONFLICT, BotApiError, bad_request
from simulator.bot_api.shapes import given
from simulator.bot_api.show import stamp

LONGEST_POLL = 50
SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")

methods = Methods()


@methods.handles("getUpdates")
async def get_updates(call: Call) -> object:
    """Give what waits for the bot, or wait for it; an offset confirms what is older."""
    if call.room.webhook is not None:
        raise BotApiError(
            CONFLICT,
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to "
            "delete the webhook first",
        )
    params, backlog = call.params, call.room.backlog
    limit, seconds = params.number("limit"), params.number("timeout") or 0
    backlog.allow(params.items("allowed_updates"))
    backlog.expire(call.world.clock.now())
    offset = params.number("offset")
    if offset:
        backlog.confirm(offset)
    fetched = await backlog.fetch(limit or 100, min(seconds, LONGEST_POLL))
    return [update.show() for update in fetched]


@methods.handles("setWebhook")
async def set_webhook(call: Call) -> object:
    """Have updates brought to an address; an empty one ends that."""
    params, url = call.params, call.params.text("url")
    if not SECRET.fullmatch(params.text("secret_token")):
        raise bad_request("secret token contains unallowed characters")
    if url and urlsplit(url).scheme not in {"http", "https"}:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    await remove_webhook(call)
    if not url:
        return True
    call.room.backlog.interrupt("terminated by setWebhook request")
    call.room.backlog.allow(params.items("allowed_updates"))
    call.bring(url, params.text("secret_token"), params.number("max_connections") or 40)
    return True


@methods.handles("deleteWebhook")
async def delete_webhook(call: Call) -> object:
    """Go back to polling."""
    await remove_webhook(call)
    return True


async def remove_webhook(call: Call) -> None:
    """End the webhook; drop what waits if the call says so."""
    webhook, call.room.webhook = call.room.webhook, None
    if webhook is not None:
        await webhook.stop()
    if call.params.flag("drop_pending_updates"):
        call.room.backlog.waiting.clear()


@methods.handles("getWebhookInfo")
async def get_webhook_info(call: Call) -> object:
    """Tell how the webhook fares."""
    webhook, waiting = call.room.webhook, len(call.room.backlog.waiting)
    head = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": waiting,
    }
    if webhook is None:
        return head
    failure = webhook.failure
    return head | given(
        max_connections=webhook.max_connections,
        allowed_updates=sorted(call.room.backlog.allowed),
        last_error_date=stamp(failure.at) if failure else None,
        last_error_message=failure.reason if failure else None,
    )
