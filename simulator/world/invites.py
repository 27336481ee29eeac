"""Invite links with conditions, and requests to be let in."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from simulator.world.channels import INVITE_BYTES, Channel, Invite, JoinRequest, Right
from simulator.world.events import JoinRequested, Via
from simulator.world.membership import Membership
from simulator.world.people import Person
from simulator.world.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Invites:
    """The links of channels and groups besides the permanent one of each."""

    membership: Membership

    def create(
        self,
        channel: Channel,
        by: Person,
        *,
        asks: bool = False,
        expires: datetime | None = None,
        limit: int = 0,
        title: str = "",
    ) -> Invite:
        """Make a link; `asks` has whoever follows it wait for an administrator's word."""
        channel.require(by.id, Right.INVITE_USERS)
        if asks and limit:
            raise Refusal("INVITE_HASH_INVALID")
        now = self.membership.channels.clock.now()
        secret = secrets.token_urlsafe(INVITE_BYTES)
        invite = Invite(secret, by.id, now, asks, expires, limit, title)
        channel.invites[secret] = invite
        self.membership.channels.by_invite[secret] = channel
        return invite

    def find(self, secret: str) -> tuple[Channel, Invite | None]:
        """Find where a link leads, and its conditions; refuses one that leads nowhere any more."""
        channel = self.membership.channels.invited_by(secret)
        invite = channel.invites.get(secret)
        now = self.membership.channels.clock.now()
        if invite is not None and not invite.is_good(now):
            raise Refusal("INVITE_HASH_EXPIRED")
        return channel, invite

    def follow(self, secret: str, person: Person, via: Via | None = None) -> Channel:
        """Come in by a link, or ask to; raises `Refusal` (INVITE_REQUEST_SENT) when one asked."""
        channel, invite = self.find(secret)
        if person.id in channel.members:
            raise Refusal("USER_ALREADY_PARTICIPANT")
        if person.id in channel.banned:
            raise Refusal("USER_BANNED_IN_CHANNEL")
        if invite is not None and invite.asks:
            self.ask(channel, person, secret)
        if invite is not None:
            invite.uses += 1
        self.membership.admit(channel, person, by=person, announce=True, via=via)
        return channel

    def ask(self, channel: Channel, person: Person, secret: str = "") -> None:
        """Ask to be let in; always ends with the `Refusal` that says so."""
        now = self.membership.channels.clock.now()
        channel.requests[person.id] = JoinRequest(person.id, now, secret)
        self.membership.bulletin.tell(JoinRequested(channel.id, person.id))
        raise Refusal("INVITE_REQUEST_SENT")

    def decide(
        self,
        channel: Channel,
        by: Person,
        person: Person,
        *,
        approved: bool,
        via: Via | None = None,
    ) -> None:
        """Let in whoever asked, or do not."""
        channel.require(by.id, Right.INVITE_USERS)
        request = channel.requests.pop(person.id, None)
        if request is None:
            raise Refusal("HIDE_REQUESTER_MISSING")
        if approved:
            self.membership.admit(channel, person, by=by, announce=True, via=via)
        self.membership.bulletin.tell(JoinRequested(channel.id, person.id))
