"""A writer that asks a model server, with nothing stored anywhere."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from llm.model.client import ModelAddress, ModelClient
from llm.model.meter import MeteredModel, Prices
from llm.model.patience import Patience
from llm.model_writer import ModelWriter
from llm.readings import Fit, Heard, Reading
from llm.script_writer import ScriptWriter
from orchestrator.ids import CampaignId, ScriptVersionId
from orchestrator.ports.logs import Entry
from orchestrator.ports.models import (
    Allowance,
    Budget,
    ModelCallEnd,
    ModelCallId,
    NewModelCall,
    Overdrawn,
)
from orchestrator.ports.writing import Brief, PublishedScript
from personas.persona import Persona
from personas.scripts.model import Script
from tests.support.clock import HandClock
from tests.support.model_server import ModelServer

UNLIMITED = Budget(Allowance(), Allowance())
BANK = Script.model_validate(
    {
        "key": "bank",
        "kind": "comment",
        "name": "Карты банка",
        "language": "ru",
        "goal": "Помочь с картой и назвать приложение.",
        "forbidden_claims": ["лучший банк"],
        "never_on": ["похорон*"],
        "triggers": [
            {
                "key": "card",
                "examples": ["карта не пришла", "заблокировали карту", "как заказать карту"],
                "responses": [
                    "Новую карту можно заказать в приложении, её привезут в отделение.",
                    "Если карту заблокировали, разблокировать её можно в приложении.",
                ],
            }
        ],
    }
)
COFFEE = Script.model_validate(
    {
        "key": "coffee",
        "kind": "comment",
        "name": "Coffee at home",
        "language": "en",
        "goal": "Interest people in freshly ground beans.",
        "forbidden_claims": ["best coffee in town"],
        "triggers": [
            {
                "key": "brewing",
                "examples": ["how to brew espresso at home", "which beans to buy", "a good cup"],
                "responses": [
                    "Freshly ground beans make the biggest difference to a cup at home.",
                    "A slow pour brings out more flavour from a light roast.",
                ],
            }
        ],
    }
)
ANNA = Persona(
    key="anna",
    name="Anna",
    style="Dry, friendly, never in a hurry.",
    disclosure="Speaks for a roaster and a bank; a machine helps to write.",
)


@dataclass(slots=True)
class Calls:
    """Keeps calls in memory; `spent` refuses them all."""

    spent: Overdrawn | None = None
    made: list[NewModelCall] = field(default_factory=list)
    ends: list[ModelCallEnd] = field(default_factory=list)

    async def reserve(self, call: NewModelCall, budget: Budget) -> ModelCallId | Overdrawn:
        if self.spent is not None:
            return self.spent
        self.made.append(call)
        return ModelCallId(len(self.made))

    async def settle(self, call: ModelCallId, end: ModelCallEnd) -> None:
        self.ends.append(end)


@dataclass(slots=True)
class Notes:
    """Keeps what an operator would be told."""

    entries: list[Entry] = field(default_factory=list)

    def note(self, entry: Entry) -> None:
        self.entries.append(entry)


class FixedFit(ScriptWriter):
    """A selector that always sees the same fit."""

    def __init__(self, trigger: str, score: float) -> None:
        super().__init__()
        self.seen = Heard(Reading(Fit(0, trigger, score, "…")), "a fixed one")

    async def hear(self, brief: Brief) -> Heard:
        return self.seen


@dataclass(slots=True)
class House:
    writer: ModelWriter
    calls: Calls
    notes: Notes


@asynccontextmanager
async def house(
    server: ModelServer, trigger: str, *, score: float = 0.6, prices: Prices | None = None
) -> AsyncIterator[House]:
    """Run a writer on that server whose selector sees that fit."""
    clock, calls, notes = HandClock(), Calls(), Notes()
    address = ModelAddress("test", server.url)
    client = ModelClient(address, patience=Patience(attempt=10), clock=clock)
    async with client.running():
        model = MeteredModel(client, calls, notes, clock, UNLIMITED, prices or Prices())
        yield House(ModelWriter(FixedFit(trigger, score), model), calls, notes)


def brief_about(post: str, script: Script, **more: Any) -> Brief:
    """Make a brief with one script."""
    recent: Sequence[str] = more.pop("recent", ())
    return Brief(
        post_text=post,
        persona=ANNA,
        scripts=(PublishedScript(ScriptVersionId(1), script),),
        recent=tuple(recent),
        seed=1,
        campaign=CampaignId(5),
        **more,
    )
