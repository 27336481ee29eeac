"""What the MTProto side keeps besides the world, as plain values and back again."""

from datetime import datetime

from pydantic import Base64Bytes, BaseModel, ConfigDict

from simulator.mtproto.listener import MtprotoListener
from simulator.mtproto.server_key import ServerKey
from simulator.mtproto.sightings import SeenTwice


class CopiedSaved(BaseModel):
    """A key that was used from several addresses at once."""

    model_config = ConfigDict(extra="forbid")

    key_id: int
    user: int | None
    addresses: list[str]
    at: datetime


class WiresSaved(BaseModel):
    """The secrets under which clients know this server; ids are signed 64-bit numbers."""

    model_config = ConfigDict(extra="forbid")

    rsa_keys: list[str] = []
    auth_keys: list[Base64Bytes] = []
    copied_keys: list[CopiedSaved] = []


def save_wires(listener: MtprotoListener) -> dict[str, object]:
    """Write down RSA keys, auth keys and the keys that are dead."""
    copied = [
        CopiedSaved(
            key_id=each.key_id, user=each.user, addresses=sorted(each.addresses), at=each.at
        )
        for each in listener.sightings.seen_twice.values()
    ]
    return WiresSaved.model_construct(
        rsa_keys=[key.private_pem for key in listener.server_keys],
        auth_keys=listener.keys.dump(),
        copied_keys=copied,
    ).model_dump(mode="json")


def load_wires(listener: MtprotoListener, saved: WiresSaved) -> None:
    """Know the clients of another server besides one's own, and end all connections.

    Whoever comes again finds the world that was loaded. Raises ValueError for what is no key.
    """
    known = {key.fingerprint for key in listener.server_keys}
    keys = [ServerKey.of_pem(pem) for pem in saved.rsa_keys]
    listener.server_keys += [key for key in keys if key.fingerprint not in known]
    listener.keys.load(saved.auth_keys)
    for each in saved.copied_keys:
        seen = SeenTwice(each.key_id, each.user, frozenset(each.addresses), each.at)
        listener.sightings.seen_twice[each.key_id] = seen
    listener.cut_all()
