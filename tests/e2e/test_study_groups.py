"""Study groups over Telethon: who is who, the notice, lessons, answers, and what stays silent."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from orchestrator.clock import SystemClock
from orchestrator.commands import FoundGroup
from orchestrator.errors import AlreadyExists, BadInput, NotAllowed, Overtaken
from orchestrator.facts import (
    DirectMessageSeen,
    Fact,
    GroupMessageEdited,
    GroupMessageSeen,
    PostsDeleted,
)
from orchestrator.ids import ConversationId, InboundId, JobId, NodeName, TelegramId
from orchestrator.ids import MessageId as TelegramMessageId
from orchestrator.intake.group_reader import GroupReader
from orchestrator.jobs import HearGroupMessage, Job, SayLessonLine
from orchestrator.ports.answers import (
    AnswerSource,
    GroupRole,
    LineRefused,
    NewAnswer,
    NewGroupLine,
    Provenance,
)
from orchestrator.ports.journeys import Finding, ItemState, JourneyState
from orchestrator.ports.outbox import Holder
from orchestrator.ports.study_groups import Decision, LessonState, RoleEnd
from orchestrator.ports.telegram import GroupSeen
from orchestrator.ports.work import Claimant
from orchestrator.study_groups.hearing import GroupHearing, answer
from orchestrator.study_groups.lessons import Lessons
from personas.scripts.model import Script
from simulator.world.messages import Draft
from tests.e2e.conftest import ANNA, BORIS, OLGA, Play
from tests.e2e.studying import LESSON, LINES, SAID, Club

QUIZ = Script.model_validate(
    {
        "key": "quiz",
        "kind": "diagnostic",
        "name": "A quiz",
        "language": "en",
        "disclosure": "A program asks.",
        "triggers": [{"key": "begin", "examples": ["start the quiz", "I want the quiz"]}],
        "questions": [
            {
                "key": key,
                "ask": f"Do you {key}?",
                "answers": [{"value": "often", "points": 2}, {"value": "seldom", "points": 0}],
                "refusals": "Often or seldom?",
            }
            for key in ("read", "look")
        ],
        "results": [
            {"key": "low", "most": 1, "say": "{score}: begin with a book."},
            {"key": "high", "least": 2, "say": "{score}: you know your way."},
        ],
        "handoff": {"say": "One moment.", "phrases": "operator"},
    }
)

FOUND = GroupMessageSeen | GroupMessageEdited | PostsDeleted


@dataclass(frozen=True, slots=True)
class StillClock(SystemClock):
    """A clock on which it is always the same moment."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
async def club(play: Play) -> Club:
    """Anna hosts; Boris is her practice partner."""
    return await Club.found(play)


async def test_a_group_that_was_founded_but_not_stored_is_taken_up_by_the_next_try(
    play: Play,
) -> None:
    await play.engage(ANNA)
    anna = (await play.company.stage.stores.accounts.account_named("anna")).id
    lost = await play.company.door.ask(anna, FoundGroup("Night sky", ""))
    assert isinstance(lost, GroupSeen)
    group = await play.service.groups.create(OLGA, "Night sky", "anna", "en")
    assert (group.peer, group.notice_pinned) == (lost.peer, True)
    another = await play.service.groups.create(OLGA, "Night sky", "anna", "en")
    assert another.peer != group.peer


async def test_a_group_is_private_and_its_cast_is_named_in_bios_and_notice(club: Club) -> None:
    group = await club.show()
    assert [(one.name, one.role, one.ended) for one in group.seats()] == [
        ("anna", GroupRole.HOST, None),
        ("boris", GroupRole.PRACTICE_PARTNER, None),
    ]
    assert (group.notice_pinned, group.doubt) == (True, None)
    assert (club.place.username, club.place.broadcast) == ("", False)
    bios = {person.name: person.bio for person in club.play.theatre.world.people}
    assert bios["Anna"] == f"{ANNA.disclosure} · host"
    assert bios["Boris"] == f"{BORIS.disclosure} · practice partner"
    assert club.notice is not None
    assert "• Anna — host" in club.notice.text
    assert "• Boris — practice partner" in club.notice.text


