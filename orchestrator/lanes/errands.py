"""Carrying out what another door asked of an account."""

from orchestrator.commands import (
    AttendTo,
    Command,
    CommandResult,
    DeleteMessages,
    Done,
    EndSession,
    EngagementRead,
    Failed,
    FindChannel,
    LookAtChannel,
    ReadEngagement,
    ReadProfile,
    WriteBio,
)
from orchestrator.errors import BadInput
from orchestrator.lanes.group_errands import act_in_group
from orchestrator.ports.telegram import AccountClient, ChannelSeen
from orchestrator.refusals import TelegramRefused


async def run_errand(client: AccountClient, command: Command) -> CommandResult:
    """Do what the command says; a refusal becomes its result, a lost connection is raised."""
    try:
        return await carry_out(client, command)
    except (TelegramRefused, BadInput) as refused:
        return Failed(str(refused))


async def carry_out(client: AccountClient, command: Command) -> CommandResult:
    """Call what the command stands for."""
    match command:
        case ReadProfile():
            return await client.profile()
        case WriteBio(bio):
            await client.set_bio(bio)
            return await client.profile()
        case FindChannel() | LookAtChannel():
            return await look(client, command)
        case ReadEngagement(peer, messages):
            return EngagementRead(tuple((await client.engagement(peer, messages)).items()))
        case DeleteMessages() | AttendTo() | EndSession():
            await act(client, command)
        case _:
            return await act_in_group(client, command)
    return Done()


async def look(client: AccountClient, command: FindChannel | LookAtChannel) -> ChannelSeen:
    """Look at a channel."""
    match command:
        case FindChannel(name):
            return await client.channel_named(name)
        case LookAtChannel(channel):
            return await client.channel(channel)


async def act(client: AccountClient, command: DeleteMessages | AttendTo | EndSession) -> None:
    """Do what gives no answer."""
    match command:
        case DeleteMessages(peer, messages):
            await client.delete(peer, messages)
        case AttendTo():
            await attend(client, command)
        case EndSession():
            await client.log_out()


async def attend(client: AccountClient, command: AttendTo) -> None:
    """Mark a chat as read, and show that the account types."""
    peer = await client.person(command.person)
    await client.mark_read(peer, command.upto)
    if command.typing:
        await client.show_typing(peer)
