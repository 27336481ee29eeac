"""Rules of study groups: who is named where, who is addressed, and what is answered."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.conversations.terms import TalkTerms
from orchestrator.errors import BadInput
from orchestrator.ids import (
    AccountId,
    ContactId,
    GroupMessageId,
    MessageId,
    ScriptVersionId,
    StudyGroupId,
    TelegramId,
)
from orchestrator.ports.answers import AnswerSource, GroupRole
from orchestrator.ports.group_talk import Member
from orchestrator.ports.study_groups import (
    GroupState,
    Heard,
    HeldRole,
    RoleEnd,
    Seat,
    StudyGroup,
)
from orchestrator.ports.telegram import Peer
from orchestrator.ports.writing import Line, Source
from orchestrator.stage import Stage
from orchestrator.study_groups.addressing import addressed
from orchestrator.study_groups.bios import ROLE_WORDS, bio_for, roles_named
from orchestrator.study_groups.hearing import GroupHearing, answer
from orchestrator.study_groups.notice import word_notice
from personas.language import Language
from personas.persona import Persona
from personas.scripts.model import Script
from personas.silence import Silence, SilenceReason
from personas.strategy import Strategy

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOST, PARTNER = GroupRole.HOST, GroupRole.PRACTICE_PARTNER
LANGUAGES: tuple[Language, ...] = ("ru", "en")


def seat(number: int, name: str, role: GroupRole, username: str | None = None) -> Seat:
    persona = Persona(key=f"p{number}", name=name, disclosure="for Example; a machine helps")
    return Seat(AccountId(number), name.lower(), None, username, name, persona, role)


ANNA, BORIS = seat(1, "Анна", HOST, "anna_writes"), seat(2, "Boris", PARTNER)
GROUP = StudyGroup(
    id=StudyGroupId(1),
    title="Stars",
    language="en",
    state=GroupState.ACTIVE,
    peer=Peer("channel", TelegramId(7), 7),
    creator=ANNA.account,
    notice=None,
    notice_text="",
    notice_random_id=0,
    notice_pinned=True,
    doubts=0,
    doubt=None,
    cast=(ANNA, BORIS),
    members=1,
    created_at=NOON,
    checked_at=None,
    closed_at=None,
)
LESSON = Script.model_validate(
    {
        "key": "stars",
        "kind": "lesson",
        "name": "Stars",
        "language": "en",
        "lines": [{"at": 0, "say": "Welcome!"}],
        "triggers": [
            {"key": "moon", "examples": ["Where is the Moon?"], "responses": ["In the west."]}
        ],
    }
)
HEARD = Heard(
    id=GroupMessageId(1),
    group=GROUP,
    message=MessageId(5),
    text="Boris, where is the Moon?",
    sent_at=NOON,
    contact=ContactId(1),
    opted_out=False,
    deleted=False,
    replied_to=None,
    lesson=None,
    script=LESSON,
    script_version=ScriptVersionId(1),
    journey=None,
    position=0,
    diagnostic=None,
    diagnostic_version=None,
    progress=None,
)


@given(
    held=st.lists(
        st.builds(HeldRole, st.sampled_from(list(GroupRole)), st.sampled_from(LANGUAGES)),
        max_size=3,
    )
)
def test_a_bio_that_is_written_for_roles_names_exactly_these(held: list[HeldRole]) -> None:
    bio = bio_for("for Example; a machine helps", held)
    assert roles_named(bio) == {one.role for one in held}


def test_a_word_within_another_names_no_role() -> None:
    assert roles_named("Hostess, ведущийся, hostile") == frozenset()
    assert roles_named("ПАРТНЕР ПО ПРАКТИКЕ") == {PARTNER}


def test_a_bio_that_telegram_would_not_hold_is_refused() -> None:
    with pytest.raises(BadInput, match="would have 71 characters"):
        bio_for("x" * 64, [HeldRole(HOST, "en")])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_names_everybody_who_has_a_role(language: Language) -> None:
    gone = replace(seat(3, "Clara", PARTNER), ended=RoleEnd.REMOVED)
    told = word_notice(replace(GROUP, language=language, cast=(ANNA, BORIS, gone)))
    assert f"• Анна (@anna_writes) — {ROLE_WORDS[HOST][language]}" in told
    assert f"• Boris — {ROLE_WORDS[PARTNER][language]}" in told
    assert "Clara" not in told


@pytest.mark.parametrize(
    ("text", "replied_to", "meant"),
    [
        ("Анне: а почему?", None, ANNA),
        ("@anna_writes, why?", None, ANNA),
        ("why?", BORIS.account, BORIS),
        ("Anna, why?", BORIS.account, BORIS),
        ("Boris says so", None, BORIS),
        ("why?", None, None),
        ("@somebody_else why?", AccountId(9), None),
    ],
)
def test_who_is_meant(text: str, replied_to: AccountId | None, meant: Seat | None) -> None:
    assert addressed((ANNA, BORIS), text, replied_to) == meant


def test_whoever_is_addressed_answers_that_message_with_the_lessons_words() -> None:
    [line] = answer(HEARD, NOON).lines
    assert (line.account, line.text, line.reply_to) == (BORIS.account, "In the west.", MessageId(5))
    assert line.because.trigger == "moon"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"text": "Where is the Moon?"}, "none of our accounts was addressed"),
        ({"opted_out": True}, "the member wants to hear no more of us"),
        ({"deleted": True}, "the member took the message back"),
        ({"sent_at": NOON - timedelta(hours=7)}, "it was said too long ago"),
        ({"text": "Boris, dance with me"}, "the lesson stars has no words for this"),
        ({"script": None}, "no lesson was held here yet, and free talk waits for a person's leave"),
        (
            {"group": replace(GROUP, cast=(ANNA, replace(BORIS, ended=RoleEnd.UNNAMED)))},
            "the bio of boris does not name its role",
        ),
    ],
)
def test_a_silence_has_its_reason(changes: dict[str, object], why: str) -> None:
    reply = answer(replace(HEARD, **changes), NOON)  # type: ignore[arg-type]  # one field each
    assert (reply.lines, reply.reason) == ((), why)


@dataclass(slots=True)
class Talk:
    """Drafts always the same, and keeps what it was asked."""

    found: Line | Silence
    asked: list[Member] = field(default_factory=list)

    async def draft(self, member: Member) -> Line | Silence:
        self.asked.append(member)
        return self.found


DRAFT = Line(
    text="Look to the south, low over the roofs.",
    script_version=ScriptVersionId(1),
    script_key=LESSON.key,
    trigger=None,
    fit=0.3,
    strategy=Strategy.FREE_20,
    reason="the model sees a fit of 0.30",
    source=Source.MODEL,
    model="test",
    prompt_hash="feed",
)


def hearing(talk: Talk) -> GroupHearing:
    stage = SimpleNamespace(tuning=SimpleNamespace(conversations=TalkTerms()))
    return GroupHearing(cast("Stage", stage), talk)


async def test_a_model_answers_what_the_lesson_does_not_hear() -> None:
    talk = Talk(DRAFT)
    reply = await hearing(talk).drafted(replace(HEARD, text="Boris, I cannot sleep"), NOON)
    assert reply is not None
    (line,) = reply.lines
    assert (line.text, line.reply_to) == (DRAFT.text, HEARD.message)
    assert (line.because.source, line.because.prompt_hash) == (AnswerSource.MODEL, "feed")
    (member,) = talk.asked
    assert member.role is GroupRole.PRACTICE_PARTNER
    assert len(member.cast) == len(GROUP.seats())
    assert not member.brief.free_talk


async def test_the_lesson_may_allow_free_talk_by_itself() -> None:
    talk = Talk(DRAFT)
    allowed = LESSON.model_copy(update={"free_talk": True})
    await hearing(talk).drafted(replace(HEARD, script=allowed, text="Boris, I am tired"), NOON)
    assert talk.asked[0].brief.free_talk


@pytest.mark.parametrize(
    "heard",
    [
        replace(HEARD, text="I cannot sleep"),
        replace(HEARD, text="Boris, I cannot sleep", opted_out=True),
        replace(HEARD, text="Boris, I cannot sleep", script=None),
        replace(HEARD, text=f"Boris, {LESSON.triggers[0].examples[0]}"),
    ],
    ids=["nobody is addressed", "opted out", "no lesson", "the lesson hears it"],
)
async def test_no_model_is_asked_where_it_has_no_business(heard: Heard) -> None:
    talk = Talk(DRAFT)
    assert await hearing(talk).drafted(heard, NOON) is None
    assert talk.asked == []


async def test_without_a_draft_the_lesson_answers_as_ever() -> None:
    talk = Talk(Silence(SilenceReason.CHECKS_FAILED, "It obeyed."))
    heard = replace(HEARD, text="Boris, I cannot sleep")
    assert await hearing(talk).drafted(heard, NOON) is None
    assert len(talk.asked) == 1
