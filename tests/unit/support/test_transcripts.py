"""Tickets as people read them, whatever was written in them."""

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from support.ids import ClientId, TgUserId, TicketId, TicketMessageId
from support.languages import Language
from support.people import Client
from support.reports import Transcript
from support.survey import Survey
from support.talk import Attachment, ContentType, TicketMessage
from support.tickets import Mode, Note, Priority, Ticket, TicketState
from support.transcript_pages import write_transcript_page
from support.transcripts import write_transcript

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
TICKET = Ticket(
    id=TicketId(12),
    client=ClientId(1),
    state=TicketState.CLOSED,
    mode=Mode.TAKE,
    priority=Priority.NORMAL,
    language=Language.RU,
    topic="other",
    subject="",
    operator=None,
    operator_name=None,
    technician=None,
    technician_name=None,
    is_current=False,
    main=None,
    card=None,
    conversation=None,
    created_at=NOW,
    waiting_since=NOW,
    taken_at=NOW,
    closed_at=NOW,
)
CLIENT = Client(
    ClientId(1), TgUserId(7), "ivan", "Ivan", Language.RU, None, NOW, NOW, is_blocked=False
)
MESSAGE = TicketMessage(
    id=TicketMessageId(1),
    ticket=TicketId(12),
    side="CLIENT",
    author="Ivan",
    content_type=ContentType.PHOTO,
    text=None,
    caption="look",
    source=None,
    reply_to=None,
    media_group=None,
    sent_at=NOW,
    attachments=(Attachment("f", "u", file_name="broken.jpg"),),
)


def transcript(words: str) -> Transcript:
    """A ticket in which somebody wrote that everywhere."""
    survey = Survey(TicketId(12), ClientId(1), (5, 4, None), words, NOW, None)
    return Transcript(
        ticket=TICKET,
        client=replace(CLIENT, full_name=words),
        messages=[replace(MESSAGE, caption=words, author=words)],
        notes=[Note(words, words, NOW)],
        tags=[words],
        survey=survey,
    )


class Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag with its attributes."""
        self.found.append(tag + "".join(f" {name}" for name, _ in attrs))


def tags_of(page: str) -> list[str]:
    """Return the tags of a page in order."""
    parser = Tags()
    parser.feed(page)
    return parser.found


@given(st.text(max_size=60))
def test_nothing_that_people_wrote_adds_a_tag(words: str) -> None:
    assert tags_of(write_transcript_page(transcript(words), UTC)) == tags_of(
        write_transcript_page(transcript("plain"), UTC)
    )


def test_a_page_and_a_text_tell_the_same() -> None:
    found = transcript("привет")
    page, text = write_transcript_page(found, UTC), write_transcript(found, UTC)
    for told in ("#12", "привет", "broken.jpg", "5, 4, –", "2026-03-06 12:00", "@ivan"):
        assert told in page
        assert told in text
