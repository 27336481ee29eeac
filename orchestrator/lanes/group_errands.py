"""What doors ask of an account about a private group."""

from datetime import timedelta
from typing import Final

from orchestrator.commands import (
    CommandResult,
    EnterGroup,
    FoundGroup,
    GroupCommand,
    InviteMade,
    LookAtGroup,
    MakeInvite,
    MembersRead,
    ReadMembers,
    ReadNotice,
    WriteNotice,
)
from orchestrator.ports.telegram import AccountClient, Letter, NoticeSeen

ANSWER: Final = timedelta(seconds=15)
"""How long a notice may take on its way; sent again it has the same random id."""


async def act_in_group(client: AccountClient, command: GroupCommand) -> CommandResult:
    """Call what the command stands for."""
    match command:
        case FoundGroup(title, about, known):
            return await client.found_group(title, about, known)
        case LookAtGroup(group):
            return await client.look_at_group(group)
        case MakeInvite(group, once):
            return InviteMade(await client.invite_link(group, once=once))
        case EnterGroup(link):
            return await client.enter_group(link)
        case ReadMembers(group):
            return MembersRead(tuple(await client.group_members(group)))
        case ReadNotice() | WriteNotice():
            return await see_to_notice(client, command)


async def see_to_notice(client: AccountClient, command: ReadNotice | WriteNotice) -> NoticeSeen:
    """Read a notice, or write it first."""
    if isinstance(command, WriteNotice):
        return await write_notice(client, command)
    return await client.read_notice(command.group, command.message)


async def write_notice(client: AccountClient, command: WriteNotice) -> NoticeSeen:
    """Do what is left to do for a notice to be there, to read so, and to be pinned."""
    message = command.message
    if message is None:
        letter = Letter(command.group, None, command.text, command.random_id)
        message = (await client.send(letter, within=ANSWER)).message
    seen = await client.read_notice(command.group, message)
    if seen.message is not None and seen.text != command.text:
        await client.edit_text(command.group, message, command.text)
    if seen.message is not None and not seen.pinned:
        await client.pin(command.group, message)
    return await client.read_notice(command.group, message)
