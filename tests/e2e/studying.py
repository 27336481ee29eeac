"""A study group of ours with a learner in it, and the lesson that is held there."""

from dataclasses import dataclass

from orchestrator.ids import StudyGroupId
from orchestrator.ports.answers import GroupRole
from orchestrator.ports.study_groups import Decision, LessonState, StudyGroup
from personas.scripts.model import Script
from simulator.world.channels import Channel
from simulator.world.messages import Message
from simulator.world.peers import ChannelId, MessageId
from simulator.world.people import Person
from tests.e2e.conftest import ANNA, BORIS, OLGA, Play

LINES: list[dict[str, object]] = [
    {"say": "Welcome, I am {persona}. What do you see?"},
    {"role": "practice_partner", "say": "I see the Moon."},
    {"say": "That was all for tonight."},
]
LESSON = Script.model_validate(
    {
        "key": "stars",
        "kind": "lesson",
        "name": "Stars",
        "language": "en",
        "lines": [one | {"at": 0.005 * at} for at, one in enumerate(LINES)],
        "triggers": [
            {
                "key": "aperture",
                "examples": ["What is the aperture?", "I do not understand aperture"],
                "responses": ["The width of the opening."],
            }
        ],
        "fallback": {"say": "I note that for a colleague."},
    }
)
"""Three lines within a second; minutes may be fractions."""
SAID = ["Welcome, I am Anna. What do you see?", "I see the Moon.", "That was all for tonight."]


@dataclass(slots=True)
class Club:
    """A study group with a learner in it, and what our accounts said there."""

    play: Play
    id: StudyGroupId
    place: Channel
    learner: Person

    @classmethod
    async def found(cls, play: Play) -> "Club":
        """Let Anna found a group, Boris be her practice partner, and Lena enter by a link."""
        await play.engage(ANNA)
        await play.engage(BORIS)
        group = await play.service.groups.create(OLGA, "Night sky", "anna", "en")
        place = play.theatre.world.channels.get(ChannelId(group.peer.telegram_id))
        learner = play.theatre.world.add_person("+9996655555", "Lena")
        link = await play.service.groups.invite(group.id)
        play.theatre.world.invites.follow(link.rpartition("+")[2], learner)
        await play.service.groups.add(OLGA, group.id, "boris", GroupRole.PRACTICE_PARTNER)
        return cls(play, group.id, place, learner)

    @property
    def ours(self) -> list[Message]:
        """What our accounts said, the notice and service messages left out."""
        told = [one for one in self.place.history if one.author != self.learner.id and one.text]
        return [one for one in told if not one.text.startswith("Study group")]

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.ours]

    @property
    def notice(self) -> Message | None:
        return next((one for one in self.place.history if one.pinned), None)

    def say(self, text: str, reply_to: MessageId | None = None) -> MessageId:
        return self.play.theatre.world.say(self.place, self.learner, text, reply_to).id

    async def show(self) -> StudyGroup:
        return await self.play.service.groups.show(self.id)

    async def teach(self, script: Script = LESSON) -> None:
        await self.play.service.library.import_scripts(OLGA, [script], "first")
        await self.play.service.groups.start_lesson(OLGA, self.id, script.key, None)

    async def until_lesson(self, state: LessonState) -> None:
        async def ended() -> bool:
            [lesson, *_] = await self.play.service.groups.lessons(self.id, 1)
            return lesson.state is state

        await self.play.until(ended)

    async def decision_on(self, text: str) -> tuple[Decision, str]:
        """Wait until a member's message was decided about, and return what came of it."""
        found: list[tuple[Decision, str]] = []

        async def decided() -> bool:
            said = await self.play.service.groups.log(self.id, 50)
            about = [one for one in said if one.text == text]
            found.extend((one.decision, one.reason or "") for one in about if one.decision)
            return bool(found)

        await self.play.until(decided)
        return found[0]

    async def until_pinned(self) -> None:
        async def pinned() -> bool:
            known = await self.show()
            return known.notice_pinned and self.notice is not None

        await self.play.until(pinned)

    async def until_said(self, text: str) -> None:
        async def said() -> bool:
            return text in self.texts

        await self.play.until(said)
