"""How the world says no, in Telegram's own words."""

FORBIDDEN = 403
UNAUTHORIZED = 401
BAD_REQUEST = 400
FLOOD = 420

FORBIDDEN_WORDS = frozenset(
    {
        "CHAT_SEND_MEDIA_FORBIDDEN",
        "CHAT_SEND_POLL_FORBIDDEN",
        "CHAT_GUEST_SEND_FORBIDDEN",
        "CHAT_WRITE_FORBIDDEN",
        "MESSAGE_AUTHOR_REQUIRED",
        "MESSAGE_DELETE_FORBIDDEN",
    }
)
UNAUTHORIZED_WORDS = frozenset({"AUTH_KEY_UNREGISTERED", "SESSION_PASSWORD_NEEDED"})


class Refusal(Exception):
    """The world does not allow what was asked; `word` is the error that Telegram would give."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word

    @property
    def code(self) -> int:
        """The number that goes with the word."""
        if self.word.startswith(("SLOWMODE_WAIT_", "FLOOD_WAIT_")):
            return FLOOD
        if self.word in FORBIDDEN_WORDS:
            return FORBIDDEN
        return UNAUTHORIZED if self.word in UNAUTHORIZED_WORDS else BAD_REQUEST
