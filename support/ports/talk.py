"""What is said in tickets, and what clients thought of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from support.actor import By
from support.ids import ActKey, AttachmentId, TicketId, TicketMessageId
from support.survey import Survey, Surveyed
from support.talk import Attachment, NewMessage, Recorded, Source, TicketMessage


class TalkStore(Protocol):
    """Messages of tickets: recorded once by their source, before they are handed on."""

    async def record_message(self, message: NewMessage) -> Recorded:
        """Record a message with its attachments; one whose source or act is known is not new.

        The client's starts the clock of the next answer and ends the silence that auto-close
        waits for; an answer of staff or technicians meets the answer clocks.
        """

    async def edit_message(
        self, source: Source, text: str | None, caption: str | None, at: datetime
    ) -> TicketMessage | None:
        """Record new words; None when no such message is on record."""

    async def delete_message(self, source: Source, at: datetime) -> TicketMessage | None:
        """Record that it was deleted; its words stay on record. None: no such message."""

    async def message_at(self, source: Source) -> TicketMessage | None:
        """Return the message that was written there."""

    async def messages(
        self, ticket: TicketId, *, after: TicketMessageId | None = None, limit: int = 1000
    ) -> Sequence[TicketMessage]:
        """Return what was said, in order."""

    async def latest_messages(self, ticket: TicketId, limit: int) -> Sequence[TicketMessage]:
        """Return what was said last, in order, but for what was deleted."""

    async def messages_of_client(self, ticket: TicketId) -> Sequence[TicketMessage]:
        """Return what the client wrote and did not delete, in order."""

    async def store_file(self, attachment: AttachmentId, local_path: str) -> None:
        """Remember where an attachment's file is kept."""

    async def attachments_without_file(self, limit: int) -> Sequence[Attachment]:
        """Return attachments whose files are not kept yet, oldest first."""

    async def gone_files(self, limit: int) -> Sequence[str]:
        """Return where files of swept tickets are kept that no other message came with."""

    async def forget_files(self, paths: Sequence[str]) -> None:
        """Forget files that were removed."""


class SurveyStore(Protocol):
    """Surveys: one for each closed ticket."""

    async def survey(self, ticket: TicketId) -> Survey | None:
        """Return the ticket's survey, or None when it was never closed."""

    async def answer(self, act: ActKey, ticket: TicketId, question: int, value: int) -> Surveyed:
        """Record an answer (question 1 to 3, value 1 to 5); a question is answered once.

        Raises BadInput for other numbers, NotFound without a survey.
        """

    async def comment(self, act: ActKey, ticket: TicketId, text: str) -> Surveyed:
        """Record what to do better; ends the survey."""

    async def skip(self, act: ActKey, ticket: TicketId, by: By) -> Surveyed:
        """End the survey as it stands."""
