"""Whatever interrupts an account, and however often: each thing is told, and in order."""

import asyncio
from dataclasses import dataclass
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.facts import DirectMessageSeen, Fact, PostSeen
from simulator.mtproto.server_key import ServerKey
from simulator.server import serve
from simulator.world.channels import Channel
from simulator.world.people import Person
from tests.integration.accounts.cast import ANNA, Cast, Ear
from tests.integration.accounts.stores import MemorySessions

KEY = ServerKey.generate()


@dataclass(frozen=True)
class Scene:
    """What happens while the account is away, what while it is there, and how it ends."""

    away: str
    there: str
    breaks_after: int | None
    hangs: bool


class FragileEar(Ear):
    """A sink that commits so many facts, and then hangs or fails."""

    def __init__(self, breaks_after: int | None, *, hangs: bool) -> None:
        super().__init__()
        self.breaks_after, self.hangs = breaks_after, hangs
        self.broken = False

    async def __call__(self, fact: Fact) -> None:
        if self.breaks_after is not None and len(self.facts) >= self.breaks_after:
            async with self.heard:
                self.broken = True
                self.heard.notify_all()
            if self.hangs:
                await asyncio.Event().wait()
            raise RuntimeError("cannot commit")
        await super().__call__(fact)


scenes = st.lists(
    st.builds(
        Scene,
        away=st.text("pm", max_size=6),
        there=st.text("pm", max_size=6),
        breaks_after=st.none() | st.integers(0, 6),
        hangs=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


class Story:
    """Plays scenes and keeps what was said and what was told."""

    def __init__(self, cast: Cast, anna: Person, friend: Person, channel: Channel) -> None:
        self.cast, self.anna, self.friend, self.channel = cast, anna, friend, channel
        self.number = count()
        self.posts: list[str] = []
        self.messages: list[str] = []
        self.told: list[Fact] = []

    def say(self, script: str) -> None:
        for kind in script:
            text = str(next(self.number))
            if kind == "p":
                self.cast.world.publish(self.channel, text)
                self.posts.append(text)
            else:
                self.cast.world.send_private(self.friend, self.anna, text)
                self.messages.append(text)

    async def play(self, scene: Scene) -> None:
        self.say(scene.away)
        ear = FragileEar(scene.breaks_after, hangs=scene.hangs)
        before = set(self.heard(DirectMessageSeen) + self.heard(PostSeen))
        async with self.cast.telegram.open(ANNA, ear):
            self.say(scene.there)
            left = set(self.posts + self.messages) - before

            def done() -> bool:
                return ear.broken or left <= {getattr(fact, "text", "") for fact in ear.facts}

            await ear.until(done)
        self.told += ear.facts

    def heard(self, kind: type[PostSeen] | type[DirectMessageSeen]) -> list[str]:
        """What was told of one kind, the first time each."""
        return list(dict.fromkeys(fact.text for fact in self.told if isinstance(fact, kind)))


async def perform(plan: list[Scene]) -> None:
    async with serve(server_key=KEY) as server:
        cast = Cast(server, MemorySessions())
        friend = cast.world.add_person("+9996633333", "Olga")
        channel = cast.world.add_channel("Science", owner=friend)
        anna = await cast.enlist()
        cast.world.join(channel, anna)
        await cast.sign_in(ANNA)
        story = Story(cast, anna, friend, channel)
        for scene in [*plan, Scene("", "", None, hangs=False)]:
            await story.play(scene)
        assert story.heard(PostSeen) == story.posts
        assert story.heard(DirectMessageSeen) == story.messages


@given(scenes)
@settings(max_examples=25, deadline=None)
def test_each_thing_is_told_in_order_whatever_interrupts(plan: list[Scene]) -> None:
    asyncio.run(perform(plan))
