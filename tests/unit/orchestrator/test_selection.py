"""Who could speak under a post, and on which day that counts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.campaigns.window import Window
from orchestrator.drafting.selection import Openings, find_openings
from orchestrator.ids import (
    AccountId,
    CampaignId,
    ChannelId,
    GrantId,
    MessageId,
    PostRef,
    ScheduleId,
)
from orchestrator.ports.drafting import LiveGrant, PostContext, Turn
from orchestrator.ports.grants import Review
from personas.persona import Persona
from personas.silence import Silence, SilenceReason

EVENING = datetime(2026, 3, 1, 20, tzinfo=UTC)
MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(hours=24)
TURN = Turn(
    schedule=ScheduleId(1),
    campaign=CampaignId(1),
    account=AccountId(1),
    account_name="anna",
    speaks=True,
    persona=Persona(key="anna", name="Anna", disclosure="for Example; a machine helps"),
    time_zone="UTC",
    window=Window.between("09:00", "18:00"),
    comments_per_day=2,
    promised_today=0,
    last_spoke=None,
    script_keys=(),
)


def openings(now: datetime, **changes: int) -> Openings | Silence:
    context = PostContext(
        post=PostRef(ChannelId(1), MessageId(1)),
        text="Comets!",
        published_at=now,
        is_gone=False,
        decided=False,
        grant=LiveGrant(GrantId(1), 1, Review.AUTOMATIC, EVENING, None),
        turns=(replace(TURN, **changes),),  # type: ignore[arg-type]  # the fields that the test names
        recent=(),
        summary=None,
    )
    return find_openings(context, now, DAY)


@pytest.mark.parametrize(
    ("now", "today", "tomorrow", "due"),
    [
        (EVENING, 2, 0, MORNING),
        (EVENING, 0, 1, MORNING),
        (MORNING, 0, 2, MORNING),
        (EVENING, 0, 2, None),
        (MORNING, 2, 0, None),
    ],
)
def test_a_comment_counts_on_the_day_on_which_it_would_be_said(
    now: datetime, today: int, tomorrow: int, due: datetime | None
) -> None:
    found = openings(now, promised_today=today, promised_tomorrow=tomorrow)
    if due is None:
        assert isinstance(found, Silence)
        assert found.reason is SilenceReason.DAILY_LIMIT
    else:
        assert isinstance(found, Openings)
        assert [one.due_at for one in found.openings] == [due]
