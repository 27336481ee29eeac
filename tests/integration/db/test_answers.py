"""What is said in private: only answers, in parts, and nothing to people who asked us to stop."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from orchestrator.ids import ConversationId, InboundId, MessageId, StudyGroupId, TelegramId
from orchestrator.outbox.gate import GateTerms, Verdict
from orchestrator.ports.answers import AnswerRefused, AnswerSource, LineRefused
from orchestrator.ports.outbox import InAnswer, InStudyGroup, OutboxKind, OutboxState
from orchestrator.ports.telegram import Peer, Sent
from orchestrator.refusals import Action, Refusal, Scope
from tests.integration.db.conftest import BECAUSE, OLGA, Scene, new_answer, new_line

TERMS = GateTerms()
OPERATOR = replace(BECAUSE, source=AnswerSource.OPERATOR, approved_by="olga")
BLOCKED = Refusal("USER_IS_BLOCKED", Scope.CONVERSATION, Action.OPT_OUT, "the person blocked us")


async def test_an_answer_is_queued_in_parts_addressed_and_explained(scene: Scene) -> None:
    conversation, inbound = await scene.heard()
    answer = new_answer(conversation, inbound, "Of bad eggs.", "And of almonds.")
    queued = await scene.stores.answers.queue_answer(replace(answer, apart=timedelta(seconds=9)))
    assert isinstance(queued, tuple)
    assert len(queued) == 2
    apart = await scene.sql("SELECT max(due_at) - min(due_at) FROM outbox")
    assert apart == timedelta(seconds=9)
    explained = await scene.sql(
        "SELECT array_agg(part || a.text || source || reason || approved_by || fit"
        " ORDER BY part) FROM answers a JOIN personas p ON p.id = a.persona_id"
    )
    assert explained == [
        "1Of bad eggs.localit fitsscript0.9",
        "2And of almonds.localit fitsscript0.9",
    ]
    [waiting] = await scene.stores.outbox.gather_waiting([scene.holder], 1)
    assert waiting.kind is OutboxKind.DIRECT
    assert waiting.target == InAnswer(inbound, TelegramId(500))
    assert waiting.letter is not None
    assert waiting.letter.peer == Peer("user", TelegramId(500), 4500)


async def test_what_was_sent_is_in_the_history_once(scene: Scene) -> None:
    message = await scene.answered()
    outbox = scene.stores.outbox
    claim = await outbox.claim_if_welcome(scene.holder, message, TERMS, OutboxKind.DIRECT)
    assert claim.letter is not None
    at = await scene.sql("SELECT now()")
    for _ in range(2):
        await outbox.record_sent(scene.holder, message, Sent(MessageId(2), at))
    history = "SELECT array_agg(direction || telegram_message_id ORDER BY id) FROM messages"
    assert await scene.sql(history) == ["incoming1", "outgoing2"]
    assert (await outbox.message(message, TERMS)).row.state is OutboxState.SENT


@pytest.mark.parametrize(
    ("arrange", "refused"),
    [
        ("UPDATE messages SET direction = 'outgoing'", AnswerRefused.NO_INBOUND),
        ("INSERT INTO opt_outs (contact_id, reason) VALUES (1, 'report')", AnswerRefused.OPTED_OUT),
        ("UPDATE conversations SET state = 'closed'", AnswerRefused.CLOSED),
        ("UPDATE conversations SET state = 'paused'", AnswerRefused.PAUSED),
        ("UPDATE conversations SET state = 'handed_over'", AnswerRefused.HANDED_OVER),
    ],
)
async def test_a_refused_answer_leaves_nothing_behind(
    scene: Scene, arrange: str, refused: AnswerRefused
) -> None:
    conversation, inbound = await scene.heard()
    await scene.sql(arrange)
    assert await scene.stores.answers.queue_answer(new_answer(conversation, inbound)) is refused
    assert await scene.sql("SELECT count(*) FROM answers") == 0


async def test_an_operator_may_answer_what_was_handed_over(scene: Scene) -> None:
    conversation, inbound = await scene.heard()
    await scene.sql("UPDATE conversations SET state = 'handed_over', held_by = 'olga'")
    answer = new_answer(conversation, inbound, because=OPERATOR)
    queued = await scene.stores.answers.queue_answer(answer)
    assert isinstance(queued, tuple)
    outbox = scene.stores.outbox
    claim = await outbox.claim_if_welcome(scene.holder, queued[0], TERMS, OutboxKind.DIRECT)
    assert claim.verdict is Verdict.WELCOME


async def test_one_message_permits_so_many_parts(scene: Scene) -> None:
    conversation, inbound = await scene.heard()
    five = new_answer(conversation, inbound, *"abcde")
    answers = scene.stores.answers
    assert isinstance(await answers.queue_answer(five), tuple)
    one_more = new_answer(conversation, inbound)
    assert await answers.queue_answer(one_more) is AnswerRefused.TOO_MANY_PARTS
    assert await answers.cancel_answers(conversation, "taken over") == 5
    assert isinstance(await answers.queue_answer(one_more), tuple)
    assert await scene.sql("SELECT max(part) FROM answers") == 6


async def test_there_is_no_answer_without_an_incoming_message_of_its_own_conversation(
    scene: Scene,
) -> None:
    first, inbound = await scene.heard(1, person=500)
    second, _ = await scene.heard(2, person=501)
    answers = scene.stores.answers
    assert await answers.queue_answer(new_answer(second, inbound)) is AnswerRefused.NO_INBOUND
    add = (
        "INSERT INTO answers (conversation_id, account_id, inbound_message_id, direction, part,"
        " text, reason, source, approved_by) VALUES (:c, 1, :i, :d, 1, 'hi', '', 'local', 'me')"
    )
    with pytest.raises(IntegrityError):
        await scene.sql(add, c=second, i=inbound, d="incoming")
    await scene.sql("UPDATE messages SET direction = 'outgoing'")
    for direction in ("incoming", "outgoing"):
        with pytest.raises(IntegrityError):
            await scene.sql(add, c=first, i=inbound, d=direction)


async def test_the_outbox_takes_nothing_private_that_answers_nothing(scene: Scene) -> None:
    _, inbound = await scene.heard()
    for values in ("NULL, NULL", f"{inbound}, NULL", f"{inbound}, 12345"):
        with pytest.raises(IntegrityError):
            await scene.sql(
                "INSERT INTO outbox (account_id, kind, inbound_message_id, answer_id, text,"
                f" random_id, due_at, expires_at) VALUES (1, 'direct', {values}, 'hi', 1, now(),"
                " now())"
            )


@pytest.mark.parametrize("way", ["stop word", "block", "operator"])
async def test_nobody_is_written_to_after_an_opt_out(scene: Scene, way: str) -> None:
    conversation, inbound = await scene.heard()
    answers, outbox = scene.stores.answers, scene.stores.outbox
    queued = await answers.queue_answer(new_answer(conversation, inbound, "one", "two"))
    assert isinstance(queued, tuple)
    doubtful = queued[0]
    await outbox.claim_if_welcome(scene.holder, doubtful, TERMS, OutboxKind.DIRECT)
    await outbox.record_unknown(scene.holder, doubtful, "no answer", timedelta())
    if way == "stop word":
        await scene.heard(2, "stop")
    elif way == "block":
        await outbox.close_conversation(doubtful, BLOCKED)
    else:
        assert await answers.opt_out(OLGA, conversation, "by telephone") == 1
    states = await scene.sql("SELECT array_agg(state ORDER BY id) FROM outbox")
    assert states == ["unknown", "cancelled"]
    claim = await outbox.claim_if_welcome(scene.holder, doubtful, TERMS, OutboxKind.DIRECT)
    assert claim.verdict is Verdict.OPTED_OUT
    assert await answers.queue_answer(new_answer(conversation, inbound)) is AnswerRefused.OPTED_OUT
    assert await scene.sql("SELECT reason FROM opt_outs") == way.replace(" ", "_")


async def test_a_line_for_a_study_group_is_queued_addressed_and_explained(scene: Scene) -> None:
    message = await scene.lined_up()
    [waiting] = await scene.stores.outbox.gather_waiting([scene.holder], 1)
    assert waiting.kind is OutboxKind.STUDY_GROUP
    assert waiting.target == InStudyGroup(StudyGroupId(1))
    assert waiting.letter is not None
    assert waiting.letter.peer == Peer("channel", TelegramId(900), 77)
    claim = await scene.stores.outbox.claim_if_welcome(
        scene.holder, message, TERMS, OutboxKind.STUDY_GROUP
    )
    assert claim.verdict is Verdict.WELCOME


@pytest.mark.parametrize(
    ("arrange", "refused"),
    [
        ("UPDATE study_groups SET state = 'closed'", LineRefused.GROUP_CLOSED),
        ("UPDATE grants SET revoked_at = now(), revoked_by = 'olga'", LineRefused.NO_GRANT),
        ("UPDATE study_group_roles SET ended_at = now()", LineRefused.NO_ROLE),
        ("DELETE FROM account_entities", LineRefused.NOT_ADDRESSED),
    ],
)
async def test_a_line_is_refused_where_nobody_of_ours_may_speak(
    scene: Scene, arrange: str, refused: LineRefused
) -> None:
    await scene.lined_up()
    await scene.sql(arrange)
    line = new_line(StudyGroupId(1), scene.anna)
    assert await scene.stores.answers.queue_group_line(line) is refused
    assert await scene.sql("SELECT count(*) FROM group_lines") == 1


async def test_there_is_no_line_without_a_role_and_a_grant_for_that_group(scene: Scene) -> None:
    await scene.lined_up()
    other = await scene.sql(
        "INSERT INTO study_groups (account_id, telegram_id, title) VALUES (1, 901, 'French')"
        " RETURNING id"
    )
    with pytest.raises(IntegrityError):
        await scene.sql(
            "INSERT INTO group_lines (study_group_id, account_id, grant_id, text, reason, source,"
            " approved_by) VALUES (:g, 1, (SELECT max(id) FROM grants), 'hi', '', 'script', 'me')",
            g=other,
        )


async def test_nothing_is_queued_for_a_conversation_or_group_that_is_not_there(
    scene: Scene,
) -> None:
    answer = new_answer(ConversationId(99), InboundId(99))
    assert await scene.stores.answers.queue_answer(answer) is AnswerRefused.NO_INBOUND
    line = new_line(StudyGroupId(99), scene.anna)
    assert await scene.stores.answers.queue_group_line(line) is LineRefused.NO_GROUP
