"""What bots may call, one module for each subject."""

from simulator.bot_api.call import Methods
from simulator.bot_api.methods import (
    callbacks,
    chats,
    doors,
    editing,
    files,
    identity,
    members,
    passing,
    pins,
    polls,
    profile,
    sending,
    topics,
    updates,
)

MODULES = (
    callbacks,
    chats,
    doors,
    editing,
    files,
    identity,
    members,
    passing,
    pins,
    polls,
    profile,
    sending,
    topics,
    updates,
)


def all_methods() -> Methods:
    """Collect every method that this Bot API knows."""
    methods = Methods()
    for module in MODULES:
        methods.include(module.methods)
    return methods
