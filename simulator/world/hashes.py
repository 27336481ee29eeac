"""Access hashes: what one account must show to name somebody else."""

import hashlib
import secrets

from simulator.world.peers import Peer, UserId

HASH_BYTES = 8


class AccessHashes:
    """A hash for each account and peer, computed from a secret and so never stored."""

    def __init__(self, secret: bytes | None = None) -> None:
        self.secret = secret or secrets.token_bytes(32)

    def of(self, viewer: UserId, peer: Peer) -> int:
        """Tell the hash under which `viewer` knows `peer`; never 0."""
        words = f"{viewer}:{peer.kind}:{peer.id}".encode()
        digest = hashlib.blake2b(words, key=self.secret, digest_size=HASH_BYTES).digest()
        return int.from_bytes(digest, "little", signed=True) or 1

    def fits(self, viewer: UserId, peer: Peer, access_hash: int) -> bool:
        """Tell whether that is the hash under which `viewer` knows `peer`."""
        return self.of(viewer, peer) == access_hash
