"""A campaign over a channel's past: judged at the past's own times, with nothing changed."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from cli.compose import company
from cli.settings import Settings
from orchestrator.actor import Actor
from orchestrator.ids import MessageId, TelegramId
from orchestrator.ports.telegram import ChannelSeen, Role
from orchestrator.service.campaigns import CampaignPlan
from tests.e2e.conftest import ANNA, ROCKET, SPACE
from tests.fixtures.commands import Troupe, environment, quiet_logging, refused, troupe

__all__ = ["environment", "quiet_logging", "troupe"]

OLGA = Actor("olga")
PATIENCE = 300.0
FIRST_DAY = datetime(2024, 3, 4, tzinfo=UTC)
POSTS = {
    timedelta(hours=8): ROCKET,
    timedelta(hours=10): "A new rocket launch is planned for the summer",
    timedelta(days=1, hours=13): "The rocket carried a large satellite into orbit",
    timedelta(days=20, hours=9, minutes=30): "The bakery has a new recipe for apple pie",
}
WORDS = ["Which stage of the rocket lands first, and where?", "What does its second stage carry?"]


def export(folder: Path) -> Path:
    """Write the channel's past as Telegram Desktop does."""
    entries = [
        {"type": "message", "text": text, "date_unixtime": int((FIRST_DAY + at).timestamp())}
        for at, text in POSTS.items()
    ]
    file = folder / "result.json"
    file.write_text(json.dumps({"name": "Rockets", "messages": entries}), encoding="utf-8")
    return file


@pytest.fixture
async def house(environment: None) -> Settings:  # noqa: ARG001 - it is set
    """A house with one account, and a campaign of a comment a day between 9 and 12."""
    trigger = SPACE.triggers[0].model_dump() | {"responses": [{"text": text} for text in WORDS]}
    script = SPACE.model_validate(SPACE.model_dump(mode="json") | {"triggers": [trigger]})
    settings = Settings()
    async with company(settings) as found:
        service = found.service
        await service.library.import_personas(OLGA, [ANNA])
        await service.library.import_scripts(OLGA, [script], "first")
        anna = await service.accounts.add(OLGA, "anna", "+79990000001", "anna")
        seen = ChannelSeen(
            TelegramId(42), "News", "", "news", 9, TelegramId(43), Role.CREATOR, MessageId(1)
        )
        await found.stage.stores.channels.add_channel(OLGA, seen, anna.id, timedelta(minutes=5))
        plan = CampaignPlan("spring", ("@news",), ("anna",), 1, "09:00", "12:00", "UTC")
        await service.campaigns.add(OLGA, plan)
    return settings


async def rehearse(*words: str) -> Any:
    """Run `troupe rehearse` as a process; returns what it reports."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "rehearse", "spring", *words, "--json"),
        env=dict(os.environ),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return json.loads(out)


async def test_a_rehearsal_judges_window_and_day_at_the_times_of_the_posts(
    house: Settings, tmp_path: Path
) -> None:
    report = await rehearse("--replay", str(export(tmp_path)), "--out", str(tmp_path / "told"))
    said = [(one["at"][:16], one["account"], one["script"]) for one in report["lines"]]
    assert said == [
        ("2024-03-04T09:00", "anna", "space@1"),  # posted an hour before the window opens
        ("2024-03-06T09:00", "anna", "space@1"),  # posted after it has closed, still young enough
    ]
    assert report["posts"] == len(POSTS)
    assert report["silences"] == {"daily_limit": 1, "no_script_fits": 1}
    assert report["model"]["calls"] == 0
    picture = ET.parse(tmp_path / "told" / "comments.svg").getroot()  # noqa: S314 - ours
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}circle"))) == len(POSTS) + len(said)
    assert json.loads((tmp_path / "told" / "report.json").read_text()) == report
    async with company(house) as found:
        assert (await found.service.tally()).posts_seen == 0, "the house was not to be touched"


def test_a_house_without_a_campaign_is_told_how_to_add_one(troupe: Troupe, tmp_path: Path) -> None:
    told = refused(troupe("rehearse", "spring", "--replay", str(export(tmp_path))))
    assert "troupe campaigns add spring" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"messages": []}', "holds no posts"),
        ('{"messages": [{"type": "message", "text": "Hello"}]}', "has no date"),
        ("no JSON", "is no Telegram Desktop export"),
    ],
)
def test_a_history_that_cannot_be_played_is_refused_before_anything_starts(
    troupe: Troupe, tmp_path: Path, content: str, told: str
) -> None:
    file = tmp_path / "result.json"
    file.write_text(content, encoding="utf-8")
    assert told in refused(troupe("rehearse", "spring", "--replay", str(file)))
    assert not list(tmp_path.glob("rehearsal-*"))


def test_a_model_is_asked_for_only_where_one_is_set(troupe: Troupe, tmp_path: Path) -> None:
    told = refused(troupe("rehearse", "spring", "--replay", str(export(tmp_path)), "--with-model"))
    assert "LLM_MODEL" in told
