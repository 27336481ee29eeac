"""Who the bot is, and the commands that it offers."""

from simulator.bot_api.call import Call, Methods
from simulator.bot_api.show import show_user

methods = Methods()


@methods.handles("getMe")
async def get_me(call: Call) -> object:
    """Show the bot itself."""
    return show_user(call.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def scope_of(call: Call) -> str:
    """Name for whom a list of commands is meant."""
    return call.params.text("scope") + call.params.text("language_code")


@methods.handles("setMyCommands")
async def set_my_commands(call: Call) -> object:
    """Offer commands to those in a scope."""
    call.room.commands[scope_of(call)] = call.params.items("commands") or []
    return True


@methods.handles("getMyCommands")
async def get_my_commands(call: Call) -> object:
    """List the commands of a scope."""
    return call.room.commands.get(scope_of(call), [])


@methods.handles("deleteMyCommands")
async def delete_my_commands(call: Call) -> object:
    """Offer no commands in a scope."""
    call.room.commands.pop(scope_of(call), None)
    return True
