"""Who could speak under a post at all, before anybody looks for words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.campaigns.window import local_date, zone_named
from orchestrator.ports.drafting import LiveGrant, PostContext, Turn
from personas.silence import Silence, SilenceReason


@dataclass(frozen=True, slots=True)
class Opening:
    """A turn that may be taken, and when."""

    turn: Turn
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Openings:
    """The grant and everybody who may take a turn under it."""

    grant: LiveGrant
    openings: tuple[Opening, ...]


def find_openings(context: PostContext, now: datetime, lasts: timedelta) -> Openings | Silence:
    """Narrow the cast down to who may speak; the rule that leaves nobody names the silence."""
    if not context.text.strip():
        return Silence(SilenceReason.EMPTY_POST, "the post has no text to answer")
    if context.grant is None:
        return Silence(SilenceReason.NO_GRANT, "no live grant lets us comment in this channel")
    if not context.turns:
        return Silence(SilenceReason.NO_CAMPAIGN, "no running campaign schedules this channel")
    able = [turn for turn in context.turns if turn.speaks]
    if not able:
        return Silence(SilenceReason.NO_ACCOUNT, "no scheduled account may speak now")
    return within_window(context, able, now, lasts)


def within_window(
    context: PostContext, turns: list[Turn], now: datetime, lasts: timedelta
) -> Openings | Silence:
    """Keep who may speak before the post has grown too old for a comment."""
    if context.grant is None:
        raise ValueError("openings are looked for under a grant only")
    last = context.published_at + lasts
    openings = [
        Opening(turn, turn.window.next_opening(now, zone_named(turn.time_zone))) for turn in turns
    ]
    early = tuple(opening for opening in openings if opening.due_at < last)
    if not early:
        return Silence(
            SilenceReason.OUTSIDE_WINDOW, "the post will be too old when the window opens again"
        )
    unspent = [opening for opening in early if has_room(opening, now)]
    if not unspent:
        return Silence(
            SilenceReason.DAILY_LIMIT, "every scheduled account has spent that day's comments"
        )
    soonest = min(opening.due_at for opening in unspent)
    ready = tuple(opening for opening in unspent if opening.due_at == soonest)
    return Openings(context.grant, ready)


def has_room(opening: Opening, now: datetime) -> bool:
    """Tell whether the turn has a comment left on the day on which it would be said."""
    turn, zone = opening.turn, zone_named(opening.turn.time_zone)
    is_today = local_date(opening.due_at, zone) == local_date(now, zone)
    promised = turn.promised_today if is_today else turn.promised_tomorrow
    return promised < turn.comments_per_day
