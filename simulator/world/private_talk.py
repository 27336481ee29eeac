"""What two people say to one another, each keeping an own copy."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from simulator.world.access import require_private_writing
from simulator.world.clock import Clock
from simulator.world.events import AccountChanged, Bulletin, Reacted, Via
from simulator.world.inbox import Inbox
from simulator.world.mailbox import Arrived, Change, Deleted, Edited, Entry, ReadByMe, ReadByThem
from simulator.world.messages import Action, Draft, Message, Twin
from simulator.world.peers import MessageId, UserId, person_peer
from simulator.world.people import People, Person
from simulator.world.randomids import RandomIds, Sent
from simulator.world.refusals import Refusal


@dataclass(frozen=True, slots=True)
class PrivateTalk:
    """Private messages, written into the log of each side."""

    clock: Clock
    people: People
    bulletin: Bulletin
    random_ids: RandomIds

    def send(self, author: Person, to: Person, draft: Draft, via: Via | None = None) -> Sent:
        """Say something to a person, once for each random id."""
        peer = person_peer(to.id)
        earlier = self.random_ids.recall(author.id, peer, draft.random_id)
        if earlier is not None:
            self.random_ids.record(peer, earlier, self.clock.now(), repeated=True)
            return earlier
        require_private_writing(author, to)
        draft.check()
        mine = self.compose(author, to, draft)
        if to is not author:
            theirs = self.mirror(author, to, mine)
            self.keep(to.inbox, theirs, None)
        sent = Sent(mine, self.keep(author.inbox, mine, via).pts)
        self.random_ids.record(peer, sent, mine.date, repeated=False)
        return sent

    def note(
        self, author: Person, to: Person, action: Action, reply_to: MessageId, via: Via | None
    ) -> None:
        """Leave a service message on both sides."""
        mine = self.compose(author, to, Draft("", reply_to))
        mine.action = action
        self.keep(to.inbox, self.mirror(author, to, mine), None)
        self.keep(author.inbox, mine, via)

    def compose(self, author: Person, to: Person, draft: Draft) -> Message:
        """Make the author's copy of a message."""
        if draft.reply_to is not None and draft.reply_to not in author.inbox.messages:
            raise Refusal("MSG_ID_INVALID")
        return Message(
            author.inbox.take_id(),
            person_peer(to.id),
            author.id,
            draft.text,
            self.clock.now(),
            sender=person_peer(author.id),
            entities=draft.entities,
            media=draft.media,
            markup=draft.markup,
            album=draft.album,
            origin=draft.origin,
            reply_to=draft.reply_to,
            silent=draft.silent,
            protected=draft.protected,
            preview=draft.preview,
            random_id=draft.random_id,
        )

    def mirror(self, author: Person, to: Person, mine: Message) -> Message:
        """Make the other side's copy, which knows and is known by the author's."""
        answered = None if mine.reply_to is None else author.inbox.messages[mine.reply_to].twin
        theirs = replace(
            mine,
            id=to.inbox.take_id(),
            chat=person_peer(author.id),
            reply_to=None if answered is None else answered.id,
            twin=Twin(author.id, mine.id),
            reactions={},
        )
        mine.twin = Twin(to.id, theirs.id)
        return theirs

    def keep(self, inbox: Inbox, message: Message, via: Via | None) -> Entry:
        """Put a new message into one side's history and log."""
        inbox.add(message)
        return self.write(inbox, Arrived(message), via)

    def write(self, inbox: Inbox, change: Change, via: Via | None = None) -> Entry:
        """Write a change into one side's log and tell of it."""
        entry = inbox.mailbox.append(change, self.clock.now())
        self.bulletin.tell(AccountChanged(inbox.owner, entry, via))
        return entry

    def edit(self, editor: Person, message_id: int, words: Draft, via: Via | None = None) -> Entry:
        """Change the text of one's own message on both sides."""
        mine = editor.inbox.messages.get(MessageId(message_id))
        if mine is None:
            raise Refusal("MESSAGE_ID_INVALID")
        if mine.author != editor.id:
            raise Refusal("MESSAGE_AUTHOR_REQUIRED")
        mine.rewrite(words, self.clock.now())
        theirs = self.twin_of(mine)
        if theirs is not None and mine.twin is not None:
            theirs.rewrite(words, self.clock.now())
            self.write(self.people.get(mine.twin.owner).inbox, Edited(theirs))
        return self.write(editor.inbox, Edited(mine), via)

    def twin_of(self, message: Message) -> Message | None:
        """Find the other side's copy while it exists."""
        if message.twin is None:
            return None
        return self.people.get(message.twin.owner).inbox.messages.get(message.twin.id)

    def delete(
        self, person: Person, ids: Iterable[int], *, revoke: bool, via: Via | None = None
    ) -> Entry | None:
        """Delete messages for oneself, or for both; None when none was left to delete."""
        gone = [m for i in dict.fromkeys(ids) if (m := person.inbox.remove(MessageId(i)))]
        if not gone:
            return None
        if revoke:
            self.revoke(gone)
        return self.write(person.inbox, Deleted(tuple(m.id for m in gone)), via)

    def revoke(self, gone: list[Message]) -> None:
        """Delete the other sides' copies too."""
        by_owner: dict[UserId, list[MessageId]] = {}
        for twin in filter(None, (message.twin for message in gone)):
            if self.people.get(twin.owner).inbox.remove(twin.id) is not None:
                by_owner.setdefault(twin.owner, []).append(twin.id)
        for owner, ids in by_owner.items():
            self.write(self.people.get(owner).inbox, Deleted(tuple(ids)))

    def read(
        self, reader: Person, other: Person, max_id: int, via: Via | None = None
    ) -> Entry | None:
        """Note how far one has read a private chat; None when that was no news."""
        inbox = reader.inbox
        newer = inbox.chats[other.id].after(inbox.read_by_me.get(other.id, MessageId(0)))
        read = [m for m in newer if m.author == other.id and (not max_id or m.id <= max_id)]
        if not read:
            return None
        last = read[-1]
        inbox.read_by_me[other.id] = last.id
        if last.twin is not None and other is not reader:
            other.inbox.read_by_them[reader.id] = last.twin.id
            self.write(other.inbox, ReadByThem(person_peer(reader.id), last.twin.id))
        mark = ReadByMe(person_peer(other.id), last.id, inbox.unread(other.id))
        return self.write(inbox, mark, via)

    def react(
        self, person: Person, message_id: int, reactions: tuple[str, ...], via: Via | None = None
    ) -> Message:
        """Put somebody's reactions on a private message, seen on both sides."""
        mine = person.inbox.messages.get(MessageId(message_id))
        if mine is None:
            raise Refusal("MESSAGE_ID_INVALID")
        theirs = self.twin_of(mine)
        for message in filter(None, (mine, theirs)):
            message.react(person.id, reactions)
        if theirs is not None and mine.twin is not None:
            self.bulletin.tell(Reacted(theirs, mine.twin.owner))
        self.bulletin.tell(Reacted(mine, person.id, via))
        return mine