async def test_a_lesson_is_said_line_by_line_by_its_speakers(club: Club) -> None:
    async with club.play.company.running_node():
        await club.teach()
        await club.until_lesson(LessonState.DONE)
    assert club.texts == SAID
    people = club.play.theatre.world.people
    assert [people.get(one.author).name for one in club.ours] == ["Anna", "Boris", "Anna"]


async def test_a_line_is_not_doubled_when_the_node_ends_in_the_middle(club: Club) -> None:
    async with club.play.company.running_node():
        await club.teach()
        await club.until_said(SAID[0])
    async with club.play.company.running_node():
        await club.until_lesson(LessonState.DONE)
    assert club.texts == SAID
    assert club.play.theatre.world.duplicates() == []


async def test_a_line_keeps_its_minute_and_of_three_workers_one_says_it(club: Club) -> None:
    times = {"lines": [one | {"at": 5 * at} for at, one in enumerate(LINES)]}
    slow = Script.model_validate(LESSON.model_dump(mode="json", exclude_defaults=True) | times)
    stage = club.play.company.stage
    async with club.play.company.running_node():
        await club.teach(slow)
        await club.until_said(SAID[0])
        [lesson] = await club.play.service.groups.lessons(club.id, 1)

        async def sent() -> bool:
            run = await stage.stores.lessons.lesson(lesson.id)
            return run is not None and not run.waiting

        await club.play.until(sent)
        for late, said in ((-1, 1), (1, 2), (2, 2)):
            moment = lesson.starts_at + timedelta(minutes=5, seconds=5 * late)
            worker = Lessons(replace(stage, clock=StillClock(moment)))
            job = Job(JobId(0), SayLessonLine(lesson.id, 1), 0)
            await asyncio.gather(*(worker.say(job, lesson.id, 1) for _ in range(3)))
            [now] = await club.play.service.groups.lessons(club.id, 1)
            assert (now.said, now.state) == (said, LessonState.RUNNING)
        last = replace(job, attempts=stage.tuning.jobs.attempts - 1)
        await worker.say(last, lesson.id, 2)
        [ended] = await club.play.service.groups.lessons(club.id, 1)
        assert (ended.state, ended.reason) == (
            LessonState.STOPPED,
            f"what follows line 2 came to nothing in {last.attempts + 1} attempts",
        )
    assert club.texts == SAID[:1]


async def test_a_member_who_asks_is_answered_once_and_nobody_else_is(club: Club) -> None:
    async with club.play.company.running_node():
        await club.teach()
        await club.until_lesson(LessonState.DONE)
        asked = club.say("What is the aperture?", club.ours[0].id)
        await club.until_said("The width of the opening.")
        club.say("Boris, and the weather?")
        await club.until_said("I note that for a colleague.")
        club.say("I am off to bed")
        why = await club.decision_on("I am off to bed")
    assert why == (Decision.SILENT, "none of our accounts was addressed")
    assert club.texts == [*SAID, "The width of the opening.", "I note that for a colleague."]
    answers = club.ours[3:]
    people = club.play.theatre.world.people
    assert [people.get(one.author).name for one in answers] == ["Anna", "Boris"]
    assert answers[0].reply_to == asked


async def test_a_member_who_wants_to_hear_no_more_is_not_spoken_to(club: Club) -> None:
    async with club.play.company.running_node():
        await club.teach()
        await club.until_lesson(LessonState.DONE)
        club.say("Anna, stop")
        club.say("Anna, what is the aperture?")
        why = await club.decision_on("Anna, what is the aperture?")
    assert why == (Decision.SILENT, "the member wants to hear no more of us")
    assert club.texts == SAID


