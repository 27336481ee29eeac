"""What admins type: each question of the menu takes one message and changes one thing."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from desk.staff.acting import Acts
from desk.staff.pages import Page
from desk.words import make_words
from orchestrator.errors import BadInput
from support.catalogue import CannedReply, Flow, Hours, MenuTopic
from support.hours import read_week
from support.ids import ChatId
from support.languages import Language
from support.people import NewTechnician
from support.ports.catalogue import CatalogueStore

DESK = "desk"
"""The calendar that tells clients when the desk is open."""
ZONE = "Europe/Moscow"
KEY = re.compile(r"[a-z0-9_]{1,24}")
LONGEST_TITLE = 60
LAST = 1000
"""Where a new topic stands in the menu: behind the others."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Takes what an admin typed in answer to a question."""

    acts: Acts

    async def take(self, question: str, arguments: tuple[str, ...], text: str) -> Page:
        """Change what was asked about; raises TroupeError or ValueError with a sentence."""
        known = QUESTIONS.get(question)
        if known is None or len(arguments) != known[0]:
            raise BadInput("that question is not known")
        return await known[1](self, *arguments, text.strip())

    async def topic(self, _new: str, text: str) -> Page:
        """Add a topic: its key, then its titles."""
        key, titles = keyed(text)
        topic = MenuTopic(key, titles, Flow.OPERATOR, {}, position=LAST, is_active=False)
        return await self.acts.put(topic)

    async def title(self, key: str, language: str, text: str) -> Page:
        """Give a topic another title."""
        topic = await self.acts.topic(key)
        titles = {**topic.titles, Language(language): one_of_length(text, LONGEST_TITLE)}
        return await self.acts.put(replace(topic, titles=titles))

    async def answer(self, key: str, language: str, text: str) -> Page:
        """Give a topic another template answer."""
        topic = await self.acts.topic(key)
        answers = {**topic.answers, Language(language): text}
        return await self.acts.put(replace(topic, answers=answers, flow=Flow.ANSWER))

    async def reply(self, _new: str, text: str) -> Page:
        """Add a canned reply: its key, then its titles."""
        key, titles = keyed(text)
        texts = dict(titles)
        await self.catalogue.put_canned_reply(self.acts.actor, CannedReply(key, titles, texts))
        return await self.acts.page("reply", key)

    async def reply_text(self, key: str, language: str, text: str) -> Page:
        """Give a canned reply another text."""
        found = {one.key: one for one in await self.catalogue.canned_replies()}
        if key not in found:
            raise BadInput(f"There is no canned reply {key}")
        texts = {**found[key].texts, Language(language): text}
        await self.catalogue.put_canned_reply(self.acts.actor, replace(found[key], texts=texts))
        return await self.acts.page("reply", key)

    async def week(self, text: str) -> Page:
        """Set the desk's hours."""
        hours = await self.desk_hours()
        await self.catalogue.put_hours(self.acts.actor, replace(hours, week=read_week(text)))
        return await self.acts.page("hours")

    async def zone(self, text: str) -> Page:
        """Set the time zone of the desk's hours."""
        hours = await self.desk_hours()
        await self.catalogue.put_hours(self.acts.actor, replace(hours, zone=text))
        return await self.acts.page("hours")

    async def holiday(self, text: str) -> Page:
        """Close the desk on a day: its date, then its name."""
        day, _, name = text.partition(" ")
        hours = await self.desk_hours()
        await self.catalogue.add_holiday(
            self.acts.actor, hours.key, date.fromisoformat(day), name.strip()
        )
        return await self.acts.page("hours")

    async def technician(self, text: str) -> Page:
        """Add a technician: a name, then their group's number."""
        name, _, group = text.rpartition(" ")
        if not name or not re.fullmatch(r"-\d{5,18}", group):
            raise BadInput("write a name and the group's number, like: Ivan -1001234567890")
        new = NewTechnician(name.strip(), group=ChatId(int(group)))
        await self.acts.house.desk.technicians.put_technician(self.acts.actor, new)
        await self.acts.forget_technicians()
        return await self.acts.page("technicians")

    async def text(self, key: str, language: str, text: str) -> Page:
        """Put a text in the place of ours, in use at once."""
        await self.catalogue.put_text(self.acts.actor, key, Language(language), text)
        self.acts.house.words = await make_words(self.catalogue)
        return await self.acts.page("text", key)

    async def policy(self, _new: str, text: str) -> Page:
        """Add an SLA policy: its name."""
        return await self.acts.promises.add(text)

    async def span(self, key: str, field: str, text: str) -> Page:
        """Set one of a policy's times."""
        return await self.acts.promises.span(key, field, text)

    async def number(self, name: str, text: str) -> Page:
        """Change a setting."""
        return await self.acts.number(name, text)

    async def desk_hours(self) -> Hours:
        """Return the desk's calendar, or an empty one to begin with."""
        found = await self.catalogue.hours()
        return next((one for one in found if one.is_desk), Hours(DESK, ZONE, {}, is_desk=True))

    @property
    def catalogue(self) -> CatalogueStore:
        """Return where it is kept."""
        return self.acts.house.desk.catalogue


def keyed(text: str) -> tuple[str, dict[Language, str]]:
    """Read `key Заголовок | Title`; with one title it stands for both languages."""
    key, _, rest = text.partition(" ")
    if not KEY.fullmatch(key) or not rest.strip():
        raise BadInput("write a key and titles, like: delivery Доставка | Delivery")
    russian, _, english = (one.strip() for one in rest.partition("|"))
    titles = {Language.RU: russian, Language.EN: english or russian}
    return key, {language: one_of_length(one, LONGEST_TITLE) for language, one in titles.items()}


def one_of_length(text: str, most: int) -> str:
    """Return a title; raises BadInput for one that is empty or too long."""
    if not text or len(text) > most:
        raise BadInput(f"a title has 1 to {most} characters")
    return text


Take = Callable[..., Awaitable[Page]]
QUESTIONS: Mapping[str, tuple[int, Take]] = MappingProxyType(
    {
        "topic": (1, Typed.topic),
        "title": (2, Typed.title),
        "answer": (2, Typed.answer),
        "reply": (1, Typed.reply),
        "reply_text": (2, Typed.reply_text),
        "week": (0, Typed.week),
        "zone": (0, Typed.zone),
        "holiday": (0, Typed.holiday),
        "technician": (0, Typed.technician),
        "text": (2, Typed.text),
        "policy": (1, Typed.policy),
        "span": (2, Typed.span),
        "number": (1, Typed.number),
    }
)
"""By name: how many arguments a question has, and what takes its answer."""
