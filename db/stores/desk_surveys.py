"""Surveys of closed tickets."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.base import one, run
from db.stores.desk_acts import Act, Facts, begin, conclude
from orchestrator.errors import BadInput, NotFound
from support.actor import By, Side
from support.ids import ActKey, ClientId, TicketId
from support.survey import COMMENT_LENGTH, QUESTIONS, Survey, Surveyed, SurveyStep, is_answer

SURVEY = text(
    """
    SELECT ticket_id, client_id, q1, q2, q3, comment, asked_at, finished_at
    FROM feedback WHERE ticket_id = :ticket
    """
)
ANSWERS = {
    number: text(
        f"""
        UPDATE feedback SET q{number} = :value
        WHERE ticket_id = :ticket AND q{number} IS NULL AND finished_at IS NULL
        """  # noqa: S608 - the column is one of three
    )
    for number in range(1, QUESTIONS + 1)
}
# A ticket that was opened again and closed again is asked about anew.
RENEW = text(
    """
    UPDATE feedback SET q1 = NULL, q2 = NULL, q3 = NULL, comment = NULL, finished_at = NULL
    WHERE ticket_id = :ticket AND finished_at <= asked_at
    """
)
COMMENT = text(
    "UPDATE feedback SET comment = :comment WHERE ticket_id = :ticket AND finished_at IS NULL"
)
FINISH = text(
    "UPDATE feedback SET finished_at = now() WHERE ticket_id = :ticket AND finished_at IS NULL"
)
ANSWERING = "answer_survey"


@dataclass(frozen=True, slots=True)
class PostgresSurveys:
    """Implements `SurveyStore`."""

    engine: AsyncEngine

    async def survey(self, ticket: TicketId) -> Survey | None:
        """Return the ticket's survey."""
        async with transaction(self.engine) as connection:
            row = await one(connection, SURVEY, ticket=ticket)
        return None if row is None else to_survey(row)

    async def answer(self, act: ActKey, ticket: TicketId, question: int, value: int) -> Surveyed:
        """Record an answer."""
        if question not in ANSWERS or not is_answer(value):
            raise BadInput("The survey asks three questions, answered from 1 to 5")
        facts: Facts = {"question": question, "value": value}
        return await self.change(
            Act(act, By(Side.CLIENT), ANSWERING),
            ticket,
            ANSWERS[question],
            facts,
            value=value,
        )

    async def comment(self, act: ActKey, ticket: TicketId, text: str) -> Surveyed:
        """Record what to do better."""
        whole = Act(act, By(Side.CLIENT), "comment_survey")
        return await self.change(whole, ticket, COMMENT, {}, comment=text[:COMMENT_LENGTH])

    async def skip(self, act: ActKey, ticket: TicketId, by: By) -> Surveyed:
        """End the survey as it stands."""
        return await self.change(Act(act, by, "skip_survey"), ticket, FINISH, {})

    async def change(
        self,
        act: Act,
        ticket: TicketId,
        statement: TextClause,
        facts: Facts,
        **values: object,
    ) -> Surveyed:
        """Change a survey once, and end it when nothing is left to ask."""
        async with transaction(self.engine) as connection:
            begun = await begin(connection, act, ticket)
            if begun.event is None:
                ended = begun.earlier.get("ended") is True
                return Surveyed(await read(connection, ticket), is_new=False, ended=ended)
            if act.action == ANSWERING:
                await run(connection, RENEW, ticket=ticket)
            changed = await run(connection, statement, ticket=ticket, **values) > 0
            ended = changed and (await read(connection, ticket)).step is SurveyStep.OVER
            if ended:
                await run(connection, FINISH, ticket=ticket)
            await conclude(connection, begun, ticket, {"changed": changed, "ended": ended, **facts})
            return Surveyed(await read(connection, ticket), is_new=changed, ended=ended)


async def read(connection: AsyncConnection, ticket: TicketId) -> Survey:
    """Read a survey; raises NotFound."""
    row = await one(connection, SURVEY, ticket=ticket)
    if row is None:
        raise NotFound(f"Ticket {ticket} has no survey: it was never closed")
    return to_survey(row)


def to_survey(row: Row[Any]) -> Survey:
    """Read a survey from its row."""
    return Survey(
        ticket=TicketId(row.ticket_id),
        client=ClientId(row.client_id),
        answers=(row.q1, row.q2, row.q3),
        comment=row.comment,
        asked_at=row.asked_at,
        finished_at=row.finished_at,
    )
