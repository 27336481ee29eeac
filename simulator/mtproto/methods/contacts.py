"""One's contacts, whom one blocked, and complaints."""

from telethon.tl import types
from telethon.tl.functions import account, channels, contacts, messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller, peer_of
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate_updates import wrap
from simulator.world.peers import MessageId, person_peer
from simulator.world.people import Person, normalise_phone
from simulator.world.refusals import Refusal
from simulator.world.reports import Report

MOST_LISTED = 100

topic = Topic()


@topic.handles(contacts.GetContactsRequest)
async def get_contacts(caller: Caller, _: contacts.GetContactsRequest) -> Result:
    """List one's contacts."""
    people = [caller.world.people.get(user) for user in sorted(caller.me.contacts)]
    shown = [types.Contact(each.id, caller.me.id in each.contacts) for each in people]
    cast = caller.cast(*(person_peer(each.id) for each in people))
    return types.contacts.Contacts(contacts=shown, saved_count=len(shown), users=cast.users())


@topic.handles(contacts.AddContactRequest)
async def add_contact(caller: Caller, request: contacts.AddContactRequest) -> Result:
    """Keep a person as a contact; this world keeps no other name for it."""
    person = caller.person(request.id)
    if person is caller.me:
        raise Refusal("CONTACT_ID_INVALID")
    caller.me.contacts.add(person.id)
    cast = caller.cast(person_peer(person.id))
    return wrap(cast, [])


@topic.handles(contacts.ImportContactsRequest)
async def import_contacts(caller: Caller, request: contacts.ImportContactsRequest) -> Result:
    """Keep those as contacts whose numbers have accounts."""
    found: list[tuple[int, Person]] = []
    for named in request.contacts:
        person = caller.world.people.by_phone.get(normalise_phone(named.phone))
        if person is not None and person is not caller.me:
            found.append((named.client_id, person))
    caller.me.contacts.update(person.id for _, person in found)
    cast = caller.cast(*(person_peer(person.id) for _, person in found))
    return types.contacts.ImportedContacts(
        imported=[types.ImportedContact(person.id, number) for number, person in found],
        popular_invites=[],
        retry_contacts=[],
        users=cast.users(),
    )


@topic.handles(contacts.DeleteContactsRequest)
async def delete_contacts(caller: Caller, request: contacts.DeleteContactsRequest) -> Result:
    """Keep people as contacts no more."""
    people = [caller.person(named) for named in request.id]
    caller.me.contacts.difference_update(person.id for person in people)
    cast = caller.cast(*(person_peer(person.id) for person in people))
    return wrap(cast, [])


@topic.handles(contacts.GetBlockedRequest)
async def get_blocked(caller: Caller, request: contacts.GetBlockedRequest) -> Result:
    """List whom one blocked, page by page."""
    everybody = sorted(caller.me.blocked)
    limit = max(0, min(request.limit, MOST_LISTED))
    page = everybody[request.offset : request.offset + limit]
    now = caller.world.clock.now()
    return types.contacts.BlockedSlice(
        count=len(everybody),
        blocked=[types.PeerBlocked(types.PeerUser(user), now) for user in page],
        chats=[],
        users=caller.cast(*map(person_peer, page)).users(),
    )


@topic.handles(account.ReportPeerRequest)
async def report_peer(caller: Caller, request: account.ReportPeerRequest) -> Result:
    """Complain of a chat."""
    reason = type(request.reason).__name__.removeprefix("InputReportReason")
    complain(caller, request.peer, reason, request.message)
    return True


@topic.handles(messages.ReportRequest)
async def report_messages(caller: Caller, request: messages.ReportRequest) -> Result:
    """Complain of messages; the first answer asks for the reason."""
    if not request.option:
        options = [types.MessageReportOption("Spam", b"spam")]
        return types.ReportResultChooseOption("What is wrong?", options)
    reason = request.option.decode(errors="replace")
    complain(caller, request.peer, reason, request.message, request.id)
    return types.ReportResultReported()


@topic.handles(channels.ReportSpamRequest)
async def report_spam(caller: Caller, request: channels.ReportSpamRequest) -> Result:
    """Complain of what somebody said in a group."""
    complain(caller, request.channel, "Spam", "", request.id)
    return True


@topic.handles(messages.ReportSpamRequest)
async def report_chat(caller: Caller, request: messages.ReportSpamRequest) -> Result:
    """Complain of a person who writes unasked."""
    complain(caller, request.peer, "Spam", "")
    return True


def complain(
    caller: Caller, named: types.TLObject, reason: str, text: str, ids: list[int] | None = None
) -> None:
    """Keep a complaint."""
    about = peer_of(caller.peer(named))
    messages_named = tuple(MessageId(number) for number in ids or ())
    now = caller.world.clock.now()
    caller.world.reports.append(Report(caller.me.id, about, reason, text, now, messages_named))