async def test_a_stop_word_in_a_group_cancels_what_waits_for_that_person_anywhere(
    club: Club,
) -> None:
    stores, person = club.play.company.stage.stores, TelegramId(club.learner.id)
    anna = (await stores.accounts.account_named("anna")).id
    now = datetime.now(UTC)
    private = DirectMessageSeen(anna, person, TelegramMessageId(1), "Hello?", now, access_hash=1)
    group = (await club.show()).peer.telegram_id
    asked = GroupMessageSeen(anna, group, TelegramMessageId(900), person, "Anna?", now)
    await stores.intake.record([private, asked])
    because = Provenance(AnswerSource.OPERATOR, "a test", "olga")
    due, over = now + timedelta(hours=1), now + timedelta(hours=2)
    answer = NewAnswer(ConversationId(1), InboundId(1), ("Hello!",), because, due, over)
    line = NewGroupLine(club.id, anna, "Yes?", because, due, over, TelegramMessageId(900))
    other = NewGroupLine(club.id, anna, "To everybody.", because, due, over)
    assert isinstance(await stores.answers.queue_answer(answer), tuple)
    for one in (line, other):
        assert not isinstance(await stores.answers.queue_group_line(one), LineRefused)
    stop = GroupMessageSeen(anna, group, TelegramMessageId(901), person, "stop", now)
    await stores.intake.record([stop])
    async with club.play.company.engine.begin() as connection:
        found = await connection.execute(text("SELECT text, state FROM outbox ORDER BY id"))
    states: dict[str, str] = {row.text: row.state for row in found}
    assert states == {"Hello!": "cancelled", "Yes?": "cancelled", "To everybody.": "due"}


@pytest.mark.parametrize("harm", ["unpinned", "edited", "deleted"])
async def test_a_notice_is_mended_whatever_happened_to_it(club: Club, harm: str) -> None:
    world, notice = club.play.theatre.world, club.notice
    assert notice is not None
    anna = next(one for one in world.people if one.name == "Anna")
    async with club.play.company.running_node():
        club.say("hello, everybody")
        await club.decision_on("hello, everybody")
        match harm:
            case "unpinned":
                world.pins.clear(club.place, anna.id)
            case "edited":
                world.channel_talk.edit(club.place, anna.id, notice.id, Draft("Nothing to see"))
            case "deleted":
                world.delete(club.place, notice.id)
        await club.until_pinned()

        async def whole() -> bool:
            now = club.notice
            return now is not None and "• Anna — host" in now.text

        await club.play.until(whole)
    kept = club.notice
    assert kept is not None
    assert (kept.id == notice.id) is (harm != "deleted")


async def test_what_nobody_told_of_is_found_by_a_comparison(club: Club) -> None:
    stage, world = club.play.company.stage, club.play.theatre.world
    anna, door = (await stage.stores.accounts.account_named("anna")).id, club.play.company.door
    facts: list[Fact] = []

    async def keep(fact: Fact) -> None:
        facts.append(fact)

    async def compare() -> list[Fact]:
        facts.clear()
        async with door.holding(anna) as fence, stage.telegram.open(anna, None) as client:
            holder = Holder(door.node, anna, fence)
            await GroupReader(replace(stage, sink=keep), holder, client).compare()
        await stage.stores.intake.record([one for one in facts if isinstance(one, FOUND)])
        return facts.copy()

    changed, taken_back, last = (club.say(words) for words in ("one", "two", "three"))
    told = {one.text for one in await compare() if isinstance(one, GroupMessageSeen)}
    assert {"one", "two", "three"} <= told
    assert await compare() == []
    world.channel_talk.edit(club.place, club.learner.id, changed, Draft("other words"))
    world.delete(club.place, taken_back)
    world.delete(club.place, last)
    assert {type(one) for one in await compare()} == {GroupMessageEdited, PostsDeleted}
    assert await compare() == []
    said = {int(one.message): one for one in await club.play.service.groups.log(club.id, 10)}
    assert (said[changed].text, said[changed].first_text) == ("other words", "one")
    deleted = [said[one].deleted_at is not None for one in (changed, taken_back, last)]
    assert deleted == [False, True, True]


