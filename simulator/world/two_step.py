"""Two-step passwords, proved without being sent (https://core.telegram.org/api/srp)."""

import hashlib
import secrets
from dataclasses import dataclass, field

PRIME = int(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F"
    "48198A0AA7C14058229493D22530F4DBFA336F6E0AC925139543AED44CCE7C37"
    "20FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64"
    "2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4"
    "A4A695811051907E162753B56B0F6B410DBA74D8A84B2A14B3144E0EF1284754"
    "FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4"
    "E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F"
    "0D8115F635B105EE2E4E15D04B2454BF6F4FADF034B10403119CD8E3B92FCC5B",
    16,
)
GENERATOR = 3
WIDTH = 256
SALT_BYTES = 8
ROUNDS = 100_000


def sha256(*parts: bytes) -> bytes:
    """Digest the parts as one."""
    return hashlib.sha256(b"".join(parts)).digest()


def wide(number: int) -> bytes:
    """Write a number as wide as the prime."""
    return number.to_bytes(WIDTH, "big")


MULTIPLIER = int.from_bytes(sha256(wide(PRIME), wide(GENERATOR)), "big")


@dataclass(frozen=True, slots=True)
class TwoStep:
    """What is kept of a password: enough to check it, too little to know it."""

    salt1: bytes
    salt2: bytes
    verifier: int
    hint: str = ""


def seal_password(password: str, hint: str = "") -> TwoStep:
    """Make what is kept of a password."""
    salt1, salt2 = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(SALT_BYTES)
    inner = sha256(salt2, sha256(salt1, password.encode(), salt1), salt2)
    slow = hashlib.pbkdf2_hmac("sha512", inner, salt1, ROUNDS)
    exponent = int.from_bytes(sha256(salt2, slow, salt2), "big")
    return TwoStep(salt1, salt2, pow(GENERATOR, exponent, PRIME), hint)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One round of proof that somebody knows the password."""

    two_step: TwoStep
    id: int = field(default_factory=lambda: secrets.randbits(62))
    secret: int = field(default_factory=lambda: secrets.randbits(8 * WIDTH))

    @property
    def public(self) -> bytes:
        """What the other side is told."""
        raised = pow(GENERATOR, self.secret, PRIME)
        return wide((MULTIPLIER * self.two_step.verifier + raised) % PRIME)

    def accepts(self, public: bytes, proof: bytes) -> bool:
        """Tell whether the other side's number and proof come of the right password."""
        number = int.from_bytes(public, "big")
        if not 1 < number < PRIME - 1 or len(public) > WIDTH:
            return False
        theirs, ours = wide(number), self.public
        mixed = int.from_bytes(sha256(theirs, ours), "big")
        shared = pow(number * pow(self.two_step.verifier, mixed, PRIME), self.secret, PRIME)
        group = bytes(
            a ^ b for a, b in zip(sha256(wide(PRIME)), sha256(wide(GENERATOR)), strict=True)
        )
        salts = sha256(self.two_step.salt1), sha256(self.two_step.salt2)
        expected = sha256(group, *salts, theirs, ours, sha256(wide(shared)))
        return secrets.compare_digest(expected, proof)
