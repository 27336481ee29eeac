"""Everything that a server knows as one JSON-able value, and back again."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from simulator.bot_api.office import Office
from simulator.bot_api.saving import MailroomSaved, load_mailrooms, save_mailrooms
from simulator.mtproto.listener import MtprotoListener
from simulator.mtproto.saving import WiresSaved, load_wires, save_wires
from simulator.mtproto.server_key import ServerKey
from simulator.world.snapshot import SnapshotError, load_world, save_world
from simulator.world.world import World


class Besides(BaseModel):
    """What a snapshot holds besides the world; one of a world alone has none of it."""

    model_config = ConfigDict(extra="ignore")

    wires: WiresSaved = WiresSaved()
    mailrooms: list[MailroomSaved] = []


class Archive:
    """Saves and loads a server: its world, its clients' keys, and what waits for its bots.

    In another process, too: clients that were signed in go on with their sessions.
    """

    def __init__(self, world: World, listener: MtprotoListener, office: Office) -> None:
        self.world, self.listener, self.office = world, listener, office

    def save(self) -> dict[str, Any]:
        """Write everything down; this holds secrets and belongs to rehearsals only."""
        wires, mailrooms = save_wires(self.listener), save_mailrooms(self.office)
        return save_world(self.world) | {"wires": wires, "mailrooms": mailrooms}

    async def load(self, snapshot: dict[str, Any]) -> None:
        """Take what was saved for what is; raises `SnapshotError`, and then changes nothing."""
        besides = read_besides(snapshot)
        load_world(snapshot, self.world)
        load_wires(self.listener, besides.wires)
        await load_mailrooms(self.office, besides.mailrooms)


def read_besides(snapshot: dict[str, Any]) -> Besides:
    """Read what a snapshot holds besides the world, the keys tried out."""
    try:
        besides = Besides.model_validate(snapshot)
        for pem in besides.wires.rsa_keys:
            ServerKey.of_pem(pem)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise SnapshotError(
            f"the snapshot is damaged (at {where}); save the world again"
        ) from error
    except ValueError as error:
        raise SnapshotError(f"the snapshot is damaged ({error}); save the world again") from error
    return besides