async def test_a_look_settles_no_doubt_that_came_after_it(club: Club) -> None:
    groups, notice = club.play.company.stage.stores.study_groups, club.notice
    assert notice is not None
    looked = await club.show()
    await groups.doubt(club.id, "its notice was unpinned")
    seen = (looked.notice_text, TelegramMessageId(notice.id), datetime.now(UTC))
    assert not await groups.note_notice(looked, *seen)
    now = await club.show()
    assert (now.notice_pinned, now.doubt) == (False, "its notice was unpinned")
    assert await groups.note_notice(now, *seen)
    assert (await club.show()).notice_pinned


async def test_without_a_known_notice_a_lesson_says_nothing(club: Club) -> None:
    why = "its notice was unpinned"
    await club.play.company.stage.stores.study_groups.doubt(club.id, why)
    await club.teach()
    [lesson] = await club.play.service.groups.lessons(club.id, 5)
    assert (lesson.said, lesson.state, club.texts) == (0, LessonState.RUNNING, [])


async def test_a_bio_without_the_role_speaks_in_no_group(club: Club) -> None:
    world = club.play.theatre.world
    boris = next(one for one in world.people if one.name == "Boris")
    world.people.describe(boris, BORIS.disclosure)
    async with club.play.company.running_node():

        async def rests() -> bool:
            return [one.ended for one in (await club.show()).seats()] == [None, RoleEnd.UNNAMED]

        await club.play.until(rests)
        await club.teach()
        await club.until_lesson(LessonState.STOPPED)
    [lesson] = await club.play.service.groups.lessons(club.id, 5)
    assert lesson.reason == "nobody may speak as practice partner now"
    assert club.texts == SAID[:1]


async def test_a_group_that_is_not_ours_is_neither_logged_nor_answered(club: Club) -> None:
    world = club.play.theatre.world
    foreign = world.add_group("Somebody else's", owner=club.learner)
    world.join(foreign, *(one for one in world.people if one.name in {"Anna", "Boris"}))
    async with club.play.company.running_node():
        await club.teach()
        world.say(foreign, club.learner, "Anna, what is the aperture?")
        await club.until_lesson(LessonState.DONE)
        club.say("Anna, good night")
        await club.decision_on("Anna, good night")
    assert [one.text for one in foreign.history if one.text and one.author != club.learner.id] == []
    assert len(await club.play.service.groups.list()) == 1


async def test_a_diagnostic_that_stops_in_the_middle_goes_on_where_it_stood(club: Club) -> None:
    await club.play.service.library.import_scripts(OLGA, [QUIZ], "first")
    journey = await club.play.service.journeys.begin(OLGA, club.id, ["quiz"])
    first = "A program asks.\n\nDo you read?\n1. often\n2. seldom"
    async with club.play.company.running_node():
        club.say("Anna, start the quiz")
        await club.until_said(first)
        club.say("often", club.ours[-1].id)
        await club.until_said("Do you look?\n1. often\n2. seldom")
    shown = await club.play.service.journeys.show(journey)
    assert [(one.contact, one.state, one.step) for one in shown.items] == [
        (None, ItemState.RUNNING, None),
        ("Lena", ItemState.RUNNING, "look"),
    ]
    async with club.play.company.running_node():
        club.say("2", club.ours[-1].id)
        await club.until_said("2: you know your way.")
    [found] = await club.play.service.journeys.results("quiz", 5)
    assert (found.name, found.finding, found.script) == ("Lena", Finding(2, "high"), "quiz@1")
    row = await club.play.service.journeys.move_on(OLGA, journey)
    assert row.state is JourneyState.DONE


