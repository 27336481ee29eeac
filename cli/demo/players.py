"""The organisation of the demo: three accounts, their personas, a grant, a campaign."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

from cli.compose import Company
from cli.demo.theatre import CHANNEL_USERNAME, PHONES, Theatre, code_for
from cli.documents import read_personas
from orchestrator.actor import Actor
from orchestrator.ports.grants import Review
from orchestrator.service.campaigns import CampaignPlan
from orchestrator.service.grants import GrantTerms
from orchestrator.service.service import Service
from personas.persona import Persona
from personas.scripts.model import Script, ScriptKind

DIRECTOR = Actor("demo")
DATA = Path(str(files("cli") / "demo_data"))


@dataclass(frozen=True, slots=True)
class AnswersForTestNumber:
    """Answers what signing in asks, as the owner of a test number would."""

    phone: str
    first_name: str

    async def code(self) -> str:
        """Return the code by the convention for test numbers."""
        return code_for(self.phone)

    async def password(self, hint: str | None) -> str:  # noqa: ARG002 - no demo account has one
        """Return nothing: no demo account has a password."""
        return ""

    async def name(self) -> str:
        """Return the name to sign up with."""
        return self.first_name


async def engage(company: Company, theatre: Theatre, scripts: Sequence[Script]) -> tuple[str, ...]:
    """Sign the accounts in, disclose them, record the grant, start the campaign."""
    service = company.service
    personas = read_personas(DATA / "personas.yaml")
    await service.library.import_personas(DIRECTOR, personas)
    await service.library.import_scripts(DIRECTOR, scripts, "for the demo")
    # What judges posts learns meanwhile, and not when the first one waits.
    company.judge.learn(await company.stage.library.published(ScriptKind.COMMENT), whole=True)
    names = tuple(persona.key for persona in personas)
    async with asyncio.TaskGroup() as group:
        for persona, phone in zip(personas, PHONES, strict=True):
            group.create_task(sign_in(service, persona, phone), name=f"signing in {persona.key}")
    theatre.admit(PHONES)
    await grant_and_start(service, names)
    return names


async def sign_in(service: Service, persona: Persona, phone: str) -> None:
    """Have an account of the persona sign in and say in its bio whom it speaks for."""
    await service.accounts.add(DIRECTOR, persona.key, phone, persona.key)
    answers = AnswersForTestNumber(phone, persona.name)
    await service.accounts.login(DIRECTOR, persona.key, answers)
    await service.accounts.disclose(DIRECTOR, persona.key)


async def grant_and_start(service: Service, names: tuple[str, ...]) -> None:
    """Watch the channel, record the grant that the first account proves, and let them speak."""
    channel = f"@{CHANNEL_USERNAME}"
    await service.channels.add(DIRECTOR, channel, names[0], timedelta(minutes=1))
    terms = GrantTerms(review=Review.AUTOMATIC, lasts=timedelta(days=1))
    await service.grants.add(DIRECTOR, channel, names[0], terms)
    plan = CampaignPlan(
        name="demo",
        channels=(channel,),
        accounts=names,
        comments_per_day=100,
        start="00:00",
        end="24:00",
        time_zone="UTC",
        goal="Show the way from a post to a comment",
    )
    await service.campaigns.add(DIRECTOR, plan)
    await service.campaigns.start(DIRECTOR, plan.name)
