"""Every method of the world, one module for each topic."""

from simulator.mtproto.dispatch import Methods
from simulator.mtproto.methods import (
    bots,
    contacts,
    dialogs,
    files,
    finding,
    forums,
    invites,
    marks,
    members,
    passing,
    people,
    polls,
    reading,
    rooms,
    sending,
    signing,
    state,
    two_step,
)

TOPICS = (
    finding,
    polls,
    contacts,
    invites,
    passing,
    forums,
    bots,
    signing,
    two_step,
    people,
    state,
    dialogs,
    sending,
    files,
    reading,
    marks,
    rooms,
    members,
)


def all_methods() -> Methods:
    """Gather the handlers of all topics."""
    methods = Methods()
    for module in TOPICS:
        methods.include(module.topic.methods)
    return methods