async def test_what_a_member_writes_at_once_is_answered_in_order_by_whichever_hands(
    club: Club,
) -> None:
    await club.play.service.library.import_scripts(OLGA, [QUIZ], "first")
    journey = await club.play.service.journeys.begin(OLGA, club.id, ["quiz"])
    stage, now = club.play.company.stage, datetime.now(UTC)
    anna = (await stage.stores.accounts.account_named("anna")).id
    chat, person = (await club.show()).peer.telegram_id, TelegramId(club.learner.id)
    told = ["Anna, start the quiz", "Anna, often", "Anna, 2", "Anna, and now?"]
    await stage.stores.intake.record(
        [
            GroupMessageSeen(anna, chat, TelegramMessageId(900 + at), person, text, now)
            for at, text in enumerate(told)
        ]
    )
    jobs = await stage.stores.jobs.take_jobs(Claimant(NodeName("here"), 1), 10)
    first, second, third, fourth = (
        job.task.message for job in jobs if isinstance(job.task, HearGroupMessage)
    )
    talk = stage.stores.group_talk
    beginning, ahead = await talk.heard(first), await talk.heard(second)
    assert beginning is not None
    assert ahead is not None
    assert await talk.reply(beginning, answer(beginning, now), now) is None
    with pytest.raises(Overtaken):
        await talk.reply(ahead, answer(ahead, now), now)
    hearing = GroupHearing(stage)
    job = jobs[0]
    await asyncio.gather(*(hearing.hear(job, one) for one in (third, second, third)))
    last = replace(job, attempts=stage.tuning.jobs.attempts - 1)
    await hearing.hear(last, fourth)
    shown = await club.play.service.journeys.show(journey)
    assert [one.finding for one in shown.items if one.contact] == [Finding(2, "high")]
    given_up, *others = await talk.log(club.id, 4)
    assert [one.decision for one in others] == [Decision.ANSWERED] * 3
    assert given_up.reason == f"no answer could be made in {last.attempts + 1} attempts"


async def test_a_journey_leads_from_a_lesson_to_a_diagnostic(club: Club) -> None:
    await club.play.service.library.import_scripts(OLGA, [LESSON, QUIZ], "first")
    journey = await club.play.service.journeys.begin(OLGA, club.id, ["stars", "quiz"])
    with pytest.raises(AlreadyExists, match="a journey goes on"):
        await club.play.service.journeys.begin(OLGA, club.id, ["quiz"])
    async with club.play.company.running_node():

        async def at_quiz() -> bool:
            return (await club.play.service.journeys.show(journey)).row.current == "quiz"

        await club.play.until(at_quiz)
    assert club.texts == SAID
    await club.play.service.journeys.stop(OLGA, journey)
    [row] = await club.play.service.journeys.list(None, 5)
    assert (row.state, row.reason) == (JourneyState.STOPPED, "stopped by olga")


async def test_a_closed_group_hears_no_more_of_us(club: Club) -> None:
    await club.teach()
    assert await club.play.service.groups.close(OLGA, club.id) == 0
    [lesson] = await club.play.service.groups.lessons(club.id, 5)
    assert lesson.state is LessonState.STOPPED
    with pytest.raises(NotAllowed, match="is closed"):
        await club.play.service.groups.start_lesson(OLGA, club.id, "stars", None)
    bios = {person.name: person.bio for person in club.play.theatre.world.people}
    assert bios["Anna"] == ANNA.disclosure


async def test_a_role_that_no_bio_can_hold_is_refused_before_anything_is_done(play: Play) -> None:
    wordy = ANNA.model_copy(update={"disclosure": "Speaks for Example Ltd " + "x" * 45})
    await play.engage(wordy)
    with pytest.raises(BadInput, match="Telegram holds 70"):
        await play.service.groups.create(OLGA, "Night sky", "anna", "en")
    assert await play.service.groups.list() == []
