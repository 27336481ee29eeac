"""What a rehearsal reports: the words, the silences, what they cost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from cli.rehearsal.casting import Casting
from orchestrator.ports.outcomes import ModelUse, Outcome

SENT = "sent"
UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Line:
    """What would have been said."""

    at: datetime
    account: str
    persona: str
    text: str
    post_at: datetime
    post: str
    script: str
    """The script in its version, like `space@3`."""
    trigger: str
    strategy: str
    source: str
    fit: float
    reason: str
    model: str | None
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Hush:
    """A post under which nobody would have spoken, and why."""

    post_at: datetime
    post: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a rehearsal found out; moments are in the campaign's time zone."""

    campaign: str
    channel: str
    history: str
    time_zone: str
    since: date
    until: date
    posts: int
    comments: int
    by_account: Mapping[str, int]
    silences: Mapping[str, int]
    """Posts under which nobody would have spoken, by reason."""
    model: ModelUse
    seconds: float
    """How long the rehearsal took."""
    remarks: tuple[str, ...]
    lines: tuple[Line, ...]
    hushes: tuple[Hush, ...]


def report_on(
    casting: Casting,
    title: str,
    outcomes: Sequence[Outcome],
    model: ModelUse,
    seconds: float,
) -> Report:
    """Put the report together."""
    zone = ZoneInfo(casting.campaign.time_zone)
    lines = tuple(line for line in (line_of(one, casting, zone) for one in outcomes) if line)
    hushes = tuple(hush for hush in (hush_of(one, zone) for one in outcomes) if hush)
    days = [one.posted_at.astimezone(zone).date() for one in outcomes]
    return Report(
        campaign=casting.campaign.name,
        channel=casting.channel,
        history=title,
        time_zone=casting.campaign.time_zone,
        since=min(days),
        until=max(days),
        posts=len({one.message for one in outcomes}),
        comments=len(lines),
        by_account={
            part.account: sum(line.account == part.account for line in lines)
            for part in casting.parts
        },
        silences=dict(Counter(hush.reason for hush in hushes).most_common()),
        model=model,
        seconds=round(seconds, 1),
        remarks=casting.remarks,
        lines=tuple(sorted(lines, key=lambda line: line.at)),
        hushes=hushes,
    )


def line_of(outcome: Outcome, casting: Casting, zone: ZoneInfo) -> Line | None:
    """Read what was said under a post, if it went out."""
    said = outcome.said
    if said is None or said.sent_at is None:
        return None
    version = casting.versions.get(said.script or "")
    return Line(
        at=said.sent_at.astimezone(zone),
        account=said.account,
        persona=said.persona or "",
        text=said.text,
        post_at=outcome.posted_at.astimezone(zone),
        post=outcome.text,
        script=f"{said.script}@{version}" if version else said.script or "",
        trigger=said.trigger or "",
        strategy=said.strategy,
        source=said.source,
        fit=said.fit,
        reason=said.reason,
        model=said.model,
        cost_usd=said.cost_usd,
    )


def hush_of(outcome: Outcome, zone: ZoneInfo) -> Hush | None:
    """Read why nobody spoke under a post; words that never left are a silence too."""
    if outcome.said is not None and outcome.said.sent_at is not None:
        return None
    reason, detail = outcome.silence or UNDECIDED, outcome.detail or ""
    if outcome.said is not None:
        reason = outcome.silence or outcome.said.status
        detail = outcome.detail or outcome.said.failed_reason or "it waited until the end"
    return Hush(outcome.posted_at.astimezone(zone), outcome.text, reason, detail)
