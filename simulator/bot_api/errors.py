"""How the Bot API says no: a number, a sentence, and sometimes how long to wait."""

from simulator.world.refusals import FORBIDDEN, Refusal

BAD_REQUEST = 400
UNAUTHORIZED = 401
NOT_FOUND = 404
CONFLICT = 409
TOO_MANY = 429
BROKEN = 500

SENTENCES = {
    "CHAT_ADMIN_REQUIRED": (400, "Bad Request: not enough rights"),
    "CHANNEL_INVALID": (400, "Bad Request: chat not found"),
    "CHANNEL_PRIVATE": (403, "Forbidden: bot is not a member of the supergroup chat"),
    "CHANNEL_FORUM_MISSING": (400, "Bad Request: the chat is not a forum"),
    "CHAT_WRITE_FORBIDDEN": (400, "Bad Request: have no rights to send a message"),
    "CHAT_GUEST_SEND_FORBIDDEN": (403, "Forbidden: bot is not a member of the supergroup chat"),
    "ENTITY_BOUNDS_INVALID": (400, "Bad Request: entity beyond the text"),
    "FILE_PARTS_INVALID": (400, "Bad Request: file must be non-empty"),
    "MEDIA_CAPTION_TOO_LONG": (400, "Bad Request: message caption is too long"),
    "MESSAGE_AUTHOR_REQUIRED": (400, "Bad Request: message can't be edited"),
    "MESSAGE_DELETE_FORBIDDEN": (400, "Bad Request: message can't be deleted"),
    "MESSAGE_EMPTY": (400, "Bad Request: message text is empty"),
    "MESSAGE_NOT_MODIFIED": (
        400,
        (
            "Bad Request: message is not modified: specified new message content and reply markup "
            "are exactly the same as a current content and reply markup of the message"
        ),
    ),
    "MESSAGE_TOO_LONG": (400, "Bad Request: message is too long"),
    "PEER_ID_INVALID": (400, "Bad Request: chat not found"),
    "QUERY_ID_INVALID": (
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
    ),
    "TOPIC_CLOSED": (400, "Bad Request: TOPIC_CLOSED"),
    "TOPIC_DELETED": (400, "Bad Request: message thread not found"),
    "TOPIC_ID_INVALID": (400, "Bad Request: message thread not found"),
    "USERNAME_INVALID": (400, "Bad Request: chat not found"),
    "USERNAME_NOT_OCCUPIED": (400, "Bad Request: chat not found"),
    "USER_ID_INVALID": (400, "Bad Request: user not found"),
    "USER_IS_BLOCKED": (403, "Forbidden: bot was blocked by the user"),
    "USER_NOT_PARTICIPANT": (400, "Bad Request: user not found"),
}


class BotApiError(Exception):
    """A call is refused; `retry_after` is in seconds, `moved_to` where the chat is now."""

    def __init__(
        self,
        code: int,
        description: str,
        retry_after: int | None = None,
        moved_to: int | None = None,
    ) -> None:
        super().__init__(description)
        self.code, self.description, self.retry_after = code, description, retry_after
        self.moved_to = moved_to


def moved(to: int) -> BotApiError:
    """Refuse a call into a group that became a supergroup, and say which."""
    words = "Bad Request: group chat was upgraded to a supergroup chat"
    return BotApiError(BAD_REQUEST, words, moved_to=to)


def bad_request(sentence: str) -> BotApiError:
    """Refuse a request that makes no sense."""
    return BotApiError(BAD_REQUEST, f"Bad Request: {sentence}")


def too_many(seconds: int) -> BotApiError:
    """Refuse what comes too fast."""
    return BotApiError(TOO_MANY, f"Too Many Requests: retry after {seconds}", seconds)


def worded(refusal: Refusal) -> BotApiError:
    """Say the world's refusal as the Bot API does; a word without a sentence is passed on."""
    kind = "Forbidden" if refusal.code == FORBIDDEN else "Bad Request"
    code = FORBIDDEN if refusal.code == FORBIDDEN else BAD_REQUEST
    return BotApiError(*SENTENCES.get(refusal.word, (code, f"{kind}: {refusal.word}")))
