"""A decision not to speak, with its reason."""

from dataclasses import dataclass
from enum import StrEnum


class SilenceReason(StrEnum):
    """Why nobody speaks, in the order in which a post meets the questions."""

    POST_GONE = "post_gone"
    """The post was deleted before anybody decided."""
    EMPTY_POST = "empty_post"
    """There are no words to answer: a photo, a sticker, a bare link."""
    POST_TOO_OLD = "post_too_old"
    """The post was seen too late for a comment to be welcome."""
    NO_GRANT = "no_grant"
    """No live grant covers the channel."""
    CHANNEL_PAUSED = "channel_paused"
    """The channel is on record but paused."""
    ALREADY_COMMENTED = "already_commented"
    """Every place that the grant allows under the post is taken."""
    NO_CAMPAIGN = "no_campaign"
    """No running campaign schedules an account for the channel."""
    NO_ACCOUNT = "no_account"
    """The scheduled accounts are parked, limited or logged out."""
    OUTSIDE_WINDOW = "outside_window"
    """No scheduled account may speak before the post is too old."""
    DAILY_LIMIT = "daily_limit"
    """The scheduled accounts have said enough for the day."""
    LANGUAGE_NOT_SPOKEN = "language_not_spoken"
    """No persona speaks the post's language."""
    FORBIDDEN_TOPIC = "forbidden_topic"
    """The post touches what the personas do not speak of."""
    NO_PERSONA_FOLLOWS_TOPIC = "no_persona_follows_topic"
    """The post is about nothing that a persona follows."""
    NO_SCRIPT_FITS = "no_script_fits"
    """No trigger of a published script fits the post well enough."""
    NOTHING_NEW = "nothing_new"
    """What the fitting script has to say was said here lately."""
    MODEL_UNAVAILABLE = "model_unavailable"
    """The model did not answer, or its budget is spent."""
    MODEL_DECLINED = "model_declined"
    """The model had nothing to say."""
    CHECKS_FAILED = "checks_failed"
    """The drafted words did not pass the checks."""
    REJECTED = "rejected"
    """A person turned the draft down."""
    EXPIRED = "expired"
    """The draft waited for so long that its comment would come too late."""
    CANCELLED = "cancelled"
    """The comment was taken back before it was sent."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody speaks; `detail` is one sentence for the person who asks why."""

    reason: SilenceReason
    detail: str
